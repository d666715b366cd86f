import { BedrockChatError, kindOf, problem } from "./error.js";
import { checkFields } from "./checks.js";
import { joinUsage } from "./reply.js";
import { AnthropicEvents } from "./sse-anthropic.js";
import { OpenAiEvents } from "./sse-openai.js";
import { CANCEL, readable } from "./stream.js";

/** After how many milliseconds of silence a comment is sent. Balancers close silent connections, most of them after 60 seconds. */
const KEEP_ALIVE = 15_000;

/** An event that every reader of Server-Sent Events skips. */
const COMMENT = { value: ": keep-alive\n\n", done: false };

const FORMATS = { anthropic: AnthropicEvents, openai: OpenAiEvents };

/** Kinds of errors that are the asker's business, and their HTTP status. The others are the operator's. */
const STATUS = { __proto__: null, validation: 400, encode: 400, context_overflow: 400, unsupported: 400, throttled: 429, timeout: 504, cancelled: 499 };

function writerFor(stream, options) {
  try {
    checkFields(options, "sse");
  } catch (error) {
    leave(stream);
    throw error;
  }
  return new FORMATS[options?.format ?? "anthropic"]();
}

/** Ends a stream that nobody will read, or the call that a promise waits for. */
function leave(stream) {
  stream?.[CANCEL]?.();
  Promise.resolve(stream).then((stream) => stream?.return?.()).catch(() => {});
}

/** Calls `onError`. Errors thrown by it are only logged, so that the reader's stream continues. */
async function tell(options, error) {
  try {
    await options?.onError?.(error);
  } catch (thrown) {
    console.error("bedrock-chat: onError failed with", thrown, "when it was called with", error);
  }
}

/** Returns the details of an error that a client gets: nothing that concerns only the operator. */
function told(error, otherwise) {
  const kind = error instanceof BedrockChatError ? error.kind : "internal";
  const status = STATUS[kind];
  return { kind, status, message: status ? error.message : otherwise };
}

/** A stream as Server-Sent Events, in bytes. */
export function toSSE(stream, options) {
  const writer = writerFor(stream, options);
  // A call that fails before the first read is reported there. This prevents an unhandled-rejection warning in Node.
  Promise.resolve(stream).catch(() => {});
  const encoder = new TextEncoder();
  const reader = { left: false };
  const pieces = written(stream, writer, options, reader);
  const silence = new Silence(options?.keepAlive ?? KEEP_ALIVE);
  let waiting;
  const next = async () => {
    waiting ??= pieces.next();
    const piece = await silence.end(waiting);
    if (!piece) return COMMENT;
    waiting = undefined;
    if (piece.done) silence.close();
    return piece;
  };
  // Not the end of `pieces`: it would wait for what the model says next, or for the call.
  const end = () => {
    reader.left = true;
    silence.close();
    leave(stream);
  };
  return readable({ next, return: end }, (text) => encoder.encode(text));
}

/** Limits waits. One timer serves many: setting one for each piece would cost more than the piece. */
class Silence {
  #limit;
  #timer;
  #since;
  #ring;

  constructor(limit) {
    // A longer timer would ring at once.
    this.#limit = Math.min(limit, 0x7fffffff);
  }

  /** Returns the value of a promise, or nothing if it takes longer than the limit. */
  async end(promise) {
    if (!this.#limit) return promise;
    this.#since = Date.now();
    this.#timer ??= setTimeout(this.#check, this.#limit);
    try {
      return await Promise.race([promise, new Promise((resolve) => (this.#ring = resolve))]);
    } finally {
      this.#ring = undefined;
    }
  }

  #check = () => {
    const left = this.#since + this.#limit - Date.now();
    this.#timer = this.#ring && left > 0 ? setTimeout(this.#check, left) : undefined;
    if (!this.#timer) this.#ring?.();
  };

  close() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

async function* written(given, writer, options, reader) {
  let usage;
  let begun = false;
  try {
    const stream = await given;
    if (!stream?.events) throw problem("config", `events are made of what chat.stream() gives; this is ${kindOf(stream)}`);
    begun = true;
    for await (const event of stream.events()) {
      if (event[0] === "usage") usage = joinUsage(usage, event[1]);
      const text = writer.event(event, usage);
      if (text) yield text;
    }
    yield writer.end(usage);
  } catch (error) {
    if (!reader.left) tell(options, error);
    yield writer.error(told(error, begun ? "the model could not go on" : "the model could not be asked"));
  }
}

/** The same as the answer to an HTTP request. If the stream fails before it begins, the response has the error's status. */
export async function sseResponse(stream, options) {
  const writer = writerFor(stream, options);
  const silence = new Silence(options?.keepAlive ?? KEEP_ALIVE);
  let begun;
  try {
    // Balancers do not wait longer for the headers of a response than for its body.
    begun = (await silence.end(stream)) ?? stream;
  } catch (error) {
    tell(options, error);
    const known = told(error, "the model could not be asked");
    const headers = headersOf(options, { "content-type": "application/json" });
    if (error?.retryAfterMs) headers.set("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
    return new Response(JSON.stringify(writer.problem(known)), { status: known.status ?? 502, headers });
  } finally {
    silence.close();
  }
  const headers = headersOf(options, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform" });
  return new Response(toSSE(begun, options), { headers });
}

/** The caller's headers, over ours. */
function headersOf(options, own) {
  const headers = new Headers(options?.headers ?? {});
  for (const [name, value] of Object.entries(own)) if (!headers.has(name)) headers.set(name, value);
  return headers;
}
