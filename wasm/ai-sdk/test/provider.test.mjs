// Features that the original does not have, and unusual content.
import { createAmazonBedrock as createReference } from "@ai-sdk/amazon-bedrock";
import * as ai from "ai";
import { convertToModelMessages, generateText, isStepCount, readUIMessageStream, streamText, tool } from "ai";
import * as ai6 from "ai-6";
import { VERSION, createAmazonBedrock, bedrock as defaults } from "bedrock-chat/ai-sdk";
import { createAmazonBedrock as createV3 } from "bedrock-chat/ai-sdk/v3";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { z } from "zod";
import { GATEWAY, GATEWAY_KEY, signingGateway } from "../../test/suite/anonymous.js";
import { CLAUDE, NOVA, gather, localBedrock, user } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const prompt = [user("hello")];
const options = (own) => ({ providerOptions: { bedrock: own } });
const object = { type: "json", schema: { type: "object", properties: { location: { type: "string" } }, required: ["location"], additionalProperties: false } };

/** A provider whose service always answers with this body of Converse. */
const answering = (content, more, create = createAmazonBedrock) =>
  create({
    region: "us-east-1", apiKey: "key",
    fetch: async () => Response.json({ output: { message: { role: "assistant", content } }, stopReason: "end_turn", usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 }, ...more }),
  });

test("default provider needs no settings before the first call", async () => {
  assert.equal(defaults.specificationVersion, "v4");
  assert.equal(defaults(CLAUDE).provider, "amazon-bedrock");
  assert.equal(defaults.languageModel(CLAUDE).modelId, CLAUDE);
});

test("headers of settings and of a call are sent, and options keep their place", async () => {
  const provider = createAmazonBedrock({ ...bedrock.settings, headers: { "x-team": "blue", "x-kind": "a" } });
  const model = provider(CLAUDE);
  await Promise.all([model.doGenerate({ prompt, headers: { "X-Kind": "b", "x-none": undefined } }), model.doGenerate({ prompt: [user("second")] })]);
  const sent = (await bedrock.requests()).map(({ headers, body }) => ({ ...Object.fromEntries(headers), body }));
  const [first, second] = sent.sort((a, b) => a.body.length - b.body.length);
  assert.deepEqual([first["x-team"], first["x-kind"], second["x-kind"]], ["blue", "b", "a"]);
  assert.equal("x-none" in first, false);
});

test("concurrent calls have their own request and response", async () => {
  const model = bedrock.ours(CLAUDE);
  const words = ["one", "two", "three", "four", "five"];
  const results = await Promise.all(words.map((word) => model.doGenerate({ prompt: [user(word)] })));
  results.forEach(({ request, response, content }, at) => {
    assert.equal(request.body.messages[0].content[0].text, words[at]);
    assert.equal(response.headers["x-amzn-requestid"], response.id);
    assert.match(content[0].text, new RegExp(`${words[at]}$`));
  });
  assert.equal(new Set(results.map(({ response }) => response.id)).size, words.length);
});

test("a key of the settings is completed by the environment", async () => {
  const { accessKeyId, secretAccessKey, ...rest } = bedrock.settings;
  const before = { ...process.env };
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: "token" });
  try {
    for (const [keys, token] of [[{ accessKeyId }, "token"], [{ secretAccessKey }, "token"], [{ sessionToken: "own" }, "own"], [{ accessKeyId, secretAccessKey }, undefined]]) {
      for (const create of [createReference, createAmazonBedrock]) {
        let sent;
        const fetch = async (_, { headers }) => {
          sent = new Headers(headers);
          return Response.json({ output: { message: { role: "assistant", content: [{ text: "Hi" }] } }, stopReason: "end_turn", usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } });
        };
        await create({ ...rest, ...keys, fetch })(CLAUDE).doGenerate({ prompt });
        assert.match(sent.get("authorization"), new RegExp(`Credential=${accessKeyId}/`));
        assert.equal(sent.get("x-amz-security-token") ?? undefined, token);
      }
    }
  } finally {
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]) delete process.env[name];
    Object.assign(process.env, before);
  }
});

test("models that do not exist here are errors of the AI SDK", async () => {
  const id = "amazon.titan-embed-text-v2:0";
  const types = { embedding: "embeddingModel", textEmbedding: "embeddingModel", textEmbeddingModel: "embeddingModel", embeddingModel: "embeddingModel", image: "imageModel", imageModel: "imageModel", reranking: "rerankingModel", rerankingModel: "rerankingModel" };
  for (const [provider, { NoSuchModelError: Missing, createProviderRegistry: registryOf }] of [[defaults, ai], [createV3(), ai6]]) {
    const isMissing = (modelType) => (error) => {
      assert.ok(Missing.isInstance(error) && error instanceof Error);
      assert.deepEqual([error.name, error.modelId, error.modelType], ["AI_NoSuchModelError", id, modelType]);
      assert.match(error.message, new RegExp(`no models of type ${modelType}: ${id}; use @ai-sdk/amazon-bedrock for it`));
      return true;
    };
    for (const [name, modelType] of Object.entries(types)) assert.throws(() => provider[name](id, {}), isMissing(modelType));
    const registry = registryOf({ bedrock: provider });
    for (const name of ["embeddingModel", "imageModel", "rerankingModel"]) assert.throws(() => registry[name](`bedrock:${id}`), isMissing(name));
  }
  await assert.rejects(async () => ai.embed({ model: defaults.embedding(id), value: "Hi", maxRetries: 0 }), ai.NoSuchModelError.isInstance);
});

test("capabilities of the settings decide about serial tool calls", async () => {
  const tools = [{ type: "function", name: "f", inputSchema: { type: "object", properties: {} } }];
  const call = { prompt, tools, providerOptions: { anthropic: { disableParallelToolUse: true } } };
  for (const [capabilities, field, features] of [[undefined, undefined, ["disableParallelToolUse"]], [{ serialTools: true }, false, []]]) {
    const bodies = [];
    const reply = { output: { message: { role: "assistant", content: [{ text: "Hi" }] } }, stopReason: "end_turn", usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } };
    const fetch = async (_, { body }) => (bodies.push(JSON.parse(body)), Response.json(reply));
    const { warnings } = await createAmazonBedrock({ region: "us-east-1", apiKey: "key", fetch, capabilities })("qwen.qwen3-32b-v1:0").doGenerate(call);
    assert.equal(bodies[0].additionalModelRequestFields?.parallel_tool_calls, field);
    assert.deepEqual(warnings.map(({ feature }) => feature), features);
  }
});

test("the package's version is exported and in the user agent", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../node_modules/bedrock-chat/package.json", import.meta.url), "utf8"));
  assert.equal(VERSION, version);
  await generateText({ model: bedrock.ours(CLAUDE), prompt: "hello" });
  const [{ headers }] = await bedrock.requests();
  assert.match(Object.fromEntries(headers)["user-agent"], new RegExp(`^ai/.* bedrock-chat/${version.replaceAll(".", "\\.")}$`));
});

test("custom fetch gets the body as text", async () => {
  const bodies = [];
  const provider = createAmazonBedrock({ ...bedrock.settings, fetch: (url, init) => (bodies.push(JSON.parse(init.body)), fetch(url, init)) });
  await provider(CLAUDE).doGenerate({ prompt: [user("東京")] });
  assert.equal(bodies[0].messages[0].content[0].text, "東京");
});

test("credentialProvider and API keys sign requests", async () => {
  const { accessKeyId, secretAccessKey, ...rest } = bedrock.settings;
  const byFunction = createAmazonBedrock({ ...rest, credentialProvider: async () => ({ accessKeyId, secretAccessKey }) });
  const byKey = createAmazonBedrock({ ...rest, apiKey: "bedrock-api-key-local-test" });
  for (const provider of [byFunction, byKey]) assert.equal((await provider(CLAUDE).doGenerate({ prompt })).finishReason.unified, "stop");
});

test("anonymous calls go to a gateway that signs", async (context) => {
  for (const [name, value] of Object.entries({ AWS_BEARER_TOKEN_BEDROCK: "", AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "of-the-environment" })) {
    const before = process.env[name];
    process.env[name] = value;
    context.after(() => (before === undefined ? delete process.env[name] : (process.env[name] = before)));
  }
  const settings = { credentials: "anonymous", gatewayUrl: GATEWAY, headers: GATEWAY_KEY, fetch: signingGateway(bedrock.settings.baseURL) };
  assert.equal((await createAmazonBedrock(settings)(CLAUDE).doGenerate({ prompt })).finishReason.unified, "stop");
  const signed = createAmazonBedrock({ ...settings, credentials: undefined, region: "us-east-1" })(CLAUDE);
  await assert.rejects(async () => signed.doGenerate({ prompt }), /the gateway refuses .*authorization/);
  for (const [name, value] of [["apiKey", "k"], ["accessKeyId", "a"], ["secretAccessKey", "s"], ["sessionToken", "t"], ["credentialProvider", async () => ({ accessKeyId: "a", secretAccessKey: "s" })]]) {
    const error = { kind: "config", field: name, message: `\`${name}\` and anonymous \`credentials\` are both set; leave out one of them` };
    await assert.rejects(async () => createAmazonBedrock({ ...settings, [name]: value })(CLAUDE).doGenerate({ prompt }), error);
  }
});

test("model settings choose another API", async () => {
  const model = bedrock.ours(CLAUDE, { api: "invoke", promptCaching: true });
  const { content, usage } = await model.doGenerate({ prompt });
  assert.match(content[0].text, /hello/);
  assert.ok(usage.raw);
  const stream = await gather((await model.doStream({ prompt })).stream);
  assert.equal(stream.at(-1).finishReason.unified, "stop");
  const [{ path }, { path: streamed }] = await bedrock.requests();
  assert.match(path, /\/invoke$/);
  assert.match(streamed, /\/invoke-with-response-stream$/);
});

test("GPT reasons over Responses and gets its reasoning back", async () => {
  const model = bedrock.ours("us.openai.gpt-5.6-sol", { api: "responses" });
  const tools = [{ type: "function", name: "get_weather", description: "The weather", inputSchema: object.schema }];
  const call = { tools, ...options({ reasoning: "high" }) };
  const first = await model.doGenerate({ prompt: [user("think about the weather in Paris")], ...call });
  const { toolCallId, toolName, input } = first.content.find(({ type }) => type === "tool-call");
  const replayed = first.content.map(({ providerMetadata, ...part }) => (part.type === "tool-call" ? { type: "tool-call", toolCallId, toolName, input: JSON.parse(input) } : { ...part, providerOptions: providerMetadata }));
  const result = { role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output: { type: "text", value: "sunny" } }] };
  const second = await model.doGenerate({ prompt: [user("think about the weather in Paris"), { role: "assistant", content: replayed }, result], ...call });
  assert.equal(second.finishReason.unified, "stop");
  const [, { input: items }] = await bedrock.bodies();
  assert.ok(items.some(({ type, encrypted_content: secret }) => type === "reasoning" && secret), JSON.stringify(items));
});

test("GPT gets its reasoning back in a stream of several steps", async () => {
  const weather = tool({ description: "The weather", inputSchema: z.object({ location: z.string() }), execute: async () => "sunny" });
  const model = bedrock.ours("us.openai.gpt-5.6-sol", { api: "responses" });
  const result = streamText({ model, prompt: "think about the weather in Paris", tools: { get_weather: weather }, stopWhen: isStepCount(3), ...options({ reasoning: "high" }) });
  assert.match(await result.text, /sunny/);
  const [, { input: items }] = await bedrock.bodies();
  assert.ok(items.find(({ type }) => type === "reasoning").id && items.find(({ type }) => type === "function_call").id, "the ids of the items");
  assert.ok(items.some(({ type, encrypted_content: secret }) => type === "reasoning" && secret), JSON.stringify(items));
});

test("UI messages keep what a model gets back", async () => {
  const model = bedrock.ours("us.openai.gpt-5.6-sol", { api: "responses" });
  const ask = { id: "1", role: "user", parts: [{ type: "text", text: "hello" }] };
  const result = streamText({ model, messages: await convertToModelMessages([ask]), ...options({ reasoning: "high" }) });
  let message;
  for await (const so of readUIMessageStream({ stream: result.toUIMessageStream() })) message = so;
  const messages = JSON.parse(JSON.stringify([ask, message, { ...ask, id: "3" }]));
  await generateText({ model, messages: await convertToModelMessages(messages), ...options({ reasoning: "high" }) });
  const [, { input: items }] = await bedrock.bodies();
  assert.ok(items.find(({ type }) => type === "reasoning").encrypted_content);
  assert.equal(items.find(({ role }) => role === "assistant").phase, "final_answer");
});

test("options of both packages are sent", async () => {
  await bedrock.ours(CLAUDE).doGenerate({
    prompt, topK: 5,
    ...options({ performanceConfig: { latency: "optimized" }, serviceTier: "priority", anthropicBeta: ["context-1m-2025-08-07"], requestMetadata: { a: "b" }, additionalModelResponseFieldPaths: ["/id"] }),
  });
  const [body] = await bedrock.bodies();
  assert.deepEqual(body.performanceConfig, { latency: "optimized" });
  assert.deepEqual(body.serviceTier, { type: "priority" });
  assert.deepEqual(body.additionalModelRequestFields, { top_k: 5, anthropic_beta: ["context-1m-2025-08-07"] });
  assert.deepEqual(body.additionalModelResponseFieldPaths, ["/id"]);
});

test("history of tool calls is kept as text in a call without tools", async () => {
  const call = { role: "assistant", content: [{ type: "tool-call", toolCallId: "tooluse_1", toolName: "get_weather", input: { location: "Paris" } }] };
  const result = { role: "tool", content: [{ type: "tool-result", toolCallId: "tooluse_1", toolName: "get_weather", output: { type: "error-text", value: "offline" } }] };
  const { warnings } = await bedrock.ours(CLAUDE).doGenerate({ prompt: [user("weather in Paris"), call, result] });
  assert.deepEqual(warnings, []);
  const [{ messages }] = await bedrock.bodies();
  assert.match(messages[1].content[0].text, /get_weather \{"location":"Paris"\}/);
  assert.match(messages[2].content[0].text, /offline/);
});

test("unknown options are refused", async () => {
  await assert.rejects(bedrock.ours(CLAUDE).doGenerate({ prompt, ...options({ reasoningBudget: 5 }) }), /unknown option in `providerOptions.bedrock`: `reasoningBudget`/);
  await assert.rejects(async () => createAmazonBedrock(bedrock.settings)(CLAUDE, { regoin: "x" }).doGenerate({ prompt }), /did you mean `region`/);
  assert.deepEqual(await bedrock.requests(), []);
});

test("unsupported settings are warnings", async () => {
  const { warnings } = await bedrock.ours(CLAUDE).doGenerate({
    prompt, seed: 1, frequencyPenalty: 1, temperature: 2,
    tools: [{ type: "provider", id: "anthropic.web_search_20250305", name: "web_search", args: {} }],
    responseFormat: { type: "json" },
  });
  assert.deepEqual(warnings.map(({ feature }) => feature), ["frequencyPenalty", "seed", "temperature", "tool anthropic.web_search_20250305", "responseFormat"]);
  assert.equal((await bedrock.bodies())[0].inferenceConfig.temperature, 1);
});

test("unsupported content is an error of the AI SDK", async () => {
  await assert.rejects(bedrock.ours(CLAUDE).doGenerate({ prompt: [user({ type: "file", mediaType: "image/png", data: { type: "reference", reference: { openai: "file-1" } } })] }), { name: "AI_UnsupportedFunctionalityError" });
});

test("citations are sources and belong to their text", async () => {
  const location = { documentChar: { documentIndex: 0, start: 0, end: 5 } };
  const content = [{ citationsContent: { content: [{ text: "The sky is blue." }], citations: [{ title: "Notes", location, sourceContent: [{ text: "blue sky" }] }, { title: "Site", location: { web: { url: "https://example.com/" } } }] } }];
  const given = [user("Why?", { type: "file", mediaType: "text/plain", filename: "notes.txt", data: { type: "text", text: "blue sky" }, ...options({ citations: { enabled: true } }) })];
  const { content: parts } = await answering(content)(CLAUDE).doGenerate({ prompt: given });
  const text = parts.find(({ type }) => type === "text");
  assert.equal(text.text, "The sky is blue.");
  assert.equal(text.citations[0].citedText, "blue sky");
  const [document, page] = parts.filter(({ type }) => type === "source");
  assert.deepEqual([document.sourceType, document.title, document.mediaType, document.filename], ["document", "Notes", "text/plain", "notes.txt"]);
  assert.deepEqual([page.sourceType, page.url, page.title], ["url", "https://example.com/", "Site"]);
  assert.deepEqual(document.providerMetadata.bedrock.citation.location, location);
});

test("redacted reasoning and unknown blocks are sent back", async () => {
  const content = [{ reasoningContent: { redactedContent: "c2VjcmV0" } }, { futureBlock: { a: 1 } }, { text: "Hi" }];
  for (const [create, kinds] of [[createAmazonBedrock, ["reasoning", "custom", "text"]], [createV3, ["reasoning", "reasoning", "text"]]]) {
    const { content: parts } = await answering(content, {}, create)(CLAUDE).doGenerate({ prompt });
    assert.deepEqual(parts.map(({ type }) => type), kinds);
    assert.equal(parts[0].providerMetadata.bedrock.redactedContent, "c2VjcmV0");
    const bodies = [];
    const again = create({ region: "us-east-1", apiKey: "key", fetch: async (_, { body }) => (bodies.push(JSON.parse(body)), Response.json({ output: { message: { role: "assistant", content: [{ text: "Yes" }] } }, stopReason: "end_turn" })) });
    const assistant = { role: "assistant", content: parts.map(({ providerMetadata, ...part }) => ({ ...part, ...(providerMetadata ? { providerOptions: providerMetadata } : {}) })) };
    await again(CLAUDE).doGenerate({ prompt: [...prompt, assistant, user("again")] });
    assert.deepEqual(bodies[0].messages[1].content, content);
  }
});

test("usage has cache reads and writes, and is undefined where it is unknown", async () => {
  const usage = { inputTokens: 3, outputTokens: 2, totalTokens: 105, cacheReadInputTokens: 60, cacheWriteInputTokens: 40 };
  const reply = await answering([{ text: "Hi" }], { usage })(CLAUDE).doGenerate({ prompt });
  assert.deepEqual(reply.usage.inputTokens, { total: 103, noCache: 3, cacheRead: 60, cacheWrite: 40 });
  assert.deepEqual(reply.usage.raw, usage);
});

for (const [reason, unified] of Object.entries({ end_turn: "stop", stop_sequence: "stop", max_tokens: "length", model_context_window_exceeded: "length", tool_use: "tool-calls", content_filtered: "content-filter", guardrail_intervened: "content-filter", refusal: "content-filter", malformed_model_output: "other" })) {
  test(`finish reason of ${reason} is ${unified}`, async () => {
    const { finishReason } = await answering([{ text: "Hi" }], { stopReason: reason })(CLAUDE).doGenerate({ prompt });
    assert.deepEqual(finishReason, { unified, raw: reason });
  });
}

test("value is read out of a text, also by require", async () => {
  const content = [{ text: 'Sure:\n```json\n{"location":"Paris"}\n```' }];
  const { createAmazonBedrock: required } = createRequire(import.meta.url)("bedrock-chat/ai-sdk");
  for (const create of [createAmazonBedrock, required]) {
    const { content: parts } = await answering(content, {}, create)("meta.llama3-8b-instruct-v1:0").doGenerate({ prompt, responseFormat: object });
    assert.deepEqual(parts, [{ type: "text", text: '{"location":"Paris"}' }]);
  }
});

test("structuredOutputMode chooses the mechanism", async () => {
  const model = bedrock.ours(CLAUDE);
  const weather = [user("weather in Paris")];
  for (const structuredOutputMode of ["outputFormat", "jsonTool"]) {
    const { content, finishReason } = await model.doGenerate({ prompt: weather, responseFormat: object, ...options({ structuredOutputMode }) });
    assert.deepEqual(JSON.parse(content[0].text), { location: "Paris" });
    assert.equal(finishReason.unified, "stop");
  }
  const [format, tool] = await bedrock.bodies();
  assert.ok(format.outputConfig.textFormat && !format.toolConfig);
  assert.ok(tool.toolConfig.toolChoice.tool && !tool.outputConfig);
});

test("a stream that is cancelled closes its connection", async () => {
  const { stream } = await bedrock.ours(NOVA).doStream({ prompt });
  const reader = stream.getReader();
  await reader.read();
  await reader.cancel();
  assert.equal((await reader.read()).done, true);
});

test("limits of Node's fetch do not end a late answer", async () => {
  const place = Symbol.for("undici.globalDispatcher.1");
  const before = globalThis[place];
  // Node's limits are 300 seconds. They are short in this test.
  globalThis[place] = new before.constructor({ headersTimeout: 100, bodyTimeout: 100 });
  try {
    await bedrock.fault({ delay_ms: 1500 });
    assert.match((await bedrock.ours(CLAUDE).doGenerate({ prompt })).content[0].text, /hello/);
  } finally {
    globalThis[place] = before;
  }
});

test("maxRetries of the settings retries inside of one attempt", async () => {
  await bedrock.fault({ status: 503, error_type: "ServiceUnavailableException", message: "Down", headers: { "retry-after": "0" } });
  const provider = createAmazonBedrock({ ...bedrock.settings, maxRetries: 1 });
  const { text } = await generateText({ model: provider(CLAUDE), prompt: "hello", maxRetries: 0 });
  assert.match(text, /hello/);
  assert.equal((await bedrock.requests()).length, 2);
});
