// LangChain's public standard integration tests of chat models, nothing skipped.
import { AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage, getBufferString } from "@langchain/core/messages";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { expect, test } from "vitest";
import { z } from "zod";
import { THINKER, gather, localBedrock } from "./support/bedrock.js";

const bedrock = localBedrock();
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=";

const adder = z.object({ a: z.number().int().describe("The first"), b: z.number().int().describe("The second") }).describe("Add two integers");
const adderTool = tool(({ a, b }) => JSON.stringify({ result: a + b }), { name: "AdderTool", description: "Add two integers", schema: adder });
const place = z.object({ location: z.string().describe("The city") });
const weather = tool(() => "It is 70 degrees and sunny in San Francisco.", { name: "get_current_weather", description: "The weather", schema: place });
const time = tool(() => "12:02", { name: "get_current_time", description: "The time", schema: place });
const sum = ChatPromptTemplate.fromMessages([
  ["system", "You are bad at math and must ALWAYS call the {toolName} function."],
  ["human", "What is the sum of 1836281973 and 19973286? Use {toolName}."],
]);
const toolName = "math_addition";

test("invoke answers with a message", async () => {
  const reply = await bedrock.chat().invoke("Hello");
  expect(reply).toBeInstanceOf(AIMessage);
  expect(reply.text).toMatch(/Hello/);
});

test("a stream is of chunks with content", async () => {
  const { chunks, whole } = await gather(bedrock.chat().stream("Hello"));
  expect(chunks.length).toBeGreaterThan(3);
  for (const chunk of chunks) expect(chunk).toBeInstanceOf(AIMessageChunk);
  expect(whole.text).toBe((await bedrock.chat().invoke("Hello")).text);
});

test("a batch returns a reply for each conversation", async () => {
  const replies = await bedrock.chat().batch(["Hello", "Hey"]);
  expect(replies.map((reply) => [reply instanceof AIMessage, /Hello|Hey/.test(reply.text)])).toEqual([[true, true], [true, true]]);
});

test("stream events have a start, deltas and an end, and merge into the message", async () => {
  const events = [];
  for await (const event of bedrock.chat().streamEvents("Hello", { version: "v2" })) events.push(event);
  expect(events[0].event).toBe("on_chat_model_start");
  expect(events.at(-1).event).toBe("on_chat_model_end");
  expect(events[Math.floor(events.length / 2)].event).toBe("on_chat_model_stream");
  const pieces = events.filter(({ event }) => event === "on_chat_model_stream").map(({ data }) => data.chunk.text);
  expect(events.at(-1).data.output.text).toBe(pieces.join(""));
});

test("a conversation is answered, also with two messages of one role in a row", async () => {
  const turns = [new HumanMessage("hello"), new AIMessage("hello"), new HumanMessage("how are you")];
  expect((await bedrock.chat().invoke(turns)).text).toMatch(/how are you/);
  const doubled = [new SystemMessage("hello"), new SystemMessage("hello"), new HumanMessage("hello"), ...turns.slice(0, 2), new AIMessage("hello"), turns[2]];
  expect((await bedrock.chat().invoke(doubled)).text).toMatch(/how are you/);
});

test("usage and the model's name are reported, also for a stream", async () => {
  const reply = await bedrock.chat().invoke("Hello");
  const { whole } = await gather(bedrock.chat().stream("Hello"));
  for (const message of [reply, whole]) {
    const { input_tokens, output_tokens, total_tokens } = message.usage_metadata;
    expect(input_tokens).toBeGreaterThan(0);
    expect(total_tokens).toBe(input_tokens + output_tokens);
    expect(message.response_metadata.model_name).toBe("claude-3-5-sonnet-20240620");
  }
  expect(whole.usage_metadata).toEqual(reply.usage_metadata);
});

test("the model's name is reported if the service names none", async () => {
  for (const fields of [{ api: "converse" }, { model: "amazon.nova-lite-v1:0" }, { model: "amazon.titan-text-express-v1" }]) {
    const model = bedrock.chat(fields);
    const { whole } = await gather(model.stream("Hello"));
    for (const { response_metadata } of [await model.invoke("Hello"), whole]) expect([response_metadata.model, response_metadata.model_name]).toEqual([model.model, model.model]);
  }
});

test("usage has the details of cached tokens and reasoning tokens", async () => {
  const long = { type: "text", text: "A long prompt. ".repeat(2000), cache_control: { type: "ephemeral" } };
  const messages = [new SystemMessage({ content: [long] }), new HumanMessage("Hello")];
  const model = bedrock.chat({ model: THINKER });
  const details = async () => (await model.invoke(messages)).usage_metadata;
  const first = await details();
  expect(first.input_token_details.cache_creation).toBeGreaterThan(1000);
  expect(first.input_tokens).toBeGreaterThan(first.input_token_details.cache_creation);
  expect((await details()).input_token_details.cache_read).toBe(first.input_token_details.cache_creation);
  const { whole } = await gather(model.stream(messages));
  expect(whole.usage_metadata.input_token_details.cache_read).toBe(first.input_token_details.cache_creation);
  expect(whole.usage_metadata.input_tokens).toBe(first.input_tokens);
});

test("stop sequences of a call and of the model end the answer", async () => {
  const { text } = await bedrock.chat().invoke("hi");
  const cut = text.slice(0, text.indexOf("You"));
  const replies = [
    await bedrock.chat().invoke("hi", { stop: ["You"] }),
    await bedrock.chat({ stop: ["You"] }).invoke("hi"),
    await bedrock.chat().withConfig({ stop: ["You"] }).invoke("hi"),
    (await gather(bedrock.chat().stream("hi", { stop: ["You"] }))).whole,
  ];
  for (const reply of replies) {
    expect(reply.text).toBe(cut);
    expect([reply.response_metadata.stop_reason, reply.response_metadata.stop_sequence]).toEqual(["stop_sequence", "You"]);
  }
});

test("a tool is called with its arguments", async () => {
  const reply = await bedrock.chat().bindTools([adderTool]).invoke("What is the value of adderTool(1, 2)? Use the tool.");
  expect(reply.tool_calls).toEqual([{ name: "AdderTool", args: { a: 1, b: 2 }, id: expect.stringMatching(/^toolu_/), type: "tool_call" }]);
});

test("tools of every form are accepted, also in one list", async () => {
  const runnable = RunnableLambda.from(() => "").asTool({ name: toolName, description: "Add", schema: adder });
  const schema = toJsonSchema(adder);
  const forms = [
    runnable,
    { type: "function", function: { name: toolName, description: "Add", parameters: schema } },
    { name: toolName, description: "Add", input_schema: schema },
    { name: toolName, description: "Add", schema: adder },
    { toolSpec: { name: toolName, description: "Add", inputSchema: { json: schema } } },
  ];
  for (const form of forms) {
    const reply = await sum.pipe(bedrock.chat().bindTools([form])).invoke({ toolName });
    expect(reply.tool_calls).toMatchObject([{ name: toolName, args: { a: 1836281973, b: 19973286 } }]);
  }
  const mixed = await sum.pipe(bedrock.chat().bindTools([weather, ...forms.slice(1, 2), { name: "other", input_schema: schema }])).invoke({ toolName });
  expect(mixed.tool_calls[0].name).toBe(toolName);
});

test("histories with tool calls are accepted, with text content or a list", async () => {
  const call = { name: "AdderTool", args: { a: 1, b: 2 }, id: "abc123", type: "tool_call" };
  const model = bedrock.chat().bindTools([adderTool]);
  const result = new ToolMessage({ content: '{"result":3}', tool_call_id: "abc123", name: "AdderTool" });
  for (const content of ["", [{ type: "text", text: "some text" }, { type: "tool_use", id: "abc123", name: "AdderTool", input: call.args }]]) {
    const history = [new HumanMessage("What is 1 + 2"), new AIMessage({ content, tool_calls: [call] }), result];
    expect((await model.invoke(history)).text).toContain('{"result":3}');
    expect((await model.invoke([...history, new AIMessage("3"), new HumanMessage("What is 3 + 4? Use AdderTool")])).tool_calls[0].args).toEqual({ a: 3, b: 4 });
  }
});

test("structured output returns values that fit a schema, also with the message", async () => {
  const model = bedrock.chat();
  const value = await sum.pipe(model.withStructuredOutput(adder, { name: toolName })).invoke({ toolName });
  expect(value).toEqual({ a: 1836281973, b: 19973286 });
  const both = await sum.pipe(model.withStructuredOutput(adder, { name: toolName, includeRaw: true })).invoke({ toolName });
  expect(both.raw).toBeInstanceOf(AIMessage);
  expect(both.parsed).toEqual(value);
  const plain = await sum.pipe(model.withStructuredOutput(toJsonSchema(adder), { name: toolName })).invoke({ toolName });
  expect(plain).toEqual(value);
});

test("structured output accepts a schema with arbitrary records", async () => {
  const schema = z.object({
    decision: z.enum(["UseAPI", "UseFallback"]),
    explanation: z.string(),
    apiDetails: z.object({ serviceName: z.string(), parameters: z.record(z.string(), z.unknown()), extractionPath: z.string() }),
  });
  const value = await bedrock.chat().withStructuredOutput(schema, { name: "service_tool" }).invoke("I want to use the UseAPI because it's faster.");
  expect(value.decision).toBe("UseAPI");
  expect(typeof value.apiDetails.parameters).toBe("object");
});

test("cache points in messages of blocks are used", async () => {
  const model = bedrock.chat({ cache: true });
  const message = new HumanMessage({ content: [{ type: "text", text: "Hello there!" }] });
  await model.invoke([message]);
  const key = model._getSerializedCacheKeyParametersForCall({});
  const cached = await model.cache.lookup(getBufferString([message]), key);
  expect(cached).toHaveLength(1);
  expect(await model.invoke([message])).toEqual(cached[0].message);
  expect(await bedrock.requests()).toHaveLength(1);
});

test("tool calls and usage of a stream are merged", async () => {
  const { chunks, whole } = await gather(sum.pipe(bedrock.chat().bindTools([{ name: toolName, schema: adder }])).stream({ toolName }));
  expect(whole.tool_calls).toMatchObject([{ name: toolName, args: { a: 1836281973, b: 19973286 } }]);
  expect(whole.usage_metadata.input_tokens).toBeGreaterThan(0);
  expect(whole.usage_metadata.output_tokens).toBeGreaterThan(0);
  expect(chunks.filter((chunk) => chunk.tool_call_chunks.length).length).toBeGreaterThan(2);
});

test("a tool call, its result and the answer form a conversation, streamed or not", async () => {
  const model = bedrock.chat().bindTools([weather]);
  const question = new HumanMessage("What's the weather like in San Francisco right now? Use the 'get_current_weather' tool.");
  const ways = [(messages) => model.invoke(messages), async (messages) => (await gather(model.stream(messages))).whole];
  for (const ask of ways) {
    const reply = await ask([question]);
    const [call] = reply.tool_calls;
    expect(call).toMatchObject({ name: "get_current_weather", args: { location: "San Francisco" } });
    const answer = await ask([question, reply, await weather.invoke(call)]);
    expect(answer.text).toContain("70 degrees");
    expect(answer.tool_calls).toEqual([]);
  }
});

test("several tools are called in parallel, streamed or not, and their results accepted", async () => {
  const model = bedrock.chat().bindTools([weather, time]);
  const question = "What's the weather and current time in San Francisco?\nALWAYS call 'get_current_weather' and 'get_current_time'.";
  const reply = await model.invoke(question);
  const { whole } = await gather(model.stream(question));
  for (const { tool_calls } of [reply, whole]) {
    expect(tool_calls.map(({ name }) => name).sort()).toEqual(["get_current_time", "get_current_weather"]);
  }
  const results = reply.tool_calls.map(({ id, name }) => new ToolMessage({ tool_call_id: id, name, content: `${name} is fine` }));
  const answer = await model.invoke([new HumanMessage(question), reply, ...results]);
  expect(answer.tool_calls).toEqual([]);
  expect(answer.text).toContain("get_current_time is fine");
});

test("a failed tool result is sent as an error", async () => {
  const model = bedrock.chat().bindTools([weather]);
  const reply = await model.invoke("weather in Paris");
  const failed = new ToolMessage({ tool_call_id: reply.tool_calls[0].id, content: "no such place", status: "error" });
  expect((await model.invoke([new HumanMessage("weather in Paris"), reply, failed])).text).toContain("failed: no such place");
  expect((await bedrock.body()).messages.at(-1).content[0].is_error).toBe(true);
});

test("images, files and texts of LangChain's standard blocks are sent", async () => {
  const blocks = [
    [{ type: "text", source_type: "text", text: "Hello from a text block!" }, /Hello from a text block/],
    [{ type: "image", source_type: "base64", data: PNG, mime_type: "image/png" }, /image\/png/],
    [{ type: "image", source_type: "url", url: `data:image/png;base64,${PNG}` }, /image\/png/],
    [{ type: "image", data: PNG, mimeType: "image/png" }, /image\/png/],
    [{ type: "image", data: Uint8Array.from(atob(PNG), (sign) => sign.charCodeAt(0)), mimeType: "image/png" }, /image\/png/],
    [{ type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } }, /image\/png/],
    [{ type: "file", source_type: "text", text: "Hello, World!", metadata: { filename: "hello.txt" } }, /text\/plain/],
    [{ type: "file", source_type: "base64", data: btoa("%PDF-1.4"), mime_type: "application/pdf", metadata: { filename: "a.pdf" } }, /application\/pdf/],
  ];
  for (const [block, expected] of blocks) {
    const reply = await bedrock.chat().invoke([new HumanMessage({ content: [block, { type: "text", text: "Describe it" }] })]);
    expect(reply.text).toMatch(expected);
  }
});
