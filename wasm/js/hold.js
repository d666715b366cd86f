// `withStructuredOutput` of both entries: the method that makes a model answer with a value, and the reader of the value.
import { PartialJson, jsonIn } from "./bedrock_chat.js";
import { problem } from "./error.js";
import { checkFields } from "./checks.js";
import { textOf } from "./reply.js";
import { jsonSchema, namedSchema } from "./schema.js";

/**
 * Returns the plan for a schema. The module chooses the method, repairs the schema and falls back if the service refuses the
 * method; `plan` asks it which method it begins with. `options` are those of a call.
 */
export function hold(given, config, plan) {
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

/** A schema as JSON has it. */
function plain(schema) {
  try {
    return JSON.parse(JSON.stringify(schema));
  } catch (error) {
    throw problem("encode", `the schema cannot be written as JSON: ${error.message}`, { cause: error });
  }
}

/** The value in what the model wrote: where it is not an object, it is the member of one. */
export function inner(value, { isMember }) {
  const isObject = value && typeof value === "object" && !Array.isArray(value);
  return isMember && isObject ? value.value : value;
}

/** The value in a text, which may have prose around it; `undefined` if there is none. */
export function valueIn(text, held) {
  let value;
  try {
    value = JSON.parse(jsonIn(text, held.isMember));
  } catch {
    return undefined;
  }
  const isWrapped = held.isMember && Object.hasOwn(Object(value), "value");
  return isWrapped ? inner(value, held) : value;
}

/** Ever more complete values of a stream's chunks; the last is the one that `read` returns at the end. */
export async function* growing(chunks, held, read) {
  const text = new PartialJson(held.isMember);
  let call;
  let index;
  let last;
  try {
    for await (const chunk of chunks) {
      let json;
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
        // A model that must call a tool may say something before it does.
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

/** A value to be compared by; `undefined` if it has no JSON. */
function written(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
