// What `withStructuredOutput` of both entries does: hold a model to a schema, and read the value out of what it says.
import { problem } from "./error.js";
import { checkFields } from "./fields.js";
import { thinks } from "./options.js";
import { partialJson } from "./partial.js";
import { textOf } from "./reply.js";
import { jsonSchema, namedSchema } from "./schema.js";

/**
 * How a model is held to a schema: by which method (the best that it has, where none is asked for), under which name,
 * and with which options of a call. `inner` takes the value out of what the model gives.
 */
export function hold(given, config, can, settings) {
  checkFields(config, "structured");
  const { name: wanted, method: asked, strict } = config;
  const { schema, name: named, description: told } = namedSchema(given);
  const json = plain(jsonSchema(schema));
  const title = wanted || named || json.title || "extract";
  if (typeof title !== "string") throw problem("config", `the name of a schema, or its title, must be a string; it is ${typeof title}`);
  const name = title.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 64);
  const description = told ?? json.description;
  const method = asked || (can.forcedTools && !thinks(settings) ? "functionCalling" : can.jsonSchema ? "jsonSchema" : "jsonMode");
  const held = { schema, json, name, method, inner: (value) => value, options: {} };
  if (method === "jsonSchema") held.options = { responseFormat: { name, description, schema: plain(json, closed) } };
  if (method === "functionCalling") {
    let input_schema = json;
    if (json.type !== "object") {
      // The arguments of a tool are an object.
      const { $defs, definitions, ...value } = json;
      input_schema = { type: "object", properties: { value }, required: ["value"], $defs, definitions };
      held.inner = (value) => value?.value;
    }
    held.options = { tools: [{ name, description, input_schema, strict }], toolChoice: { type: "tool", name } };
  }
  return held;
}

/** A schema as JSON has it. */
function plain(schema, replacer) {
  try {
    return JSON.parse(JSON.stringify(schema, replacer));
  } catch (error) {
    throw problem("encode", `the schema cannot be written as JSON: ${error.message}`, { cause: error });
  }
}

/** With it, objects say that they have no other members, as JSON modes want it. */
function closed(_, schema) {
  const open = schema?.type === "object" && schema.properties && schema.additionalProperties === undefined;
  return open ? { ...schema, additionalProperties: false } : schema;
}

/** A list of messages with the request for JSON behind those of the system, for a model that cannot be held otherwise. */
export function asking(messages, { json }) {
  const ask = ["system", `Answer with one JSON value that fits this JSON Schema, and with nothing else:\n${JSON.stringify(json)}`];
  const at = messages.findIndex((message) => !isSystem(message));
  return at < 0 ? [...messages, ask] : [...messages.slice(0, at), ask, ...messages.slice(at)];
}

function isSystem(message) {
  // The JSON of LangChain's messages has their class's name at the end of its id.
  const { role, type, id } = message ?? {};
  const named = Array.isArray(message) ? message[0] : type === "constructor" && Array.isArray(id) ? id.at(-1) : (role ?? type);
  return typeof named === "string" && /^(system|developer)/i.test(named);
}

/**
 * Ever more complete values of a stream's chunks; the last is the one that `read` gives at the end. Each is read from the
 * beginning: in a long text the next one waits until there is a part more, or until the wait is long beside the work.
 */
export async function* growing(chunks, { method, inner }, read) {
  let text = "";
  let last;
  let enough = 0;
  let due = 0;
  for await (const chunk of chunks) {
    const more = method === "functionCalling" ? chunk.tool_call_chunks?.[0]?.args : textOf(chunk.content);
    if (!more) continue;
    text += more;
    if (text.length < enough && Date.now() < due) continue;
    enough = text.length * 1.03;
    due = Date.now() + text.length / 500;
    const value = inner(partialJson(text));
    const now = written(value);
    if (now !== undefined && now !== last) yield value;
    last = now;
  }
  const value = await read();
  const whole = written(value);
  if (whole !== last || (whole === undefined && value !== undefined)) yield value;
}

/** A value to be compared by; `undefined` where it has no JSON, as what is nested too deep. */
function written(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** The JSON value in a text, which may have prose around it; `undefined` where there is none. */
export function jsonIn(text) {
  const between = (from, to) => text.slice(text.indexOf(from), text.lastIndexOf(to) + 1);
  for (const candidate of [text, /```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1], between("{", "}"), between("[", "]")]) {
    try {
      return JSON.parse(candidate);
    } catch {
      // The next one, perhaps.
    }
  }
}
