// Fallbacks, the rate limiter, and the concurrency of batches.
import { equal, fails, includes, ok, pause, until } from "./check.js";
import { KEYS, MODEL } from "./bedrock.js";
import { answer, exception, speaks } from "./frames.js";

const NOVA = "amazon.nova-lite-v1:0";
const throttled = { status: 429, error_type: "ThrottlingException", message: "Too many tokens" };
/** Faults of the calls of one model. */
const of = (model, fault) => ({ ...fault, path_contains: model, forever: true });
const models = async (bedrock) => (await bedrock.requests()).map(({ path }) => (path.includes("nova") ? "nova" : "claude"));

/** Fields that switch off the timers of a model, so that only the limiter waits. */
const TIMELESS = { firstByteTimeout: 0, idleTimeout: 0 };

const said = (status, headers) => new Response(JSON.stringify({ content: [{ type: "text", text: "ok" }], stop_reason: "end_turn" }), { status, headers });

/** Runs a test with a clock that jumps over every wait of the module. Returns the waits in seconds. */
async function jumping(run) {
  const { now } = Date;
  const { setTimeout: wait } = globalThis;
  const slept = [];
  let time = 1_735_787_045_000;
  Date.now = () => time;
  globalThis.setTimeout = (call, ms, ...given) => {
    // Node's `fetch` has timers, too.
    if (!new Error().stack.includes("wasm-function")) return wait(call, ms, ...given);
    slept.push(Math.round(ms / 1000));
    time += ms;
    return wait(call, 0, ...given);
  };
  try {
    await run();
  } finally {
    Date.now = now;
    globalThis.setTimeout = wait;
  }
  return slept;
}

export const resilience = [
  ["fallback_answers_after_throttling_and_metadata_say_so", async ({ chat, bedrock }) => {
    await bedrock.faults(of("claude", throttled));
    const model = chat({ maxRetries: 0, maxTokens: 50, temperature: 0.5, fallbacks: [{ model: NOVA, temperature: 0.25 }] });
    const reply = await model.invoke("hello");
    includes(reply.text, "hello");
    const fallback = { target: 1, failed: [{ model: MODEL, region: "us-east-1", api: "invoke", kind: "throttled", attempts: 1 }] };
    equal(reply.response_metadata.fallback, fallback);
    equal(await models(bedrock), ["claude", "nova"]);
    const { inferenceConfig } = JSON.parse((await bedrock.requests())[1].body);
    equal(inferenceConfig, { maxTokens: 50, temperature: 0.25 });

    const stream = await model.stream("hello", { maxTokens: 60 });
    let noted;
    for await (const { response_metadata: metadata } of stream) noted ??= metadata.fallback;
    equal([noted, (await stream.message()).response_metadata.fallback], [fallback, fallback]);
    equal(JSON.parse((await bedrock.requests())[3].body).inferenceConfig, { maxTokens: 60, temperature: 0.25 });
    // A model that answers by itself says nothing.
    await bedrock.clear();
    equal((await model.invoke("hello")).response_metadata.fallback, undefined);
  }],

  ["fallback_streams_before_the_first_event_and_not_after_text", async ({ chat, mock, bedrock }) => {
    const late = (at) => of("claude", { insert: [{ kind: "exception", at, exception_type: "serviceUnavailableException", message: "busy" }] });
    const model = chat({ maxRetries: 0, fallbacks: [{ model: NOVA }] });
    await bedrock.faults(late(0));
    const stream = await model.stream("hello");
    includes((await stream.message()).text, "hello");
    equal((await stream.message()).response_metadata.fallback.failed[0].kind, "service");
    equal(await models(bedrock), ["claude", "nova"]);
    await bedrock.clear();
    await bedrock.faults(late(4));
    const broken = await model.stream("hello");
    const error = await fails(() => broken.message(), "service");
    ok(error.partial.text.length > 0, "text had arrived");
    equal(await models(bedrock), ["claude"]);
    // The same by hand: the first event is an exception.
    let asked = 0;
    const first = speaks([exception("throttlingException", "Too many tokens")]);
    const second = speaks(answer("ok"));
    const mocked = mock((url, init) => (asked++ ? second : first)(url, init), { fallbacks: [{ region: "us-west-2" }] });
    equal((await (await mocked.stream("hello")).message()).text, "ok");
    equal(asked, 2);
  }],

  ["fallback_calls_tools_and_returns_values_of_a_schema", async ({ chat, bedrock }) => {
    const tool = { name: "get_weather", description: "The weather in a city", schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } };
    await bedrock.faults(of("claude", throttled));
    const model = chat({ maxRetries: 0, fallbacks: [{ model: NOVA }] });
    const reply = await model.bindTools([tool]).invoke("What is the weather in Paris?");
    equal(reply.tool_calls.map(({ name, args }) => [name, args]), [["get_weather", { city: "Paris" }]]);
    // Llama cannot be forced to call a tool, so that its method is another one.
    const joke = { title: "Joke", type: "object", properties: { setup: { type: "string" } }, required: ["setup"] };
    for (const other of [NOVA, "us.amazon.nova-pro-v1:0"]) {
      const held = chat({ maxRetries: 0, fallbacks: [{ model: other }] }).withStructuredOutput(joke, { includeRaw: true });
      const { raw, parsed } = await held.invoke("Tell me a joke");
      equal([typeof parsed.setup, raw.response_metadata.fallback.target], ["string", 1]);
      let last;
      for await (const value of await chat({ maxRetries: 0, fallbacks: [{ model: other }] }).withStructuredOutput(joke).stream("Tell me a joke")) last = value;
      equal(typeof last.setup, "string");
    }
  }],

  ["fallback_answers_only_for_its_causes", async ({ chat, bedrock, BedrockChatError }) => {
    const asked = [];
    const long = { model: NOVA, when: (error) => (asked.push(error), error.kind === "context_overflow") };
    const model = chat({ maxRetries: 0, fallbacks: [{ region: "us-west-2" }, long] });
    await bedrock.faults(of("claude", { status: 400, error_type: "ValidationException", message: "Input is too long for requested model." }));
    equal((await model.invoke("hello")).response_metadata.fallback.target, 2);
    ok(asked[0] instanceof BedrockChatError && asked[0].status === 400, "the condition gets the error");
    equal(await models(bedrock), ["claude", "nova"]);
    await bedrock.clear();
    await bedrock.faults(of("claude", { status: 400, error_type: "ValidationException", message: "The messages are wrong." }));
    await fails(() => model.invoke("hello"), "validation");
    equal(await models(bedrock), ["claude"]);
    // Neither a condition that throws nor a promise is a reason.
    for (const when of [() => { throw new Error("no"); }, async () => true]) {
      await bedrock.clear();
      await bedrock.faults(of("claude", throttled));
      await fails(() => chat({ maxRetries: 0, fallbacks: [{ model: NOVA, when }] }).invoke("hello"), "throttled");
    }
  }],

  ["fallback_error_names_all_targets_that_failed", async ({ chat, bedrock }) => {
    await bedrock.faults({ ...throttled, forever: true });
    const error = await fails(() => chat({ maxRetries: 0, fallbacks: [{ region: "us-west-2" }, { model: NOVA }] }).invoke("hello"), "throttled");
    includes(error.message, `the other targets failed too: ${MODEL} in us-east-1 (throttled), ${MODEL} in us-west-2 (throttled)`);
    equal([error.model, (await bedrock.requests()).length], [NOVA, 3]);
  }],

  ["circuit_breaker_skips_a_target_that_fails_again_and_again", async ({ chat, bedrock }) => {
    await bedrock.faults(of("claude", throttled));
    const model = chat({ maxRetries: 0, fallbacks: [{ model: NOVA }] });
    // All copies of a model count together.
    const copies = [model, model.withOptions({ maxTokens: 9 }), model.withConfig({ temperature: 0.5 }), model.bindTools([]), model];
    for (const copy of copies) await copy.invoke("hello");
    equal(await models(bedrock), copies.flatMap(() => ["claude", "nova"]));
    const [{ response_metadata: metadata }] = await model.withOptions({ maxTokens: 8 }).batch(["hello"]);
    equal(metadata.fallback, { target: 1, failed: [{ model: MODEL, region: "us-east-1", api: "invoke", kind: "throttled", skipped: true }] });
    equal((await models(bedrock)).slice(10), ["nova"]);
    // Another model has its own.
    await chat({ maxRetries: 0, fallbacks: [{ model: NOVA }] }).invoke("hello");
    equal((await models(bedrock)).slice(11), ["claude", "nova"]);
  }],

  ["circuit_breaker_has_the_failures_and_the_pause_of_the_field", async ({ mock }) => {
    const { now } = Date;
    let time = now();
    const asked = [];
    const fetch = async (url, { headers }) => {
      asked.push(headers.authorization.split("/")[2].slice(0, 2));
      return said(asked.at(-1) === "eu" ? 200 : 503);
    };
    const [west, east, paris] = ["sa-east-1", "us-east-1", "eu-west-3"].map((region) => ({ region }));
    /** Returns the regions that each of some calls asks. */
    const regions = async (model, calls) => {
      const lists = [];
      for (let at = 0; at < calls; at++) {
        asked.length = 0;
        equal((await model.invoke("hello")).text, "ok");
        lists.push(asked.join(" "));
      }
      return lists;
    };
    Date.now = () => time;
    try {
      const model = mock(fetch, { ...east, circuitBreaker: { failures: 2, pause: 1000 }, fallbacks: [paris] });
      equal(await regions(model, 3), ["us eu", "us eu", "eu"]);
      time += 999;
      equal(await regions(model, 1), ["eu"]);
      time += 1;
      equal(await regions(model, 2), ["us eu", "eu"], "one call tries the target again");
      // A member that is not set has its default: 5 failures, 30 seconds.
      const pausing = mock(fetch, { ...east, circuitBreaker: { failures: 1 }, fallbacks: [paris] });
      equal(await regions(pausing, 2), ["us eu", "eu"]);
      time += 29_999;
      equal(await regions(pausing, 1), ["eu"]);
      time += 1;
      equal(await regions(pausing, 1), ["us eu"]);
      equal(await regions(mock(fetch, { ...east, circuitBreaker: { pause: 1 }, fallbacks: [paris] }), 6), [...Array(5).fill("us eu"), "eu"]);
      // Switched off.
      equal(await regions(mock(fetch, { ...east, circuitBreaker: false, fallbacks: [paris] }), 7), Array(7).fill("us eu"));
      // A target takes it over, or has its own, also where it is switched off for the model.
      equal(await regions(mock(fetch, { ...east, circuitBreaker: { failures: 1 }, fallbacks: [west, paris] }), 2), ["us sa eu", "eu"]);
      equal(await regions(mock(fetch, { ...east, circuitBreaker: { failures: 1 }, fallbacks: [{ ...west, circuitBreaker: null }, paris] }), 2), ["us sa eu", "sa eu"]);
      equal(await regions(mock(fetch, { ...east, circuitBreaker: false, fallbacks: [{ ...west, circuitBreaker: { failures: 1 } }, paris] }), 7), ["us sa eu", ...Array(6).fill("us eu")]);
    } finally {
      Date.now = now;
    }
  }],

  ["fallback_takes_over_the_fields_that_it_does_not_set", async ({ mock }) => {
    const sent = [];
    const fetch = async (url, init) => {
      sent.push({ url, headers: init.headers, body: JSON.parse(new TextDecoder().decode(init.body)) });
      return said(503);
    };
    const target = async (fallback, fields) => {
      sent.length = 0;
      await fails(() => mock(fetch, { ...fields, fallbacks: [fallback] }).invoke("hello"), "service");
      equal(sent.length, 2);
      return sent[1];
    };
    const signed = ({ headers }) => headers.authorization.split("/").slice(0, 3).join("/").replace(/\d{8}/, "DAY");
    const west = await target({ region: "us-west-2", endpointHost: "https://west.example" });
    ok(west.url.startsWith(`https://west.example/model/${encodeURIComponent(MODEL)}/`), west.url);
    equal(signed(west), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/DAY/us-west-2");
    // Credentials are never put together from two identities.
    equal((await target({ apiKey: "key-2" })).headers.authorization, "Bearer key-2");
    equal(signed(await target({ credentials: async () => ({ ...KEYS, accessKeyId: "AKIDOTHER" }) }, { credentials: undefined, apiKey: "key-1" })), "AWS4-HMAC-SHA256 Credential=AKIDOTHER/DAY/us-east-1");
    // Null removes, and what describes a model is its own.
    const fields = { topK: 5, headers: { "x-team": "blue" }, modelKwargs: { metadata: { user_id: "u" } }, capabilities: { sampling: false }, family: "anthropic" };
    const other = await target({ model: "us.anthropic.claude-sonnet-4-6", topK: null, temperature: 0.5 }, { ...fields, topK: undefined });
    equal([other.body.temperature, other.body.top_k, other.body.metadata, other.headers["x-team"]], [0.5, undefined, { user_id: "u" }, "blue"]);
    const guarded = { guardrailIdentifier: "gr-1", guardrailVersion: "1" };
    equal((await target({ guardrailIdentifier: "gr-2", guardrailVersion: "2" }, guarded)).headers["x-amzn-bedrock-guardrailidentifier"], "gr-2");
    equal((await target({ api: "converse" })).url.endsWith("/converse"), true);
  }],

  ["fallbacks_and_limits_are_checked_before_anything_is_sent", async ({ chat, RateLimiter }) => {
    for (const [fields, part, field] of [
      [{ fallbacks: { model: NOVA } }, "`fallbacks` must be an array of objects", "fallbacks"],
      [{ fallbacks: [NOVA] }, "`fallbacks` must be an array of objects", "fallbacks"],
      [{ fallbacks: [{ regoin: "us-west-2" }] }, "fallbacks[0]: unknown option: `regoin`; did you mean `region`?", "fallbacks[0].regoin"],
      [{ fallbacks: [{ region: "us-west-2" }, { whenever: true }] }, "fallbacks[1]: unknown option: `whenever`; leave it out", "fallbacks[1].whenever"],
      [{ fallbacks: [{ timeout: 5 }] }, "fallbacks[0]: `timeout` is an option of all targets together", "fallbacks[0].timeout"],
      [{ fallbacks: [{ fallbacks: [] }] }, "`fallbacks` is an option of all targets together", "fallbacks[0].fallbacks"],
      [{ fallbacks: [{ signal: new AbortController().signal }] }, "`signal` is an option of a call", "fallbacks[0].signal"],
      [{ fallbacks: [{ when: "throttled" }] }, "`when` must be a function", "fallbacks[0].when"],
      [{ fallbacks: [{ model: null }] }, "fallbacks[0]: `model` is missing", "fallbacks[0].model"],
      [{ fallbacks: [{ model: NOVA, api: "messages" }] }, "fallbacks[0]: ", undefined],
      [{ circuitBreaker: true }, "`circuitBreaker` must be false or an object with only `failures` (a whole number from 1 on), `pause` (milliseconds, a whole number from 1 on); it is true", "circuitBreaker"],
      [{ circuitBreaker: { failure: 3 } }, "`circuitBreaker` must be false or an object with only `failures`", "circuitBreaker"],
      [{ circuitBreaker: { failures: 0 } }, "from 1 on", "circuitBreaker"],
      [{ circuitBreaker: { pause: 0.5 } }, "milliseconds, a whole number from 1 on", "circuitBreaker"],
      [{ fallbacks: [{ region: "us-west-2", circuitBreaker: { pause: "1s" } }] }, "fallbacks[0]: `circuitBreaker` must be", "fallbacks[0].circuitBreaker"],
      [{ circuitBraker: false }, "did you mean `circuitBreaker`?", "circuitBraker"],
      [{ rateLimiter: 5 }, "`rateLimiter` must be an object with only `requestsPerMinute` (a whole number from 1 on), `tokensPerMinute`", "rateLimiter"],
      [{ rateLimiter: { requestPerMinute: 5 } }, "`rateLimiter` must be an object with only `requestsPerMinute`", "rateLimiter"],
      [{ rateLimiter: { requestsPerMinute: 0 } }, "from 1 on", "rateLimiter"],
    ]) {
      const error = await fails(async () => chat(fields));
      includes(error.message, part);
      if (field) equal(error.field, field);
    }
    includes((await fails(async () => new RateLimiter({ requestPerMinute: 5 }), "config")).message, "did you mean `requestsPerMinute`?");
    includes((await fails(async () => new RateLimiter({ tokensPerMinute: 1.5 }), "config")).message, "a whole number from 1 on");
    for (const options of [{ fallbacks: [] }, { circuitBreaker: false }]) {
      includes((await fails(() => chat().invoke("hello", options), "config")).message, "an option of the constructor");
    }
  }],

  ["rate_limiter_is_shared_by_copies_batches_and_models", async ({ mock, RateLimiter }) => {
    const fetch = async () => said(200);
    const limits = { requestsPerMinute: 6 };
    equal(await jumping(async () => {
      const model = mock(fetch, { ...TIMELESS, rateLimiter: limits });
      await model.invoke("hello");
      await model.bindTools([]).invoke("hello");
      await model.withConfig({ topK: 5 }).invoke("hello");
    }), [10], "two at once, then one each 10 seconds");
    equal(await jumping(async () => {
      const model = mock(fetch, { ...TIMELESS, rateLimiter: limits });
      await model.withOptions({ maxTokens: 5 }).invoke("hello");
      await model.batch(["one", "two", "three"]);
    }), [10, 10]);
    // Plain limits are those of one model. A limiter is shared.
    equal(await jumping(async () => {
      for (let at = 0; at < 4; at++) await mock(fetch, { ...TIMELESS, rateLimiter: limits }).invoke("hello");
    }), []);
    equal(await jumping(async () => {
      const rateLimiter = new RateLimiter(limits);
      for (let at = 0; at < 4; at++) await mock(fetch, { ...TIMELESS, rateLimiter }).invoke("hello");
    }), [10, 10]);
    // A fallback has another quota, and does not take the limiter over.
    equal(await jumping(async () => {
      const model = mock(async () => said(503), { ...TIMELESS, rateLimiter: new RateLimiter({ requestsPerMinute: 1 }), fallbacks: [{ model: NOVA }, { region: "us-west-2" }] });
      await fails(() => model.invoke("hello"), "service");
    }), []);
  }],

  ["rate_limiter_counts_tokens_and_obeys_retry_after", async ({ mock }) => {
    const usage = (input_tokens) => new Response(JSON.stringify({ content: [], stop_reason: "end_turn", usage: { input_tokens, output_tokens: 0 } }));
    equal(await jumping(async () => {
      // 100 tokens a second, of which the first call takes 2000 more than are saved up.
      const model = mock(async () => usage(3000), { ...TIMELESS, rateLimiter: { tokensPerMinute: 6000 } });
      await model.invoke("hello");
      await model.invoke("hello");
    }), [20]);
    equal(await jumping(async () => {
      // A stream of 3 input and 5 output tokens takes 2503, of which 1503 are not saved up.
      const model = mock(speaks(answer("ok")), { ...TIMELESS, rateLimiter: { tokensPerMinute: 6000, outputWeight: 500 } });
      await (await model.stream("hello")).message();
      await (await model.stream("hello")).message();
    }), [15]);
    equal(await jumping(async () => {
      let asked = 0;
      const model = mock(async () => (asked++ ? said(200) : said(429, { "retry-after": "7" })), { ...TIMELESS, rateLimiter: {} });
      await fails(() => model.invoke("hello"), "throttled");
      await model.invoke("hello");
    }), [7]);
  }],

  ["batch_sends_more_at_a_time_until_throttling_halves_the_number", async ({ mock }) => {
    const open = [];
    let started = 0;
    const fetch = () => new Promise((resolve) => {
      started++;
      open.push((status) => resolve(said(status)));
    });
    const inputs = Array.from({ length: 60 }, (_, at) => `number ${at}`);
    const settle = (count, status = 200) => open.splice(0, count).forEach((end) => end(status));
    const done = mock(fetch).batch(inputs, { returnExceptions: true });
    await until(() => started === 10, "the first ten calls are sent");
    await pause(20);
    equal(started, 10);
    settle(3);
    await until(() => started === 16, "three replies are replaced, and add three calls");
    // 13 are running: one is throttled, and the number is 6.
    settle(1, 429);
    await pause(20);
    equal([started, open.length], [16, 12]);
    settle(3);
    await pause(20);
    equal([started, open.length], [16, 9], "three replies add half a call");
    settle(3);
    await until(() => started === 17, "the number is 7 after a round of replies");
    await pause(20);
    equal([started, open.length], [17, 7]);
    const finish = (async () => {
      while (started < inputs.length || open.length) {
        settle(1);
        await pause(0);
      }
    })();
    const replies = await done;
    await finish;
    equal([replies.length, replies.filter((reply) => reply instanceof Error).length, replies.filter(({ text }) => text === "ok").length], [60, 1, 59]);
  }],

  ["batch_has_at_most_the_maximum_at_a_time", async ({ mock }) => {
    let [running, ended, most, maximum] = [0, 0, 0, 0];
    const fetch = async () => {
      most = Math.max(most, ++running);
      // Calls begin late on a busy machine. Each reply allows one more call than the first ten.
      while (running < Math.min(maximum, 10 + ended, inputs.length - ended)) await pause(1);
      running--;
      ended++;
      return said(200);
    };
    const inputs = Array.from({ length: 100 }, () => "hello");
    for (const [fields, options, expected] of [[{}, {}, 32], [{ maxConcurrency: 3 }, {}, 3], [{ maxConcurrency: 3 }, { maxConcurrency: 14 }, 14], [{}, { maxConcurrency: 0 }, 1]]) {
      [ended, most, maximum] = [0, 0, expected];
      equal((await mock(fetch, fields).batch(inputs, options)).length, 100);
      equal(most, expected);
    }
  }],
];
