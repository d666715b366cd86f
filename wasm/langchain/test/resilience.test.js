// Fallbacks and the rate limiter of the core, through LangChain's model.
import { RunnableLambda } from "@langchain/core/runnables";
import { RateLimiter } from "bedrock-chat/langchain";
import { expect, test } from "vitest";
import { gather, localBedrock } from "./support/bedrock.js";

const bedrock = localBedrock();
const NOVA = "amazon.nova-lite-v1:0";
const THROTTLED = [{ status: 429, error_type: "ThrottlingException", message: "Too many tokens", path_contains: "claude", forever: true }];
const settings = async () => (await bedrock.body()).inferenceConfig;

test("fallbacks answer calls, streams and tools, with their own settings", async () => {
  await bedrock.fault(THROTTLED);
  const model = bedrock.chat({ maxRetries: 0, temperature: 0.5, maxTokens: 100, fallbacks: [{ model: NOVA, temperature: 0.25 }] });
  const reply = await model.invoke("Hello");
  expect(reply.response_metadata.fallback).toMatchObject({ target: 1, failed: [{ kind: "throttled" }] });
  expect(await settings()).toEqual({ temperature: 0.25, maxTokens: 100 });
  const { whole } = await gather(model.stream("Hello"));
  expect(whole.response_metadata.fallback).toEqual(reply.response_metadata.fallback);
  expect(await settings()).toEqual({ temperature: 0.25, maxTokens: 100 });
  // A setting that is changed later applies to all targets.
  await model.invoke("Hello", { maxTokens: 7 });
  expect(await settings()).toEqual({ temperature: 0.25, maxTokens: 7 });
  model.temperature = 0.75;
  await model.invoke("Hello");
  expect(await settings()).toEqual({ temperature: 0.75, maxTokens: 100 });
  const weather = { name: "get_weather", description: "The weather", schema: { type: "object", properties: { city: { type: "string" } } } };
  expect((await model.bindTools([weather]).invoke("What is the weather in Paris?")).tool_calls[0].args).toEqual({ city: "Paris" });
});

test("circuit breakers count the calls with another number of retries together", async () => {
  await bedrock.fault(THROTTLED);
  const model = bedrock.chat({ fallbacks: [{ model: NOVA }] });
  for (let at = 0; at < 5; at++) await model.invoke("Hello", { maxRetries: 0 });
  const { response_metadata: metadata } = await model.invoke("Hello", { maxRetries: 0 });
  expect(metadata.fallback.failed[0].skipped).toBe(true);
});

test("calls with another number of retries share the rate limiter", async () => {
  const asked = [];
  const fetchFn = async () => {
    asked.push(Date.now());
    return new Response(JSON.stringify({ content: [{ type: "text", text: "ok" }], stop_reason: "end_turn" }));
  };
  for (const rateLimiter of [{ requestsPerMinute: 6 }, new RateLimiter({ requestsPerMinute: 6 })]) {
    asked.length = 0;
    const model = bedrock.chat({ endpointUrl: "https://bedrock.example", fetchFn, rateLimiter });
    for (const options of [{}, { maxRetries: 1 }]) await model.invoke("Hello", options);
    // The next turn is in 10 seconds.
    await expect(model.invoke("Hello", { maxRetries: 3, timeout: 50 })).rejects.toThrow("timeout");
    expect(asked.length).toBe(2);
  }
});

/** A model whose calls wait until the test answers them, and the calls that are open. */
function waiting(fields) {
  const calls = { begun: 0, open: [] };
  const fetchFn = () =>
    new Promise((resolve) => {
      calls.begun++;
      calls.open.push((status) => resolve(new Response(JSON.stringify({ content: [{ type: "text", text: "ok" }], stop_reason: "end_turn" }), { status })));
    });
  /** Answers the oldest calls, and waits until as many calls have begun. */
  calls.answer = async (count, begun, status = 200) => {
    for (const answer of calls.open.splice(0, count)) answer(status);
    await expect.poll(() => calls.begun).toBe(begun);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls.begun).toBe(begun);
  };
  calls.rest = async (count) => {
    while (calls.begun < count || calls.open.length) {
      calls.open.splice(0).forEach((answer) => answer(200));
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  return { calls, model: bedrock.chat({ endpointUrl: "https://bedrock.example", maxRetries: 0, fetchFn, ...fields }) };
}

const inputs = (count) => Array.from({ length: count }, (_, at) => `number ${at}`);

test("batch sends more calls at a time until throttling halves their number", async () => {
  const ways = [
    ["batch", {}, (model, list) => model.batch(list, {}, { returnExceptions: true })],
    ["a model with tools", {}, (model, list) => model.bindTools([{ type: "custom", name: "a" }]).batch(list, {}, { returnExceptions: true })],
    ["another number of retries", { maxRetries: 2 }, (model, list) => model.batch(list, { maxRetries: 0 }, { returnExceptions: true })],
    ["a chain", {}, (model, list) => RunnableLambda.from((text) => text).pipe(model.withRetry({ stopAfterAttempt: 1 })).batch(list, {}, { returnExceptions: true })],
  ];
  for (const [name, fields, run] of ways) {
    const { calls, model } = waiting(fields);
    const done = run(model, inputs(60));
    await calls.answer(0, 10);
    await calls.answer(3, 16);
    await calls.answer(1, 16, 429);
    // 12 calls are open, and 6 may be. A round of replies adds one.
    await calls.answer(3, 16);
    await calls.answer(3, 17);
    await calls.rest(60);
    const replies = await done;
    expect(replies.map((reply) => (reply instanceof Error ? reply.kind : reply.text)), name).toEqual(inputs(60).map((_, at) => (at === 3 ? "throttled" : "ok")));
  }
});

test("maxConcurrency of the options, else of the model, is the maximum of a batch", async () => {
  for (const [fields, options, batchOptions, most] of [
    [{}, { maxConcurrency: 3 }, undefined, 3],
    [{}, {}, { maxConcurrency: 4 }, 4],
    [{ maxConcurrency: 5 }, undefined, undefined, 5],
    [{ maxConcurrency: 5 }, [{ maxConcurrency: 2 }, ...inputs(39).map(() => ({}))], undefined, 2],
    [{ maxConcurrency: Infinity }, {}, undefined, 40],
  ]) {
    const { calls, model } = waiting(fields);
    const done = model.batch(inputs(40), options, batchOptions);
    await calls.answer(0, Math.min(most, 10));
    // Each reply adds a call, up to the maximum.
    await calls.answer(Math.min(most, 10), Math.min(10 + Math.min(most, 10), 2 * most, 40) + (most > 10 ? 10 : 0));
    await calls.rest(40);
    expect((await done).length).toBe(40);
  }
  await expect(bedrock.chat().batch(["a"], { maxConcurrency: 1.5 })).rejects.toThrow("`maxConcurrency` must be a whole number");
});

test("batch has options, callbacks and errors for each call", async () => {
  const ended = [];
  const config = (name, more) => ({ runName: name, callbacks: [{ handleChatModelStart: (...given) => void ended.push(`start ${given.at(-1)}`), handleLLMEnd: () => void ended.push(`end ${name}`), handleLLMError: (error) => void ended.push(`${error.kind} ${name}`) }], ...more });
  const model = bedrock.chat();
  const stopped = AbortSignal.abort();
  const replies = await model.batch(["one", "two", "three"], [config("a", { maxTokens: 110 }), config("b", { signal: stopped }), config("c", { maxTokens: 330 })], { returnExceptions: true });
  expect([replies[0].text, replies[1].name, replies[2].text]).toEqual([expect.stringContaining("one"), "AbortError", expect.stringContaining("three")]);
  expect((await bedrock.requests()).map(({ body }) => JSON.parse(body).max_tokens).sort()).toEqual([110, 330]);
  expect(ended.sort()).toEqual(["cancelled b", "end a", "end c", "start a", "start b", "start c"]);
  expect(await model.batch([])).toEqual([]);
  await expect(model.batch(["one", "two"], [{}])).rejects.toThrow("same length");
});

test("batch ends with the first error, and begins no further call", async () => {
  const { calls, model } = waiting({ maxConcurrency: 2 });
  const done = model.batch(inputs(5));
  const failed = expect(done).rejects.toMatchObject({ kind: "service" });
  await calls.answer(0, 2);
  await calls.answer(1, 2, 503);
  await failed;
  await calls.answer(1, 2);
});
