// Converts zod's schemas, of version 3 and 4 alike, to JSON Schema, without importing either.
import { BedrockChatError, kindOf, problem } from "./error.js";

/** A schema of either version. */
interface Zod {
  _zod?: { def?: Definition };
  _def?: Definition;
  description?: string;
}

type Shape = { [name: string]: Zod };
type Values = { [key: string]: unknown };

/** A check of version 3 or 4. */
interface Check {
  _zod?: { def?: Check };
  kind?: string;
  check?: string;
  value?: unknown;
  minimum?: unknown;
  maximum?: unknown;
  length?: unknown;
  inclusive?: boolean;
  format?: string;
  regex?: RegExp;
  pattern?: RegExp;
}

/**
 * A definition of either version. The members depend on its kind: a converter reads those of its kind only. The schemas in
 * it are checked when they are read.
 */
interface Definition extends Check {
  /**
   * The kind in version 3. `type` is the content of an array or a branded schema in version 3, and the kind in
   * version 4.
   */
  typeName?: string;
  type: Zod & string;
  description?: string;
  innerType: Zod;
  valueType: Zod;
  schema: Zod;
  element?: Zod;
  left: Zod;
  right: Zod;
  in: Zod;
  out: Zod;
  rest?: Zod;
  items: Zod[];
  /** The options of version 3's discriminated unions are a map. */
  options: { values(): Iterable<Zod> };
  shape: Shape | (() => Shape);
  catchall?: Zod;
  unknownKeys?: string;
  values: unknown[] & Values;
  entries?: Values;
  defaultValue: unknown;
  getter: () => Zod;
  checks?: Check[];
  minLength?: { value: unknown };
  maxLength?: { value: unknown };
  exactLength?: { value: unknown };
}

type Json = { [name: string]: unknown };
type Next = (schema: Zod) => Json;
/** Schemas and definitions whose conversion has begun. */
type Open = Set<unknown>;
type Converter = (def: Definition, next: Next, open: Open, schema: Zod) => Json;

/** Returns the JSON Schema of a zod schema. */
export function zodSchema(schema: object): Json {
  try {
    return convert(schema, new Set());
  } catch (error) {
    if (error instanceof BedrockChatError) throw error;
    throw problem("config", `the zod schema cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Returns the definition of a schema, in the form that both versions share. */
function definition(schema: Zod | null | undefined): { def: Definition; kind: string } {
  const def = schema?._zod?.def ?? schema?._def;
  if (!def) throw problem("config", "a part of a zod schema is not a zod schema; use one library for all parts");
  const name = def.typeName ? def.typeName.slice(3) : def.type;
  return { def, kind: name[0]!.toLowerCase() + name.slice(1) };
}

function convert(schema: Zod, open: Open): Json {
  const { def, kind } = definition(schema);
  const description = schema.description ?? def.description;
  const converter = KINDS[kind];
  if (!converter) throw problem("config", `a zod schema of kind "${kind}" has no JSON Schema; use a schema without it`);
  const json = converter(def, (inner) => convert(inner, open), open, schema);
  return description ? { ...json, description } : json;
}

const inner: Converter = (def, next) => next(def.innerType);
const nothing: Converter = () => ({});
const values = (list: unknown[]): Json => {
  const types = new Set(list.map(kindOf));
  const type = types.size === 1 ? { type: [...types][0] } : {};
  return list.length === 1 ? { ...type, const: list[0] } : { ...type, enum: list };
};
// An enum of numbers also contains its names, by their numbers.
const entries = (record: Values): unknown[] => Object.entries(record).filter(([, value]) => typeof record[value as string] !== "number").map(([, value]) => value);

const KINDS: { [kind: string]: Converter } = {
  __proto__: null as never,
  string: (def) => ({ type: "string", ...checks(def, "Length") }),
  number: (def) => ({ type: integer(def) ? "integer" : "number", ...checks(def, "imum") }),
  bigInt: () => ({ type: "integer" }),
  bigint: () => ({ type: "integer" }),
  boolean: () => ({ type: "boolean" }),
  date: () => ({ type: "string", format: "date-time" }),
  null: () => ({ type: "null" }),
  any: nothing,
  unknown: nothing,
  transform: nothing,
  custom: nothing,
  void: nothing,
  undefined: nothing,
  never: () => ({ not: {} }),
  literal: (def) => values(def.values ?? [def.value]),
  enum: (def) => ({ type: "string", ...values(def.entries ? entries(def.entries) : def.values) }),
  nativeEnum: (def) => values(entries(def.values)),
  array: (def, next) => ({ type: "array", items: next(def.element ?? def.type), ...checks(def, "Items") }),
  set: (def, next) => ({ type: "array", uniqueItems: true, items: next(def.valueType) }),
  tuple: (def, next) => {
    const items = def.items.map(next);
    return { type: "array", prefixItems: items, items: def.rest ? next(def.rest) : false, minItems: items.length };
  },
  object(def, next, open, schema) {
    // Schemas of version 4 can contain themselves, by getters. Such a schema is repeated once inside itself if fewer
    // than four objects are open; otherwise it is cut.
    const mark = open.has(schema) && open.size < 4 ? def : schema;
    if (open.has(mark)) return { type: "object" };
    open.add(mark);
    const shape = typeof def.shape === "function" ? def.shape() : def.shape;
    const properties: Json = {};
    const required: string[] = [];
    for (const [name, value] of Object.entries(shape)) {
      properties[name] = next(value);
      if (!optional(value)) required.push(name);
    }
    open.delete(mark);
    // Version 3 has a catch-all that never fits in every object.
    const { catchall } = def;
    const others = catchall && definition(catchall).kind;
    const closed = def.unknownKeys ? def.unknownKeys === "strict" : others === "never";
    const typed = others && !["never", "any", "unknown"].includes(others);
    const rest = closed ? { additionalProperties: false } : typed ? { additionalProperties: next(catchall) } : {};
    return { type: "object", properties, ...(required.length ? { required } : {}), ...rest };
  },
  record: (def, next) => ({ type: "object", additionalProperties: next(def.valueType) }),
  map: (def, next) => ({ type: "object", additionalProperties: next(def.valueType) }),
  union: (def, next) => ({ anyOf: [...def.options.values()].map(next) }),
  discriminatedUnion: (def, next) => ({ anyOf: [...def.options.values()].map(next) }),
  intersection: (def, next) => ({ allOf: [next(def.left), next(def.right)] }),
  nullable: (def, next) => ({ anyOf: [next(def.innerType), { type: "null" }] }),
  optional: inner,
  exactOptional: inner,
  nonoptional: inner,
  readonly: inner,
  catch: inner,
  prefault: inner,
  success: () => ({ type: "boolean" }),
  promise: inner,
  branded: (def, next) => next(def.type),
  effects: (def, next) => next(def.schema),
  pipeline: (def, next) => next(def.in),
  pipe: (def, next) => next(definition(def.in).kind === "transform" ? def.out : def.in),
  default: (def, next) => ({
    ...next(def.innerType),
    default: typeof def.defaultValue === "function" ? def.defaultValue() : def.defaultValue,
  }),
  // A schema that contains itself has no end: inside it, every value fits.
  lazy(def, next, open, schema) {
    if (open.has(schema)) return {};
    open.add(schema);
    const json = next(def.getter());
    open.delete(schema);
    return json;
  },
};

/** Returns whether the input may lack a value. */
function optional(schema: Zod): boolean {
  const { def, kind } = definition(schema);
  if (kind === "optional" || kind === "exactOptional" || kind === "default" || kind === "prefault" || kind === "catch") return true;
  const within = ({ nullable: "innerType", readonly: "innerType", effects: "schema", branded: "type", pipe: "in", pipeline: "in" } as { [kind: string]: "innerType" | "schema" | "type" | "in" })[kind];
  return Boolean(within && definition(def[within]) && optional(def[within]));
}

/** The checks of a definition: `{kind, value}` in version 3, with separate names in 4. */
const listed = (def: Definition): Check[] => (def.checks ?? []).map((check) => check._zod?.def ?? check);

const integer = (def: Definition): boolean => /int/.test(def.format ?? "") || listed(def).some((check) => check.kind === "int" || /int/.test(check.format ?? ""));

const FORMATS: { [name: string]: string } = { email: "email", url: "uri", uuid: "uuid", datetime: "date-time", date: "date", time: "time", ipv4: "ipv4", ipv6: "ipv6" };

function checks(def: Definition, unit: "Length" | "Items" | "imum"): Json {
  const json: Json = {};
  const set = (name: string, value: unknown) => typeof value === "number" && Number.isFinite(value) && (json[name] = value);
  const limit = (name: string, value: unknown, inclusive?: boolean) => set(inclusive === false ? `exclusive${name}` : name[0]!.toLowerCase() + name.slice(1), value);
  const [least, most] = unit === "imum" ? ["Minimum", "Maximum"] : [`Min${unit}`, `Max${unit}`];
  // Arrays of version 3 have no list.
  limit(least, def.minLength?.value);
  limit(most, def.maxLength?.value);
  limit(least, def.exactLength?.value);
  limit(most, def.exactLength?.value);
  for (const check of [def, ...listed(def)]) {
    const kind = check.check ?? check.kind;
    if (kind === "min" || kind === "greater_than" || kind === "min_length") limit(least, check.minimum ?? check.value, check.inclusive);
    if (kind === "max" || kind === "less_than" || kind === "max_length") limit(most, check.maximum ?? check.value, check.inclusive);
    if (kind === "length" || kind === "length_equals") {
      limit(least, check.length ?? check.value);
      limit(most, check.length ?? check.value);
    }
    if (kind === "multipleOf" || kind === "multiple_of") set("multipleOf", check.value);
    const format = FORMATS[check.format!] ?? FORMATS[kind!];
    if (format) json.format = format;
    const pattern = kind === "regex" ? check.regex : check.format === "regex" ? check.pattern : undefined;
    if (pattern) json.pattern = pattern.source;
  }
  return json;
}
