import { kindOf, problem } from "./error.js";
import { zodSchema } from "./zod.js";

/** An object whose members are not known: it may be from any library. */
export type Loose = { [name: string]: any };

/** A reason why a value does not fit, as zod and Standard Schemas have it. */
type Issue = { path?: readonly unknown[]; message: string };

/** Whether a value is a schema of a library, not JSON Schema. */
export const isSchema = (value: any): boolean => Boolean(value && (value["~standard"] || value._zod || value._def?.typeName));

/** JSON Schema of a schema: zod 3 and 4, any Standard Schema that can say its JSON Schema, or JSON Schema itself. */
export function jsonSchema(schema: unknown): Loose {
  if (!schema || !(typeof schema === "object" || typeof schema === "function")) {
    throw problem("config", `a schema must be JSON Schema, zod or another Standard Schema; this is ${kindOf(schema)}`);
  }
  if (!isSchema(schema)) return schema;
  const { $schema, ...plain } = converted(schema);
  return plain;
}

function converted(schema: Loose): Loose {
  if (schema._zod || schema._def?.typeName) return zodSchema(schema);
  const standard = schema["~standard"];
  if (standard.jsonSchema?.input) return standard.jsonSchema.input({ target: "draft-2020-12" });
  const own = schema.toJsonSchema ?? schema.toJSONSchema;
  if (typeof own === "function") return own.call(schema);
  if (schema.jsonSchema && typeof schema.jsonSchema === "object") return schema.jsonSchema;
  throw problem(
    "config",
    `a schema of ${standard.vendor} has no JSON Schema; convert it with that library and pass { ...schema, jsonSchema } (with "~standard" for the check)`,
  );
}

/** The value as the schema's library makes it, or the reasons why it does not fit. */
export async function validated(schema: Loose, value: unknown): Promise<{ value?: unknown; issues?: string[] }> {
  const standard = schema["~standard"];
  if (standard?.validate) {
    const result = await standard.validate(value);
    if (!result.issues) return { value: result.value };
    return { issues: result.issues.map(({ path, message }: Issue) => `${place(path)}: ${message}`) };
  }
  if (typeof schema.safeParseAsync === "function") {
    const result = await schema.safeParseAsync(value);
    if (result.success) return { value: result.data };
    return { issues: result.error.issues.map(({ path, message }: Issue) => `${place(path)}: ${message}`) };
  }
  return { value };
}

const place = (path: readonly any[] | undefined): string => path?.map((part) => part?.key ?? part).join(".") || "the value";

/** A schema that may stand in a tool, in any of a tool's forms: with it, what the tool is called and what it says of itself. */
export function namedSchema(given: Loose | undefined): { schema: unknown; name: string | undefined; description: string | undefined } {
  const tool = isSchema(given) ? undefined : (given?.function ?? given);
  const name = typeof tool?.name === "string" ? tool.name : undefined;
  const inside = name && (tool.schema ?? tool.parameters ?? tool.input_schema);
  return { schema: inside || given, name, description: tool?.description };
}
