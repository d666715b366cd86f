import type { BedrockChat } from "./chat.js";
import { BedrockChatError, problem } from "./error.js";
import type { BatchOptions, BoundOptions, CallOptions, Messages, Removable } from "./fields.js";
import { type Held, type StructuredConfig, type StructuredPlan, type StructuredSpec, growing, hold, valueOf } from "./hold.js";
import type { AIMessage } from "./reply.js";
import { validated } from "./schema.js";
import { leavable } from "./stream.js";

/** A value with its reply, or the reason why there is no value. */
export type WithRaw<T> = { raw: AIMessage; parsed: T; parsingError?: undefined } | { raw: AIMessage; parsed: null; parsingError: BedrockChatError };

/** A chat model that answers with values. */
export interface StructuredChat<T, Result = T> {
  /** Sends a conversation and waits for the value. An answer that does not fit is an error of kind `decode`, with the reply as `partial`. */
  invoke(messages: Messages, options?: Removable<CallOptions>): Promise<Result>;
  /** Sends a conversation and yields increasingly complete values. The last value is complete and fits the schema. */
  stream(messages: Messages, options?: Removable<CallOptions>): Promise<AsyncGenerator<T extends object ? Partial<T> : T, void, undefined>>;
  /** Sends many conversations, with a limit on concurrent calls. */
  batch(inputs: readonly Messages[], options?: Removable<BatchOptions> & { returnExceptions: true }): Promise<(Result | Error)[]>;
  batch(inputs: readonly Messages[], options?: Removable<BatchOptions>): Promise<Result[]>;
}

/**
 * The chat model that `withStructuredOutput` returns.
 *
 * @internal
 */
export class HeldChat<T, Result> implements StructuredChat<T, Result> {
  #chat: BedrockChat;
  #held: Held;
  #includeRaw: boolean | undefined;

  constructor(chat: BedrockChat, schema: unknown, config: StructuredConfig<boolean>, plan: (spec: StructuredSpec) => StructuredPlan) {
    this.#held = hold(schema, config, plan);
    this.#chat = chat.withOptions(this.#held.options as BoundOptions);
    this.#includeRaw = config.includeRaw;
  }

  async invoke(messages: Messages, options?: Removable<CallOptions>): Promise<Result> {
    return this.#answer(await this.#chat.invoke(messages, options));
  }

  async stream(messages: Messages, options?: Removable<CallOptions>): Promise<AsyncGenerator<T extends object ? Partial<T> : T, void, undefined>> {
    const stream = await this.#chat.stream(messages, options);
    const values = growing(stream, this.#held, async () => this.#read(await stream.message()));
    return leavable(stream, values as AsyncGenerator<T extends object ? Partial<T> : T, void, undefined>);
  }

  batch(inputs: readonly Messages[], options?: Removable<BatchOptions> & { returnExceptions: true }): Promise<(Result | Error)[]>;
  batch(inputs: readonly Messages[], options?: Removable<BatchOptions>): Promise<Result[]>;
  async batch(inputs: readonly Messages[], options?: Removable<BatchOptions>): Promise<(Result | Error)[]> {
    const replies: readonly (AIMessage | Error)[] = await this.#chat.batch(inputs, options);
    return Promise.all(
      replies.map(async (raw) => {
        if (raw instanceof Error) return raw;
        try {
          return await this.#answer(raw);
        } catch (error) {
          if (options?.returnExceptions) return error as Error;
          throw error;
        }
      }),
    );
  }

  /** Returns the value, with the reply if the caller asked for it. */
  async #answer(raw: AIMessage): Promise<Result> {
    try {
      const parsed = await this.#read(raw);
      return (this.#includeRaw ? { raw, parsed } : parsed) as Result;
    } catch (error) {
      if (!this.#includeRaw || !(error instanceof BedrockChatError)) throw error;
      return { raw, parsed: null, parsingError: error } as Result;
    }
  }

  /** Returns the value in a reply. */
  async #read(raw: AIMessage): Promise<unknown> {
    const { value, issues } = await validated(this.#held.schema, this.#found(raw));
    if (issues) throw problem("decode", `the answer does not fit the schema: ${issues.join("; ")}`, { partial: raw });
    return value;
  }

  #found(raw: AIMessage): unknown {
    try {
      return valueOf(raw, this.#held);
    } catch (error) {
      if (error instanceof BedrockChatError) error.partial = raw;
      throw error;
    }
  }
}
