// The statements of docs/from-langchain.md about ChatBedrockConverse of @langchain/aws: both classes, over Converse.
import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import { ChatBedrockConverse } from "@langchain/aws";
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { BedrockChat } from "bedrock-chat/langchain";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { CLAUDE, KEYS, THINKER, gather, localBedrock } from "./support/bedrock.js";

const bedrock = localBedrock();
const NOVA = "amazon.nova-lite-v1:0";
const place = z.object({ location: z.string() });
const weather = tool(({ location }) => `sunny in ${location}`, { name: "get_weather", description: "The weather", schema: place });
const joke = z.object({ setup: z.string() });

afterEach(() => vi.unstubAllEnvs());

const client = () => new BedrockRuntimeClient({ region: "us-east-1", credentials: KEYS, endpoint: bedrock.url, maxAttempts: 1 });
const theirs = (fields) => new ChatBedrockConverse({ model: CLAUDE, region: "us-east-1", maxRetries: 0, client: client(), ...fields });
const ours = (fields) => bedrock.chat({ api: "converse", ...fields });
const thinking = { type: "enabled", budget_tokens: 1024 };
const thinkers = [
  [theirs, { model: THINKER, maxTokens: 2048, additionalModelRequestFields: { thinking } }],
  [ours, { model: THINKER, maxTokens: 2048, modelKwargs: { thinking } }],
];

test("old names are errors that say the new name", async () => {
  const names = {
    additionalModelRequestFields: [{ top_k: 5 }, "modelKwargs"], performanceConfig: [{ latency: "optimized" }, "latency"], defaultHeaders: [{ a: "b" }, "headers"],
    client: [{}, "fetch"], clientOptions: [{}, "fetch"], bedrockApiKey: ["a", "credentials"], bedrockApiSecret: ["a", "credentials"], bedrockApiSessionToken: ["a", "credentials"],
    bedrockBearerToken: ["a", "apiKey"], streamIdleTimeout: [1, "idleTimeout"], supportsToolChoiceValues: [["any"], "capabilities"], cache_control: [{ type: "ephemeral" }, "promptCaching"],
  };
  for (const [name, [value, now]] of Object.entries(names)) {
    const message = new RegExp(`unknown option: \`${name}\`; did you mean .*${now}.*\\?`);
    expect(() => ours({ [name]: value }), name).toThrow(message);
    await expect(ours().invoke("Hello", { [name]: value }), name).rejects.toThrow(message);
  }
  const guardrailConfig = { guardrailIdentifier: "gr-1", guardrailVersion: "1" };
  expect(() => ours({ guardrailConfig })).toThrow(/`guardrailConfig` must be an object with only `tagSuffix`/);
  expect(await bedrock.requests()).toEqual([]);
});

test("replies, streams and calls are equal, under other names of the metadata", async () => {
  const [before, after] = await Promise.all([theirs, ours].map((llm) => llm().invoke("Hello")));
  expect(after.text).toBe(before.text);
  expect(after.usage_metadata).toMatchObject(before.usage_metadata);
  expect(after.response_metadata.usage).toEqual(before.response_metadata.usage);
  expect([before.response_metadata.stopReason, after.response_metadata.stop_reason]).toEqual(["end_turn", "end_turn"]);
  expect([before.response_metadata.$metadata.requestId, after.response_metadata.request_id].every(Boolean)).toBe(true);
  const streams = await Promise.all([theirs, ours].map(async (llm) => (await gather(llm().stream("Hello"))).whole));
  expect(streams[1].text).toBe(streams[0].text);
  expect([streams[0].response_metadata.messageStop.stopReason, streams[1].response_metadata.stop_reason]).toEqual(["end_turn", "end_turn"]);
  const calls = await Promise.all([theirs, ours].map(async (llm) => (await llm().bindTools([weather]).invoke("get_weather in Paris")).tool_calls));
  const bare = (list) => list.map(({ name, args }) => [name, args]);
  expect(bare(calls[1])).toEqual(bare(calls[0]));
});

test("a history that ChatBedrockConverse made is sent, with signed reasoning and tool calls", async () => {
  const [before, after] = thinkers.map(([make, fields]) => make(fields).bindTools([weather]));
  const question = new HumanMessage("get_weather in Paris");
  for (const reply of [await before.invoke([question]), (await gather(before.stream([question]))).whole]) {
    expect(reply.content[0].type).toBe("reasoning");
    const results = reply.tool_calls.map(({ id }) => new ToolMessage({ tool_call_id: id, content: "sunny" }));
    expect((await after.invoke([question, reply, ...results])).text).toContain("sunny");
    expect(JSON.stringify((await bedrock.body()).messages[1])).toContain(reply.content[0].signature);
  }
  expect((await after.invoke([question])).content[0].type).toBe("thinking");
});

describe("ChatBedrockConverse differs in", () => {
  test("options of the constructor and of a call", async () => {
    await theirs({ performanceConfig: { latency: "optimized" } }).invoke("Hello");
    expect(await bedrock.body()).not.toHaveProperty("performanceConfig");
    await ours({ model: NOVA, latency: "optimized" }).invoke("Hello").catch(() => {});
    expect((await bedrock.body()).performanceConfig).toEqual({ latency: "optimized" });
    const guardrail = (guardrailIdentifier) => ({ guardrailIdentifier, guardrailVersion: "1" });
    const call = { additionalModelRequestFields: { top_k: 7 }, guardrailConfig: guardrail("b"), temperature: 0.5, maxTokens: 9 };
    await theirs({ additionalModelRequestFields: { top_k: 5 }, guardrailConfig: guardrail("a") }).invoke("Hello", call);
    const body = await bedrock.body();
    expect([body.additionalModelRequestFields, body.guardrailConfig.guardrailIdentifier, body.inferenceConfig]).toEqual([{ top_k: 5 }, "a", undefined]);
    await ours({ modelKwargs: { top_k: 5 }, ...guardrail("a") }).invoke("Hello", { modelKwargs: { top_k: 7 }, ...guardrail("b"), temperature: 0.5, maxTokens: 9 });
    expect(await bedrock.body()).toMatchObject({ additionalModelRequestFields: { top_k: 7 }, guardrailConfig: { guardrailIdentifier: "b" }, inferenceConfig: { temperature: 0.5, maxTokens: 9 } });
  });

  test("the environment's key and region", async () => {
    for (const name of ["AWS_DEFAULT_REGION", "BEDROCK_AWS_REGION"]) vi.stubEnv(name, "");
    vi.stubEnv("AWS_REGION", "us-east-1");
    vi.stubEnv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-local-test");
    expect(() => new ChatBedrockConverse({ model: CLAUDE, credentials: KEYS })).toThrow(/AWS_DEFAULT_REGION/);
    const before = new ChatBedrockConverse({ model: CLAUDE, region: "us-east-1", credentials: KEYS, clientOptions: { maxAttempts: 1 }, maxRetries: 0 });
    expect(before.bedrockBearerToken).toBe("bedrock-api-key-local-test");
    expect((await before.client.config.token())?.token).toBe("bedrock-api-key-local-test");
    await new BedrockChat({ model: CLAUDE, credentials: KEYS, endpointUrl: bedrock.url, api: "converse" }).invoke("Hello");
    const sent = Object.fromEntries((await bedrock.requests()).at(-1).headers);
    expect(sent.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/);
  });

  test("a failed tool result", async () => {
    const question = new HumanMessage("get_weather in Paris");
    for (const [make, status] of [[theirs, undefined], [ours, "error"]]) {
      const llm = make().bindTools([weather]);
      const reply = await llm.invoke([question]);
      await llm.invoke([question, reply, new ToolMessage({ tool_call_id: reply.tool_calls[0].id, content: "no such place", status: "error" })]);
      expect((await bedrock.body()).messages.at(-1).content[0].toolResult.status).toBe(status);
    }
  });

  test("tool_choice", async () => {
    await expect(theirs().bindTools([weather], { tool_choice: "none" }).invoke("Hello")).rejects.toThrow(/Tool with name none not found/);
    expect((await ours().bindTools([weather], { tool_choice: "none" }).invoke("get_weather in Paris")).tool_calls).toEqual([]);
    await expect(theirs({ model: NOVA }).bindTools([weather], { tool_choice: "any" }).invoke("Hello")).rejects.toThrow(/does not currently support 'tool_choice'/);
    expect((await ours({ model: NOVA }).bindTools([weather], { tool_choice: "any" }).invoke("Hello in Paris")).tool_calls).toHaveLength(1);
  });

  test("structured output", async () => {
    await expect(theirs({ model: NOVA }).withStructuredOutput(joke).invoke("tell one")).rejects.toThrow(/No tool calls found/);
    expect(await ours({ model: NOVA }).withStructuredOutput(joke).invoke("tell one")).toEqual({ setup: expect.any(String) });
    const [before, after] = thinkers.map(([make, fields]) => make(fields).withStructuredOutput(joke));
    await expect(before.invoke("tell one")).rejects.toThrow(/Thinking may not be enabled/);
    expect(await after.invoke("tell one")).toEqual({ setup: expect.any(String) });
    await theirs({ model: THINKER }).withStructuredOutput(joke, { method: "jsonSchema" }).invoke("tell one");
    expect(await bedrock.body()).toHaveProperty("toolConfig");
    await ours({ model: THINKER }).withStructuredOutput(joke, { method: "jsonSchema" }).invoke("tell one");
    expect(await bedrock.body()).toHaveProperty("outputConfig");
    expect(() => theirs().withStructuredOutput(joke, { method: "jsonMode" })).toThrow(/does not support 'jsonMode'/);
    expect(await ours().withStructuredOutput(joke, { method: "jsonMode" }).invoke('{"setup":"s"}')).toEqual({ setup: "s" });
  });

  test("blocks and turns that it refuses", async () => {
    const data = "iVBORw0KGgo=";
    for (const image of [{ type: "image", source: { type: "base64", media_type: "image/png", data } }, { type: "image", mimeType: "image/png", data }]) {
      const message = new HumanMessage({ content: [{ type: "text", text: "What is it?" }, image] });
      await expect(theirs().invoke([message])).rejects.toThrow(/Unsupported content block type/);
      await ours().invoke([message]);
      expect((await bedrock.body()).messages[0].content[1].image.source.bytes).toBe(data);
    }
    const twice = [new HumanMessage("one"), new HumanMessage("two")];
    await expect(theirs().invoke(twice)).rejects.toThrow(/alternate/);
    expect((await ours().invoke(twice)).text).toContain("two");
  });

  test("a history of tool calls without tools", async () => {
    const question = new HumanMessage("get_weather in Paris");
    for (const make of [theirs, ours]) {
      const reply = await make().bindTools([weather]).invoke([question]);
      const history = [question, reply, new ToolMessage({ tool_call_id: reply.tool_calls[0].id, content: "sunny" })];
      if (make === theirs) await expect(make().invoke(history)).rejects.toThrow(/toolConfig field must be defined/);
      else expect((await make().invoke(history)).text).toContain("sunny");
    }
  });

  test("a stream that ends early", async () => {
    const whole = (await ours().invoke("Hello")).text;
    await bedrock.fault({ end_after_frames: 4 });
    const cut = (await gather(theirs().stream("Hello"))).whole.text;
    expect(whole.startsWith(cut) && cut.length < whole.length).toBe(true);
    await bedrock.fault({ end_after_frames: 4, forever: true });
    await expect(gather(ours().stream("Hello"))).rejects.toMatchObject({ kind: "truncated", partial: { text: cut } });
  });

  test("the number of tokens, for which it downloads a vocabulary", async () => {
    const asked = [];
    vi.stubGlobal("fetch", async (url) => (asked.push(String(url?.url ?? url)), Response.json({})));
    vi.spyOn(console, "warn").mockImplementation(() => {});
    try {
      expect(await ours().getNumTokens("Hello")).toBe(2);
      expect(asked).toEqual([]);
      await theirs().getNumTokens("Hello");
      expect(asked).toEqual([expect.stringContaining("tiktoken")]);
    } finally {
      vi.unstubAllGlobals();
      vi.restoreAllMocks();
    }
  });
});
