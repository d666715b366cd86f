import { BedrockChatError, problem } from "./error.js";
import { growing, hold, inner, valueIn } from "./hold.js";
import { textOf } from "./reply.js";
import { validated } from "./schema.js";
import { leavable } from "./stream.js";

/** A chat model that answers with values. See index.d.ts. */
export class StructuredChat {
  #chat;
  #held;
  #includeRaw;

  constructor(chat, schema, config, plan) {
    this.#held = hold(schema, config, plan);
    this.#chat = chat.withOptions(this.#held.options);
    this.#includeRaw = config.includeRaw;
  }

  /** Sends a conversation and waits for the value. */
  async invoke(messages, options) {
    return this.#answer(await this.#chat.invoke(messages, options));
  }

  /** Sends a conversation and gives ever more complete values; the last one is whole and fits the schema. */
  async stream(messages, options) {
    const stream = await this.#chat.stream(messages, options);
    return leavable(stream, growing(stream, this.#held, async () => this.#read(await stream.message())));
  }

  /** Sends many conversations, some at a time. */
  async batch(inputs, options) {
    const replies = await this.#chat.batch(inputs, options);
    return Promise.all(
      replies.map(async (raw) => {
        if (raw instanceof Error) return raw;
        try {
          return await this.#answer(raw);
        } catch (error) {
          if (options?.returnExceptions) return error;
          throw error;
        }
      }),
    );
  }

  /** The value, with the reply where it is asked for. */
  async #answer(raw) {
    try {
      const parsed = await this.#read(raw);
      return this.#includeRaw ? { raw, parsed } : parsed;
    } catch (error) {
      if (!this.#includeRaw || !(error instanceof BedrockChatError)) throw error;
      return { raw, parsed: null, parsingError: error };
    }
  }

  /** The value in a reply. */
  async #read(raw) {
    const { value, issues } = await validated(this.#held.schema, this.#found(raw));
    if (issues) throw problem("decode", `the answer does not fit the schema: ${issues.join("; ")}`, { partial: raw });
    return value;
  }

  #found(raw) {
    const held = this.#held;
    const call = raw.tool_calls.find((call) => call.name === held.name);
    if (call) return inner(call.args, held);
    const cut = raw.invalid_tool_calls.find((call) => call.name === held.name);
    if (cut) {
      const why = raw.response_metadata.stop_reason;
      throw problem("decode", `the value is not whole (${cut.error}; the model stopped with ${why}): ${excerpt(cut.args)}`, { partial: raw });
    }
    const text = textOf(raw.content);
    const value = valueIn(text, held);
    if (value === undefined) throw problem("decode", `there is no JSON value in the answer: ${excerpt(text)}`, { partial: raw });
    return value;
  }
}

const excerpt = (text) => (text.length > 300 ? `${text.slice(0, 300)}…` : text);
