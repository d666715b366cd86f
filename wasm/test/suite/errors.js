import { equal, fails, includes, ok } from "./check.js";

const refusal = (status, error_type, message, more) => ({ status, error_type, message, ...more });

export const errors = [
  ["error of the service is an Error with all details", async ({ chat, bedrock, BedrockChatError }) => {
    await bedrock.faults(refusal(400, "ValidationException", "The provided model identifier is invalid."));
    const error = await fails(() => chat().invoke("hello"), "validation");
    ok(error instanceof BedrockChatError && error instanceof Error && error.stack.includes("BedrockChatError"));
    equal([error.name, error.status, error.awsType, error.retryable, error.attempts], ["BedrockChatError", 400, "ValidationException", false, 1]);
    equal([error.model, error.region], ["anthropic.claude-3-5-sonnet-20240620-v1:0", "us-east-1"]);
    ok(error.requestId);
    includes(error.message, "The provided model identifier is invalid; check that this region has the model");
  }],

  ["error as JSON has its details, but not the conversation", async ({ chat, bedrock, BedrockChatError, AIMessage }) => {
    await bedrock.faults(refusal(400, "ValidationException", "The provided model identifier is invalid."));
    const { name, message, kind, status } = JSON.parse(JSON.stringify(await fails(() => chat().invoke("hello"))));
    equal([name, kind, status], ["BedrockChatError", "validation", 400]);
    includes(message, "The provided model identifier is invalid; check that");
    const broken = new BedrockChatError("the stream broke", { kind: "truncated", partial: new AIMessage("a secret"), cause: new Error("secret, too") });
    equal(JSON.parse(JSON.stringify(broken)), { name: "BedrockChatError", message: "the stream broke", kind: "truncated", retryable: false, transient: false });
  }],

  ["every failure has its kind, and is retried if it may pass", async ({ chat, bedrock }) => {
    for (const [fault, kind, attempts] of [
      [refusal(429, "ThrottlingException", "Too many tokens"), "throttled", 3],
      [refusal(400, "ThrottlingException:http://internal.amazon.com/coral/", "Too many tokens"), "throttled", 3],
      [refusal(503, "ServiceUnavailableException", "busy"), "service", 3],
      [refusal(424, "ModelNotReadyException", "wait"), undefined, 3],
      [refusal(424, "ModelErrorException", "broken"), "service", 1],
      [refusal(403, "AccessDeniedException", "not authorized"), "access_denied", 1],
      [refusal(404, "ResourceNotFoundException", "no such model"), "not_found", 1],
      [refusal(400, "ValidationException", "prompt is too long: 903884 tokens > 200000 maximum"), "context_overflow", 1],
      [refusal(400, "ValidationException", "Input is too long for requested model."), "context_overflow", 1],
    ]) {
      await bedrock.clear();
      await bedrock.faults({ ...fault, forever: true, headers: { "retry-after": "0" } });
      const error = await fails(() => chat().invoke("hello"), kind);
      equal([error.attempts, (await bedrock.requests()).length], [attempts, attempts], fault.message);
      equal(error.status, fault.status);
    }
  }],

  ["error has retryable and transient", async ({ chat, mock, bedrock }) => {
    const broken = async () => {
      throw new TypeError("fetch failed");
    };
    for (const [fault, call, expected] of [
      [refusal(429, "ThrottlingException", "Too many tokens"), (model) => model.invoke("hello"), ["throttled", true, true]],
      [refusal(503, "ServiceUnavailableException", "busy"), (model) => model.invoke("hello"), ["service", true, true]],
      [refusal(524, undefined, "late"), (model) => model.invoke("hello"), ["service", false, true]],
      [refusal(403, "AccessDeniedException", "not authorized"), (model) => model.invoke("hello"), ["access_denied", false, false]],
      [{ hang: true }, (model) => model.invoke("hello", { timeout: 30 }), ["timeout", false, true]],
      [{ hang: true }, (model) => model.invoke("hello", { signal: AbortSignal.timeout(30) }), ["timeout", false, true]],
      [undefined, () => mock(broken).invoke("hello"), ["interrupted", false, true]],
      [undefined, (model) => model.invoke(5), ["encode", false, false]],
    ]) {
      await bedrock.clear();
      if (fault) await bedrock.faults(fault);
      const { kind, retryable, transient } = await fails(() => call(chat({ maxRetries: 0 })));
      equal([kind, retryable, transient], expected);
    }
  }],

  ["page of a proxy is quoted in the error", async ({ chat, bedrock }) => {
    await bedrock.faults({ status: 502, body: "<html>Bad gateway of the house</html>", headers: { "content-type": "text/html" }, forever: true });
    const error = await fails(() => chat({ maxRetries: 0 }).invoke("hello"));
    equal(error.status, 502);
    includes(error.message, "Bad gateway of the house");
    await bedrock.clear();
    await bedrock.faults({ status: 500, body: "{}" });
    includes((await fails(() => chat({ maxRetries: 0 }).invoke("hello"))).message, "500");
  }],

  ["retry-after of the service is obeyed and reported", async ({ chat, bedrock }) => {
    await bedrock.faults(refusal(429, "ThrottlingException", "slow down", { headers: { "retry-after": "1" } }));
    const started = Date.now();
    await chat().invoke("hello");
    ok(Date.now() - started >= 900);
    await bedrock.faults(refusal(429, "ThrottlingException", "slow down", { headers: { "retry-after": "7" } }));
    equal((await fails(() => chat({ maxRetries: 0 }).invoke("hello"), "throttled")).retryAfterMs, 7000);
  }],

  ["retry is signed again", async ({ chat, bedrock }) => {
    await bedrock.faults(refusal(429, "ThrottlingException", "slow down", { headers: { "retry-after": "1" } }));
    await chat().invoke("hello");
    const [first, second] = await bedrock.requests();
    ok(first.headers["x-amz-date"] !== second.headers["x-amz-date"]);
    equal(second.signature.verdict, "signed");
    equal(first.body, second.body);
  }],

  ["failed call does not affect the next call", async ({ chat, bedrock, mock }) => {
    const model = chat({ maxRetries: 0 });
    for (const fault of [refusal(500, "InternalServerException", "boom"), { cut_after_bytes: 40 }, { flip_bit: 0 }, { status: 200, body: "no JSON" }]) {
      await bedrock.faults(fault, fault);
      await fails(() => model.invoke("hello"));
      await fails(async () => (await model.stream("hello")).message());
      includes((await model.invoke("hello")).text, "hello");
      includes((await (await model.stream("hello")).message()).text, "hello");
    }
    for (const thrown of [new TypeError("fetch failed"), "a string", undefined, null, { message: 5 }]) {
      await fails(() => mock(() => { throw thrown; }).invoke("hello"), "config");
      await fails(() => mock(async () => { throw thrown; }).invoke("hello"), "interrupted");
    }
    includes((await model.invoke("hello")).text, "hello");
  }],

  ["wrong signature, wrong key and unknown model have different errors", async ({ chat }) => {
    equal((await fails(() => chat({ credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wrong" } }).invoke("hello"))).status, 403);
    equal((await fails(() => chat({ credentials: { accessKeyId: "AKIDNOBODY", secretAccessKey: "wrong" } }).invoke("hello"))).status, 403);
    equal((await fails(() => chat({ credentials: undefined, apiKey: "nobody" }).invoke("hello"))).status, 403);
  }],

  ["guardrail headers are sent and signed without a trace, streamed or not, and half a guardrail is refused", async ({ chat, bedrock }) => {
    const model = chat({ guardrailIdentifier: "gr-1", guardrailVersion: "2" });
    await model.invoke("hello");
    await (await model.stream("hello")).message();
    await model.invoke("hello", { trace: "ENABLED", guardrailConfig: { tagSuffix: "xyz", streamProcessingMode: "ASYNCHRONOUS" } });
    const requests = await bedrock.requests();
    for (const { headers, signature } of requests) {
      equal([headers["x-amzn-bedrock-guardrailidentifier"], headers["x-amzn-bedrock-guardrailversion"]], ["gr-1", "2"]);
      ok(signature.signed_headers.includes("x-amzn-bedrock-guardrailidentifier"));
    }
    equal(requests[0].headers["x-amzn-bedrock-trace"], undefined);
    equal(requests[2].headers["x-amzn-bedrock-trace"].toUpperCase(), "ENABLED");
    equal(JSON.parse(requests[2].body)["amazon-bedrock-guardrailConfig"].tagSuffix, "xyz");
    for (const half of [{ guardrailIdentifier: "gr-1" }, { guardrailVersion: "1" }, { guardrailConfig: {} }]) {
      includes((await fails(async () => chat(half), "config")).message, "guardrail");
    }
  }],

  ["errors_of_the_module_name_options_as_in_javascript", async ({ chat }) => {
    const thinking = { reasoning: 2048, maxTokens: 1000 };
    includes((await fails(() => chat().invoke("hello", thinking), "config")).message, "`maxTokens` must be greater");
    const gpt = chat({ model: "openai.gpt-oss-120b-1:0" });
    includes((await fails(() => gpt.invoke("hello", { topK: 5 }), "unsupported")).message, "topK");
    const parameters = { type: "object", properties: {} };
    // The advice has the names of other options.
    includes((await fails(() => gpt.invoke("hello", { topK: 5 }))).message, "into `modelKwargs`");
    // A tool keeps its name, also if it is that of an option.
    const tools = [{ name: "top_k", description: "The best", input_schema: parameters }];
    const forced = await fails(() => chat({ model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", tools }).invoke("hello", { reasoning: 2048, toolChoice: { type: "tool", name: "top_k" } }), "config");
    includes(forced.message, "`reasoning` and `toolChoice` exclude each other: the tool `top_k`");
  }],

  ["guardrail trace without a guardrail has no effect, but applies to the guardrail of a call", async ({ chat, bedrock }) => {
    const model = chat({ trace: "ENABLED" });
    await model.invoke("hello");
    await model.invoke("hello", { guardrailIdentifier: "gr-1", guardrailVersion: "2" });
    const traces = (await bedrock.requests()).map(({ headers }) => headers["x-amzn-bedrock-trace"]?.toUpperCase());
    equal(traces, [undefined, "ENABLED"]);
  }],

  ["guardrail intervention has its own stop reason", async ({ chat }) => {
    const model = chat({ guardrailIdentifier: "gr-1", guardrailVersion: "2", trace: "ENABLED" });
    const reply = await model.invoke("this is BLOCKED");
    equal(reply.response_metadata.stop_reason, "guardrail_intervened");
    ok(reply.response_metadata["amazon-bedrock-trace"]);
    const streamed = await (await model.stream("this is BLOCKED")).message();
    equal(streamed.response_metadata.stop_reason, "guardrail_intervened");
  }],
];
