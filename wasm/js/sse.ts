import { checkFields } from "./checks.js";
import { BedrockChatError, kindOf, problem } from "./error.js";
import type { StreamEvent } from "./events.js";
import { type UsageMetadata, joinUsage } from "./reply.js";
import { AnthropicEvents } from "./sse-anthropic.js";
import { OpenAiEvents } from "./sse-openai.js";
import { ResponsesEvents } from "./sse-responses.js";
import { CANCEL, type ChatStream, readable } from "./stream.js";

/** The options of `toSSE` and `sseResponse`. */
export interface SseOptions {
  /** The format of the events: that of Anthropic's Messages API (the default), of OpenAI's chat completions, or of OpenAI's Responses API. */
  format?: "anthropic" | "openai" | "responses" | undefined;
  /**
   * Called with the error that breaks the stream, except if the signal of the call cancels it. The reader of the stream receives only a general message. The
   * function is not awaited. If it fails, the stream continues, and both errors are passed to `console.error`.
   */
  onError?: ((error: unknown) => void | Promise<void>) | undefined;
  /**
   * The milliseconds of silence after which a comment is sent, which readers skip; 0 switches it off. Load balancers
   * close connections that are silent while a model thinks, most of them after 60 seconds. Default: 15000.
   */
  keepAlive?: number | undefined;
}

/**
 * The reason why a reply failed, for the writers of all formats. The gateway has the same reasons in Rust:
 * src/gateway/failure.rs.
 *
 * @internal
 */
export type SseReason = "invalid" | "overflow" | "throttled" | "timeout" | "overloaded" | "failed" | "cancelled";

/**
 * The details of an error that a client receives.
 *
 * @internal
 */
export interface SseError {
  reason: SseReason;
  message: string;
}

/**
 * A writer of events in one format.
 *
 * @internal
 */
export interface SseWriter {
  /** Returns an event as text, empty if the format has nothing for it. `usage` is the sum so far. */
  event(event: StreamEvent, usage: UsageMetadata | undefined): string;
  /** Returns the last events. */
  end(usage: UsageMetadata | undefined): string;
  /** Returns the body of a response for an error before the stream began. */
  problem(told: SseError): object;
  /** Returns the event of an error. */
  error(told: SseError): string;
}

/**
 * A stream, or a promise of a stream, perhaps of another copy of the package. JavaScript callers may pass any value.
 */
type GivenStream = ChatStream | (Promise<ChatStream> & { [CANCEL]?: () => void });

/**
 * The milliseconds of silence after which a comment is sent. Load balancers close silent connections, most of them
 * after 60 seconds.
 */
const KEEP_ALIVE = 15_000;

/** An event that every reader of Server-Sent Events skips. */
const COMMENT: IteratorResult<string, void> = { value: ": keep-alive\n\n", done: false };

/** The formats. The writers in Rust, which the gateway uses, would add 16.8 KB after gzip to the module; these have 2.5 KB. */
const FORMATS = { anthropic: AnthropicEvents, openai: OpenAiEvents, responses: ResponsesEvents };

/** The reasons of errors that concern the client, by the kind of the error. The others concern only the operator. */
const REASONS: { readonly [kind: string]: SseReason } = {
  __proto__: null as never, validation: "invalid", encode: "invalid", unsupported: "invalid", context_overflow: "overflow",
  throttled: "throttled", timeout: "timeout", cancelled: "cancelled",
};

/** The HTTP status of a response without a stream. */
const STATUS: { readonly [reason in SseReason]: number } = {
  invalid: 400, overflow: 400, throttled: 429, cancelled: 499, failed: 502, overloaded: 503, timeout: 504,
};

function writerFor(stream: GivenStream, options: SseOptions | undefined): SseWriter {
  try {
    checkFields(options, "sse");
  } catch (error) {
    leave(stream);
    throw error;
  }
  return new FORMATS[options?.format ?? "anthropic"]();
}

/** Ends a stream that is not read, or cancels the call of a promise. */
function leave(stream: GivenStream): void {
  (stream as { [CANCEL]?: () => void } | undefined)?.[CANCEL]?.();
  Promise.resolve(stream).then((stream) => stream?.return?.()).catch(() => {});
}

/** Calls `onError`. Errors thrown by it are only logged, so that the reader's stream continues. */
async function tell(options: SseOptions | undefined, error: unknown): Promise<void> {
  if (error instanceof BedrockChatError && error.kind === "cancelled") return;
  try {
    await options?.onError?.(error);
  } catch (thrown) {
    console.error("bedrock-chat: onError failed with", thrown, "when it was called with", error);
  }
}

/** Returns the details of an error that a client receives, without anything that concerns only the operator. */
function told(error: unknown, otherwise: string): SseError {
  if (!(error instanceof BedrockChatError)) return { reason: "failed", message: otherwise };
  const { kind, transient, message } = error;
  const reason = REASONS[kind];
  if (reason) return { reason, message };
  return { reason: kind === "service" && transient ? "overloaded" : "failed", message: otherwise };
}

/**
 * Returns a stream as Server-Sent Events, in bytes. Cancelling it aborts the request. This also works before the reply
 * begins, if the argument is the promise that `chat.stream()` returned. An error, also one before the reply begins, is the
 * last event.
 *
 * In Anthropic's format, `message_delta` at the end has all token counts, including those of the input.
 * `message_start` is sent before Bedrock reports them, with zeros.
 */
export function toSSE(stream: ChatStream | Promise<ChatStream>, options?: SseOptions): ReadableStream<Uint8Array> {
  const writer = writerFor(stream, options);
  // A call that fails before the first read is reported at that read. This prevents an unhandled-rejection warning in
  // Node.
  Promise.resolve(stream).catch(() => {});
  const encoder = new TextEncoder();
  const reader = { left: false };
  const pieces = written(stream, writer, options, reader);
  const silence = new Silence(options?.keepAlive ?? KEEP_ALIVE);
  let waiting: Promise<IteratorResult<string, void>> | undefined;
  const next = async () => {
    waiting ??= pieces.next();
    const piece = await silence.end(waiting);
    if (!piece) return COMMENT;
    waiting = undefined;
    if (piece.done) silence.close();
    return piece;
  };
  // This does not end `pieces`, as that would wait for the model's next event, or for the call.
  const end = () => {
    reader.left = true;
    silence.close();
    leave(stream);
  };
  return readable({ next, return: end }, (text) => encoder.encode(text));
}

/** Limits waiting times. One timer serves many waits: setting one for each piece would cost more than the piece. */
class Silence {
  #limit: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #since = 0;
  #ring: ((none: undefined) => void) | undefined;

  constructor(limit: number) {
    // A longer timer would fire at once.
    this.#limit = Math.min(limit, 0x7fffffff);
  }

  /** Returns the value of a promise, or nothing if it takes longer than the limit. */
  async end<Value>(promise: Value | Promise<Value>): Promise<Value | undefined> {
    if (!this.#limit) return promise;
    this.#since = Date.now();
    this.#timer ??= setTimeout(this.#check, this.#limit);
    try {
      return await Promise.race([promise, new Promise<undefined>((resolve) => (this.#ring = resolve))]);
    } finally {
      this.#ring = undefined;
    }
  }

  #check = (): void => {
    const left = this.#since + this.#limit - Date.now();
    this.#timer = this.#ring && left > 0 ? setTimeout(this.#check, left) : undefined;
    if (!this.#timer) this.#ring?.(undefined);
  };

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

async function* written(given: GivenStream, writer: SseWriter, options: SseOptions | undefined, reader: { readonly left: boolean }): AsyncGenerator<string, void, undefined> {
  let usage: UsageMetadata | undefined;
  let begun = false;
  try {
    const stream = await given;
    if (!stream?.events) throw problem("config", `events are made from the result of chat.stream(); the argument is ${kindOf(stream)}`);
    begun = true;
    for await (const event of stream.events()) {
      if (event[0] === "usage") usage = joinUsage(usage, event[1]);
      const text = writer.event(event, usage);
      if (text) yield text;
    }
    yield writer.end(usage);
  } catch (error) {
    if (!reader.left) tell(options, error);
    yield writer.error(told(error, begun ? "the answer could not be completed" : "the model could not be called"));
  }
}

/**
 * Returns a stream as the response to an HTTP request: `return sseResponse(chat.stream(messages))`. If the stream
 * fails before it begins, the response is JSON with the error's status. If the stream has not begun after `keepAlive`
 * milliseconds, the response begins with status 200, and a later error is an event.
 */
export async function sseResponse(stream: ChatStream | Promise<ChatStream>, options?: SseOptions & { headers?: Record<string, string> | Headers | undefined }): Promise<Response> {
  const writer = writerFor(stream, options);
  const silence = new Silence(options?.keepAlive ?? KEEP_ALIVE);
  let begun;
  try {
    // Load balancers limit the wait for the headers of a response as they do for its body.
    begun = (await silence.end(stream)) ?? stream;
  } catch (error) {
    tell(options, error);
    const known = told(error, "the model could not be called");
    const headers = headersOf(options, { "content-type": "application/json" });
    const { retryAfterMs } = Object(error) as Partial<BedrockChatError>;
    if (retryAfterMs) headers.set("retry-after", String(Math.ceil(retryAfterMs / 1000)));
    return new Response(JSON.stringify(writer.problem(known)), { status: STATUS[known.reason], headers });
  } finally {
    silence.close();
  }
  const headers = headersOf(options, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform" });
  return new Response(toSSE(begun, options), { headers });
}

/** Returns the caller's headers, and the headers of `own` that the caller did not set. */
function headersOf(options: { headers?: Record<string, string> | Headers | undefined } | undefined, own: Record<string, string>): Headers {
  const headers = new Headers(options?.headers ?? {});
  for (const [name, value] of Object.entries(own)) if (!headers.has(name)) headers.set(name, value);
  return headers;
}
