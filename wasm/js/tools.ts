import { kindOf, problem } from "./error.js";
import { type Members, isSchema, jsonSchema } from "./schema.js";

/** Returns a tool in any form, with its schema as JSON Schema. The module reads the forms themselves. */
export function toolJson(given: unknown): Members {
  if (!given || typeof given !== "object") {
    throw problem("encode", `a tool must be an object, such as { name, description, schema }; this one is ${kindOf(given)}`);
  }
  const tool = given as Members;
  // LangChain's tools are instances. Only these members are for the model.
  if (typeof tool.invoke === "function" && tool.name) {
    const { name, description, schema, extras } = tool;
    return { name, description, schema: jsonSchema(schema ?? { type: "object", properties: {} }), ...(extras as Members | undefined) };
  }
  for (const key of ["toolSpec", "function"]) {
    if (tool[key] && typeof tool[key] === "object") return { ...tool, [key]: withSchema(tool[key] as Members) };
  }
  return withSchema(tool);
}

function withSchema(tool: Members): Members {
  const key = ["schema", "parameters", "input_schema", "inputSchema"].find((key) => isSchema(tool[key]));
  if (key) return { ...tool, [key]: jsonSchema(tool[key]) };
  const { json } = (tool.inputSchema ?? {}) as Members;
  return isSchema(json) ? { ...tool, inputSchema: { json: jsonSchema(json) } } : tool;
}
