import { equal, fails, includes, ok, until } from "./check.js";
import { answer, chunk, claude, cut, joined, response, speaks } from "./frames.js";

const gathered = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};

/** A chunk that AWS's own codec reads: a text delta with a letter of two bytes and one of four, and padding. */
const HEX =
  "000000e60000004b23b8750e0b3a6576656e742d747970650700056368756e6b0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070005" +
  "6576656e747b226279746573223a2265794a306558426c496a6f695932397564475675644639696247396a6131396b5a57783059534973496d6c755a475634496a6f774c434a6b5a5778305953493665794a30" +
  "6558426c496a6f69644756346446396b5a57783059534973496e526c654851694f694a6f77366e776e356941496e3139222c2270223a2261626364227dbd878ae6";
const VECTOR = Uint8Array.from(HEX.match(/../g), (pair) => parseInt(pair, 16));

export const streams = [
  ["stream with two blocks of one index does not mix their members", async ({ mock }) => {
    const call = (id, more) => [claude.block(0, { type: "tool_use", id, name: "get_weather", input: {}, ...more }), claude.end(0)];
    const events = [claude.start(), ...call("a", { caller: { type: "direct" } }), ...call("b"), claude.stop("tool_use"), claude.over()];
    const chunks = await gathered(await mock(speaks(events)).stream("hello"));
    equal(chunks.filter(({ content }) => content[0]?.caller).length, 1);
  }],

  ["stream chunks add up to the message of invoke", async ({ chat }) => {
    const question = [["system", "Translate English to French."], ["human", "I love programming."]];
    const whole = await chat().invoke(question);
    const stream = await chat().stream(question);
    const chunks = await gathered(stream);
    const sum = chunks.reduce((left, right) => left.concat(right));
    ok(chunks.length > 3);
    equal(sum.content, whole.content);
    equal(sum.usage_metadata, whole.usage_metadata);
    equal(sum.response_metadata.stop_reason, "end_turn");
    ok(sum.response_metadata.request_id && sum.response_metadata.request_id === stream.requestId);
    ok(sum.id.startsWith("msg_bdrk_"));
    const message = await stream.message();
    equal([message.content, message.usage_metadata], [sum.content, sum.usage_metadata]);
    for (const chunk of chunks) ok(typeof chunk.content === "string", "a plain answer's chunks are plain text");
  }],

  ["stream chunks are the same for every split of the bytes", async ({ mock }) => {
    const bytes = joined(
      chunk(claude.start()), chunk(claude.block(0, { type: "text", text: "" })), VECTOR, chunk(claude.text(0, "nnn 😀")), chunk(claude.end(0)), chunk(claude.stop()),
      chunk(claude.over({ inputTokenCount: 3, outputTokenCount: 5 })),
    );
    const read = async (pieces) => JSON.stringify(await gathered(await mock(async () => response(pieces)).stream("hello")));
    const expected = await read([bytes]);
    includes(expected, "hé😀");
    equal(await read(cut(bytes, 1)), expected, "byte by byte");
    for (let at = 1; at < bytes.length; at += 7) equal(await read([bytes.slice(0, at), bytes.slice(at)]), expected, `cut at ${at}`);
    const empty = cut(bytes, 50).flatMap((piece) => [new Uint8Array(), piece]);
    equal(await read(empty), expected, "with empty pieces");
  }],

  ["first stream chunk arrives before the service has sent the last", async ({ chat, bedrock }) => {
    // The service falls silent in the middle, so the pieces cannot have waited for the rest.
    await bedrock.faults({ hang_after_frames: 8 });
    let pieces = 0;
    for await (const { text } of await chat().stream("hello there, how are you today?")) {
      if (!text) continue;
      equal((await bedrock.requests())[0].outcome, "pending");
      if (++pieces === 3) break;
    }
  }],

  ["breaking out of the stream loop closes the connection at once", async ({ chat, bedrock }) => {
    await bedrock.faults({ drip_ms: 50 });
    let stream;
    for await (const { text } of (stream = await chat().stream("hello there, how are you today? ".repeat(100)))) if (text) break;
    await until(async () => (await bedrock.requests())[0].outcome === "closed_by_client", "the server sees the close");
    ok(stream.soFar.text.length > 0);
    equal(await stream.next(), { value: undefined, done: true });
  }],

  ["return() and a cancelled web stream close the connection", async ({ chat, bedrock }) => {
    await bedrock.faults({ drip_ms: 50, forever: true });
    const question = "hello there, how are you today? ".repeat(100);
    const stream = await chat().stream(question);
    await stream.next();
    await stream.return();
    const reader = (await chat().stream(question)).toReadableStream().getReader();
    ok((await reader.read()).value.getType() === "ai");
    await reader.cancel();
    // The stream is ended while a chunk is awaited.
    const waited = await chat().stream(question);
    await waited.next();
    let last;
    const pending = (async () => { while (!(last = await waited.next()).done); })();
    await waited.return();
    await pending;
    equal(last.done, true);
    await until(async () => (await bedrock.requests()).every(({ outcome }) => outcome === "closed_by_client"), "the server sees all three closed");
  }],

  ["web stream of chunks equals the iterator, and reads only when it is read", async ({ chat, mock }) => {
    const stream = (await chat().stream("hello")).toReadableStream();
    ok(stream instanceof ReadableStream);
    const reader = stream.getReader();
    let text = "";
    for (let piece; !(piece = await reader.read()).done; ) text += piece.value.text;
    includes(text, "hello");
    let pulled = 0;
    const bytes = answer(..."abcdefgh").map((event) => chunk(event));
    const slow = async () => new Response(new ReadableStream({ pull(controller) {
      if (pulled < bytes.length) controller.enqueue(bytes[pulled++]);
      else controller.close();
    } }, { highWaterMark: 0 }), { headers: { "content-type": "application/vnd.amazon.eventstream" } });
    const lazy = (await mock(slow).stream("hello")).toReadableStream();
    const before = pulled;
    await new Promise((resolve) => setTimeout(resolve, 30));
    equal(pulled, before, "nothing is read ahead");
    await lazy.cancel();
  }],

  ["next() may be called before the previous call has finished", async ({ mock }) => {
    const stream = await mock(speaks(answer("a", "b", "c"), 40)).stream("hello");
    const pieces = await Promise.all(Array.from({ length: 12 }, () => stream.next()));
    equal(pieces.map(({ value }) => value?.text ?? "").join(""), "abc");
    equal(pieces.at(-1).done, true);
  }],

  ["stream has text() and message()", async ({ mock }) => {
    const model = mock(speaks(answer("Bon", "jour")));
    const texts = [];
    for await (const text of (await model.stream("hello")).text()) texts.push(text);
    equal(texts, ["Bon", "jour"]);
    const stream = await model.stream("hello");
    await stream.next();
    equal((await stream.message()).content, "Bonjour");
    equal(stream.soFar.content, "Bonjour");
  }],

  ["faulty Response is an error of its call, and does not affect others", async ({ mock }) => {
    const headers = new Headers({ "content-type": "application/vnd.amazon.eventstream" });
    const read = (read) => ({ headers, body: { getReader: () => ({ read }) } });
    const refuse = () => { throw new Error("refused"); };
    for (const strange of [
      { headers: [null] }, { headers: { [Symbol.iterator]: refuse } }, { headers, get body() { return refuse(); } }, { headers, body: "text" }, { headers, body: { getReader: refuse } },
      { headers, body: { getReader: () => null } }, read(refuse), read(() => null), read(() => 5), read(async () => ({ done: false, value: 5 })), read(async () => ({ value: { length: 4e9 } })),
    ]) {
      const model = mock(async () => Object.defineProperty(strange, "status", { value: 200 }));
      for (const way of ["invoke", "stream"]) ok(["config", "truncated", "decode"].includes((await fails(() => model[way]("hello"))).kind));
    }
    equal((await (await mock(speaks(answer("ok"))).stream("hello")).message()).text, "ok");
  }],

  ["usage is counted once, with cached tokens, in the chunks' sum and in the message", async ({ mock }) => {
    const usage = { input_tokens: 3, cache_read_input_tokens: 7854, cache_creation_input_tokens: 100, output_tokens: 1 };
    const metrics = { inputTokenCount: 3, outputTokenCount: 50, cacheReadInputTokenCount: 7854, cacheWriteInputTokenCount: 100 };
    const events = [claude.start(usage), claude.block(0, { type: "text", text: "" }), claude.text(0, "hi"), claude.end(0), claude.stop("max_tokens", { output_tokens: 50 }), claude.over(metrics)];
    const stream = await mock(speaks(events)).stream("hello");
    const sum = (await gathered(stream)).reduce((left, right) => left.concat(right));
    for (const { usage_metadata } of [sum, await stream.message()]) {
      equal([usage_metadata.input_tokens, usage_metadata.output_tokens, usage_metadata.total_tokens], [7957, 50, 8007]);
      equal(usage_metadata.input_token_details, { cache_read: 7854, cache_creation: 100 });
    }
    equal(sum.response_metadata["amazon-bedrock-invocationMetrics"], metrics);
  }],

  ["usage after the stop reason is read, over Converse and with a guardrail", async ({ chat }) => {
    const sum = async (model, text) => (await gathered(await model.stream(text))).reduce((left, right) => left.concat(right));
    ok((await sum(chat({ api: "converse" }), "hello")).usage_metadata.output_tokens > 0);
    const blocked = await sum(chat({ guardrailIdentifier: "gr", guardrailVersion: "1" }), "BLOCKED");
    equal(blocked.response_metadata.stop_reason, "guardrail_intervened");
    ok(blocked.usage_metadata.total_tokens >= 0);
  }],

  ["stream is retried before its first content, and not after it", async ({ chat, bedrock }) => {
    await bedrock.faults({ insert: [{ kind: "exception", at: 0, exception_type: "throttlingException", message: "Too many tokens" }] });
    includes(await (await chat().stream("hello")).message().then(({ text }) => text), "hello");
    equal((await bedrock.requests()).length, 2);
    await bedrock.clear();
    await bedrock.faults({ insert: [{ kind: "exception", at: 5, exception_type: "throttlingException", message: "Too many tokens" }] });
    await fails(async () => gathered(await chat().stream("hello")), "throttled");
    equal((await bedrock.requests()).length, 1);
  }],
];
