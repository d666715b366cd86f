import { BedrockChatError, kindOf, problem } from "./error.js";
import { checkFields } from "./fields.js";
import { joinUsage } from "./reply.js";
import { AnthropicEvents } from "./sse-anthropic.js";
import { OpenAiEvents } from "./sse-openai.js";
import { readable } from "./stream.js";

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

/** Ends a stream that nobody will read, or the one that a promise will give. */
function leave(stream) {
  Promise.resolve(stream).then((stream) => stream?.return?.()).catch(() => {});
}

/** Tells the operator. What this throws is no business of the reader's, whose stream goes on. */
async function tell(options, error) {
  try {
    await options?.onError?.(error);
  } catch (thrown) {
    console.error("bedrock-chat: onError failed with", thrown, "when it was told of", error);
  }
}

/** What a stranger may know of an error: of the operator's business, nothing. */
function told(error, otherwise) {
  const kind = error instanceof BedrockChatError ? error.kind : "internal";
  const status = STATUS[kind];
  return { kind, status, message: status ? error.message : otherwise };
}

/** A stream as Server-Sent Events, in bytes. */
export function toSSE(stream, options) {
  const writer = writerFor(stream, options);
  // A call that fails before the first read is told of there; until then Node takes it for one that nobody hears of.
  Promise.resolve(stream).catch(() => {});
  const encoder = new TextEncoder();
  const pieces = written(stream, writer, options);
  // Not the end of `pieces`: it would wait for what the model says next, or for the call.
  return readable({ next: () => pieces.next(), return: () => leave(stream) }, (text) => encoder.encode(text));
}

async function* written(given, writer, options) {
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
    tell(options, error);
    yield writer.error(told(error, begun ? "the model could not go on" : "the model could not be asked"));
  }
}

/** The same as the answer to an HTTP request. Where the stream does not begin, it has the error's status. */
export async function sseResponse(stream, options) {
  const writer = writerFor(stream, options);
  let begun;
  try {
    begun = await stream;
  } catch (error) {
    tell(options, error);
    const known = told(error, "the model could not be asked");
    const headers = headersOf(options, { "content-type": "application/json" });
    if (error?.retryAfterMs) headers.set("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
    return new Response(JSON.stringify(writer.problem(known)), { status: known.status ?? 502, headers });
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
