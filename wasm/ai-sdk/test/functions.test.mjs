// The AI SDK's own functions, over the local Bedrock.
import * as ai7 from "ai";
import * as ai6 from "ai-6";
import { createAmazonBedrock as createV3 } from "bedrock-chat/ai-sdk/v3";
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { CLAUDE, NOVA, gather, localBedrock } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const PNG = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (char) => char.charCodeAt(0));
const place = z.object({ location: z.string() });

for (const [version, ai, provider] of [[7, ai7, bedrock.ours], [6, ai6, createV3(bedrock.settings)]]) {
  const weather = () => ({ get_weather: ai.tool({ description: "The weather", inputSchema: place, execute: async ({ location }) => `It is sunny in ${location}.` }) });

  test(`AI SDK ${version}: generateText returns text, usage and the response`, async () => {
    const result = await ai.generateText({ model: provider(CLAUDE), system: "Be brief.", prompt: "hello", maxOutputTokens: 100, temperature: 0.5, stopSequences: ["END"] });
    assert.match(result.text, /You said: hello/);
    assert.equal(result.finishReason, "stop");
    assert.ok(result.usage.inputTokens > 0 && result.usage.outputTokens > 0);
    assert.match(result.response.id, /-/);
    assert.equal(result.response.modelId, CLAUDE);
    assert.ok(result.response.headers["x-amzn-requestid"]);
    assert.deepEqual(result.warnings ?? [], []);
    const [body] = await bedrock.bodies();
    assert.deepEqual(body.inferenceConfig, { maxTokens: 100, temperature: 0.5, stopSequences: ["END"] });
    assert.deepEqual(body.system, [{ text: "Be brief." }]);
  });

  test(`AI SDK ${version}: streamText runs tools over several steps`, async () => {
    const result = ai.streamText({ model: provider(CLAUDE), prompt: "weather in Paris", tools: weather(), stopWhen: ai.stepCountIs?.(3) ?? ai.isStepCount(3) });
    const kinds = new Set();
    for await (const part of result.fullStream) kinds.add(part.type);
    for (const kind of ["tool-input-start", "tool-input-delta", "tool-input-end", "tool-call", "tool-result", "text-delta", "finish"]) assert.ok(kinds.has(kind), kind);
    const steps = await result.steps;
    assert.equal(steps.length, 2);
    assert.equal(steps[0].finishReason, "tool-calls");
    assert.deepEqual(steps[0].toolResults[0].output, "It is sunny in Paris.");
    assert.match(await result.text, /sunny in Paris/);
    const bodies = await bedrock.bodies();
    const [answer] = bodies[1].messages.at(-1).content;
    assert.deepEqual(answer.toolResult.content, [{ text: "It is sunny in Paris." }]);
  });

  test(`AI SDK ${version}: signed reasoning is sent back in the next step`, async () => {
    const result = await ai.generateText({
      model: provider(CLAUDE), prompt: "think about the weather in Paris", tools: weather(), stopWhen: ai.stepCountIs?.(3) ?? ai.isStepCount(3),
      providerOptions: { bedrock: { reasoningConfig: { type: "enabled", budgetTokens: 1024 } } },
    });
    assert.equal(result.steps.length, 2);
    assert.match(result.steps[0].reasoningText, /weather in Paris/);
    const bodies = await bedrock.bodies();
    // The local Bedrock accepts only reasoning that it has signed.
    const [thought] = bodies[1].messages[1].content;
    assert.ok(thought.reasoningContent.reasoningText.signature);
    assert.deepEqual(bodies[0].additionalModelRequestFields.thinking, { type: "enabled", budget_tokens: 1024 });
  });

  test(`AI SDK ${version}: generateObject returns a value of the schema`, async () => {
    const { object } = await ai.generateObject({ model: provider(CLAUDE), schema: place, prompt: "weather in Paris" });
    assert.deepEqual(object, { location: "Paris" });
  });

  test(`AI SDK ${version}: streamObject returns a growing value`, async () => {
    const { partialObjectStream, object } = ai.streamObject({ model: provider(CLAUDE), schema: place, prompt: "weather in Paris" });
    const partial = await gather(partialObjectStream);
    assert.ok(partial.length > 1);
    assert.deepEqual(partial.at(-1), { location: "Paris" });
    assert.deepEqual(await object, { location: "Paris" });
  });

  test(`AI SDK ${version}: Output.object works for a model without a JSON mode`, async () => {
    const { output } = await ai.generateText({ model: provider(NOVA), output: ai.Output.object({ schema: place }), prompt: "weather in Paris" });
    assert.deepEqual(output, { location: "Paris" });
  });

  test(`AI SDK ${version}: Output.array and Output.choice return values`, async () => {
    const { output } = await ai.generateText({ model: provider(CLAUDE), output: ai.Output.array({ element: place }), prompt: "weather in Paris" });
    assert.deepEqual(output, [{ location: "Paris" }]);
  });

  test(`AI SDK ${version}: Output.object works beside tools`, async () => {
    const tools = weather();
    const model = provider(CLAUDE);
    const { output } = await ai.generateText({ model, tools, output: ai.Output.object({ schema: place }), prompt: "weather in Paris", stopWhen: ai.stepCountIs?.(3) ?? ai.isStepCount(3) });
    assert.deepEqual(output, { location: "Paris" });
    const [body] = await bedrock.bodies();
    assert.equal(body.toolConfig.tools[0].toolSpec.name, "get_weather");
    assert.ok(body.outputConfig.textFormat, "the JSON mode, so that the model can also call the tool");
  });

  test(`AI SDK ${version}: images and documents are sent as bytes`, async () => {
    await ai.generateText({
      model: provider(CLAUDE),
      messages: [{ role: "user", content: [{ type: "text", text: "What is this?" }, { type: "image", image: PNG }, { type: "file", data: new TextEncoder().encode("Notes"), mediaType: "text/plain", filename: "notes.txt" }] }],
    });
    const [{ messages: [{ content }] }] = await bedrock.bodies();
    assert.deepEqual(content[1], { image: { format: "png", source: { bytes: Buffer.from(PNG).toString("base64") } } });
    assert.equal(content[2].document.format, "txt");
    assert.equal(content[2].document.name, "notes");
  });

  test(`AI SDK ${version}: a call is retried by the AI SDK alone`, async () => {
    await bedrock.fault({ status: 503, error_type: "ServiceUnavailableException", message: "Down", headers: { "retry-after-ms": "1" }, times: 9 });
    await assert.rejects(ai.generateText({ model: provider(CLAUDE), prompt: "hello", maxRetries: 1 }), (error) => {
      assert.ok(ai.RetryError.isInstance(error), String(error));
      assert.ok(ai.APICallError.isInstance(error.lastError));
      assert.equal(error.lastError.statusCode, 503);
      assert.equal(error.lastError.isRetryable, true);
      assert.equal(error.lastError.kind, "service");
      assert.ok(error.lastError.responseHeaders["x-amzn-requestid"]);
      assert.equal(JSON.stringify(error.lastError).includes("hello"), false);
      return true;
    });
    assert.equal((await bedrock.requests()).length, 2);
  });

  test(`AI SDK ${version}: an invalid request is not retried`, async () => {
    await assert.rejects(ai.generateText({ model: provider(CLAUDE), prompt: "hello", providerOptions: { bedrock: { additionalModelRequestFields: { nonsense: 1 } } } }), (error) => {
      assert.ok(ai.APICallError.isInstance(error), String(error));
      assert.equal(error.isRetryable, false);
      assert.ok(error.url.includes(`/model/${encodeURIComponent(CLAUDE)}/converse`));
      assert.equal(error.requestBodyValues.messages[0].content[0].text, "hello");
      return true;
    });
    assert.equal((await bedrock.requests()).length, 1);
  });

  test(`AI SDK ${version}: abort ends a stream with the part abort`, async () => {
    const controller = new AbortController();
    const { fullStream } = ai.streamText({ model: provider(CLAUDE), prompt: "hello", abortSignal: controller.signal });
    const kinds = [];
    for await (const part of fullStream) {
      kinds.push(part.type);
      if (part.type === "text-delta") controller.abort();
    }
    assert.equal(kinds.at(-1), "abort");
    const aborted = ai.generateText({ model: provider(CLAUDE), prompt: "hello", abortSignal: AbortSignal.abort() });
    await assert.rejects(aborted, { name: "AbortError" });
  });

  test(`AI SDK ${version}: an error within a stream is a part of it`, async () => {
    await bedrock.fault({ insert: [{ kind: "exception", exception_type: "throttlingException", message: "Slow down", at: 3 }] });
    const parts = await gather((await provider(CLAUDE).doStream({ prompt: [{ role: "user", content: [{ type: "text", text: "hello" }] }] })).stream);
    const { error } = parts.find(({ type }) => type === "error");
    assert.ok(ai.APICallError.isInstance(error));
    assert.equal(error.kind, "throttled");
    assert.equal(parts.at(-1).finishReason.unified, "error");
  });

  test(`AI SDK ${version}: middleware wraps the model`, async () => {
    const model = ai.wrapLanguageModel({ model: provider(CLAUDE), middleware: ai.defaultSettingsMiddleware({ settings: { maxOutputTokens: 7 } }) });
    await ai.generateText({ model, prompt: "hello" });
    assert.equal((await bedrock.bodies())[0].inferenceConfig.maxTokens, 7);
  });

  test(`AI SDK ${version}: the registry finds models, and there are no embeddings`, async () => {
    const registry = ai.createProviderRegistry({ bedrock: provider });
    const { text } = await ai.generateText({ model: registry.languageModel(`bedrock:${CLAUDE}`), prompt: "hello" });
    assert.match(text, /hello/);
    assert.throws(() => provider.embeddingModel("amazon.titan-embed-text-v2:0"), (error) => ai.NoSuchModelError.isInstance(error));
  });

  test(`AI SDK ${version}: an agent calls its tools`, async () => {
    const agent = new ai.ToolLoopAgent({ model: provider(CLAUDE), tools: weather() });
    const { text, steps } = await agent.generate({ prompt: "weather in Paris" });
    assert.equal(steps.length, 2);
    assert.match(text, /sunny in Paris/);
  });
}

test("AI SDK 7: limit of the answer does not count reasoning", async () => {
  for (const [id, reasoning] of [[CLAUDE, "high"], ["us.amazon.nova-2-lite-v1:0", "high"], ["openai.gpt-oss-120b-1:0", "low"]]) {
    const { warnings = [] } = await ai7.generateText({ model: bedrock.ours(id), prompt: "hello", reasoning, maxOutputTokens: 100 });
    assert.deepEqual(warnings.map(({ feature }) => feature), id.includes("nova") ? ["maxOutputTokens"] : []);
  }
  const [claude, nova, gpt] = await bedrock.bodies();
  assert.deepEqual([claude.inferenceConfig.maxTokens, claude.additionalModelRequestFields.thinking.budget_tokens], [16_484, 16_384]);
  assert.deepEqual([nova.inferenceConfig, nova.additionalModelRequestFields.reasoningConfig.maxReasoningEffort], [undefined, "high"]);
  assert.equal(gpt.additionalModelRequestFields.reasoning_effort, "low");
});

test("AI SDK 7: reasoning of the call sets the effort or the budget", async () => {
  const { warnings } = await ai7.generateText({ model: bedrock.ours("us.anthropic.claude-opus-4-6-v1"), prompt: "hello", reasoning: "high" });
  const plain = await ai7.generateText({ model: bedrock.ours("meta.llama3-8b-instruct-v1:0"), prompt: "hello", reasoning: "high" });
  const [claude, llama] = await bedrock.bodies();
  assert.ok(claude.additionalModelRequestFields.thinking);
  assert.deepEqual(warnings ?? [], []);
  assert.equal(llama.additionalModelRequestFields, undefined);
  assert.equal(plain.warnings[0].feature, "reasoning");
});
