import type { Stream } from "./bedrock_chat.js";
import { type BedrockChatError, problem } from "./error.js";
import { BlockMembers, type CoreEvent, type StreamEvent } from "./events.js";
import type { ContentBlock } from "./fields.js";
import { type AIMessage, AIMessageChunk, SAID, type ToolCallChunk, replyOf } from "./reply.js";
import { fromDetails } from "./thrown.js";
import type { Watch } from "./watch.js";

/**
 * The function that cancels a call whose stream has not begun: a member of the promise, also across copies of the package.
 *
 * @internal
 */
export const CANCEL: unique symbol = Symbol.for("bedrock-chat.cancel") as never;

type Result<Value> = IteratorResult<Value, undefined>;

/** The name of the method that `await using` calls, if the language's library has it. */
type AsyncDispose = SymbolConstructor extends { readonly asyncDispose: infer Name extends symbol } ? Name : never;

/** Ends the stream, as breaking out of its loop does. */
export interface ChatStream extends Record<AsyncDispose, () => Promise<void>> {}

/**
 * A reply that is still arriving: chunks to iterate over, once. Breaking out of the loop closes the connection, and
 * the model stops.
 */
export class ChatStream implements AsyncIterableIterator<AIMessageChunk> {
  /** AWS's id of the request. */
  declare readonly requestId: string | undefined;
  #core: Stream | undefined;
  #watch: Watch;
  #events: readonly CoreEvent[] = [];
  #at = 0;
  #reading: Promise<Result<AIMessageChunk>> | undefined;
  #stopped = false;
  #complete = false;
  #failed: unknown;
  #whole: string | undefined;
  #chunks: Chunks;

  private constructor(core: Stream, watch: Watch, blocks: boolean) {
    this.#core = core;
    this.#watch = watch;
    this.requestId = core.requestId;
    this.#chunks = new Chunks(this.requestId, blocks);
    watch.cancel = this.#drop;
    if (watch.error) this.#drop();
  }

  /**
   * Creates a stream. With `blocks`, the content of its chunks is always blocks.
   *
   * @internal
   */
  static of(core: Stream, watch: Watch, blocks: boolean): ChatStream {
    return new ChatStream(core, watch, blocks);
  }

  /** Returns the next chunk. */
  next(): Promise<Result<AIMessageChunk>> {
    if (this.#reading) {
      // The method was called again before its last call ended: the calls run one after the other.
      const again = () => this.next();
      return this.#reading.then(again, again);
    }
    const chunk = this.#ready();
    if (chunk) return chunk;
    const reading = this.#read().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  /** Returns a result that needs no waiting. */
  #ready(): Promise<Result<AIMessageChunk>> | undefined {
    try {
      for (let event; (event = this.#take()); ) {
        const chunk = this.#chunks.of(event);
        if (chunk) return Promise.resolve({ value: chunk, done: false });
      }
    } catch (error) {
      return Promise.reject(error);
    }
    return undefined;
  }

  async #read(): Promise<Result<AIMessageChunk>> {
    while (await this.#fill()) {
      const chunk = this.#ready();
      if (chunk) return chunk;
    }
    return { value: undefined, done: true };
  }

  /** Returns an event that has arrived. */
  #take(): StreamEvent | undefined {
    const event = this.#events[this.#at];
    if (!event) return undefined;
    this.#at++;
    if (event[0] !== "error") return event;
    this.#close();
    throw (this.#failed = fromDetails(event[1]));
  }

  /** Waits for events. Returns whether there are any; there are none at the end. */
  async #fill(): Promise<boolean> {
    // Continues with an empty stack: see `#watch` of the chat model.
    await undefined;
    if (this.#stopped) return false;
    if (!this.#core) {
      this.#stopped = true;
      if (!this.#watch.error) return false;
      this.#watch.error.partial = this.soFar;
      throw (this.#failed = this.#watch.error);
    }
    let events: CoreEvent[];
    try {
      events = JSON.parse(await this.#watch.run(this.#core.next()));
      this.#watch.cancel = this.#drop;
    } catch (error) {
      const stopped = this.#stopped;
      this.#close();
      this.#stopped = true;
      if (stopped) return false;
      if (error === this.#watch.error) (error as BedrockChatError).partial = this.soFar;
      throw (this.#failed = error);
    }
    if (this.#stopped) return false;
    this.#events = events;
    this.#at = 0;
    if (!events.length) {
      this.#close();
      this.#stopped = this.#complete = true;
    }
    return !this.#stopped;
  }

  /** Drops the events that have arrived, and closes the connection. */
  #drop = (): void => {
    this.#events = [];
    this.#close();
  };

  /** Closes the connection, if it is open. */
  #close(): void {
    this.#watch.close();
    const core = this.#core;
    if (!core) return;
    this.#core = undefined;
    this.#whole ??= core.soFar();
    core.free();
  }

  /** Ends the stream and closes its connection. */
  async return(value?: unknown): Promise<Result<AIMessageChunk>> {
    this.#stopped = true;
    this.#watch.cancel();
    this.#drop();
    return { value: value as undefined, done: true };
  }

  /** Ends the stream, and throws the error. */
  async throw(error?: unknown): Promise<Result<AIMessageChunk>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Yields the events of the chunks. Other entries of the package use it.
   *
   * @internal
   */
  async *events(): AsyncGenerator<StreamEvent, void, undefined> {
    try {
      do {
        for (let event; (event = this.#take()); ) yield event;
      } while (await this.#fill());
    } finally {
      await this.return();
    }
  }

  /**
   * Returns all events that have arrived, and waits for some if there are none. The empty list is the end. Other
   * entries of the package use it: a promise for each event would cost more than the events.
   *
   * @internal
   */
  async batch(): Promise<readonly StreamEvent[]> {
    do {
      const events: StreamEvent[] = [];
      while (this.#at < this.#events.length && this.#events[this.#at]![0] !== "error") events.push(this.#take()!);
      if (events.length) return events;
      // Throws the error, if that is what has arrived.
      this.#take();
    } while (await this.#fill());
    return [];
  }

  /** Returns the text alone, as a stream. */
  text(): AsyncGenerator<string, void, undefined> {
    return leavable(this, this.#text());
  }

  async *#text(): AsyncGenerator<string, void, undefined> {
    for await (const chunk of this) if (chunk.text) yield chunk.text;
  }

  /** Waits for the whole message. */
  async message(): Promise<AIMessage> {
    while (!(await this.next()).done);
    if (this.#failed) throw this.#failed;
    if (!this.#complete) throw problem("cancelled", "the stream was ended before the message was complete", { partial: this.soFar });
    return this.soFar!;
  }

  /** The message so far. */
  get soFar(): AIMessage | undefined {
    const text = this.#core?.soFar() ?? this.#whole;
    return text === undefined ? undefined : replyOf(text);
  }

  /** Returns the chunks as a web stream. It reads the reply only when it is read. */
  toReadableStream(): ReadableStream<AIMessageChunk> {
    return readable(this, (chunk) => chunk);
  }
}

const { asyncDispose } = Symbol as { asyncDispose?: symbol };
if (asyncDispose) {
  (ChatStream.prototype as unknown as { [name: symbol]: unknown })[asyncDispose] = async function (this: ChatStream) {
    await this.return();
  };
}

/**
 * Returns a generator of a stream's values whose `return` first ends the stream. Otherwise `return` would have no
 * effect before the generator has begun, and would wait for the model afterwards.
 *
 * @internal
 */
export function leavable<Value>(stream: { return(): Promise<unknown> }, generator: AsyncGenerator<Value, void, undefined>): AsyncGenerator<Value, void, undefined> {
  let left = false;
  const next = generator.next.bind(generator);
  const leaving = (then: (value: never) => Promise<IteratorResult<Value, void>>) => async (value: unknown) => {
    left = true;
    await stream.return();
    return then(value as never);
  };
  const [end, fail] = [generator.return.bind(generator), generator.throw.bind(generator)];
  generator.next = async () => {
    try {
      return await next();
    } catch (error) {
      if (!left) throw error;
      return { value: undefined, done: true };
    }
  };
  generator.return = leaving(end);
  generator.throw = leaving(fail);
  return generator;
}

/**
 * Returns a web stream that reads an iterator only when it is read itself.
 *
 * @internal
 */
export function readable<Value, Shown>(
  iterator: { next(): Promise<IteratorResult<Value, unknown>>; return(): unknown },
  shown: (value: Value) => Shown,
): ReadableStream<Shown> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(shown(value as Value));
      },
      async cancel() {
        await iterator.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Creates chunks from events. Their content is text while there is only one text; then it is blocks with an index. */
class Chunks {
  #blocks: boolean;
  #text: number | undefined;
  #requestId: string | undefined;
  #members = new BlockMembers();

  constructor(requestId: string | undefined, blocks: boolean) {
    this.#requestId = requestId;
    this.#blocks = blocks;
  }

  /** Returns the chunk of an event; `undefined` for events without a chunk. */
  of(event: StreamEvent): AIMessageChunk | undefined {
    const [name, first, second, third] = event;
    this.#members.push(event);
    switch (name) {
      case "end": {
        const ended = this.#members.end(first);
        // A text that is not a block has no place for members.
        if (!ended || (ended.type === "text" && !this.#blocks)) return undefined;
        return this.#block({ type: ended.type, ...ended.members, index: first });
      }
      case "text":
        if (this.#text !== undefined && this.#text !== first) this.#blocks = true;
        this.#text ??= first;
        return new AIMessageChunk({ content: this.#blocks ? [{ type: "text", text: second, index: first }] : second });
      case "args":
        return new AIMessageChunk({
          content: [{ type: "input_json_delta", input: second, index: first }],
          tool_call_chunks: [{ args: second, index: first, type: "tool_call_chunk" }],
        });
      case "tool":
        return this.#block({ type: "tool_use", id: second, name: third, input: "", index: first }, [
          { name: third, id: second, args: "", index: first, type: "tool_call_chunk" },
        ]);
      case "thinking":
        return this.#block({ type: "thinking", thinking: second, index: first });
      case "signature":
        return this.#block({ type: "thinking", thinking: "", signature: second, index: first });
      case "citation":
        return this.#block({ type: "text", text: "", citations: [second], index: first });
      case "block":
        return this.#block({ ...second, index: first });
      case "start":
        return new AIMessageChunk({
          id: first ?? undefined,
          additional_kwargs: first ? { id: first } : {},
          response_metadata: {
            ...(second ? { model: second, model_name: second } : {}),
            ...(this.#requestId ? { request_id: this.#requestId } : {}),
          },
        });
      case "stop":
        return new AIMessageChunk({ response_metadata: { stop_reason: first, stop_sequence: second } });
      case "usage":
        return new AIMessageChunk({ usage_metadata: first });
      case "metadata":
        return SAID.has(first) ? undefined : new AIMessageChunk({ response_metadata: { [first]: second } });
      default:
        return undefined;
    }
  }

  #block(block: ContentBlock, tool_call_chunks?: ToolCallChunk[]): AIMessageChunk {
    this.#blocks = true;
    return new AIMessageChunk({ content: [block], tool_call_chunks });
  }
}
