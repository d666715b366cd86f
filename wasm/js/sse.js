import { BedrockChatError, problem } from "./error.js";
import { joinUsage } from "./reply.js";
import { AnthropicEvents } from "./sse-anthropic.js";
import { OpenAiEvents } from "./sse-openai.js";

const FORMATS = { anthropic: AnthropicEvents, openai: OpenAiEvents };

/** Kinds of errors that are the asker's business, and their HTTP status. The others are the operator's. */
const STATUS = { validation: 400, encode: 400, context_overflow: 400, unsupported: 400, throttled: 429, timeout: 504, cancelled: 499 };

function formatFor(stream, { format = "anthropic" }) {
  if (Object.hasOwn(FORMATS, format)) return new FORMATS[format]();
  // Nobody will read it.
  Promise.resolve(stream).then((stream) => stream?.return?.(), () => {});
  throw problem("config", `format must be "anthropic" or "openai"; it is ${JSON.stringify(format)}`);
}

/** What a stranger may know of an error: of the operator's business, nothing. */
function told(error, otherwise) {
  const kind = error instanceof BedrockChatError ? error.kind : "internal";
  const message = Object.hasOwn(STATUS, kind) ? error.message : otherwise;
  return { kind, message };
}

/** A stream as Server-Sent Events, in bytes. */
export function toSSE(stream, options = {}) {
  const writer = formatFor(stream, options);
  const encoder = new TextEncoder();
  const pieces = written(stream, writer, options);
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await pieces.return();
      },
    },
    { highWaterMark: 0 },
  );
}

async function* written(given, writer, { onError }) {
  let usage;
  let begun = false;
  try {
    const stream = await given;
    begun = true;
    for await (const event of stream.events()) {
      if (event[0] === "usage") usage = joinUsage(usage, event[1]);
      const text = writer.event(event, usage);
      if (text) yield text;
    }
    yield writer.end(usage);
  } catch (error) {
    onError?.(error);
    yield writer.error(told(error, begun ? "the model could not go on" : "the model could not be asked"));
  }
}

/** The same as the answer to an HTTP request. Where the stream does not begin, it has the error's status. */
export async function sseResponse(stream, options = {}) {
  const writer = formatFor(stream, options);
  let begun;
  try {
    begun = await stream;
  } catch (error) {
    options.onError?.(error);
    const { kind, message } = told(error, "the model could not be asked");
    const headers = new Headers({ "content-type": "application/json", ...options.headers });
    if (error?.retryAfterMs) headers.set("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
    return new Response(JSON.stringify(writer.problem({ kind, message })), { status: STATUS[kind] ?? 502, headers });
  }
  const headers = new Headers({ "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform", ...options.headers });
  return new Response(toSSE(begun, options), { headers });
}
