// LangChain's agents with this package's model.
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { createAgent, providerStrategy, toolStrategy } from "langchain";
import { expect, test } from "vitest";
import { z } from "zod";
import { CLAUDE, THINKER, localBedrock } from "./support/bedrock.js";

const bedrock = localBedrock();
const place = z.object({ location: z.string() });
const weather = tool(({ location }) => `sunny in ${location}`, { name: "get_weather", description: "The weather", schema: place });
const report = z.object({ summary: z.string(), degrees: z.number() });
const question = { messages: [new HumanMessage("What is the weather in Paris?")] };
const results = ({ messages }) => messages.filter((message) => ToolMessage.isInstance(message)).map(({ name, text }) => [name, text]);

test("an agent calls its tool and ends", async () => {
  const agent = createAgent({ model: bedrock.chat(), tools: [weather], systemPrompt: "Be brief." });
  const state = await agent.invoke(question);
  expect(results(state)).toEqual([["get_weather", "sunny in Paris"]]);
  expect(state.messages.at(-1).text).toContain("sunny in Paris");
  expect(await bedrock.requests()).toHaveLength(2);
});

test("an agent with responseFormat calls its tool, and ends with a value", async () => {
  for (const [model, responseFormat] of [[CLAUDE, report], [CLAUDE, toolStrategy(report)], ["amazon.nova-lite-v1:0", report]]) {
    const before = (await bedrock.requests()).length;
    const state = await createAgent({ model: bedrock.chat({ model }), tools: [weather], responseFormat }).invoke(question);
    expect(state.structuredResponse, model).toEqual({ summary: expect.any(String), degrees: expect.any(Number) });
    expect(results(state)[0], model).toEqual(["get_weather", "sunny in Paris"]);
    expect((await bedrock.requests()).length - before, model).toBe(2);
  }
});

test("an agent with a provider strategy uses the model's JSON Schema mode", async () => {
  const state = await createAgent({ model: bedrock.chat({ model: THINKER }), tools: [weather], responseFormat: providerStrategy(report) }).invoke(question);
  expect(state.structuredResponse).toEqual({ summary: expect.any(String), degrees: expect.any(Number) });
  const { output_config, tools } = await bedrock.body();
  expect([output_config.format.type, tools.map(({ name }) => name)]).toEqual(["json_schema", ["get_weather"]]);
});

test("a streaming agent returns tokens and the same value", async () => {
  const agent = createAgent({ model: bedrock.chat(), tools: [weather], responseFormat: report });
  let state;
  let chunks = 0;
  for await (const [mode, piece] of await agent.stream(question, { streamMode: ["messages", "values"] })) {
    if (mode === "messages") chunks++;
    else state = piece;
  }
  expect(chunks).toBeGreaterThan(2);
  expect(state.structuredResponse).toEqual((await agent.invoke(question)).structuredResponse);
});
