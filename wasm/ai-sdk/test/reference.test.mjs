// The original provider, with the same prompts against the same local Bedrock: results, stream parts and requests.
import { generateText, isStepCount, jsonSchema, tool } from "ai";
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLAUDE, NOVA, gather, localBedrock, user } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const schema = { type: "object", properties: { location: { type: "string" } }, required: ["location"], additionalProperties: false };
const weather = { type: "function", name: "get_weather", description: "The weather", inputSchema: schema };
const call = { role: "assistant", content: [{ type: "tool-call", toolCallId: "tooluse_1", toolName: "get_weather", input: { location: "Paris" } }] };
const result = (output) => ({ role: "tool", content: [{ type: "tool-result", toolCallId: "tooluse_1", toolName: "get_weather", output }] });
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const file = (type, data, more) => ({ type: "file", mediaType: type, data: { type: "data", data }, ...more });
const bedrockOptions = (options) => ({ providerOptions: { bedrock: options } });

/** Prompts and options. Each runs with every model of its list, with and without streaming. */
const CASES = {
  "a text": { prompt: [user("hello")] },
  "system messages and sampling": { prompt: [{ role: "system", content: "Be brief." }, { role: "system", content: "Be kind." }, user("hello")], maxOutputTokens: 20, temperature: 0.5 },
  "a limit of tokens": { prompt: [user("hello")], maxOutputTokens: 2 },
  "stop sequences": { prompt: [user("hello")], stopSequences: ["local"] },
  "a conversation": { prompt: [user("hello"), { role: "assistant", content: [{ type: "text", text: "Hi!" }] }, user("again", "and again")] },
  "a tool of choice": { prompt: [user("weather in Paris")], tools: [weather], toolChoice: { type: "auto" } },
  "a required tool": { prompt: [user("weather in Paris")], tools: [weather], toolChoice: { type: "required" } },
  "a named tool": { prompt: [user("weather in Paris")], tools: [weather], toolChoice: { type: "tool", toolName: "get_weather" } },
  "a result that is a text": { prompt: [user("weather in Paris"), call, result({ type: "text", value: "sunny" })], tools: [weather] },
  "a result that is JSON": { prompt: [user("weather in Paris"), call, result({ type: "json", value: { sky: "blue" } })], tools: [weather] },
  "a result that is content": { prompt: [user("weather in Paris"), call, result({ type: "content", value: [{ type: "text", text: "sunny" }, file("image/png", PNG)] })], tools: [weather] },
  "an image": { prompt: [user("What is this?", file("image/png", PNG))] },
  "an image without its exact type": { prompt: [user("What is this?", file("image/*", PNG))] },
  "a document": { prompt: [user("What is this?", file("text/plain", btoa("Notes"), { filename: "notes.txt" }))] },
  "a document without a name": { prompt: [user("What is this?", file("application/pdf", btoa("%PDF-1.7 x")))] },
  "cache points": { prompt: [{ role: "system", content: "Be brief.", ...bedrockOptions({ cachePoint: { type: "default" } }) }, { ...user("hello"), ...bedrockOptions({ cachePoint: { type: "default" } }) }] },
  "guarded content": { prompt: [{ role: "user", content: [{ type: "text", text: "hello", ...bedrockOptions({ guardContent: true, guardContentQualifiers: ["query"] }) }] }], ...bedrockOptions({ guardrailConfig: { guardrailIdentifier: "gr1abc", guardrailVersion: "1", trace: "enabled" } }) },
  "members of Converse's request": { prompt: [user("hello")], ...bedrockOptions({ serviceTier: "flex", requestMetadata: { team: "blue" } }) },
};

/** Cases for Claude alone. */
const CLAUDE_CASES = {
  reasoning: { prompt: [user("think about the weather in Paris")], tools: [weather], ...bedrockOptions({ reasoningConfig: { type: "enabled", budgetTokens: 1024 } }), maxOutputTokens: 500 },
  "a further field": { prompt: [user("hello")], ...bedrockOptions({ additionalModelRequestFields: { top_k: 4 } }) },
};

const SONNET_4_6 = "us.anthropic.claude-sonnet-4-6";
const OPUS_4_5 = "us.anthropic.claude-opus-4-5-20251101-v1:0";
const OPUS_4_8 = "us.anthropic.claude-opus-4-8";
const SONNET_5 = "us.anthropic.claude-sonnet-5";
const NOVA_2 = "us.amazon.nova-2-lite-v1:0";
const GPT_OSS = "openai.gpt-oss-120b-1:0";
const GPT = "us.openai.gpt-5.6-sol";
const LLAMA = "us.meta.llama3-3-70b-instruct-v1:0";
const MISTRAL = "mistral.mistral-large-2402-v1:0";
const OTHERS = [NOVA, NOVA_2, GPT_OSS, GPT, LLAMA, MISTRAL, "qwen.qwen3-32b-v1:0", "us.deepseek.r1-v1:0"];
const reasoningConfig = (config) => ({ prompt: [user("hello")], maxOutputTokens: 500, ...bedrockOptions({ reasoningConfig: config }) });

/** Returns a conversation with a call of a tool, and its result. */
const history = (toolCallId, toolName) => [
  user("weather in Paris"),
  { role: "assistant", content: [{ type: "tool-call", toolCallId, toolName, input: { location: "Paris" } }] },
  { role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output: { type: "text", value: "sunny" } }] },
];

/**
 * Options that applications share over several models: the requests and the features of warnings are equal, but for the
 * warnings in `also`, which the original does not have.
 */
const SHARED = {
  "sampling": { models: [CLAUDE, NOVA, LLAMA, MISTRAL], call: { prompt: [user("hello")], temperature: 0.5 } },
  "a budget": { models: [CLAUDE, SONNET_4_6, ...OTHERS], call: reasoningConfig({ type: "enabled", budgetTokens: 1024 }), also: (id) => (OTHERS.includes(id) ? ["reasoningConfig"] : []) },
  "reasoning without a budget": { models: [CLAUDE, SONNET_4_6, ...OTHERS], call: reasoningConfig({ type: "enabled" }), also: () => ["reasoningConfig"] },
  "a budget without a type": { models: [CLAUDE, SONNET_4_6, ...OTHERS], call: reasoningConfig({ budgetTokens: 1024 }), also: (id) => (OTHERS.includes(id) ? [] : ["budgetTokens"]) },
  "adaptive reasoning": { models: [SONNET_4_6, OPUS_4_8, SONNET_5, ...OTHERS], call: reasoningConfig({ type: "adaptive" }) },
  "a display of adaptive reasoning": { models: [SONNET_4_6, OPUS_4_8, SONNET_5], call: reasoningConfig({ type: "adaptive", display: "summarized" }) },
  "a display alone": { models: [CLAUDE, SONNET_4_6, OPUS_4_8, ...OTHERS], call: reasoningConfig({ display: "omitted" }), also: () => ["display"] },
  "an effort": { models: [SONNET_4_6, OPUS_4_8, SONNET_5, GPT_OSS, GPT], call: { ...reasoningConfig({ maxReasoningEffort: "low" }) } },
  "an effort next to a field": { models: [SONNET_4_6], call: { prompt: [user("hello")], ...bedrockOptions({ reasoningConfig: { maxReasoningEffort: "low" }, additionalModelRequestFields: { output_config: { a: 1 }, top_k: 3 } }) } },
  "an effort, sampling and a forced tool": { models: [SONNET_4_6], call: { ...reasoningConfig({ maxReasoningEffort: "low" }), temperature: 0.5, tools: [weather], toolChoice: { type: "required" } } },
  "an effort of adaptive reasoning": { models: [SONNET_4_6, OPUS_4_8], call: reasoningConfig({ type: "adaptive", maxReasoningEffort: "high" }) },
  "an effort of Nova": { models: [NOVA_2], call: reasoningConfig({ type: "enabled", maxReasoningEffort: "low" }) },
  "a high effort of Nova": { models: [NOVA_2], call: reasoningConfig({ type: "enabled", maxReasoningEffort: "high" }) },
  "reasoning that is off": { models: [CLAUDE, SONNET_4_6, OPUS_4_8, NOVA_2, GPT_OSS, LLAMA, MISTRAL], call: reasoningConfig({ type: "disabled" }) },
  "an option of the AI SDK": { models: [SONNET_4_6, OPUS_4_8, NOVA_2, GPT, GPT_OSS], call: { prompt: [user("hello")], reasoning: "medium" } },
  "an option of the AI SDK with a part of the provider's": { models: [SONNET_4_6, OPUS_4_8], call: { ...reasoningConfig({ display: "omitted" }), reasoning: "medium" } },
  "a temperature outside of the range": { models: [CLAUDE, NOVA, LLAMA, MISTRAL, GPT_OSS], call: { prompt: [user("hello")], temperature: 1.5 } },
  "sampling and stop sequences": { models: [GPT_OSS, GPT, LLAMA, MISTRAL], call: { prompt: [user("hello")], temperature: 0.5, topP: 0.4, stopSequences: ["local"] } },
  "a call of a tool that does not exist": { models: [CLAUDE, NOVA, GPT_OSS, LLAMA], call: { prompt: history("tooluse_1", "$bad name!"), tools: [weather] } },
  "options that are undefined": { models: [CLAUDE, NOVA, LLAMA], call: { prompt: [user("hello")], ...bedrockOptions({ cachePoint: undefined, serviceTier: undefined, reasoningConfig: undefined, promptVariables: undefined }) } },
  "serial tool calls": { models: [CLAUDE, NOVA, LLAMA, MISTRAL, "qwen.qwen3-32b-v1:0"], call: { prompt: [user("hello")], tools: [weather], providerOptions: { anthropic: { disableParallelToolUse: true } } }, also: (id) => (id === CLAUDE ? [] : ["disableParallelToolUse"]) },
  "variables of a prompt": { models: ["arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1"], call: { prompt: [user("hello")], ...bedrockOptions({ promptVariables: { a: { text: "b" } } }) } },
  "a budget of a profile": { models: ["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"], call: reasoningConfig({ type: "enabled", budgetTokens: 1024 }) },
};

/** Returns a reply without what differs on purpose: README.md and docs/from-ai-sdk.md list it. */
function comparable(value) {
  return JSON.parse(JSON.stringify(value, (name, inner) => {
    // Ids and times of each request, and the metadata that only this package passes on.
    if (["id", "timestamp", "headers", "date", "url", "metrics"].includes(name) && name !== "toolCallId" && typeof inner !== "number") return name === "id" && /^\d+$|^tooluse/.test(inner) ? inner : undefined;
    return inner;
  }));
}

/** Returns parts without the empty deltas that the original passes on. */
const withoutEmpty = (parts) => parts.filter(({ type, delta, providerMetadata }) => !(type.endsWith("-delta") && delta === "" && !providerMetadata));

/** Returns a request without members that have no effect. */
function request(body) {
  const { system, additionalModelRequestFields: fields, inferenceConfig, ...rest } = structuredClone(body);
  return { ...rest, ...(system?.length ? { system } : {}), ...(fields && Object.keys(fields).length ? { fields } : {}), ...(inferenceConfig ? { inferenceConfig } : {}) };
}

for (const [cases, models] of [[CASES, [CLAUDE, NOVA]], [CLAUDE_CASES, [CLAUDE]]]) {
  for (const [title, options] of Object.entries(cases)) {
    for (const id of models) {
      const [vendor] = id.split(".").slice(1);
      test(`result equals the original: ${title}, ${vendor}`, async () => {
        const theirs = await bedrock.reference(id).doGenerate(options);
        const [before] = await bedrock.bodies();
        await bedrock.reset();
        const ours = await bedrock.ours(id).doGenerate(options);
        assert.deepEqual(comparable({ ...ours, request: undefined }), comparable({ ...theirs, request: undefined }));
        const [after] = await bedrock.bodies();
        assert.deepEqual(request(after), request(before));
        assert.deepEqual(ours.request.body, after);
      });

      test(`stream equals the original: ${title}, ${vendor}`, async () => {
        const theirs = await bedrock.reference(id).doStream(options);
        const before = await gather(theirs.stream);
        await bedrock.reset();
        const ours = await bedrock.ours(id).doStream(options);
        const after = await gather(ours.stream);
        assert.deepEqual(comparable(withoutEmpty(after)), comparable(withoutEmpty(before)));
        assert.ok(after[1].timestamp instanceof Date && ours.response.headers["x-amzn-requestid"]);
      });
    }
  }
}

/** Returns the body of the only request, and the result or the error. */
async function called(model, options) {
  await bedrock.reset();
  const result = await model.doGenerate(options).catch((error) => error);
  const [body] = await bedrock.bodies();
  return { body: body && request(body), result, features: result.warnings?.map(({ feature }) => feature) };
}

for (const [title, { models, call: options, also = () => [] }] of Object.entries(SHARED)) {
  for (const id of models) {
    test(`request equals the original: ${title}, ${id.replace(/^us\.|^arn.*:/, "")}`, async () => {
      const theirs = await called(bedrock.reference(id), options);
      const ours = await called(bedrock.ours(id), options);
      assert.ok(ours.body, ours.result.message);
      assert.deepEqual(ours.body, theirs.body);
      assert.equal(ours.result instanceof Error, theirs.result instanceof Error, ours.result.message);
      if (ours.features) assert.deepEqual(ours.features.sort(), [...theirs.features, ...also(id)].sort());
    });
  }
}

test("ids of tool calls are sent to Mistral in its form", async () => {
  for (const id of ["tooluse_bpe71yCfRu2b5i-nKGDr5g", "call_1", "a", "aB3456789"]) {
    for (const provider of [bedrock.reference, bedrock.ours]) {
      const { result, body } = await called(provider(MISTRAL), { prompt: history(id, "get_weather"), tools: [weather] });
      assert.equal(result.finishReason?.unified, "stop", result.stack);
      const [sent, again] = body.messages.flatMap(({ content }) => content).map(({ toolUse, toolResult }) => (toolUse ?? toolResult)?.toolUseId).filter(Boolean);
      assert.match(sent, /^[A-Za-z0-9]{9}$/);
      assert.equal(again, sent);
      if (id.length === 9) assert.equal(sent, id);
    }
  }
});

for (const id of [CLAUDE, NOVA, GPT_OSS, GPT, LLAMA, MISTRAL]) {
  test(`steps with tools have the results of the original, ${id.replace(/^us\./, "")}`, async () => {
    const steps = [];
    for (const provider of [bedrock.reference, bedrock.ours]) {
      await bedrock.reset();
      const get_weather = tool({ description: "The weather", inputSchema: jsonSchema(schema), execute: async ({ location }) => `${location} is sunny` });
      const { text, steps: all } = await generateText({ model: provider(id), prompt: "weather in Paris", tools: { get_weather }, stopWhen: isStepCount(3) });
      steps.push([text, all.map(({ finishReason, warnings, content }) => [finishReason, warnings, content.map(({ type, input, output }) => ({ type, input, output }))])]);
    }
    assert.deepEqual(steps[1], steps[0]);
    assert.match(steps[0][0], /sunny/);
  });
}
