import { equal, fails, includes, ok } from "./check.js";
import { KEYS, MODEL } from "./bedrock.js";
import { sender } from "./sent.js";

export const fields = [
  ["constructor errors name missing and invalid fields", async ({ BedrockChat, chat }) => {
    const build = (given) => fails(async () => new BedrockChat(given));
    for (const [given, kind, part] of [
      [undefined, "config", "new BedrockChat("],
      [{ region: "us-east-1", credentials: KEYS }, "config", "`model` is missing"],
      [{ model: MODEL, credentials: KEYS }, "config", "region is missing"],
      [{ model: MODEL, region: "us-east-1" }, "credentials", "no credentials"],
      [{ model: MODEL, region: "us-east-1", credentials: {} }, "credentials", "`credentials.accessKeyId` is undefined"],
      [{ model: MODEL, region: "us-east-1", credentials: { ...KEYS, secretAccessKey: "" } }, "credentials", "secretAccessKey` is empty"],
      [{ model: MODEL, region: "us-east-1", credentials: { ...KEYS, sessionToken: 5 } }, "credentials", "sessionToken` is not a string"],
      [{ model: MODEL, region: "us-east-1", apiKey: " " }, "credentials", "apiKey` is empty"],
      [{ model: MODEL, region: "us-east-1", awsAccessKeyId: "A" }, "credentials", "`awsSecretAccessKey` is undefined"],
      [{ model: MODEL, region: "us-east-1", credentials: { apiKey: undefined } }, "credentials", "`credentials.apiKey` is undefined"],
      [{ model: MODEL, region: "us-east-1", credentials: { apiKey: " " } }, "credentials", "`credentials.apiKey` is empty"],
      [{ model: MODEL, region: "us-east-1" }, "credentials", "fromNodeProviderChain()"],
    ]) {
      const error = await build(given);
      equal(error.kind, kind, error.message);
      includes(error.message, part);
    }
    for (const [given, part] of [
      [{ max_tokens: 3 }, "maxTokens"], [{ maxToken: 3 }, "maxTokens"], [{ temprature: 1 }, "temperature"], [{ stopSequences: [] }, "stop"],
      [{ modelId: "x" }, "model"], [{ profile: "dev" }, "fromNodeProviderChain"], [{ temperature: "hot" }, "finite number"],
      [{ temperature: NaN }, "NaN"], [{ maxTokens: 1.5 }, "whole number"], [{ stop: [1] }, "strings"], [{ api: "rest" }, '"converse"'],
      [{ fetch: "x" }, "function"], [{ trace: "maybe" }, "ENABLED"], [{ modelKwargs: [] }, "object"], [{ headers: { Authorization: "x" } }, "authorization"],
      [{ applicationInferenceProfile: "arn%3aaws%e0%41" }, "percent-encoding"], [{ endpointUrl: "not a url" }, "endpoint"], [{ maxTokens: 0 }, "at least 1"], [{ reasoning: true }, "budget"],
      [{ reasoning: -5 }, "budget"], [{ promptCaching: 5 }, '"5m"'], [{ anthropicBeta: [5] }, "strings"], [{ requestMetadata: { team: 5 } }, "strings"],
      [{ headers: { "x-tries": 5 } }, "strings"], [{ reasoning: { effort: 5 } }, "effort"], [{ system: "Be brief." }, '["system"'],
      [{ performanceConfig: { latency: "optimized" } }, "latency"], [{ signal: new AbortController().signal }, "an option of a call"],
    ]) {
      const error = await fails(async () => chat(given), "config");
      includes(error.message, part);
    }
    // The members of these are not read as those of an object, so they would be dropped in silence.
    for (const given of [
      { modelKwargs: new Map([["a", 1]]) }, { requestMetadata: new Map([["team", "a"]]) }, { thinking: new Set(["enabled"]) },
      { headers: new Set(["x-a"]) }, { headers: new Map([["x-a", 1]]) }, { headers: new Map([["x-a"]]) },
    ]) await fails(async () => chat(given), "config");
    // Unknown fields of other libraries are ignored.
    ok(chat({ callbacks: [], verbose: true, tags: ["x"] }));
  }],

  ["options_of_converse_are_sent_from_the_constructor_and_a_call", async (given) => {
    const { sent } = sender(given);
    const options = {
      maxTokens: 9, temperature: 0.5, topP: 0.25, topK: 7, stop: ["END"], latency: "optimized", serviceTier: "flex", anthropicBeta: ["beta-1"],
      requestMetadata: { team: "blue" }, responseFieldPaths: ["/stop_sequence"], promptVariables: { city: "Paris" }, modelKwargs: { own: true },
    };
    const fields = { model: MODEL, api: "converse" };
    for (const body of [await sent({ ...fields, ...options }, "hello"), await sent(fields, "hello", options)]) {
      equal(body.inferenceConfig, { maxTokens: 9, temperature: 0.5, topP: 0.25, stopSequences: ["END"] });
      equal(body.additionalModelRequestFields, { top_k: 7, anthropic_beta: ["beta-1"], own: true });
      equal([body.performanceConfig, body.serviceTier], [{ latency: "optimized" }, { type: "flex" }]);
      equal(body.requestMetadata, { team: "blue" });
      equal(body.additionalModelResponseFieldPaths, ["/stop_sequence"]);
      equal(body.promptVariables, { city: { text: "Paris" } });
    }
    for (const promptVariables of ["Paris", { city: 5 }, ["Paris"]]) await fails(async () => given.chat({ promptVariables }), "config");
  }],

  ["errors_of_options_name_their_field", async (given) => {
    const { sent } = sender(given);
    const GPT = { model: "openai.gpt-oss-20b-1:0", api: "invoke" };
    const GUARDRAIL = { guardrailIdentifier: "gr-1", guardrailVersion: "1" };
    const sixteen = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`key-${at}`, "x"]));
    for (const [options, field] of [
      [{ maxTokens: "many" }, "maxTokens"], [{ temprature: 1 }, "temprature"], [{ region: "us-east-1" }, "region"],
      [{ guardrailIdentifier: "gr" }, "guardrailVersion"], [{ thinking: { type: "enabled", budget: 5 } }, "thinking.budget"],
      [{ toolChoice: "any", tool_choice: "none" }, "toolChoice"], [{ responseFormat: {} }, "responseFormat"],
    ]) {
      const error = await fails(() => sent({}, "hello", options));
      equal([error.field, error.toJSON().field], [field, field], error.message);
    }
    // The module names these options as Rust does.
    for (const [options, field, fields] of [
      [{ maxTokens: 0 }, "maxTokens"], [{ topP: -1 }, "topP"], [{ requestMetadata: sixteen }, "requestMetadata"],
      [{ toolChoice: "any" }, "toolChoice"], [{ promptVariables: { city: "Paris" } }, "promptVariables"],
      [{ responseFieldPaths: ["/x"] }, "responseFieldPaths"], [{ topK: 5 }, "topK", GPT], [{ anthropicBeta: ["x"] }, "anthropicBeta", GPT],
      [{ temperature: 0.5, modelKwargs: { temperature: 1 } }, "modelKwargs.temperature"],
      [{ ...GUARDRAIL, guardrailConfig: { tagSuffix: "x" } }, "guardrailConfig.tagSuffix", { api: "converse" }],
      [{ reasoning: 2048, temperature: 0.5 }, "temperature", { model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" }],
    ]) {
      const error = await fails(() => sent(fields ?? {}, "hello", options));
      equal(error.field, field, error.message);
      ok(!/[a-z]_[a-z]/.test(error.message), error.message);
    }
    for (const [fields, field] of [
      [{ headers: { Authorization: "x" } }, "headers"], [{ endpointUrl: "not a url" }, "endpointUrl"], [{ gatewayUrl: "not a url" }, "gatewayUrl"],
      [{ dualStack: true }, "dualStack"], [{ model: "two words" }, "model"], [{ credentials: { ...KEYS, secretAccessKey: "" } }, "credentials.secretAccessKey"],
    ]) {
      equal((await fails(async () => given.chat(fields))).field, field);
    }
    includes((await fails(() => sent(GPT, "hello", { topK: 5 }), "unsupported")).message, "no `topK` in");
    // Messages of the service are not changed.
    const answer = async () => new Response('{"message":"`max_tokens` is wrong"}', { status: 400, headers: { "x-amzn-errortype": "ValidationException" } });
    const error = await fails(() => given.mock(answer).invoke("hello"), "validation");
    includes(error.message, "`max_tokens` is wrong");
    equal(error.field, undefined);
  }],

  ["secret in a wrong field is not repeated in the error", async ({ chat }) => {
    const error = await fails(async () => chat({ apiKey: 5, awsSecretAccessKey: "wJalr" }), "config");
    ok(!error.message.includes("wJalr"));
    const listed = await fails(async () => chat({ awsSecretAccessKey: ["wJalr"] }), "config");
    ok(!listed.message.includes("wJalr"));
  }],

  ["call options are checked before anything is sent", async ({ chat, bedrock }) => {
    const model = chat();
    for (const options of [{ maxTokens: "many" }, { tool_choise: "any" }, { toolChoice: 5 }, { responseFormat: {} }, { guardrailIdentifier: "gr" }, { topP: Infinity }, { signal: {} }, new AbortController().signal, ["stop"], "stop", 5]) {
      await fails(() => model.invoke("hello", options), "config");
      await fails(() => model.stream("hello", options), "config");
    }
    await fails(async () => model.withOptions({ temperature: "x" }), "config");
    // Without a valid number of workers no call would be made, and the replies would be missing.
    for (const options of [{ maxConcurrency: NaN }, { maxConcurrency: "two" }, { signal: {} }]) await fails(() => model.batch(["hello"], options), "config");
    await fails(() => model.withStructuredOutput({ type: "object" }).batch(null), "encode");
    await fails(async () => model.withStructuredOutput({ type: "object", title: 5 }), "config");
    await fails(async () => model.bindTools("get_weather"), "config");
    await fails(async () => model.bindTools([5]), "encode");
    equal((await bedrock.requests()).length, 0);
  }],

  ["constructor options are refused in a call", async ({ chat, bedrock }) => {
    for (const [options, part] of [
      [{ maxRetries: 0 }, "`maxRetries` is an option of the constructor"], [{ model: MODEL }, "constructor"], [{ fetch }, "constructor"], [{ streaming: true }, "constructor"],
      [{ modelId: MODEL }, "did you mean `model`?"], [{ abortSignal: new AbortController().signal }, "did you mean `signal`?"], [{ system: "Be brief." }, "a message"],
    ]) {
      includes((await fails(() => chat().invoke("hello", options), "config")).message, part);
      await fails(() => chat().batch(["hello"], options), "config");
      await fails(async () => chat().withOptions(options), "config");
    }
    equal((await bedrock.requests()).length, 0);
  }],

  ["guardrailConfig is checked member by member", async ({ chat }) => {
    const guard = (guardrailConfig) => chat({ guardrailIdentifier: "gr-1", guardrailVersion: "2", guardrailConfig });
    for (const streamProcessingMode of ["SYNCHRONOUS", "ASYNCHRONOUS", "sync", "async", undefined]) guard({ streamProcessingMode, tagSuffix: "x", trace: "enabled" });
    for (const wrong of [{ streamProcessingMode: "later" }, { tagSuffix: 5 }, { guardrailIdentifier: "gr-2" }, { identifier: "gr-2" }, { trace: "maybe" }, "sync", []]) {
      includes((await fails(async () => guard(wrong), "config")).message, "`guardrailConfig` must be an object with only `tagSuffix`");
    }
  }],

  ["option that refers to itself many times is refused at once", async ({ chat }) => {
    const knot = [];
    for (let number = 0; number < 20; number++) knot.push({ knot });
    await fails(() => chat().invoke([{ role: "user", content: knot }]), "encode");
  }],

  ["option headers may be a Headers object", async ({ chat, bedrock }) => {
    await chat({ headers: new Headers({ "x-team": "blue" }) }).invoke("hello");
    equal((await bedrock.requests())[0].headers["x-team"], "blue");
  }],

  ["thinking is accepted in every form, and options that exclude it are refused", async ({ chat, bedrock }) => {
    const model = chat({ model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", maxTokens: 4000 });
    for (const options of [{ reasoning: 2048 }, { reasoning: { budgetTokens: 2048 } }, { thinking: { type: "enabled", budget_tokens: 2048 } }]) {
      const reply = await model.invoke("hello", options);
      equal(reply.content.map(({ type }) => type), ["thinking", "text"]);
      ok(reply.content[0].signature.length > 0);
    }
    for (const { body } of await bedrock.requests()) equal(JSON.parse(body).thinking, { type: "enabled", budget_tokens: 2048 });
    await bedrock.clear();
    includes((await fails(() => model.invoke("hello", { reasoning: 2048, temperature: 0.5 }), "config")).message, "temperature");
    equal((await bedrock.requests()).length, 0);
  }],

  ["promptCaching plans cache points", async ({ chat, bedrock }) => {
    const long = "word ".repeat(3000);
    const model = chat({ promptCaching: true });
    const ask = () => model.invoke([["system", long], ["human", "hello"]]);
    const [written, read] = [await ask(), await ask()];
    ok((await bedrock.requests())[0].body.includes("cache_control"));
    ok(written.usage_metadata.input_token_details.cache_creation > 1000);
    ok(read.usage_metadata.input_token_details.cache_read > 1000);
  }],
];
