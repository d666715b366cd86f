// What `withStructuredOutput` of both entries does: hold a model to a schema, and read the value out of what it says.
import { problem } from "./error.js";
import { thinks } from "./options.js";
import { partialJson } from "./partial.js";
import { textOf } from "./reply.js";
import { jsonSchema, namedSchema } from "./schema.js";

const METHODS = ["functionCalling", "jsonSchema", "jsonMode"];

/**
 * How a model is held to a schema: by which method (the best that it has, where none is asked for), under which name,
 * and with which options of a call. `inner` takes the value out of what the model gives.
 */
export function hold(given, { name: wanted, method: asked, strict }, can, settings) {
  const { schema, name: named, description: told } = namedSchema(given);
  const json = jsonSchema(schema);
  const title = wanted || named || json.title || "extract";
  if (typeof title !== "string") throw problem("config", `the name of a schema, or its title, must be a string; it is ${typeof title}`);
  const name = title.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 64);
  const description = told ?? json.description;
  const method = asked || (can.forcedTools && !thinks(settings) ? "functionCalling" : can.jsonSchema ? "jsonSchema" : "jsonMode");
  if (!METHODS.includes(method)) throw problem("config", `method must be one of ${METHODS.join(", ")}; it is ${JSON.stringify(method)}`);
  const held = { schema, json, name, method, inner: (value) => value, options: {} };
  if (method === "jsonSchema") held.options = { responseFormat: { name, description, schema: closed(json) } };
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

/** The schema with objects that say that they have no other members, as JSON modes want it. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!schema || typeof schema !== "object") return schema;
  const copy = {};
  for (const [key, value] of Object.entries(schema)) copy[key] = closed(value);
  if (schema.type === "object" && schema.properties && schema.additionalProperties === undefined) copy.additionalProperties = false;
  return copy;
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
  return /^(system|developer)/i.test(Array.isArray(message) ? message[0] : type === "constructor" ? id?.at?.(-1) : (role ?? type));
}

/** Ever more complete values of a stream's chunks; the last is the one that `read` gives at the end. */
export async function* growing(chunks, { method, inner }, read) {
  let text = "";
  let last;
  for await (const chunk of chunks) {
    const more = method === "functionCalling" ? chunk.tool_call_chunks?.[0]?.args : textOf(chunk.content);
    if (!more) continue;
    text += more;
    const value = inner(partialJson(text));
    const written = JSON.stringify(value);
    if (written !== undefined && written !== last) yield value;
    last = written;
  }
  const value = await read();
  if (JSON.stringify(value) !== last) yield value;
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
