// Mastra's agent with models of both versions of the specification, over the local Bedrock.
import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import { createAmazonBedrock as createV3 } from "bedrock-chat/ai-sdk/v3";
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { CLAUDE, localBedrock } from "../test/support/bedrock.mjs";

const bedrock = await localBedrock();
const place = z.object({ location: z.string() });
const weather = createTool({ id: "get_weather", description: "The weather", inputSchema: place, execute: async ({ location }) => `It is sunny in ${location}.` });

for (const [version, create] of [[4, createAmazonBedrock], [3, createV3]]) {
  const agent = new Agent({ id: "weather", name: "weather", instructions: "Be brief.", model: create(bedrock.settings)(CLAUDE), tools: { get_weather: weather } });

  test(`Mastra with version ${version}: generate calls a tool and returns text and usage`, async () => {
    const { text, finishReason, steps, usage } = await agent.generate("weather in Paris");
    assert.match(text, /It is sunny in Paris/);
    assert.deepEqual([finishReason, steps.length], ["stop", 2]);
    assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
    const bodies = await bedrock.bodies();
    assert.deepEqual(bodies[0].system, [{ text: "Be brief." }]);
    assert.deepEqual(bodies[1].messages.at(-1).content[0].toolResult.content, [{ text: "It is sunny in Paris." }]);
  });

  test(`Mastra with version ${version}: stream has pieces of text and the tool's result`, async () => {
    const kinds = new Map();
    for await (const { type } of (await agent.stream("weather in Paris")).fullStream) kinds.set(type, (kinds.get(type) ?? 0) + 1);
    for (const kind of ["tool-call-delta", "tool-call", "tool-result", "finish"]) assert.ok(kinds.has(kind), kind);
    assert.ok(kinds.get("text-delta") > 5);
  });

  test(`Mastra with version ${version}: signed reasoning is sent back, and an object is returned`, async () => {
    const { reasoningText } = await agent.generate("think about the weather in Paris", { providerOptions: { bedrock: { reasoningConfig: { type: "enabled", budgetTokens: 1024 } } } });
    assert.match(reasoningText, /weather in Paris/);
    // The local Bedrock accepts only reasoning that it has signed.
    assert.ok((await bedrock.bodies())[1].messages[1].content[0].reasoningContent.reasoningText.signature);
    const { object } = await agent.generate("weather in Paris", { structuredOutput: { schema: place } });
    assert.deepEqual(object, { location: "Paris" });
  });
}
