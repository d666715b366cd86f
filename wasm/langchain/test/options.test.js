// Options and histories that depend on a model's capabilities.
import { AIMessage, HumanMessage, SystemMessage, mapChatMessagesToStoredMessages, mapStoredMessagesToChatMessages } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { capabilities } from "bedrock-chat/langchain";
import { expect, test } from "vitest";
import { z } from "zod";
import { THINKER, gather, localBedrock } from "./support/bedrock.js";

const bedrock = localBedrock();
const weather = tool(() => "sunny", { name: "get_weather", description: "The weather", schema: z.object({ location: z.string() }) });
const THINKS = { model: THINKER, reasoning: 2048, maxTokens: 4000 };
const OPUS = "us.anthropic.claude-opus-4-8";

/** Returns the body that a model sends, to a `fetch` that does not answer. */
async function sent(fields, messages, options) {
  let body;
  const fetch = async (_, init) => {
    body = JSON.parse(new TextDecoder().decode(init.body));
    throw new Error("enough");
  };
  const error = await bedrock.chat({ fetch, maxRetries: 0, ...fields }).invoke(messages, options).catch((error) => error);
  if (!body) throw error;
  return body;
}

test("signed reasoning is sent only to the vendor that signed it", async () => {
  const question = new HumanMessage("Hello");
  const { whole } = await gather(bedrock.chat(THINKS).stream([question]));
  const reply = await bedrock.chat(THINKS).invoke([question]);
  const [stored] = mapStoredMessagesToChatMessages(mapChatMessagesToStoredMessages([reply]));
  for (const message of [reply, whole, stored]) {
    expect(message.response_metadata.model_name).toMatch(/claude/);
    const history = [question, message, new HumanMessage("More")];
    for (const fields of [{ model: "amazon.nova-lite-v1:0" }, { model: "openai.gpt-oss-20b-1:0" }, { model: "us.meta.llama4-scout-17b-instruct-v1:0", api: "converse" }, { model: "mistral.mistral-large-2402-v1:0" }]) {
      expect((await bedrock.chat(fields).invoke(history)).text, fields.model).toContain("More");
      expect(JSON.stringify(await bedrock.body()), fields.model).not.toMatch(/signature|reasoningContent|honest answer/);
    }
    for (const api of ["invoke", "converse"]) {
      expect((await bedrock.chat({ ...THINKS, api }).invoke(history)).text).toContain("More");
      expect(JSON.stringify((await bedrock.body()).messages[1]), api).toContain(reply.content[0].signature);
    }
  }
});

test("thinking whose model_name is another vendor's is not sent to Claude", async () => {
  const content = [{ type: "thinking", thinking: "Hm.", signature: "c2ln" }, { type: "text", text: "Well." }];
  for (const [model_name, kept] of [["amazon.nova-pro-v1:0", false], [THINKER, true]]) {
    const message = new AIMessage({ content, response_metadata: { model_name } });
    const { messages } = await sent(THINKS, [new HumanMessage("Hi"), message, new HumanMessage("More")]);
    expect(JSON.stringify(messages).includes("c2ln"), model_name).toBe(kept);
  }
});

test("reasoning options are sent, from the constructor and from a call", async () => {
  for (const [given, thinking] of [
    [{ reasoning: "adaptive", reasoningDisplay: "summarized" }, { type: "adaptive", display: "summarized" }],
    [{ thinking: { type: "adaptive", display: "summarized" } }, { type: "adaptive", display: "summarized" }],
    [{ reasoning: "low" }, { type: "adaptive" }],
  ]) {
    expect((await sent({ model: OPUS, ...given }, "Hi")).thinking).toEqual(thinking);
    expect((await sent({ model: OPUS }, "Hi", given)).thinking).toEqual(thinking);
  }
  expect((await sent({ model: THINKER, reasoning: "high" }, "Hi")).thinking).toEqual({ type: "enabled", budget_tokens: 16384 });
  expect((await sent({ model: THINKER, thinking: { type: "enabled", budget_tokens: 2048 } }, "Hi", { reasoning: false })).thinking).toEqual({ type: "disabled" });
});

test("reasoning that contradicts itself is refused", async () => {
  for (const given of [{ reasoning: "high", thinking: { type: "adaptive" } }, { thinking: { type: "adaptive", effort: "high" } }, { reasoningDisplay: "full" }]) {
    await expect(sent({ model: OPUS }, "Hi", given)).rejects.toMatchObject({ kind: "config", transient: false });
    expect(() => bedrock.chat({ model: OPUS, ...given })).toThrow(expect.objectContaining({ kind: "config" }));
  }
});

test("tool_choice with disable_parallel_tool_use is sent, and its unknown members are refused", async () => {
  const forms = [{ type: "any" }, { type: "tool", name: "get_weather" }, { type: "function", function: { name: "get_weather" } }, { tool: { name: "get_weather" } }];
  for (const form of forms) {
    const tool_choice = { ...form, disable_parallel_tool_use: true };
    await bedrock.chat().bindTools([weather], { tool_choice }).invoke("Hi in Paris");
    expect((await bedrock.body()).tool_choice).toMatchObject({ disable_parallel_tool_use: true, type: form.type === "any" ? "any" : "tool" });
    for (const [more, part] of [[{ parallel_tool_calls: true }, /contradict/], [{ tool_choice: { ...tool_choice, mode: 1 } }, /unknown member of `.*`: `mode`/]]) {
      await expect(sent({}, "Hi", { tools: [weather], tool_choice, ...more })).rejects.toThrow(part);
    }
  }
});

test("two names of one option with different values are refused", async () => {
  for (const given of [{ stop: ["a"], stopSequences: ["b"] }, { parallelToolCalls: true, parallel_tool_calls: false }, { toolChoice: "any", tool_choice: "auto" }]) {
    await expect(sent({}, "Hi", { tools: [weather], ...given })).rejects.toThrow(/set the same option/);
  }
  for (const given of [{ stop: ["a"], stopSequences: [] }, { stop: [], stopSequences: ["a"] }]) expect((await sent({}, "Hi", given)).stop_sequences).toEqual(["a"]);
  expect(() => bedrock.chat({ stop: ["a"], stopSequences: ["b"] })).toThrow(/set the same option/);
});

test("capabilities are known, and can be corrected", async () => {
  expect(capabilities(OPUS)).toMatchObject({ systemAnywhere: true, jsonSchema: false });
  expect(capabilities("meta.llama4-scout-17b-instruct-v1:0", "converse")).toMatchObject({ tools: true });
  const responseFormat = { schema: z.object({ a: z.string() }) };
  await expect(sent({ model: OPUS }, "Hi", { responseFormat })).rejects.toMatchObject({ kind: "unsupported" });
  const body = await sent({ model: OPUS, capabilities: { jsonSchema: true } }, "Hi", { responseFormat });
  expect([body.output_config.format.type, body.capabilities]).toEqual(["json_schema", undefined]);
});

test("a stream with tools works for a model that cannot stream tools", async () => {
  const model = bedrock.chat({ model: "us.meta.llama4-maverick-17b-instruct-v1:0", api: "converse" }).bindTools([weather]);
  const { whole } = await gather(model.stream("get_weather in Paris"));
  expect(whole.tool_calls).toMatchObject([{ name: "get_weather", args: { location: "Paris" } }]);
  expect((await bedrock.requests()).at(-1).path).toMatch(/\/converse$/);
});

test("missing tool results are filled if the option is set", async () => {
  const asked = new AIMessage({ content: "", tool_calls: [{ id: "toolu_1", name: "get_weather", args: { location: "Paris" } }] });
  const history = [new HumanMessage("get_weather in Paris"), asked, new HumanMessage("Never mind.")];
  await expect(bedrock.chat().bindTools([weather]).invoke(history)).rejects.toThrow(/toolu_1/);
  await bedrock.chat({ fillMissingToolResults: true }).bindTools([weather]).invoke(history);
  expect((await bedrock.body()).messages.at(-1).content[0]).toMatchObject({ type: "tool_result", tool_use_id: "toolu_1", is_error: true });
  await bedrock.chat().bindTools([weather], { fillMissingToolResults: true }).invoke(history);
});

test("a system message in the middle is sent if the model accepts it", async () => {
  const middle = [new HumanMessage("Hi"), new SystemMessage("Be brief."), new AIMessage("Hello"), new HumanMessage("Bye")];
  expect((await sent({ model: OPUS }, middle)).messages.map(({ role }) => role)).toEqual(["user", "system", "assistant", "user"]);
  await expect(sent({}, middle)).rejects.toMatchObject({ kind: "encode" });
});

test("an option that is unset on the model or null in a call is not sent", async () => {
  const fields = { temperature: 0.5, maxTokens: 9, stop: ["END"], guardrailIdentifier: "gr", guardrailVersion: "1" };
  const bodies = [];
  const headers = [];
  const fetch = async (_, init) => {
    bodies.push(JSON.parse(new TextDecoder().decode(init.body)));
    headers.push(init.headers);
    throw new Error("enough");
  };
  const model = bedrock.chat({ fetch, maxRetries: 0, ...fields });
  const body = async (options) => {
    await model.invoke("Hello", options).catch(() => {});
    return bodies.at(-1);
  };
  expect(await body()).toMatchObject({ temperature: 0.5, stop_sequences: ["END"] });
  expect(headers.at(-1)).toHaveProperty("x-amzn-bedrock-guardrailidentifier", "gr");
  expect(await body({ temperature: null, stopSequences: null })).not.toHaveProperty("temperature");
  expect(bodies.at(-1)).not.toHaveProperty("stop_sequences");
  expect(await body({ temperature: undefined })).toHaveProperty("temperature", 0.5);
  Object.assign(model, { temperature: undefined, stop: null, guardrailIdentifier: undefined, guardrailVersion: "" });
  expect(await body()).not.toHaveProperty("temperature");
  expect(bodies.at(-1)).not.toHaveProperty("stop_sequences");
  expect(headers.at(-1)).not.toHaveProperty("x-amzn-bedrock-guardrailidentifier");
  expect(model.invocationParams({}).temperature).toBe(undefined);
  expect(await body({ temperature: 0.25 })).toHaveProperty("temperature", 0.25);
  model.temperature = 1;
  expect(await body()).toHaveProperty("temperature", 1);
  // A guardrail that is only half unset would leave the call without a guardrail.
  model.guardrailVersion = "2";
  await expect(model.invoke("Hello")).rejects.toThrow("set `guardrailIdentifier` too");
});
