/// <reference lib="es2020" preserve="true" />
// `bedrock-chat/sse`: reads what `sseResponse` and `toSSE` write. It loads no WebAssembly: the pages that read a reply
// from their own Worker need no signing. With Rust's parser, which is in the module, a page would load 233 KB for it.
import { BedrockChatError, type BedrockChatErrorKind } from "./error.js";

/**
 * The data of an event: an event of Anthropic's Messages API, a chunk of OpenAI's chat completions, or an event of
 * OpenAI's Responses API, as the server's `format` is.
 */
export interface SseData {
  /** The type of the event. Absent in chunks of chat completions. */
  type?: string;
  // The members depend on the format, and any of them may be read without a cast.
  [member: string]: any;
}

/** The kinds of errors by their names in the three formats. The others are `service`. */
const KINDS: { readonly [type: string]: BedrockChatErrorKind } = {
  __proto__: null as never, invalid_request_error: "validation", invalid_prompt: "validation", rate_limit_error: "throttled",
  rate_limit_exceeded: "throttled", timeout_error: "timeout", timeout: "timeout", context_length_exceeded: "context_overflow",
};

/** The kinds of errors by the status of a response. The others are `service`. */
const STATUSES: { readonly [status: number]: BedrockChatErrorKind } = {
  400: "validation", 401: "access_denied", 403: "access_denied", 404: "not_found", 413: "validation", 429: "throttled", 504: "timeout",
};

const ENDS = ["message_stop", "response.completed", "response.incomplete"];

/**
 * Reads a response of `sseResponse`, or a promise of one, event by event.
 *
 * ```js
 * for await (const event of readSSE(fetch("/chat", { method: "POST", body }))) console.log(event.type);
 * ```
 *
 * Ending the loop early cancels the response, which ends the model's call. Throws a `BedrockChatError`: if the server
 * refused the request (with its `status`), if the server reports an error, and with the kind `truncated` or
 * `interrupted`, if the response ends before the reply does.
 */
export async function* readSSE(response: Response | Promise<Response>): AsyncGenerator<SseData, void, undefined> {
  const found = await response;
  if (!found.ok) throw await refused(found);
  const type = found.headers.get("content-type") ?? "";
  if (!/^text\/event-stream\b/i.test(type) || !found.body) {
    await found.body?.cancel();
    throw new BedrockChatError(`the response is not a stream of events: its content type is \`${type}\`; check the address`, { kind: "decode", status: found.status });
  }
  let isWhole = false;
  try {
    for await (const text of data(found.body)) {
      // Cancelling now would break the connection: the server would count a client that left.
      if (isWhole) continue;
      if (text === "[DONE]") {
        isWhole = true;
        continue;
      }
      const event = parsed(text);
      const error = event.type === "response.failed" ? event.response?.error : event.type === "error" ? (event.error ?? event) : event.error;
      if (error) throw reported(error);
      isWhole = ENDS.includes(event.type!);
      yield event;
    }
  } catch (error) {
    if (!isWhole) throw error;
  }
  if (isWhole) return;
  throw new BedrockChatError("the stream ended before the reply was complete; send the request again", { kind: "truncated", transient: true });
}

/**
 * Reads the text of a response of `sseResponse`, or of a promise of one, piece by piece, without reasoning and tool
 * calls. Errors are those of `readSSE`.
 *
 * ```js
 * for await (const text of readText(fetch("/chat", { method: "POST", body }))) element.append(text);
 * ```
 */
export async function* readText(response: Response | Promise<Response>): AsyncGenerator<string, void, undefined> {
  for await (const event of readSSE(response)) {
    const { type, delta, choices } = event;
    const text = choices ? choices[0]?.delta?.content : type === "content_block_delta" ? delta?.text : type === "response.output_text.delta" ? delta : undefined;
    if (text) yield text;
  }
}

/** Yields the data of each event, as https://html.spec.whatwg.org/multipage/server-sent-events.html describes them. */
async function* data(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  // The decoder removes a byte order mark.
  const decoder = new TextDecoder();
  const lines: string[] = [];
  let rest = "";
  let ended = false;
  try {
    for (;;) {
      const { value, done } = await read(reader);
      ended = done;
      const pieces = (rest + decoder.decode(value, { stream: !done })).split(done ? /\r\n|\n|\r/ : /\r\n|\n|\r(?!$)/);
      rest = pieces.pop()!;
      for (const line of pieces) {
        const [, field, text = ""] = /^([^:]*)(?:: ?(.*))?$/.exec(line)!;
        if (field === "data") lines.push(text);
        else if (!line && lines.length) yield lines.splice(0).join("\n");
      }
      if (done) return;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => {});
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<{ value?: Uint8Array | undefined; done: boolean }> {
  try {
    return await reader.read();
  } catch (cause) {
    // The caller's own abort stays as it is.
    if ((cause as Error | undefined)?.name === "AbortError") throw cause;
    throw new BedrockChatError("the connection broke before the reply ended", { kind: "interrupted", transient: true, cause });
  }
}

function parsed(text: string): SseData {
  try {
    const event: unknown = JSON.parse(text);
    if (event && typeof event === "object" && !Array.isArray(event)) return event;
  } catch {}
  throw new BedrockChatError("invalid event in the stream: it is not a JSON object; check that sseResponse or toSSE writes the response", { kind: "decode" });
}

/** Returns the error that the server reports instead of the rest of a reply. */
function reported({ type, code, message }: { type?: string; code?: string; message?: string }): BedrockChatError {
  const kind = KINDS[code ?? ""] ?? KINDS[type ?? ""] ?? "service";
  return new BedrockChatError(message ?? "the server reported an error", { kind, transient: isTransient(kind) });
}

/** Returns the error for a response without a stream. */
async function refused(response: Response): Promise<BedrockChatError> {
  const { status, headers } = response;
  const text = await response.text().catch(() => "");
  let message: unknown;
  try {
    const body = JSON.parse(text);
    message = body.error?.message ?? body.message ?? body.error;
  } catch {}
  const kind = STATUSES[status] ?? "service";
  const seconds = Number(headers.get("retry-after") ?? NaN);
  const told = typeof message === "string" ? message : text.trim().slice(0, 500) || "the response has no reason";
  return new BedrockChatError(`the server answered with status ${status}: ${told}`, {
    kind, status, transient: isTransient(kind), ...(seconds > 0 && { retryAfterMs: seconds * 1000 }),
  });
}

const isTransient = (kind: BedrockChatErrorKind): boolean => kind === "throttled" || kind === "timeout" || kind === "service";
