// withStructuredOutput with all its methods.
import { readFileSync } from "node:fs";
import { OutputParserException } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { expect, test } from "vitest";
import { z } from "zod";
import { z as z3 } from "zod/v3";
import { THINKER, gather, localBedrock } from "./support/bedrock.js";

const bedrock = localBedrock();
const joke = z.object({ setup: z.string(), rating: z.number() }).describe("A joke");
const JOKE = { setup: "local setup", rating: 1 };
/** A schema that the local Bedrock's answer does not match. */
const strict = joke.extend({ rating: z.number().refine((value) => value > 5, "must be above five") });

test("the model is forced to call the tool of the value", async () => {
  expect(await bedrock.chat().withStructuredOutput(joke, { name: "Joke" }).invoke("tell one")).toEqual(JOKE);
  const body = await bedrock.body();
  expect(body.tool_choice).toMatchObject({ type: "tool", name: "Joke" });
  expect(body.tools).toMatchObject([{ name: "Joke", description: "A joke", input_schema: { type: "object", required: ["setup", "rating"] } }]);
});

test("schemas of zod 3 and 4, JSON Schema and tools of every form have equal results", async () => {
  const json = { title: "Joke", type: "object", properties: { setup: { type: "string" }, rating: { type: "number" } }, required: ["setup", "rating"] };
  for (const schema of [joke, z3.object({ setup: z3.string(), rating: z3.number() }), json]) {
    expect(await bedrock.chat().withStructuredOutput(schema).invoke("tell one")).toEqual(JOKE);
  }
  const named = { name: "Joke", description: "A joke" };
  const tools = [
    { ...named, parameters: json },
    { type: "function", function: { ...named, parameters: json } },
    { ...named, input_schema: json },
    { ...named, schema: joke },
    tool(() => "", { ...named, schema: joke }),
  ];
  for (const schema of tools) {
    expect(await bedrock.chat().withStructuredOutput(schema).invoke("tell one")).toEqual(JOKE);
    expect((await bedrock.body()).tools).toMatchObject([{ name: "Joke", description: "A joke", input_schema: { required: ["setup", "rating"] } }]);
  }
});

test("values other than objects are returned unchanged", async () => {
  expect(await bedrock.chat().withStructuredOutput(z.array(z.string())).invoke("tell some")).toEqual([expect.any(String)]);
});

test("each method sends its own request", async () => {
  for (const method of ["functionCalling", "jsonSchema"]) {
    expect(await bedrock.chat({ model: THINKER }).withStructuredOutput(joke, { method }).invoke("tell one"), method).toEqual(JOKE);
  }
  await expect(bedrock.chat().withStructuredOutput(joke, { method: "jsonMode" }).invoke([["system", "Be brief."], ["human", "tell one"]])).rejects.toThrow(/no JSON value/);
  expect(JSON.stringify((await bedrock.body()).system)).toMatch(/Be brief\.[^]*fits this JSON Schema/);
  expect(await bedrock.chat().withStructuredOutput(joke, { method: "jsonMode" }).invoke('{"setup":"s","rating":2}')).toEqual({ setup: "s", rating: 2 });
  expect(() => bedrock.chat().withStructuredOutput(joke, { method: "magic" })).toThrow(/`method` must be one of/);
});

test("JSON mode is used for a model that reasons and cannot be forced to call a tool", async () => {
  const model = bedrock.chat({ model: THINKER, reasoning: 2048, maxTokens: 4000 });
  expect(await model.withStructuredOutput(joke).invoke("tell one")).toEqual(JOKE);
  expect((await bedrock.body()).tool_choice).toBeUndefined();
});

test("functionCalling is refused before sending if the model reasons or cannot be forced", async () => {
  for (const fields of [{ model: THINKER, reasoning: 2048, maxTokens: 4000 }, { model: "us.meta.llama4-scout-17b-instruct-v1:0", api: "converse" }]) {
    const held = bedrock.chat(fields).withStructuredOutput(joke, { method: "functionCalling" });
    await expect(held.invoke("tell one")).rejects.toThrow(/functionCalling is not supported for this call; leave `method` unset/);
    await expect(gather(held.stream("tell one"))).rejects.toMatchObject({ kind: expect.stringMatching(/config|unsupported/), attempts: 0 });
  }
  expect(await bedrock.requests()).toEqual([]);
});

test("streamed values grow, and the last one is complete and checked", async () => {
  for (const method of ["functionCalling", "jsonSchema"]) {
    const values = [];
    for await (const value of await bedrock.chat({ model: THINKER }).withStructuredOutput(joke, { method }).stream("tell one")) values.push(value);
    expect(values.length, method).toBeGreaterThan(1);
    expect(values.at(-1), method).toEqual(JOKE);
  }
});

test("stream with includeRaw has the answer's pieces and then the value, which merge into the result of invoke", async () => {
  for (const method of ["functionCalling", "jsonSchema"]) {
    const structured = bedrock.chat({ model: THINKER }).withStructuredOutput(joke, { method, includeRaw: true });
    const { chunks, whole } = await gather(structured.stream("tell one"));
    expect(chunks.slice(0, -1).every((chunk) => Object.keys(chunk).join() === "raw"), method).toBe(true);
    expect(chunks.length, method).toBeGreaterThan(4);
    expect(chunks.at(-1)).toEqual({ parsed: JOKE });
    const { raw, parsed } = await structured.invoke("tell one");
    expect([whole.raw.text, whole.raw.tool_calls.map(({ args }) => args), whole.parsed]).toEqual([raw.text, raw.tool_calls.map(({ args }) => args), parsed]);
  }
  const { chunks } = await gather(bedrock.chat().withStructuredOutput(strict, { includeRaw: true }).stream("tell one"));
  expect(chunks.at(-1)).toEqual({ parsed: null, parsingError: expect.any(OutputParserException) });
});

test("the error of a value that does not fit has the reason, and includeRaw returns the message", async () => {
  const failing = bedrock.chat().withStructuredOutput(strict).invoke("tell one");
  await expect(failing).rejects.toThrow(OutputParserException);
  await expect(failing).rejects.toThrow(/rating: must be above five/);
  const { raw, parsed, parsingError } = await bedrock.chat().withStructuredOutput(strict, { includeRaw: true }).invoke("tell one");
  expect([parsed, raw.tool_calls.length]).toEqual([null, 1]);
  expect(parsingError.message).toContain("must be above five");
});

test("a value that was cut is an error, streamed or not", async () => {
  const structured = bedrock.chat({ maxTokens: 8 }).withStructuredOutput(z.object({ setup: z.string() }));
  await expect(structured.invoke("tell one")).rejects.toThrow(/max_tokens/);
  await expect((async () => {
    for await (const value of await structured.stream("tell one")) void value;
  })()).rejects.toThrow(/max_tokens/);
});

test("values of whole and cut replies match the vectors of the crate", async () => {
  const file = new URL("../../../tests/vectors/structured/replies.json", import.meta.url);
  for (const { reply, list, method = "functionCalling", value, error } of JSON.parse(readFileSync(file, "utf8")).replies) {
    const fetchFn = async () => new Response(JSON.stringify(reply), { headers: { "content-type": "application/json" } });
    const asked = bedrock.chat({ fetchFn }).withStructuredOutput({ title: "t", type: list ? "array" : "object" }, { method }).invoke("x");
    if (!error) expect(await asked, JSON.stringify(reply)).toEqual(value);
    else await expect(asked, error).rejects.toThrow(error);
  }
});

test("structured output works in a chain with a prompt and tools, and its trace has the schema", async () => {
  let extra;
  const callbacks = [{ handleChatModelStart: (llm, messages, runId, parent, given) => void (extra = given) }];
  const prompt = ChatPromptTemplate.fromMessages([["human", "tell one about {topic}"]]);
  const value = await prompt.pipe(bedrock.chat().withStructuredOutput(joke)).invoke({ topic: "cats" }, { callbacks });
  expect(value).toEqual(JOKE);
  expect(extra.options.ls_structured_output_format).toEqual({ kwargs: { method: "functionCalling" }, schema: toJsonSchema(joke) });
  const [first, second] = await bedrock.chat().withStructuredOutput(joke).batch(["one", "two"]);
  expect([first, second]).toEqual([JOKE, JOKE]);
});

test("schemas of LangChain's tools are converted once, with their descriptions", async () => {
  const search = tool(() => "", { name: "search", description: "Finds", schema: z.object({ query: z.string().describe("What for"), limit: z.number().int().max(5).optional() }) });
  await bedrock.chat().bindTools([search]).invoke("hello");
  const [{ input_schema }] = (await bedrock.body()).tools;
  expect(input_schema.properties.query).toMatchObject({ type: "string", description: "What for" });
  expect(input_schema.properties.limit).toMatchObject({ type: "integer", maximum: 5 });
  expect(input_schema.required).toEqual(["query"]);
});

test("strict is not added to tools in a provider's own form", async () => {
  const native = { type: "bash_20250124", name: "bash" };
  const search = { name: "search", input_schema: { type: "object", properties: { a: { type: "string", minLength: 1 } } } };
  await bedrock.chat({ model: THINKER }).bindTools([search, native], { strict: true }).invoke("hello");
  const { tools } = await bedrock.body();
  expect(tools[1]).toEqual(native);
  expect(tools[0]).toMatchObject({ strict: true, input_schema: { additionalProperties: false, properties: { a: { description: "minLength: 1" } } } });
});

test("strict: false is left out for models without strict tools", async () => {
  const search = { name: "search", input_schema: { type: "object", properties: { a: { type: "string" } } } };
  await bedrock.chat().bindTools([search], { strict: false }).invoke("hello");
  expect((await bedrock.body()).tools[0].strict).toBeUndefined();
});
