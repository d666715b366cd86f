import { kindOf, problem } from "./error.js";
import { zodSchema } from "./zod.js";

/** The members of an object of any library. */
export type Members = { [name: string]: unknown };

/** A reason why a value does not fit, in the form of zod and Standard Schemas. */
type Issue = { path?: readonly unknown[]; message: string };

/** A schema of a library: a Standard Schema, or one of zod. */
interface LibrarySchema {
  "~standard"?: {
    vendor: string;
    validate?: (value: unknown) => Validated | Promise<Validated>;
    jsonSchema?: { input?: (options: { target: string }) => Members };
  };
  _zod?: unknown;
  _def?: { typeName?: string };
  toJsonSchema?: () => Members;
  toJSONSchema?: () => Members;
  jsonSchema?: Members;
  safeParseAsync?: (value: unknown) => Promise<{ success: true; data: unknown } | { success: false; error: { issues: readonly Issue[] } }>;
}

type Validated = { value: unknown; issues?: undefined } | { issues: readonly Issue[] };

/** Returns whether a value is a schema of a library, not JSON Schema. */
export function isSchema(value: unknown): value is LibrarySchema {
  const schema = value as LibrarySchema | null | undefined;
  return Boolean(schema && (schema["~standard"] || schema._zod || schema._def?.typeName));
}

/**
 * Returns the JSON Schema of a schema: one of zod 3 or 4, a Standard Schema that can be converted, or JSON Schema
 * itself.
 */
export function jsonSchema(schema: unknown): Members {
  if (!schema || !(typeof schema === "object" || typeof schema === "function")) {
    throw problem("config", `a schema must be JSON Schema, zod or another Standard Schema; the value is ${kindOf(schema)}`);
  }
  if (!isSchema(schema)) return schema as Members;
  const { $schema, ...plain } = converted(schema);
  return plain;
}

function converted(schema: LibrarySchema): Members {
  if (schema._zod || schema._def?.typeName) return zodSchema(schema);
  const standard = schema["~standard"]!;
  if (standard.jsonSchema?.input) return standard.jsonSchema.input({ target: "draft-2020-12" });
  const own = schema.toJsonSchema ?? schema.toJSONSchema;
  if (typeof own === "function") return own.call(schema);
  if (schema.jsonSchema && typeof schema.jsonSchema === "object") return schema.jsonSchema;
  throw problem(
    "config",
    `a schema of ${standard.vendor} has no JSON Schema; convert it with that library, and pass \`{ ...schema, jsonSchema }\` (with "~standard" for the check)`,
  );
}

/** Returns the value as the schema's library makes it, or the reasons why it does not fit. */
export async function validated(given: unknown, value: unknown): Promise<{ value?: unknown; issues?: string[] }> {
  const schema = given as LibrarySchema;
  const standard = schema["~standard"];
  if (standard?.validate) {
    const result = await standard.validate(value);
    if (!result.issues) return { value: result.value };
    return { issues: result.issues.map(({ path, message }) => `${place(path)}: ${message}`) };
  }
  if (typeof schema.safeParseAsync === "function") {
    const result = await schema.safeParseAsync(value);
    if (result.success) return { value: result.data };
    return { issues: result.error.issues.map(({ path, message }) => `${place(path)}: ${message}`) };
  }
  return { value };
}

const place = (path: readonly unknown[] | undefined): string => path?.map((part) => (part as { key?: unknown } | null)?.key ?? part).join(".") || "the value";

/** Returns the schema, which may be inside a tool of any form, with the tool's name and description. */
export function namedSchema(given: unknown): { schema: unknown; name: string | undefined; description: unknown } {
  const form = given as Members | undefined;
  const tool = (isSchema(given) ? undefined : (form?.function ?? form)) as Members | undefined;
  const name = typeof tool?.name === "string" ? tool.name : undefined;
  const inside = name && (tool!.schema ?? tool!.parameters ?? tool!.input_schema);
  return { schema: inside || given, name, description: tool?.description };
}
