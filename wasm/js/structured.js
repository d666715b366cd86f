import { BedrockChatError, problem } from "./error.js";
import { conversation } from "./messages.js";
import { thinks } from "./options.js";
import { partialJson } from "./partial.js";
import { textOf } from "./reply.js";
import { jsonSchema, namedSchema, validated } from "./schema.js";

const METHODS = { functionCalling: "tool", jsonSchema: "schema", jsonMode: "prompt" };

/** A chat model that answers with values. See index.d.ts. */
export class StructuredChat {
  #chat;
  #schema;
  #json;
  #name;
  #method;
  #wrapped = false;
  #includeRaw;

  constructor(chat, schema, { name, method, includeRaw = false, strict }, can, options) {
    // LangChain takes a tool, too.
    const given = namedSchema(schema);
    this.#schema = given.schema;
    this.#json = jsonSchema(given.schema);
    const title = name || given.name || this.#json.title || "extract";
    if (typeof title !== "string") throw problem("config", `the name of a schema, or its title, must be a string; it is ${typeof title}`);
    this.#name = title.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 64);
    this.#includeRaw = includeRaw;
    if (method && !Object.hasOwn(METHODS, method)) {
      throw problem("config", `method must be one of ${Object.keys(METHODS).join(", ")}; it is ${JSON.stringify(method)}`);
    }
    this.#method = METHODS[method] ?? (can.forcedTools && !thinks(options) ? "tool" : can.jsonSchema ? "schema" : "prompt");
    this.#chat = this.#held(chat, given.description ?? this.#json.description, strict);
  }

  /** The model, held to the schema. */
  #held(chat, description, strict) {
    if (this.#method === "prompt") return chat;
    if (this.#method === "schema") {
      return chat.withOptions({ responseFormat: { name: this.#name, description, schema: closed(this.#json) } });
    }
    let schema = this.#json;
    if (schema.type !== "object") {
      // The arguments of a tool are an object.
      this.#wrapped = true;
      const { $defs, definitions, ...value } = schema;
      schema = { type: "object", properties: { value }, required: ["value"], $defs, definitions };
    }
    return chat.bindTools([{ name: this.#name, description, schema, strict }], { toolChoice: { type: "tool", name: this.#name } });
  }

  /** Sends a conversation and waits for the value. */
  async invoke(messages, options) {
    const raw = await this.#chat.invoke(this.#asked(messages), options);
    if (!this.#includeRaw) return this.#read(raw);
    try {
      return { raw, parsed: await this.#read(raw) };
    } catch (error) {
      if (!(error instanceof BedrockChatError)) throw error;
      return { raw, parsed: null, parsingError: error };
    }
  }

  /** Sends a conversation and gives ever more complete values; the last one is whole and fits the schema. */
  async stream(messages, options) {
    const stream = await this.#chat.stream(this.#asked(messages), options);
    return this.#values(stream);
  }

  async *#values(stream) {
    let text = "";
    let last;
    try {
      for await (const chunk of stream) {
        const more = this.#method === "tool" ? chunk.tool_call_chunks[0]?.args : chunk.text;
        if (!more) continue;
        text += more;
        const value = this.#inner(partialJson(text));
        const written = JSON.stringify(value);
        if (written !== undefined && written !== last) yield value;
        last = written;
      }
      const value = await this.#read(await stream.message());
      if (JSON.stringify(value) !== last) yield value;
    } finally {
      await stream.return();
    }
  }

  /** Sends many conversations, some at a time. */
  async batch(inputs, options) {
    if (!Array.isArray(inputs)) throw problem("encode", "batch takes an array of conversations");
    const { returnExceptions } = options ?? {};
    const replies = await this.#chat.batch(inputs.map((input) => this.#asked(input)), options);
    return Promise.all(
      replies.map(async (raw) => {
        if (raw instanceof Error) return raw;
        try {
          const parsed = await this.#read(raw);
          return this.#includeRaw ? { raw, parsed } : parsed;
        } catch (error) {
          if (this.#includeRaw) return { raw, parsed: null, parsingError: error };
          if (returnExceptions) return error;
          throw error;
        }
      }),
    );
  }

  /** The conversation, with what the model is asked for where it cannot be held to it. */
  #asked(messages) {
    // What is no conversation is refused in its place, where a batch can go on without it.
    if (this.#method !== "prompt" || !messages) return messages;
    const given = JSON.parse(conversation(messages));
    const list = Array.isArray(given) && !(given.length === 2 && typeof given[0] === "string" && /^(system|human|user|ai|assistant)$/.test(given[0])) ? given : [given];
    const ask = ["system", `Answer with one JSON value that fits this JSON Schema, and with nothing else:\n${JSON.stringify(this.#json)}`];
    const at = list.findIndex((message) => !isSystem(message));
    return at < 0 ? [...list, ask] : [...list.slice(0, at), ask, ...list.slice(at)];
  }

  #inner(value) {
    return this.#wrapped ? value?.value : value;
  }

  /** The value in a reply. */
  async #read(raw) {
    const found = this.#found(raw);
    const { value, issues } = await validated(this.#schema, found);
    if (issues) throw problem("decode", `the answer does not fit the schema: ${issues.join("; ")}`, { partial: raw });
    return value;
  }

  #found(raw) {
    if (this.#method === "tool") {
      const call = raw.tool_calls.find(({ name }) => name === this.#name);
      if (call) return this.#inner(call.args);
      const cut = raw.invalid_tool_calls.find(({ name }) => name === this.#name);
      if (cut) {
        const why = raw.response_metadata.stop_reason;
        throw problem("decode", `the value is not whole (${cut.error}; the model stopped with ${why}): ${excerpt(cut.args)}`, { partial: raw });
      }
    }
    const text = textOf(raw.content);
    for (const candidate of candidates(text)) {
      try {
        return JSON.parse(candidate);
      } catch {
        // Prose around it, perhaps.
      }
    }
    throw problem("decode", `there is no JSON value in the answer: ${excerpt(text)}`, { partial: raw });
  }
}

const excerpt = (text) => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

export function* candidates(text) {
  yield text;
  const fence = /```(?:json)?\s*([\s\S]*?)```/.exec(text);
  if (fence) yield fence[1];
  for (const [from, to] of [["{", "}"], ["[", "]"]]) {
    const [start, end] = [text.indexOf(from), text.lastIndexOf(to)];
    if (start >= 0 && end > start) yield text.slice(start, end + 1);
  }
}

function isSystem(message) {
  const role = Array.isArray(message) ? message[0] : (message?.role ?? message?.type ?? message?.id?.at?.(-1));
  return /^(system|developer)/i.test(role ?? "");
}

/** The schema with objects that say that they have no other members, as JSON modes want it. */
export function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!schema || typeof schema !== "object") return schema;
  const copy = {};
  for (const [key, value] of Object.entries(schema)) copy[key] = closed(value);
  if (schema.type === "object" && schema.properties && schema.additionalProperties === undefined) copy.additionalProperties = false;
  return copy;
}
