import { equal, fails, includes, ok, pause, until } from "./check.js";
import { chunk, claude } from "./frames.js";

const closed = (bedrock, count = 1) =>
  until(async () => {
    const requests = await bedrock.requests();
    return requests.length === count && requests.every(({ outcome }) => outcome === "closed_by_client");
  }, `the server sees ${count} closed`);

/** A signal that fires once the server has the request. */
async function abortWhenReceived(bedrock, controller) {
  await until(async () => (await bedrock.requests()).length > 0, "the request arrives");
  controller.abort(new Error("enough"));
}

/** The text of an answer before it stalls. */
const SAID = '{"a":"b';

/** A model whose answer stalls; `over` is whether its call was cancelled. */
function stalled({ mock }) {
  const call = {};
  call.model = mock(async (_, { signal }) => {
    call.over = false;
    signal.addEventListener("abort", () => (call.over = true));
    const left = [claude.start(), claude.block(0, { type: "text", text: "" }), claude.text(0, SAID)].map((event) => chunk(event));
    const body = new ReadableStream({ pull: (controller) => (left.length ? controller.enqueue(left.shift()) : new Promise(() => {})) });
    return new Response(body, { headers: { "content-type": "application/vnd.amazon.eventstream" } });
  });
  return call;
}

/** The ways to read an answer: how to request the next piece, and how to end it. */
const WAYS = {
  "events of a stream": async (model, { toSSE }) => reader(toSSE(await model.stream("hello"))),
  "events of a call": (model, { toSSE }) => reader(toSSE(model.stream("hello"), { format: "openai" })),
  "a web stream": async (model) => reader((await model.stream("hello")).toReadableStream()),
  text: async (model) => generator((await model.stream("hello")).text()),
  values: async (model) => generator(await model.withStructuredOutput({ type: "object" }, { method: "jsonMode" }).stream("hello")),
  "values, left with an error": async (model) => {
    const values = await model.withStructuredOutput({ type: "object" }, { method: "jsonMode" }).stream("hello");
    return { next: () => values.next(), leave: async () => equal((await fails(() => values.throw(new Error("enough")))).message, "enough") };
  },
};

function reader(stream) {
  const reading = stream.getReader();
  return { next: () => reading.read(), leave: () => reading.cancel() };
}

const generator = (values) => ({ next: () => values.next(), leave: () => values.return() });

export const cancellation = [
  ["leaving an answer cancels its call, before the first read and during a read", async (given) => {
    for (const [how, open] of Object.entries(WAYS)) {
      const call = stalled(given);
      await (await open(call.model, given)).leave();
      // The call may never have been sent.
      await until(() => call.over !== false, `unread: ${how}`);
      const { next, leave } = await open(call.model, given);
      let last;
      const reading = (async () => { do last = await next(); while (!last.done); })();
      await until(() => last, `something comes: ${how}`);
      await pause(20);
      ok(!call.over, how);
      await leave();
      await reading;
      await until(() => call.over, `waited for: ${how}`);
    }
  }],

  ["message() of a stream that was ended is an error with the partial message", async (given) => {
    const stream = await stalled(given).model.stream("hello");
    const whole = fails(() => stream.message(), "cancelled");
    await until(() => stream.soFar?.text, "something comes");
    await stream.return();
    equal((await whole).partial.text, SAID);
    equal((await fails(() => stream.message(), "cancelled")).partial.text, SAID);
    equal(stream.soFar.text, SAID);
  }],

  ["aborted signal prevents sending", async ({ chat, bedrock, BedrockChatError }) => {
    const signal = AbortSignal.abort();
    for (const call of [(model) => model.invoke("hello", { signal }), (model) => model.stream("hello", { signal }), (model) => model.batch(["hello"], { signal }), (model) => model.countTokens("hello", { signal })]) {
      const error = await fails(() => call(chat()), "cancelled");
      ok(error instanceof BedrockChatError);
      equal(error.cause.name, "AbortError");
    }
    equal((await bedrock.requests()).length, 0);
  }],

  ["signal cancels a call before its answer begins, and closes the connection", async ({ chat, bedrock }) => {
    for (const way of ["invoke", "stream"]) {
      await bedrock.clear();
      await bedrock.faults({ hang: true, forever: true });
      const controller = new AbortController();
      const call = fails(() => chat()[way]("hello", { signal: controller.signal }), "cancelled");
      await abortWhenReceived(bedrock, controller);
      equal((await call).cause.message, "enough");
      await closed(bedrock);
    }
    await pause(300);
    equal((await bedrock.requests()).length, 1, "no further attempt");
  }],

  ["signal cancels a stream in its middle, and the error has the partial message", async ({ chat, bedrock }) => {
    await bedrock.faults({ hang_after_frames: 6 });
    const controller = new AbortController();
    let text = "";
    const error = await fails(async () => {
      for await (const chunk of await chat().stream("hello there, how are you?", { signal: controller.signal })) {
        text += chunk.text;
        if (text.length > 3) setTimeout(() => controller.abort(), 50);
      }
    }, "cancelled");
    equal(error.partial.text, text);
    ok(text.length > 3);
    await closed(bedrock);
  }],

  ["signal cancels the pause between two attempts, and no other attempt is sent", async ({ chat, bedrock }) => {
    await bedrock.faults({ status: 429, error_type: "ThrottlingException", message: "slow down", headers: { "retry-after": "20" }, forever: true });
    const controller = new AbortController();
    const call = fails(() => chat().invoke("hello", { signal: controller.signal }), "cancelled");
    await abortWhenReceived(bedrock, controller);
    await pause(100);
    await call;
    await pause(200);
    equal((await bedrock.requests()).length, 1);
  }],

  ["failed batch cancels the remaining calls", async ({ chat, bedrock }) => {
    // The second call fails while the first one is answered: it has been received.
    await bedrock.faults({ hang: true }, { status: 400, error_type: "ValidationException", message: "no" });
    await fails(() => chat().batch(["one", "two", "three", "four"], { maxConcurrency: 2 }), "validation");
    await until(async () => (await bedrock.requests()).some(({ outcome }) => outcome === "closed_by_client"), "the other call is given up");
    equal((await bedrock.requests()).length, 2);
  }],

  ["timeout may be set in the constructor, and be longer than a timer's maximum", async ({ mock }) => {
    const silent = mock(() => new Promise(() => {}), { timeout: 50 });
    for (const call of [() => silent.invoke("hello"), () => silent.stream("hello"), () => silent.batch(["hello"]), () => silent.bindTools([]).invoke("hello")]) {
      includes((await fails(call, "timeout")).message, "50 ms");
    }
    const slow = mock(async () => { await pause(20); return new Response("{}"); });
    await fails(() => slow.invoke("hello", { timeout: 2 ** 40 }), "decode");
  }],

  ["timeout ends the whole call", async ({ chat, bedrock }) => {
    await bedrock.faults({ hang: true }, { drip_ms: 100, forever: true });
    const error = await fails(() => chat().invoke("hello", { timeout: 150 }), "timeout");
    includes(error.message, "150 ms");
    await fails(async () => (await chat().stream("hello there. ".repeat(20), { timeout: 350 })).message(), "timeout");
    const signal = AbortSignal.timeout?.(150);
    if (signal) equal((await fails(() => chat().invoke("hello there. ".repeat(20), { signal }).then(() => chat({ streaming: true }).invoke("x ".repeat(50), { signal })), "timeout")).cause.name, "TimeoutError");
  }],

  ["idle timeout ends a silent stream, but not a slow one", async ({ chat, bedrock }) => {
    // A pause on a busy machine is shorter than the limit.
    const [idleTimeout, drip] = [2000, 150];
    await bedrock.faults({ hang_after_frames: 4 });
    const stream = await chat({ idleTimeout }).stream("hello");
    const error = await fails(() => stream.message(), "timeout");
    includes(error.message, `${idleTimeout} ms`);
    ok(error.partial.text);
    equal(stream.soFar, error.partial);
    await closed(bedrock);
    await bedrock.clear();
    await bedrock.faults({ drip_ms: drip });
    const slow = "hello there. ".repeat(7);
    includes((await (await chat({ idleTimeout }).stream(slow)).message()).text, slow);
    ok((await bedrock.requests())[0].frames_sent * drip > idleTimeout, "it takes longer than the limit");
    await bedrock.clear();
    await bedrock.faults({ hang: true, forever: true });
    includes((await fails(() => chat({ firstByteTimeout: 200, maxRetries: 0 }).invoke("hello"), "timeout")).message, "200 ms");
    // A busy machine may not have sent the request.
    await until(async () => (await bedrock.requests()).every(({ outcome }) => outcome === "closed_by_client"), "no call is left open");
    await bedrock.clear();
    await bedrock.faults({ delay_ms: 500 });
    includes((await chat({ firstByteTimeout: 0, idleTimeout: 0 }).invoke("hello")).text, "hello");
  }],
];
