// Programs for LangChain's own BedrockChat, run with both packages: the results are equal, except for that package's
// defects.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AIMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { BedrockChat as Reference } from "@langchain/community/chat_models/bedrock/web";
import { BedrockChat } from "bedrock-chat/langchain";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { CLAUDE, KEYS, THINKER, gather, localBedrock } from "./support/bedrock.js";

const bedrock = localBedrock();
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=";
const weather = tool(({ location }) => `sunny in ${location}`, { name: "get_weather", description: "The weather", schema: z.object({ location: z.string() }) });
const headers = async () => Object.fromEntries((await bedrock.requests()).at(-1).headers);
const text = async (stream) => (await gather(stream)).whole.text;

afterEach(() => vi.unstubAllEnvs());

/** Returns the content of a message, for all names of its blocks. */
const said = ({ content }) => (typeof content === "string" ? content : content.map((block) => block.text ?? "").join(""));

/** The server derives ids from the request, so they differ as the requests do. */
const withoutIds = (value) => JSON.parse(JSON.stringify(value).replace(/(toolu|msg)_bdrk_[0-9a-f]+/g, "$1"));

/** A program that works with either package. */
async function program(llm) {
  const seen = {};
  const ai = await llm.invoke([
    ["system", "You are a helpful assistant that translates English to French. Translate the user sentence."],
    ["human", "I love programming."],
  ]);
  const { type, role, model, stop_reason, stop_sequence, usage } = ai.response_metadata;
  seen.reply = [ai.content, ai.additional_kwargs, ai.tool_calls, ai.invalid_tool_calls];
  seen.metadata = { type, role, model, stop_reason, stop_sequence, usage };
  const pieces = [];
  for await (const chunk of await llm.stream("Hello")) if (typeof chunk.content === "string" && chunk.content) pieces.push(chunk.content);
  seen.pieces = pieces;
  const { whole } = await gather(llm.stream("Hello"));
  seen.streamed = [whole.content, whole.response_metadata["amazon-bedrock-invocationMetrics"]];
  const { input_tokens, output_tokens, total_tokens } = whole.usage_metadata;
  seen.usage = { input_tokens, output_tokens, total_tokens };
  seen.image = (await llm.invoke([new HumanMessage({ content: [{ type: "text", text: "What is it?" }, { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } }] })])).content;
  const bound = llm.bindTools([weather]);
  const question = new HumanMessage("get_weather in Paris and London");
  const asked = await bound.invoke([question]);
  seen.asked = [asked.content, asked.tool_calls];
  const results = asked.tool_calls.map(({ id, name, args }) => new ToolMessage({ tool_call_id: id, name, content: `sunny in ${args.location}` }));
  // Sent back unchanged, LangChain's message would contain every call twice, which the service refuses.
  const turn = new AIMessage({ content: "", tool_calls: asked.tool_calls });
  seen.told = said(await bound.invoke([question, turn, ...results]));
  const called = (await gather(bound.stream([question]))).whole;
  seen.called = [called.tool_calls, called.tool_call_chunks.map(({ name, args, id, index }) => [name, args, id, index])];
  seen.stopped = (await llm.invoke("Hello", { stop: ["You"] })).response_metadata.stop_reason;
  seen.batch = (await llm.batch(["one", "two"])).map(({ content }) => content);
  seen.chain = await ChatPromptTemplate.fromTemplate("Say {what}").pipe(llm).pipe(new StringOutputParser()).invoke({ what: "hi" });
  seen.kwargs = (await llm.withConfig({ tags: ["a"] }).invoke("Hello")).content;
  return withoutIds(seen);
}

describe("programs for LangChain's BedrockChat", () => {
  for (const fields of [{}, { streaming: true }, { maxTokens: 500, modelKwargs: { top_k: 5 } }]) {
    test(`has the same results with ${JSON.stringify(fields)}`, async () => {
      const theirs = await program(bedrock.reference(fields));
      const ours = await program(bedrock.chat(fields));
      if (fields.streaming) {
        // LangChain's own stream loses the stop reason, and the usage in Anthropic's form.
        expect(theirs.metadata.stop_reason).toBeNull();
        expect(ours.metadata.stop_reason).toBe("end_turn");
        for (const seen of [ours, theirs]) for (const key of ["metadata", "stopped", "asked", "reply"]) delete seen[key];
      }
      expect(ours).toEqual(theirs);
    });
  }

  test("the documentation's program runs with only the import changed", async () => {
    vi.stubEnv("BEDROCK_AWS_REGION", "us-east-1");
    vi.stubEnv("BEDROCK_AWS_ACCESS_KEY_ID", KEYS.accessKeyId);
    vi.stubEnv("BEDROCK_AWS_SECRET_ACCESS_KEY", KEYS.secretAccessKey);
    vi.stubEnv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.url);
    const llm = new BedrockChat({
      model: "anthropic.claude-3-5-sonnet-20240620-v1:0",
      region: process.env.BEDROCK_AWS_REGION,
      credentials: {
        accessKeyId: process.env.BEDROCK_AWS_ACCESS_KEY_ID,
        secretAccessKey: process.env.BEDROCK_AWS_SECRET_ACCESS_KEY,
      },
    });
    const aiMsg = await llm.invoke([
      ["system", "You are a helpful assistant that translates English to French. Translate the user sentence."],
      ["human", "I love programming."],
    ]);
    expect(aiMsg.content).toBe("J'adore la programmation.");
    expect(aiMsg.additional_kwargs.id).toMatch(/^msg_bdrk_/);
    expect(aiMsg.response_metadata).toMatchObject({ type: "message", role: "assistant", model: "claude-3-5-sonnet-20240620", stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 29 } });
    expect(String(aiMsg.toFormattedString?.() ?? "")).toContain("J'adore");
  });
});

test("the README's program for LangChain runs", async () => {
  const readme = await readFile(new URL("../node_modules/bedrock-chat/README.md", import.meta.url), "utf8");
  const [, program] = /```js\n([^`]*bedrock-chat\/langchain[^`]*)```/.exec(readme);
  const env = { PATH: process.env.PATH, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock.url, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey };
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd, env });
  expect(stdout).toContain("lighthouses");
});

describe("defects of LangChain's BedrockChat", () => {
  test("1: throttling is retried", async () => {
    const throttled = { status: 429, error_type: "ThrottlingException", message: "Too many tokens", headers: { "retry-after": "0" } };
    await bedrock.fault(throttled);
    await expect(bedrock.reference({ maxRetries: 2 }).invoke("Hello")).rejects.toThrow(/429/);
    await bedrock.fault(throttled);
    expect((await bedrock.chat().invoke("Hello")).text).toContain("Hello");
  });

  test("2: the signal reaches the connection", async () => {
    await bedrock.fault({ hang: true, forever: true });
    const signals = [];
    const watched = (url, init) => (signals.push(init.signal), fetch(String(url).replace("https:", "http:"), init));
    for (const llm of [bedrock.reference({ fetchFn: watched }), bedrock.chat({ fetchFn: watched })]) {
      const [stop, before] = [new AbortController(), (await bedrock.requests()).length];
      const call = expect(llm.invoke("Hello", { signal: stop.signal })).rejects.toThrow();
      await expect.poll(async () => (await bedrock.requests()).length).toBe(before + 1);
      stop.abort();
      await call;
    }
    expect([signals[0], signals[1].aborted]).toEqual([undefined, true]);
    await expect.poll(async () => (await bedrock.requests())[1].outcome).toMatch(/client|gone|abort|closed/i);
  });

  test("3: a guardrail works without a trace", async () => {
    const fields = { guardrailIdentifier: "gr-1", guardrailVersion: "2" };
    expect((await bedrock.reference(fields).invoke("this is BLOCKED")).content).toContain("BLOCKED");
    expect((await bedrock.chat(fields).invoke("this is BLOCKED")).response_metadata.stop_reason).toBe("guardrail_intervened");
    expect((await headers())["x-amzn-bedrock-guardrailidentifier"]).toBe("gr-1");
  });

  test("3: a trace without a guardrail has no effect, as in LangChain", async () => {
    for (const llm of [bedrock.reference({ trace: "ENABLED" }), bedrock.chat({ trace: "ENABLED", guardrailIdentifier: "" })]) {
      expect((await llm.invoke("Hello")).content).toContain("Hello");
      expect(await headers()).not.toHaveProperty("x-amzn-bedrock-trace");
    }
  });

  test("4: no temperature is sent by default", async () => {
    const thinking = { model: THINKER, modelKwargs: { thinking: { type: "enabled", budget_tokens: 1024 } }, maxTokens: 2048 };
    await expect(bedrock.reference(thinking).invoke("Hello")).rejects.toThrow(/temperature/);
    expect((await bedrock.chat(thinking).invoke("Hello")).content[0].type).toBe("thinking");
    await bedrock.chat().invoke("Hello");
    expect(await bedrock.body()).not.toHaveProperty("temperature");
  });

  test("5: every family gets its own template and stop sequences", async () => {
    await bedrock.reference({ model: "meta.llama3-1-8b-instruct-v1:0" }).invoke("Hello", { stop: ["You"] });
    expect(JSON.stringify(await bedrock.body())).toContain("Human:");
    const llama = bedrock.chat({ model: "meta.llama3-1-8b-instruct-v1:0" });
    expect((await llama.invoke("Hello")).text).toContain("You said: Hello");
    expect((await bedrock.body()).prompt).toContain("<|start_header_id|>user<|end_header_id|>");
    for (const model of ["deepseek.r1-v1:0", "amazon.nova-lite-v1:0"]) {
      await expect(bedrock.reference({ model }).invoke("Hello"), model).rejects.toThrow();
      expect((await bedrock.chat({ model }).invoke("Hello")).text, model).toContain("Hello");
    }
  });

  test("6: Cohere streams", async () => {
    const model = "cohere.command-r-v1:0";
    await bedrock.fault({ insert: [{ kind: "chunk", at: 0, json: { event_type: "stream-start", generation_id: "g", is_finished: false } }], times: 2 });
    await expect(text(bedrock.reference({ model }).stream("Hello"))).rejects.toThrow();
    expect(await text(bedrock.chat({ model }).stream("Hello"))).toContain("Hello");
  });

  test("7: reasoning, signatures and cache usage are kept", async () => {
    const fields = { model: THINKER, maxTokens: 2048, modelKwargs: { thinking: { type: "enabled", budget_tokens: 1024 }, temperature: 1 } };
    const theirs = (await gather(bedrock.reference(fields).stream("Hello"))).whole;
    const ours = (await gather(bedrock.chat(fields).stream("Hello"))).whole;
    expect(JSON.stringify(theirs.content)).not.toContain("thinking");
    expect(ours.content[0]).toMatchObject({ type: "thinking", thinking: expect.any(String), signature: expect.any(String) });
    const message = new HumanMessage({ content: [{ type: "text", text: "Hello", cache_control: { type: "ephemeral" } }] });
    await bedrock.reference().invoke([message]);
    expect(JSON.stringify(await bedrock.body())).not.toContain("cache_control");
    await bedrock.chat().invoke([message]);
    expect((await bedrock.body()).messages[0].content[0].cache_control).toMatchObject({ type: "ephemeral" });
  });

  test("8: a failed tool result is sent as an error, and results of blocks share a turn", async () => {
    const calls = ["a", "b"].map((id) => ({ id, name: "get_weather", args: { location: "Paris" }, type: "tool_call" }));
    const history = [
      new HumanMessage("weather"),
      new AIMessage({ content: "", tool_calls: calls }),
      new ToolMessage({ tool_call_id: "a", content: "no such place", status: "error" }),
      new ToolMessage({ tool_call_id: "b", content: [{ type: "text", text: "sunny" }] }),
    ];
    await bedrock.reference().bindTools([weather]).invoke(history).catch(() => {});
    expect(JSON.stringify(await bedrock.body())).not.toContain("is_error");
    expect((await bedrock.body()).messages).toHaveLength(4);
    await bedrock.chat().bindTools([weather]).invoke(history);
    const { messages } = await bedrock.body();
    expect(messages).toHaveLength(3);
    expect(messages[2].content.map(({ tool_use_id, is_error }) => [tool_use_id, Boolean(is_error)])).toEqual([["a", true], ["b", false]]);
  });

  test("9: system messages may be blocks, with cache points", async () => {
    const system = new SystemMessage({ content: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }] });
    await expect(bedrock.reference().invoke([system, new HumanMessage("Hello")])).rejects.toThrow(/must be a string/);
    await bedrock.chat().invoke([system, new HumanMessage("Hello")]);
    expect((await bedrock.body()).system[0].cache_control).toMatchObject({ type: "ephemeral" });
  });

  test("10: an error in a stream has its kind and message", async () => {
    const broken = { insert: [{ kind: "error", at: 3, code: "internalServerError", message: "the host went away" }] };
    await bedrock.fault(broken);
    await expect(text(bedrock.reference().stream("Hello"))).rejects.toThrow(TypeError);
    await bedrock.fault({ ...broken, forever: true });
    await expect(text(bedrock.chat().stream("Hello"))).rejects.toThrow(/the host went away/);
  });

  test("11: options of bindTools are kept", async () => {
    await bedrock.reference().bindTools([weather], { stop: ["END"] }).invoke("Hello");
    expect((await bedrock.body()).stop_sequences ?? []).toEqual([]);
    await bedrock.chat().bindTools([weather], { stop: ["END"] }).invoke("Hello");
    expect((await bedrock.body()).stop_sequences).toEqual(["END"]);
  });

  test("12: a model with an application inference profile keeps its name, and ARNs are accepted", async () => {
    const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl";
    const fields = { applicationInferenceProfile: encodeURIComponent(arn) };
    expect(bedrock.reference(fields).getLsParams({}).ls_model_name).toContain("arn");
    const ours = bedrock.chat(fields);
    expect(ours.getLsParams({}).ls_model_name).toBe(CLAUDE);
    expect((await ours.invoke("Hello")).text).toContain("Hello");
    expect((await bedrock.requests()).at(-1).path).toContain("application-inference-profile%2Fabcdefghijkl");
    expect(() => bedrock.reference({ model: arn })).toThrow(/Unknown model provider/);
    expect((await bedrock.chat({ model: arn, family: "anthropic" }).invoke("Hello")).text).toContain("Hello");
  });

  test("13: a serialized session token has its own name", () => {
    const credentials = { ...KEYS, sessionToken: "session" };
    const name = (llm) => JSON.parse(JSON.stringify(llm)).kwargs.credentials.sessionToken.id[0];
    expect(name(bedrock.reference({ credentials }))).toBe("AWS_SECRET_ACCESS_KEY");
    expect(name(bedrock.chat({ credentials }))).toBe("AWS_SESSION_TOKEN");
  });

  test("14: a message with a custom role is not lost", async () => {
    const model = "mistral.mistral-7b-instruct-v0:2";
    await bedrock.reference({ model }).invoke([new ChatMessage("the words", "user")]).catch(() => {});
    expect(JSON.stringify(await bedrock.body())).toContain("{message.content}");
    expect((await bedrock.chat({ model }).invoke([new ChatMessage("the words", "user")])).text).toContain("the words");
  });

  test("15: an endpoint may have a scheme, a port and a path", async () => {
    const asked = [];
    const notice = (url) => (asked.push(String(url?.url ?? url)), new Response("{}", { status: 400 }));
    await bedrock.reference({ endpointHost: undefined, endpointUrl: "https://custom.example.com", fetchFn: notice }).invoke("Hello").catch(() => {});
    expect(asked.some((url) => url.startsWith("https://custom.example.com/"))).toBe(false);
    for (const endpointUrl of ["https://custom.example.com/bedrock", "custom.example.com/bedrock", "http://custom.example.com:8080/bedrock"]) {
      await bedrock.chat({ endpointUrl, fetchFn: notice }).invoke("Hello").catch(() => {});
      expect(asked.at(-1)).toMatch(/^https?:\/\/custom\.example\.com(:8080)?\/bedrock\/model\//);
    }
  });

  test("16: regions and keys of the environment, request ids and forced tools", async () => {
    for (const name of ["AWS_DEFAULT_REGION", "BEDROCK_AWS_REGION"]) vi.stubEnv(name, "");
    vi.stubEnv("AWS_REGION", "cn-north-1");
    vi.stubEnv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-local-test");
    expect(() => new Reference({ model: CLAUDE, credentials: KEYS })).toThrow(/AWS_DEFAULT_REGION/);
    let asked;
    const llm = new BedrockChat({ model: CLAUDE, maxRetries: 0, fetchFn: (url) => ((asked = String(url?.url ?? url)), new Response("{}", { status: 400 })) });
    await llm.invoke("Hello").catch(() => {});
    expect(asked).toMatch(/^https:\/\/bedrock-runtime\.cn-north-1\.amazonaws\.com\.cn\//);
    const keyed = new BedrockChat({ model: CLAUDE, endpointUrl: bedrock.url });
    expect((await keyed.invoke("Hello")).response_metadata.request_id).toBeTruthy();
    expect((await headers()).authorization).toMatch(/^Bearer /);
    const value = z.object({ city: z.string() });
    await expect(bedrock.reference().withStructuredOutput(value).invoke("Hello")).rejects.toThrow();
    expect(await bedrock.chat().withStructuredOutput(value).invoke("Hello")).toEqual({ city: expect.any(String) });
    await expect(bedrock.reference().invoke("Hello", { tool_choice: "any", tools: [weather] })).rejects.toThrow(/not supported/);
  });

  test("17: a stream that ends too early is an error, not a short answer", async () => {
    await bedrock.fault({ end_after_frames: 4 });
    expect((await text(bedrock.reference().stream("Hello"))).length).toBeLessThan(40);
    await bedrock.fault({ end_after_frames: 4, forever: true });
    await expect(text(bedrock.chat().stream("Hello"))).rejects.toThrow();
  });

  test("18: system messages of blocks are sent to Cohere", async () => {
    const messages = [new SystemMessage({ content: [{ type: "text", text: "Be brief." }] }), new HumanMessage("Hello")];
    await bedrock.reference({ model: "cohere.command-r-v1:0" }).invoke(messages).catch(() => {});
    expect(JSON.stringify(await bedrock.body())).not.toContain("Be brief.");
    await bedrock.chat({ model: "cohere.command-r-v1:0" }).invoke(messages);
    expect(JSON.stringify(await bedrock.body())).toContain("Be brief.");
  });
});
