// `bedrock-chat/sse`: readers of what `sseResponse` sends.
import { equal, fails, includes, ok } from "./check.js";
import { claude, exception, speaks, utf8 } from "./frames.js";

const FORMATS = ["anthropic", "openai", "responses"];
const hello = [
  claude.start(), claude.block(0, { type: "thinking", thinking: "", signature: "" }), claude.delta(0, { type: "thinking_delta", thinking: "Hm." }), claude.end(0),
  claude.block(1, { type: "text", text: "" }), claude.text(1, "Grüße, "), claude.text(1, "wörld."), claude.end(1), claude.stop("end_turn", { output_tokens: 2 }), claude.over(),
];

async function all(iterable) {
  const found = [];
  for await (const value of iterable) found.push(value);
  return found;
}

/** A response of these pieces of a stream of events. `left` is called when the reader leaves. */
function response(pieces, { status = 200, type = "text/event-stream", left, fault } = {}) {
  const rest = pieces.map((piece) => (typeof piece === "string" ? utf8(piece) : piece));
  const pull = (controller) => {
    if (rest.length) controller.enqueue(rest.shift());
    else if (fault) controller.error(fault);
    else controller.close();
  };
  const body = new ReadableStream({ pull, cancel: () => left?.() }, { highWaterMark: 0 });
  return new Response(body, { status, headers: { "content-type": type } });
}

export const sseReader = [
  ["readText returns the text of each format", async ({ mock, sseResponse, readText }) => {
    for (const format of FORMATS) {
      equal(await all(readText(sseResponse(mock(speaks(hello)).stream("hello"), { format }))), ["Grüße, ", "wörld."], format);
    }
  }],

  ["readSSE returns every event of each format", async ({ mock, sseResponse, readSSE }) => {
    const types = async (format) => (await all(readSSE(sseResponse(mock(speaks(hello)).stream("hello"), { format })))).map(({ type, object }) => type ?? object);
    equal((await types("anthropic")).filter((type) => type.startsWith("message")), ["message_start", "message_delta", "message_stop"]);
    const chunks = await types("openai");
    ok(chunks.length > 3 && chunks.every((name) => name === "chat.completion.chunk"));
    const events = await types("responses");
    equal([events[0], events.at(-1)], ["response.created", "response.completed"]);
  }],

  ["readSSE reads any pieces, line ends, comments and lines of data", async ({ readSSE }) => {
    const text = "\uFEFF: a comment\nevent: x\nid: 1\ndata: {\"a\":\ndata:\"é\"}\n\n\n: keep-alive\n\nretry\ndata: {\"b\":\"\u{1F30D}\"}\n\ndata: [DONE]\n\n";
    for (const end of ["\n", "\r\n", "\r"]) {
      const bytes = utf8(text.replaceAll("\n", end));
      for (let cut = 0; cut <= bytes.length; cut++) {
        const found = await all(readSSE(response([bytes.slice(0, cut), bytes.slice(cut)])));
        equal(found, [{ a: "é" }, { b: "\u{1F30D}" }], `${JSON.stringify(end)} at ${cut}`);
      }
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
      equal(await all(readSSE(response(single))), [{ a: "é" }, { b: "\u{1F30D}" }]);
    }
  }],

  ["readSSE reads the rest after the last event, and does not cancel", async ({ readSSE }) => {
    let left = false;
    const given = response(['data: {"type":"message_stop"}\n\n', "data: {}\n\n"], { left: () => (left = true), fault: new Error("after the end") });
    equal(await all(readSSE(given)), [{ type: "message_stop" }]);
    ok(!left, "the response was cancelled");
  }],

  ["leaving readSSE or readText early cancels the response", async ({ mock, sseResponse, readSSE, readText }) => {
    for (const read of [readSSE, readText]) {
      let left = false;
      for await (const _ of read(response(['data: {"choices":[{"delta":{"content":"a"}}]}\n\n', "data: {}\n\n"], { left: () => (left = true) }))) break;
      ok(left, "the response goes on");
    }
    for await (const text of readText(sseResponse(mock(speaks(hello)).stream("hello")))) {
      equal(text, "Grüße, ");
      break;
    }
  }],

  ["readSSE throws the error of a refused request with its status", async ({ mock, sseResponse, readSSE, readText, BedrockChatError }) => {
    for (const read of [readSSE, readText]) {
      for (const format of FORMATS) {
        const refusing = mock(async () => new Response('{"message":"the input is strange"}', { status: 400, headers: { "x-amzn-errortype": "ValidationException" } }));
        const error = await fails(() => all(read(sseResponse(refusing.stream("hello"), { format }))), "validation");
        ok(error instanceof BedrockChatError && error.status === 400 && !error.transient, format);
        includes(error.message, "the input is strange");
      }
      const slow = mock(async () => new Response('{"message":"slow down"}', { status: 429, headers: { "x-amzn-errortype": "ThrottlingException", "retry-after": "7" } }));
      const error = await fails(() => all(read(sseResponse(slow.stream("hello")))), "throttled");
      equal([error.status, error.transient, error.retryAfterMs], [429, true, 7000]);
    }
    for (const [body, part] of [['{"message":"no key"}', "no key"], ["<p>Bad gateway</p>", "<p>Bad gateway</p>"], ["", "the response has no reason"]]) {
      includes((await fails(() => all(readSSE(new Response(body, { status: 401 }))), "access_denied")).message, part);
    }
    await fails(() => all(readSSE(Promise.reject(new TypeError("fetch failed")))));
  }],

  ["readSSE throws an error in the middle of each format", async ({ mock, sseResponse, readText }) => {
    for (const format of FORMATS) {
      const failing = mock(speaks([...hello.slice(0, 6), exception("throttlingException", "Too many tokens")]));
      const texts = [];
      const error = await fails(async () => {
        for await (const text of readText(sseResponse(failing.stream("hello"), { format }))) texts.push(text);
      }, "throttled");
      includes(error.message, "Too many tokens");
      equal([texts, error.transient], [["Grüße, "], true], format);
    }
  }],

  ["readSSE reports a response that ends early or breaks", async ({ readSSE }) => {
    const begun = 'data: {"type":"message_start"}\n\n';
    for (const rest of ["", 'data: {"type":"message_stop"}', ": x\n\n"]) {
      ok((await fails(() => all(readSSE(response([begun, rest]))), "truncated")).transient);
    }
    const cause = new Error("socket hang up");
    equal((await fails(() => all(readSSE(response([begun], { fault: cause }))), "interrupted")).cause?.message, "socket hang up");
    const abort = await fails(() => all(readSSE(response([begun], { fault: new DOMException("left", "AbortError") }))));
    equal(abort.name, "AbortError");
  }],

  ["readSSE refuses what is not a stream of JSON events", async ({ readSSE }) => {
    includes((await fails(() => all(readSSE(response(["<html>"], { type: "text/html" }))), "decode")).message, "`text/html`");
    for (const data of ["hello", "1", "null", "[]"]) await fails(() => all(readSSE(response([`data: ${data}\n\n`]))), "decode");
  }],
];
