// `withStructuredOutput` of both entries: the plan for an answer with a value, and the reader of the value.
import { PartialJson, jsonIn, structuredValue } from "./bedrock_chat.js";
import { checkFields } from "./checks.js";
import { problem } from "./error.js";
import { type ToolCallChunk, textOf } from "./reply.js";
import { type Members, jsonSchema, namedSchema } from "./schema.js";
import { fromCore } from "./thrown.js";

/**
 * How a model is made to follow a schema: by a tool that it must call, by its JSON mode, or by a request in the
 * prompt.
 */
export type StructuredMethod = "functionCalling" | "jsonSchema" | "jsonMode";

/** The options of `withStructuredOutput`. */
export interface StructuredConfig<IncludeRaw extends boolean = false> {
  /** A name for the model's value. Default: the schema's `title`, else `extract`. */
  name?: string | undefined;
  /**
   * The method. Default: the best that the model is known to support. If the service refuses it, the next one is
   * tried once. A method that is set is not replaced.
   */
  method?: StructuredMethod | undefined;
  /** Whether the reply is returned with the value. Default: `false`. */
  includeRaw?: IncludeRaw | undefined;
  /**
   * Whether the service enforces the schema for the arguments of the tool. Default: yes if the model is known to
   * support strict tools and the schema can be closed; with `method: "functionCalling"`, no.
   */
  strict?: boolean | undefined;
}

/**
 * The schema, its name and the method, as the module reads them: the option `structured` of a call.
 *
 * @internal
 */
export interface StructuredSpec {
  name: string;
  description: unknown;
  schema: Members;
  method: StructuredMethod | undefined;
  strict: boolean | undefined;
}

/**
 * The module's plan for a schema. With `isMember`, the value is the member `value` of an object.
 *
 * @internal
 */
export interface StructuredPlan {
  method: StructuredMethod;
  isMember: boolean;
}

/**
 * A schema, with the plan for it and the options of a call that follow the plan.
 *
 * @internal
 */
export interface Held extends StructuredPlan {
  /** The caller's schema. */
  schema: unknown;
  /** The schema as JSON Schema. */
  json: Members;
  name: string;
  options: { structured: StructuredSpec };
}

/**
 * Returns the plan for a schema. The module chooses the method, repairs the schema and falls back if the service refuses the
 * method; `plan` asks it which method it begins with. `options` are those of a call.
 *
 * @internal
 */
export function hold(given: unknown, config: StructuredConfig<boolean>, plan: (spec: StructuredSpec) => StructuredPlan): Held {
  checkFields(config, "structured");
  const { name: wanted, method: asked, strict } = config;
  const { schema, name: named, description: told } = namedSchema(given);
  const json = plain(jsonSchema(schema));
  const title = wanted || named || json.title || "extract";
  if (typeof title !== "string") throw problem("config", `the name of a schema, or its title, must be a string; it is ${typeof title}`);
  const name = title.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 64);
  const spec = { name, description: told ?? json.description, schema: json, method: asked ?? undefined, strict: strict ?? undefined };
  return { schema, json, name, ...plan(spec), options: { structured: spec } };
}

/** Returns a schema after a round through JSON. */
function plain(schema: Members): Members {
  try {
    return JSON.parse(JSON.stringify(schema));
  } catch (error) {
    throw problem("encode", `the schema cannot be written as JSON: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Returns the value in the model's JSON: with `isMember`, the member of an object.
 *
 * @internal
 */
export function inner(value: unknown, { isMember }: StructuredPlan): unknown {
  const isObject = value && typeof value === "object" && !Array.isArray(value);
  return isMember && isObject ? (value as { value?: unknown }).value : value;
}

/**
 * The members of a reply that may contain a value. LangChain's may lack any but the content.
 *
 * @internal
 */
export interface HeldReply {
  content: Parameters<typeof textOf>[0];
  tool_calls?: readonly { name: string; args: unknown }[] | undefined;
  invalid_tool_calls?: readonly object[] | undefined;
  response_metadata?: { [name: string]: unknown } | undefined;
}

/**
 * Returns the value in a reply. Its schema is not checked here.
 *
 * @internal
 */
export function valueOf({ content, tool_calls: calls, invalid_tool_calls: invalid, response_metadata }: HeldReply, { name, method, isMember }: Held): unknown {
  const reply = {
    text: textOf(content),
    calls: calls?.map(({ name, args }) => ({ name, args: JSON.stringify(args) })),
    invalid,
    stop: response_metadata?.["stop_reason"],
  };
  try {
    return JSON.parse(structuredValue(JSON.stringify(reply), name, isMember, method === "functionCalling"));
  } catch (thrown) {
    throw thrown instanceof SyntaxError ? problem("decode", `there is no JSON value in the answer: ${thrown.message}`, { cause: thrown }) : fromCore(thrown);
  }
}

/**
 * Returns the value in a text, which may have other text around it; `undefined` if there is no value.
 *
 * @internal
 */
export function valueIn(text: string, held: StructuredPlan): unknown {
  let value: unknown;
  try {
    value = JSON.parse(jsonIn(text, held.isMember));
  } catch {
    return undefined;
  }
  const isWrapped = held.isMember && Object.hasOwn(Object(value), "value");
  return isWrapped ? inner(value, held) : value;
}

/** The members of a chunk that may contain a value. */
interface HeldChunk {
  content: Parameters<typeof textOf>[0];
  tool_call_chunks?: readonly ToolCallChunkLike[] | undefined;
}

/** A piece of a tool call. LangChain's may have no index. */
type ToolCallChunkLike = Omit<ToolCallChunk, "index" | "type"> & { index?: number | undefined };

/**
 * Yields increasingly complete values of a stream's chunks. The last value is the one that `read` returns at the end.
 *
 * @internal
 */
export async function* growing(
  chunks: AsyncIterable<HeldChunk>,
  held: Pick<Held, "name" | "method" | "isMember">,
  read: () => unknown,
): AsyncGenerator<unknown, void, undefined> {
  const text = new PartialJson(held.isMember);
  let call: PartialJson | undefined;
  let index: number | undefined;
  let last: string | undefined;
  try {
    for await (const chunk of chunks) {
      let json: string | undefined;
      for (const piece of chunk.tool_call_chunks ?? []) {
        if (!call && piece.name === held.name) {
          call = new PartialJson(false);
          ({ index } = piece);
        }
        if (call && piece.index === index && piece.args) json = call.push(piece.args) ?? json;
      }
      const said = call ? "" : textOf(chunk.content);
      if (said) {
        const value = text.push(said);
        // A model that must call a tool may write text before the call.
        if (held.method !== "functionCalling") json = value;
      }
      if (json === undefined) continue;
      const value = inner(JSON.parse(json), held);
      const now = written(value);
      if (now !== undefined && now !== last) yield value;
      last = now;
    }
  } finally {
    text.free();
    call?.free();
  }
  const value = await read();
  const whole = written(value);
  if (whole !== last || (whole === undefined && value !== undefined)) yield value;
}

/** Returns a value's JSON, for comparison; `undefined` if it has no JSON. */
function written(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
