import { kindOf, problem } from "./error.js";
import { type Loose, isSchema, jsonSchema } from "./schema.js";

/** A tool in any form, with its schema as JSON Schema. The module reads the forms themselves. */
export function toolJson(tool: any): Loose {
  if (!tool || typeof tool !== "object") {
    throw problem("encode", `a tool must be an object, such as { name, description, schema }; this one is ${kindOf(tool)}`);
  }
  // LangChain's tools are instances; of them the model gets to know these.
  if (typeof tool.invoke === "function" && tool.name) {
    const { name, description, schema, extras } = tool;
    return { name, description, schema: jsonSchema(schema ?? { type: "object", properties: {} }), ...(extras as object | undefined) };
  }
  for (const key of ["toolSpec", "function"]) {
    if (tool[key] && typeof tool[key] === "object") return { ...tool, [key]: withSchema(tool[key] as Loose) };
  }
  return withSchema(tool);
}

function withSchema(tool: Loose): Loose {
  const key = ["schema", "parameters", "input_schema", "inputSchema"].find((key) => isSchema(tool[key]));
  if (key) return { ...tool, [key]: jsonSchema(tool[key]) };
  if (isSchema((tool.inputSchema as Loose | undefined)?.json)) return { ...tool, inputSchema: { json: jsonSchema((tool.inputSchema as Loose).json) } };
  return tool;
}
