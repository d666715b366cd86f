// A Strands agent with a model of version 3 of the specification, over the local Bedrock.
import { Agent, tool } from "@strands-agents/sdk";
import { VercelModel } from "@strands-agents/sdk/models/vercel";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk/v3";
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { CLAUDE, localBedrock } from "../test/support/bedrock.mjs";

const bedrock = await localBedrock();
const weather = tool({ name: "get_weather", description: "The weather", inputSchema: z.object({ location: z.string() }), callback: ({ location }) => `It is sunny in ${location}.` });

test("Strands agent calls a tool while the model reasons, and continues", async () => {
  const model = new VercelModel({ provider: createAmazonBedrock(bedrock.settings)(CLAUDE), providerOptions: { bedrock: { reasoningConfig: { type: "enabled", budgetTokens: 1024 } } } });
  const agent = new Agent({ model, tools: [weather], printer: false });
  const { stopReason } = await agent.invoke("think about the weather in Paris");
  assert.equal(stopReason, "endTurn");
  assert.ok(agent.messages[1].content.some((block) => /weather in Paris/.test(block.text)));
  assert.match(String(await agent.invoke("and again")), /You said: and again/);
  const bodies = await bedrock.bodies();
  assert.deepEqual(bodies[1].messages.at(-1).content[0].toolResult.content, [{ text: "It is sunny in Paris." }]);
  // Strands keeps no signatures. Without them, the service accepts no reasoning in the rest of a turn with tool calls.
  const reasons = bodies.map(({ additionalModelRequestFields: fields }) => Boolean(fields?.thinking));
  assert.deepEqual(reasons, [true, false, true]);
});
