// Uses of a chat model that the standard suites do not cover.
import { AIMessage, HumanMessage, trimMessages } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { BedrockChatError } from "bedrock-chat/langchain";
import { expect, test } from "vitest";
import { z } from "zod";
import { THINKER, gather, localBedrock } from "./support/bedrock.js";

const bedrock = localBedrock();
const place = z.object({ location: z.string() });
const weather = tool(() => "sunny", { name: "get_weather", description: "The weather", schema: place });
const time = tool(() => "noon", { name: "get_time", description: "The time", schema: place });

/** Records the calls of callbacks. */
function listener() {
  const told = { starts: [], tokens: [], chunks: [], ends: [], errors: [] };
  const handler = {
    handleChatModelStart: (llm, messages, runId, parent, extra, tags, metadata) => void told.starts.push({ llm, messages, extra, metadata }),
    handleLLMNewToken: (token, place, runId, parent, tags, fields) => void (told.tokens.push(token), told.chunks.push(fields?.chunk)),
    handleLLMEnd: (output) => void told.ends.push(output),
    handleLLMError: (error) => void told.errors.push(error),
  };
  return { told, callbacks: [handler] };
}

async function failure(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

test("callbacks receive the start, with LangSmith's parameters, the tokens and the end", async () => {
  const { told, callbacks } = listener();
  const model = bedrock.chat({ temperature: 0.5 }).bindTools([weather], { tool_choice: "auto" });
  const { whole } = await gather(model.stream("Hello", { callbacks }));
  expect(told.tokens.join("")).toBe(whole.text);
  expect(told.chunks.every((chunk) => chunk.message.id === whole.id)).toBe(true);
  const [{ extra, metadata, llm }] = told.starts;
  expect(extra.invocation_params).toMatchObject({ temperature: 0.5, tool_choice: "auto", tools: [{ name: "get_weather", input_schema: { type: "object" } }] });
  expect(metadata).toMatchObject({ ls_provider: "bedrock", ls_temperature: 0.5 });
  expect(llm.id.at(-1)).toBe("BedrockChat");
  expect(told.ends[0].llmOutput.tokenUsage.totalTokens).toBe(whole.usage_metadata.total_tokens);
  const unary = listener();
  await model.invoke("Hello", { callbacks: unary.callbacks });
  expect(unary.told.ends[0].llmOutput.tokenUsage).toEqual(told.ends[0].llmOutput.tokenUsage);
});

test("getNumTokens and trimMessages estimate at once, without the network", async () => {
  const model = bedrock.chat();
  const real = globalThis.fetch;
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(String(url));
    throw new TypeError("fetch failed");
  };
  try {
    expect(await model.getNumTokens("I love programming.")).toBe(6);
    expect(await model.getNumTokens("")).toBe(0);
    expect(await model.getNumTokens("東京")).toBe(2);
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "A".repeat(1e6) } };
    expect(await model.getNumTokens([{ type: "text", text: "I love programming." }, image])).toBe(1606);
    expect(await model.getNumTokens([{ type: "document", source: { type: "text", media_type: "text/plain", data: "x".repeat(3500) } }])).toBeGreaterThan(1000);
    expect(await model.getNumTokens([{ image: { format: "png", source: { bytes: new Uint8Array(9) } } }])).toBe(1600);
    const history = [new HumanMessage("x".repeat(700)), new AIMessage("y".repeat(70)), new HumanMessage("z".repeat(70))];
    const kept = await trimMessages(history, { maxTokens: 50, tokenCounter: model, strategy: "last" });
    expect(kept.map(({ text }) => text[0])).toEqual(["y", "z"]);
    expect(asked).toEqual([]);
  } finally {
    globalThis.fetch = real;
  }
});

test("countTokens asks the service", async () => {
  const messages = [["system", "Be brief."], new HumanMessage("Hello there")];
  expect(await bedrock.chat().countTokens(messages)).toBeGreaterThan(2);
  expect((await bedrock.requests()).at(-1).path).toMatch(/count-tokens$/);
});

test("invoke with streaming passes tokens to callbacks and returns the same message", async () => {
  const { told, callbacks } = listener();
  const plain = await bedrock.chat().bindTools([weather]).invoke("weather in Paris");
  const streamed = await bedrock.chat({ streaming: true }).bindTools([weather]).invoke("weather in Paris", { callbacks });
  expect(told.tokens.length).toBeGreaterThan(2);
  expect([streamed.content, streamed.tool_calls.length, streamed.usage_metadata]).toEqual([plain.content, 1, plain.usage_metadata]);
  expect((await bedrock.requests()).at(-1).path).toMatch(/invoke-with-response-stream$/);
  await bedrock.chat({ streaming: true, disableStreaming: true }).invoke("hi");
  expect((await bedrock.requests()).at(-1).path).toMatch(/\/invoke$/);
  const { chunks } = await gather(bedrock.chat({ disableStreaming: true }).stream("hi"));
  expect(chunks).toHaveLength(1);
  const changed = bedrock.chat();
  changed.streaming = true;
  changed.temperature = 0.25;
  await changed.invoke("hi");
  expect((await bedrock.body()).temperature).toBe(0.25);
  expect((await bedrock.requests()).at(-1).path).toMatch(/stream$/);
});

test("an aggregated stream equals the message of invoke: blocks, calls and stop reason", async () => {
  const model = bedrock.chat({ model: THINKER, reasoning: 2048, maxTokens: 4000 }).bindTools([weather, time]);
  const question = "get_weather and get_time in Paris and London";
  const reply = await model.invoke(question);
  const { whole, chunks } = await gather(model.stream(question));
  const bare = whole.content.map(({ index, ...block }) => block);
  expect(bare).toEqual(reply.content);
  expect(reply.content[0]).toMatchObject({ type: "thinking", signature: expect.any(String) });
  expect(whole.tool_calls).toEqual(reply.tool_calls);
  expect(whole.tool_calls.length).toBeGreaterThan(2);
  expect(whole.response_metadata.usage).toEqual(reply.response_metadata.usage);
  expect([whole.response_metadata.stop_reason, whole.additional_kwargs]).toEqual(["tool_use", { id: reply.additional_kwargs.id }]);
  expect(reply.response_metadata.stop_reason).toBe("tool_use");
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  // The signature must be sent back unchanged: the server checks it.
  const results = await Promise.all(whole.tool_calls.map((call) => (call.name === "get_time" ? time : weather).invoke(call)));
  expect((await model.invoke([new HumanMessage(question), whole, ...results])).text).toContain("sunny");
});

test("LangChain's standard blocks are the same for a message and for a stream", async () => {
  const model = bedrock.chat({ model: THINKER, reasoning: 2048, maxTokens: 4000 }).bindTools([weather]);
  const reply = await model.invoke("weather in Paris");
  const { whole } = await gather(model.stream("weather in Paris"));
  for (const message of [reply, whole]) {
    expect(message.contentBlocks.map(({ type }) => type)).toEqual(["reasoning", "text", "tool_call"]);
    expect(message.contentBlocks[2]).toMatchObject({ name: "get_weather", args: { location: "Paris" } });
  }
  const v1 = await bedrock.chat({ model: THINKER, reasoning: 2048, maxTokens: 4000, outputVersion: "v1" }).bindTools([weather]).invoke("weather in Paris");
  expect(v1.content.map(({ type }) => type)).toEqual(["reasoning", "text", "tool_call"]);
  const back = await model.invoke([new HumanMessage("weather in Paris"), v1, await weather.invoke(v1.tool_calls[0])]);
  expect(back.text).toContain("sunny");
});

test("a stream of standard blocks is merged into few blocks, and can be sent back", async () => {
  const { whole: text } = await gather(bedrock.chat({ outputVersion: "v1" }).stream("Hello"));
  expect(text.content.filter((block) => block.text)).toEqual([{ type: "text", text: text.text, index: 0 }]);
  for (const fields of [{}, { model: THINKER, reasoning: 2048, maxTokens: 4000 }]) {
    const model = bedrock.chat({ ...fields, outputVersion: "v1" }).bindTools([weather]);
    const { whole } = await gather(model.stream("weather in Paris"));
    expect(whole.content).toContainEqual({ type: "tool_call", id: whole.tool_calls[0].id, name: "get_weather", args: { location: "Paris" } });
    const back = await model.invoke([new HumanMessage("weather in Paris"), whole, await weather.invoke(whole.tool_calls[0])]);
    expect(back.text).toContain("sunny");
  }
});

test("citations in standard blocks are the same for a message and for a stream, and can be sent back", async () => {
  const model = bedrock.chat({ outputVersion: "v1" });
  const source = { type: "text", media_type: "text/plain", data: "The sky is blue." };
  const question = new HumanMessage({ content: [{ type: "document", title: "Sky", source, citations: { enabled: true } }, { type: "text", text: "what color" }] });
  const reply = await model.invoke([question]);
  const { whole } = await gather(model.stream([question]));
  expect(reply.content.at(-1)).toMatchObject({ type: "text", annotations: [{ type: "citation", citedText: "The sky is blue." }] });
  expect(whole.content.filter((block) => block.text).map(({ index, ...block }) => block)).toEqual(reply.content);
  for (const message of [reply, whole]) expect((await model.invoke([question, message, new HumanMessage("more")])).text).toContain("more");
});

test("blocks of other vendors' models in a history do not fail the call", async () => {
  const left = [
    { type: "reasoning", id: "rs_1", summary: [] },
    { type: "reasoning", reasoning: "unsigned" },
    { type: "server_tool_call", id: "1", name: "web_search", args: {} },
    { type: "server_tool_call_result", toolCallId: "1", status: "success", output: {} },
    { type: "functionCall", functionCall: { name: "get_weather", args: {} } },
    { type: "text", text: "Well." },
  ];
  await bedrock.chat().invoke([new HumanMessage("Hi"), new AIMessage({ content: left }), new HumanMessage("Hello")]);
  expect((await bedrock.body()).messages[1]).toEqual({ role: "assistant", content: "Well." });
});

test("a plain text document in LangChain's standard form is sent", async () => {
  const content = [{ type: "text", text: "What is it?" }, { type: "text-plain", mimeType: "text/plain", text: "Some words.", title: "Notes" }];
  for (const fields of [{}, { model: "amazon.nova-lite-v1:0", api: "converse" }]) {
    expect((await bedrock.chat(fields).invoke([new HumanMessage({ content })])).text).toContain("text/plain of 11 bytes named Notes");
  }
});

test("a generation has the service's metadata, as in LangChain's own model", async () => {
  const { generations } = await bedrock.chat().generate([[new HumanMessage("Hello")]]);
  const { told, callbacks } = listener();
  await gather(bedrock.chat().stream("Hello", { callbacks }));
  for (const [[{ generationInfo }]] of [generations, told.ends[0].generations]) {
    expect(generationInfo).toMatchObject({ model: "claude-3-5-sonnet-20240620", stop_reason: "end_turn" });
  }
});

test("events by content block are complete, and merge into the same message", async () => {
  const model = bedrock.chat({ model: THINKER, reasoning: 2048, maxTokens: 4000 });
  const stream = model.streamEvents("weather in Paris", { tools: [weather] });
  const names = [];
  const finished = [];
  for await (const event of stream) {
    names.push(event.event);
    if (event.event === "content-block-finish") finished.push(event.content);
  }
  expect([names[0], names.at(-1)]).toEqual(["message-start", "message-finish"]);
  expect(finished.map(({ type }) => type)).toEqual(["reasoning", "text", "tool_call"]);
  expect(finished[0].signature).toBeTruthy();
  expect(finished[2]).toMatchObject({ name: "get_weather", args: { location: "Paris" } });
  const message = await model.streamEvents("Hello");
  expect([message.text, message.response_metadata.stop_reason]).toEqual([(await model.invoke("Hello")).text, "end_turn"]);
  expect(message.usage_metadata.total_tokens).toBeGreaterThan(0);
});

test("tool_choice is sent in all its forms, and other options of bindTools are kept", async () => {
  const both = [weather, time];
  const called = async (tool_choice) => (await bedrock.chat().bindTools(both, { tool_choice }).invoke("hello in Paris")).tool_calls.map(({ name }) => name);
  for (const choice of ["get_time", { type: "tool", name: "get_time" }, { type: "function", function: { name: "get_time" } }]) {
    expect(await called(choice)).toEqual(["get_time"]);
  }
  for (const choice of ["any", "required", { type: "any" }, true]) expect((await called(choice)).length).toBeGreaterThan(0);
  expect((await bedrock.chat().bindTools(both, { tool_choice: "none" }).invoke("get_weather in Paris")).tool_calls).toEqual([]);
  const invoked = await bedrock.chat().invoke("hello in Paris", { tools: [weather], tool_choice: "any" });
  expect(invoked.tool_calls[0].name).toBe("get_weather");
  await bedrock.chat({ model: THINKER }).bindTools(both, { stop: ["END"], strict: true, parallel_tool_calls: false }).invoke("hello");
  const body = await bedrock.body();
  expect(body.stop_sequences).toEqual(["END"]);
  expect(body.tools.map(({ strict }) => strict)).toEqual([true, true]);
});

test("strict applies to tools of a call and to bound tools, and a tool's own strict takes precedence", async () => {
  await bedrock.chat({ model: THINKER }).invoke("hello", { tools: [weather, { name: "get_time", input_schema: { type: "object" }, strict: false }], strict: true });
  expect((await bedrock.body()).tools.map(({ strict }) => strict)).toEqual([true, false]);
  await bedrock.chat({ model: THINKER }).bindTools([weather], { strict: true }).invoke("hello", { strict: false });
  expect((await bedrock.body()).tools.map(({ strict }) => strict)).toEqual([false]);
});

test("unknown options are refused, and LangChain's own options are ignored", async () => {
  const before = (await bedrock.requests()).length;
  expect(await failure(() => bedrock.chat().invoke("hi", { region: "us-east-1" }))).toMatchObject({ kind: "config", message: expect.stringContaining("constructor") });
  const config = { runName: "a", tags: ["b"], metadata: { c: 1 }, maxConcurrency: 1, recursionLimit: 9, configurable: { thread_id: "d" }, callbacks: [], outputVersion: "v0" };
  expect(await bedrock.requests()).toHaveLength(before);
  expect((await bedrock.chat().invoke("hi", config)).text).toContain("hi");
  for (const wrong of [{ strict: "yes" }, { includeRaw: 1 }, { name: 5 }, { method: "magic" }, { includeraw: true }]) {
    expect((await failure(async () => bedrock.chat().withStructuredOutput(place, wrong))).kind).toBe("config");
  }
});

test("a tool call that was cut is invalid, not a call with half its arguments", async () => {
  const model = bedrock.chat({ maxTokens: 8, streaming: true }).bindTools([weather], { tool_choice: "any" });
  const reply = await model.invoke("weather in Llanfairpwllgwyngyll");
  expect(reply.response_metadata.stop_reason).toBe("max_tokens");
  expect(reply.tool_calls).toEqual([]);
  expect(reply.invalid_tool_calls).toMatchObject([{ name: "get_weather", type: "invalid_tool_call" }]);
});

test("a signal ends a call and its connection", async () => {
  await bedrock.fault({ hang: true, forever: true });
  const late = await failure(() => bedrock.chat().invoke("hello", { signal: AbortSignal.timeout(50) }));
  expect(late.name).toBe("TimeoutError");
  const timed = await failure(() => bedrock.chat().invoke("hello", { timeout: 50 }));
  expect(timed.name).toBe("TimeoutError");
  const stop = new AbortController();
  let calls = 0;
  const counting = bedrock.chat({ fetchFn: (url, init) => (calls++, fetch(url, init)) });
  const waiting = failure(() => counting.invoke("hello", { signal: stop.signal }));
  await expect.poll(() => calls).toBe(1);
  stop.abort();
  const error = await waiting;
  expect([error.name, error.kind, error instanceof BedrockChatError]).toEqual(["AbortError", "cancelled", true]);
  expect((await failure(() => counting.invoke("hello", { signal: stop.signal }))).name).toBe("AbortError");
  expect(calls).toBe(1);
  await expect.poll(async () => (await bedrock.requests()).every(({ outcome }) => outcome === "closed_by_client")).toBe(true);
});

test("breaking out of a stream closes its connection", async () => {
  await bedrock.fault({ drip_ms: 30, forever: true });
  const question = "a long question with many words to say again ".repeat(100);
  for await (const chunk of await bedrock.chat().stream(question)) if (chunk.text) break;
  const stop = new AbortController();
  const error = await failure(async () => {
    for await (const chunk of await bedrock.chat().stream(question, { signal: stop.signal })) if (chunk.text) stop.abort();
  });
  expect(error.name).toBe("AbortError");
  await expect.poll(async () => (await bedrock.requests()).map(({ outcome }) => outcome)).toEqual(["closed_by_client", "closed_by_client"]);
});

test("errors keep their details in every method, and callbacks receive them", async () => {
  const { told, callbacks } = listener();
  const model = bedrock.chat({ maxRetries: 0 });
  const ways = [() => model.invoke("hi", { callbacks }), () => gather(model.stream("hi", { callbacks })), () => model.batch(["hi"], { callbacks })];
  for (const way of ways) {
    await bedrock.fault({ status: 429, error_type: "ThrottlingException", message: "Too many tokens" });
    const error = await failure(way);
    expect(error).toBeInstanceOf(BedrockChatError);
    expect(error).toMatchObject({ kind: "throttled", status: 429, awsType: "ThrottlingException", retryable: true, attempts: 1 });
    expect(error.requestId).toBeTruthy();
  }
  expect(told.errors).toHaveLength(3);
});

test("onFailedAttempt is called once for a call that failed after all retries", async () => {
  await bedrock.fault({ status: 503, error_type: "ServiceUnavailableException", headers: { "retry-after": "0" }, forever: true });
  const told = [];
  const error = await failure(() => bedrock.chat({ maxRetries: 1, onFailedAttempt: (failed) => void told.push(failed) }).invoke("hi"));
  expect([told, error.attempts]).toEqual([[error], 2]);
});

test("a call may have its own number of retries", async () => {
  await bedrock.fault({ status: 503, error_type: "ServiceUnavailableException", headers: { "retry-after": "0" }, forever: true });
  for (const work of [(options) => bedrock.chat().invoke("hi", options), (options) => gather(bedrock.chat().stream("hi", options))]) {
    expect((await failure(() => work({ maxRetries: 0 }))).attempts).toBe(1);
    expect((await failure(() => work({ maxRetries: undefined }))).attempts).toBe(3);
  }
  expect((await failure(() => bedrock.chat().invoke("hi", { maxRetries: -1 }))).kind).toBe("config");
});

test("a stream that breaks is an error with the partial message", async () => {
  await bedrock.fault({ insert: [{ kind: "exception", at: 5, exception_type: "modelStreamErrorException", message: "the model fell over" }] });
  const error = await failure(() => gather(bedrock.chat().stream("Hello")));
  expect(error).toBeInstanceOf(BedrockChatError);
  expect(error.message).toContain("the model fell over");
  expect(error.partial.text.length).toBeGreaterThan(0);
});

test("maxConcurrency limits concurrent calls", async () => {
  await bedrock.fault({ delay_ms: 40, forever: true });
  let open = 0;
  let most = 0;
  const counting = async (url, init) => {
    most = Math.max(most, ++open);
    try {
      return await fetch(url, init);
    } finally {
      open--;
    }
  };
  await bedrock.chat({ maxConcurrency: 2, fetchFn: counting }).batch(["a", "b", "c", "d", "e"]);
  expect(most).toBe(2);
});

test("every model answers and streams, and calls tools if it supports them", async () => {
  const models = ["amazon.nova-lite-v1:0", "meta.llama3-1-8b-instruct-v1:0", "mistral.mistral-7b-instruct-v0:2", "cohere.command-r-v1:0", "amazon.titan-text-express-v1", "us.deepseek.r1-v1:0", "qwen.qwen3-32b-v1:0", "openai.gpt-oss-20b-1:0", "ai21.jamba-1-5-mini-v1:0"];
  for (const model of models) {
    const chat = bedrock.chat({ model });
    const reply = await chat.invoke([["system", "Be brief."], ["human", "Hello"]]);
    expect(reply.text, model).toContain("Hello");
    expect((await gather(chat.stream([["system", "Be brief."], ["human", "Hello"]]))).whole.text, model).toBe(reply.text);
  }
  for (const model of ["amazon.nova-lite-v1:0", "qwen.qwen3-32b-v1:0", "cohere.command-r-v1:0"]) {
    const chat = bedrock.chat({ model }).bindTools([weather]);
    const { whole } = await gather(chat.stream("get_weather in Paris"));
    for (const { tool_calls } of [await chat.invoke("get_weather in Paris"), whole]) {
      expect(tool_calls, model).toMatchObject([{ name: "get_weather", args: { location: "Paris" } }]);
    }
  }
});

test("a conversation can be converted to a prompt", async () => {
  const { convertMessagesToPrompt, convertMessagesToPromptAnthropic } = await import("bedrock-chat/langchain");
  const theirs = await import("@langchain/community/chat_models/bedrock/web");
  const conversation = [new HumanMessage("Hi"), new AIMessage("Hello"), new HumanMessage("Bye")];
  expect(convertMessagesToPrompt(conversation, "anthropic")).toBe(theirs.convertMessagesToPrompt(conversation, "anthropic"));
  expect(convertMessagesToPromptAnthropic(conversation.slice(0, 2))).toBe(theirs.convertMessagesToPromptAnthropic(conversation.slice(0, 2)));
});
