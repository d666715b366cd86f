import { problem } from "./error.js";
import { AIMessageChunk, SAID, replyOf } from "./reply.js";
import { fromDetails } from "./thrown.js";

/** The function that cancels a call whose stream has not begun: a member of the promise, also across copies of the package. */
export const CANCEL = Symbol.for("bedrock-chat.cancel");

/** A reply that is still arriving: chunks to iterate over, once. Leaving the loop closes the connection. */
export class ChatStream {
  #core;
  #watch;
  #events = [];
  #at = 0;
  #reading;
  #stopped = false;
  #complete = false;
  #failed;
  #whole;
  #chunks;

  constructor(core, watch, blocks) {
    this.#core = core;
    this.#watch = watch;
    this.requestId = core.requestId;
    this.#chunks = new Chunks(this.requestId, blocks);
    watch.cancel = this.#drop;
    if (watch.error) this.#drop();
  }

  /** The next chunk. */
  next() {
    if (this.#reading) {
      // Asked again before it had answered: one after the other.
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

  /** A result that needs no waiting. */
  #ready() {
    try {
      for (let event; (event = this.#take()); ) {
        const chunk = this.#chunks.of(event);
        if (chunk) return Promise.resolve({ value: chunk, done: false });
      }
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #read() {
    while (await this.#fill()) {
      const chunk = this.#ready();
      if (chunk) return chunk;
    }
    return { value: undefined, done: true };
  }

  /** An event that is there. */
  #take() {
    if (this.#at >= this.#events.length) return undefined;
    const event = this.#events[this.#at++];
    if (event[0] !== "error") return event;
    this.#close();
    throw (this.#failed = fromDetails(event[1]));
  }

  /** Waits for events; false at the end. */
  async #fill() {
    // See `#watch` of the chat model: with an empty stack.
    await undefined;
    if (this.#stopped) return false;
    if (!this.#core) {
      this.#stopped = true;
      if (!this.#watch.error) return false;
      this.#watch.error.partial = this.soFar;
      throw (this.#failed = this.#watch.error);
    }
    let events;
    try {
      events = JSON.parse(await this.#watch.run(this.#core.next()));
      this.#watch.cancel = this.#drop;
    } catch (error) {
      const stopped = this.#stopped;
      this.#close();
      this.#stopped = true;
      if (stopped) return false;
      if (error === this.#watch.error) error.partial = this.soFar;
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

  /** Gives up what has come and what would come. */
  #drop = () => {
    this.#events = [];
    this.#close();
  };

  /** Gives the connection up, if there still is one. */
  #close() {
    this.#watch.close();
    const core = this.#core;
    if (!core) return;
    this.#core = undefined;
    this.#whole ??= core.soFar();
    core.free();
  }

  /** Ends the stream and closes its connection. */
  async return(value) {
    this.#stopped = true;
    this.#watch.cancel();
    this.#drop();
    return { value, done: true };
  }

  async throw(error) {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** The events behind the chunks, as lists that begin with their name. Other entries of the package use it. */
  async *events() {
    try {
      do {
        for (let event; (event = this.#take()); ) yield event;
      } while (await this.#fill());
    } finally {
      await this.return();
    }
  }

  /** Returns the text alone, as a stream. */
  text() {
    return leavable(this, this.#text());
  }

  async *#text() {
    for await (const chunk of this) if (chunk.text) yield chunk.text;
  }

  /** The whole message, once it is there. */
  async message() {
    while (!(await this.next()).done);
    if (this.#failed) throw this.#failed;
    if (!this.#complete) throw problem("cancelled", "the stream was left before the message was whole", { partial: this.soFar });
    return this.soFar;
  }

  /** The message as far as it has come. */
  get soFar() {
    const text = this.#core?.soFar() ?? this.#whole;
    return text === undefined ? undefined : replyOf(text);
  }

  /** The same as a web stream of chunks. */
  toReadableStream() {
    return readable(this, (chunk) => chunk);
  }
}

if (Symbol.asyncDispose) {
  ChatStream.prototype[Symbol.asyncDispose] = async function () {
    await this.return();
  };
}

/**
 * A generator of what a stream gives, whose end ends the stream first. Its own would do nothing where it has not begun,
 * and wait for the model where it has.
 */
export function leavable(stream, generator) {
  let left = false;
  const [next, end, fail] = ["next", "return", "throw"].map((name) => generator[name].bind(generator));
  const leaving = (then) => async (value) => {
    left = true;
    await stream.return();
    return then(value);
  };
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

/** A web stream that asks an iterator only when it is asked itself. */
export function readable(iterator, shown) {
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(shown(value));
      },
      async cancel() {
        await iterator.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Chunks from events. Their content is text as long as nothing but one text comes; then it is blocks with an index. */
class Chunks {
  #blocks;
  #text;
  #requestId;

  constructor(requestId, blocks) {
    this.#requestId = requestId;
    this.#blocks = blocks;
  }

  of([name, first, second, third]) {
    switch (name) {
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
    }
  }

  #block(block, tool_call_chunks) {
    this.#blocks = true;
    return new AIMessageChunk({ content: [block], tool_call_chunks });
  }
}
