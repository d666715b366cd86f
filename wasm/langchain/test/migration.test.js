// docs/from-langchain.md: its programs, and the statements about LangChain's BedrockChat that reference.test.js does
// not cover.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { CLAUDE, KEYS, THINKER, gather, localBedrock } from "./support/bedrock.js";

const bedrock = localBedrock();
const weather = tool(({ location }) => `sunny in ${location}`, { name: "get_weather", description: "The weather", schema: z.object({ location: z.string() }) });
const MISTRAL = "mistral.mistral-7b-instruct-v0:2";

/** Runs a program with the local Bedrock in its environment, and returns its output. */
async function output(program) {
  const env = {
    PATH: process.env.PATH, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock.url, AWS_REGION: "us-east-1", BEDROCK_AWS_REGION: "us-east-1",
    BEDROCK_AWS_ACCESS_KEY_ID: KEYS.accessKeyId, BEDROCK_AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  };
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  return (await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd, env })).stdout;
}

/** LangChain's own class reads no endpoint from the environment, and supports only https. */
const LOCAL = `const fields = { endpointHost: new URL(process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME).host,
  fetchFn: (url, init) => fetch(String(url).replace("https:", "http:"), init),`;

test("every program of the migration page runs", async () => {
  const page = await readFile(new URL("../../../docs/from-langchain.md", import.meta.url), "utf8");
  const [chain, converse, both, ...others] = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, program]) => program);
  expect(others).toEqual([]);
  expect(await output(chain)).toMatch(/I love programming\.[^]*input_tokens[^]*end_turn/);
  expect(await output(converse)).toMatch(/Hello![^]*end_turn/);
  expect((await bedrock.requests()).at(-1)).toMatchObject({ path: expect.stringMatching(/\/converse$/) });
  expect(await bedrock.body()).toMatchObject({ requestMetadata: { team: "search" }, inferenceConfig: { topP: 0.9 } });
  const keys = `accessKeyId: "${KEYS.accessKeyId}", secretAccessKey: "${KEYS.secretAccessKey}"`;
  const local = both.replace("const fields = {", LOCAL).replace('accessKeyId: "...", secretAccessKey: "..."', keys).replace("new BedrockChat(fields)", "new BedrockChat({ ...fields, endpointHost: undefined })");
  const answers = (await output(local)).trim().split("\n");
  expect(answers).toHaveLength(2);
  expect(answers[0]).toBe(answers[1]);
});

describe("LangChain's BedrockChat differs in", () => {
  test("default limits of tokens, and options of a call", async () => {
    await bedrock.reference().invoke("Hello", { temperature: 0.5, maxTokens: 9 });
    expect(await bedrock.body()).toMatchObject({ max_tokens: 1024, temperature: 0 });
    await bedrock.reference({ model: MISTRAL }).invoke("Hello");
    expect((await bedrock.body()).max_tokens).toBe(50);
    await bedrock.chat().invoke("Hello", { temperature: 0.5, maxTokens: 9 });
    expect(await bedrock.body()).toMatchObject({ max_tokens: 9, temperature: 0.5 });
    await bedrock.chat().invoke("Hello");
    expect((await bedrock.body()).max_tokens).toBe(4096);
    await bedrock.chat({ model: MISTRAL }).invoke("Hello");
    expect(await bedrock.body()).not.toHaveProperty("max_tokens");
  });

  test("modelKwargs that contradict an option", async () => {
    const fields = { temperature: 0.5, modelKwargs: { temperature: 1 } };
    await bedrock.reference(fields).invoke("Hello");
    expect((await bedrock.body()).temperature).toBe(1);
    await expect(bedrock.chat(fields).invoke("Hello")).rejects.toThrow(/contradicts an option/);
  });

  test("a guardrail's configuration with one member", async () => {
    const fields = { guardrailIdentifier: "gr-1", guardrailVersion: "2", trace: "ENABLED", guardrailConfig: { streamProcessingMode: "ASYNCHRONOUS" } };
    await bedrock.reference(fields).invoke("Hello");
    expect(await bedrock.body()).not.toHaveProperty("amazon-bedrock-guardrailConfig");
    await bedrock.chat(fields).invoke("Hello");
    expect((await bedrock.body())["amazon-bedrock-guardrailConfig"]).toMatchObject({ streamProcessingMode: "ASYNCHRONOUS" });
    expect(() => bedrock.chat({ guardrailIdentifier: "gr-1" })).toThrow(/set `guardrailVersion` too/);
  });

  test("families that it refuses", async () => {
    for (const model of ["qwen.qwen3-32b-v1:0", "openai.gpt-oss-20b-1:0", "writer.palmyra-x4-v1:0"]) {
      expect(() => bedrock.reference({ model }), model).toThrow(/Unknown model provider/);
      expect((await bedrock.chat({ model }).invoke("Hello")).text, model).toContain("Hello");
    }
  });

  test("prompts and stop sequences of models with text prompts", async () => {
    const titan = "amazon.titan-text-express-v1";
    const llama = "meta.llama3-1-8b-instruct-v1:0";
    // The only text at which Titan can stop.
    const stop = ["User:"];
    for (const model of [MISTRAL, titan, llama]) {
      await bedrock.reference({ model }).invoke("Hello", { stop }).catch(() => {});
      const before = JSON.stringify(await bedrock.body());
      expect(before, model).toContain("Human: Hello");
      expect(before.includes("User:"), model).toBe(model === MISTRAL);
    }
    await bedrock.chat({ model: titan }).invoke("Hello", { stop });
    expect((await bedrock.body()).textGenerationConfig.stopSequences).toEqual(stop);
    const count = (await bedrock.requests()).length;
    await expect(bedrock.chat({ model: llama }).invoke("Hello", { stop })).rejects.toThrow(/stop/);
    expect(await bedrock.requests()).toHaveLength(count);
  });

  test("usage_metadata of invoke", async () => {
    expect((await bedrock.reference().invoke("Hello")).usage_metadata).toBeUndefined();
    expect((await bedrock.chat().invoke("Hello")).usage_metadata).toMatchObject({ input_tokens: expect.any(Number), input_token_details: { cache_read: 0 } });
  });

  test("blocks that it drops", async () => {
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } };
    const history = [
      new HumanMessage({ content: [{ type: "text", text: "What is it?" }, image] }),
      (await bedrock.chat({ model: THINKER, reasoning: 1024, maxTokens: 2048 }).invoke("Hello")),
      new HumanMessage("More"),
    ];
    await bedrock.reference({ model: THINKER }).invoke(history).catch(() => {});
    expect(JSON.stringify(await bedrock.body())).not.toMatch(/base64|thinking/);
    const sent = [];
    const fetch = async (_, { body }) => (sent.push(new TextDecoder().decode(body)), new Response("{}", { status: 400 }));
    await bedrock.chat({ model: THINKER, fetch }).invoke(history).catch(() => {});
    expect(sent[0]).toMatch(/base64[^]*"thinking"/);
  });

  test("citations of a stream", async () => {
    const source = { type: "text", media_type: "text/plain", data: "The sky is blue." };
    const question = new HumanMessage({ content: [{ type: "document", title: "Sky", source, citations: { enabled: true } }, { type: "text", text: "what color" }] });
    expect(JSON.stringify((await gather(bedrock.reference().stream([question]))).whole)).not.toContain("cited_text");
    expect(JSON.stringify((await gather(bedrock.chat().stream([question]))).whole)).toContain("cited_text");
  });

  test("a reply with tool calls that is sent back", async () => {
    const question = new HumanMessage("get_weather in Paris");
    for (const [llm, times] of [[bedrock.reference().bindTools([weather]), 2], [bedrock.chat().bindTools([weather]), 1]]) {
      const reply = await llm.invoke([question]);
      const [{ id }] = reply.tool_calls;
      await llm.invoke([question, reply, new ToolMessage({ tool_call_id: id, content: "sunny" })]).catch(() => {});
      const { messages } = await bedrock.body();
      expect(messages[1].content.filter((block) => block.id === id)).toHaveLength(times);
    }
  });

  test("a tool call that was cut", async () => {
    const fields = { maxTokens: 8, streaming: true };
    const question = "get_weather in Llanfairpwllgwyngyll";
    const theirs = await bedrock.reference(fields).bindTools([weather]).invoke(question);
    const ours = await bedrock.chat(fields).bindTools([weather], { tool_choice: "any" }).invoke(question);
    expect(theirs.invalid_tool_calls).toEqual([]);
    expect([ours.tool_calls, ours.invalid_tool_calls.length]).toEqual([[], 1]);
  });

  test("an error page that is not JSON", async () => {
    const page = { status: 502, body: "<html>bad gateway</html>", headers: { "content-type": "text/html" }, forever: true };
    await bedrock.fault(page);
    const theirs = await bedrock.reference().invoke("Hello").catch((error) => error);
    const ours = await bedrock.chat({ maxRetries: 0 }).invoke("Hello").catch((error) => error);
    expect(theirs).toBeInstanceOf(SyntaxError);
    expect(theirs.message).not.toContain("502");
    expect(ours).toMatchObject({ name: "BedrockChatError", status: 502 });
  });

  test("a history that it made, which this package accepts", async () => {
    const question = new HumanMessage("get_weather in Paris");
    const { whole } = await gather(bedrock.reference().bindTools([weather]).stream([question]));
    for (const reply of [await bedrock.reference().bindTools([weather]).invoke([question]), whole, new AIMessage("Hm.")]) {
      const results = (reply.tool_calls ?? []).map(({ id }) => new ToolMessage({ tool_call_id: id, content: "sunny" }));
      const answer = await bedrock.chat().bindTools([weather]).invoke([question, reply, ...results, ...(results.length ? [] : [new HumanMessage("And?")])]);
      expect(answer.text).toMatch(/sunny|And/);
    }
  });
});

test("the model is required, and named in the error", () => {
  expect(bedrock.reference({ model: undefined }).model).toMatch(/titan/);
  expect(() => bedrock.chat({ model: undefined })).toThrow(/`model` is missing/);
  expect(bedrock.chat().model).toBe(CLAUDE);
});
