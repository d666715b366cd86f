// Schemas and JSON, tested with the same vectors as the crate's own tests.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import { project } from "./support/project.mjs";
import { context } from "./suite/bedrock.js";
import { answer, claude, speaks } from "./suite/frames.js";

const api = await import(pathToFileURL(join(project, "entry.js")));
const { PartialJson, jsonIn } = await import(pathToFileURL(join(project, "node_modules/bedrock-chat/bedrock_chat.js")));
const { mock } = context(api, "https://bedrock.example");
const vectors = (name) => JSON.parse(readFileSync(fileURLToPath(new URL(`../../tests/vectors/structured/${name}.json`, import.meta.url)), "utf8"));

/** A model that can be forced to call a tool. */
const OLD = "anthropic.claude-3-5-sonnet-20240620-v1:0";
const STRICT = { model: "us.anthropic.claude-sonnet-4-6", streaming: true };
const body = (fetch, at = 0) => JSON.parse(new TextDecoder().decode(fetch.calls[at].init.body));

/** The body of a call to Claude. */
async function sent(ask) {
  const fetch = speaks(answer("ok"));
  await ask(mock(fetch, STRICT)).invoke("x");
  return body(fetch);
}

test("partial json matches the vectors", () => {
  for (const { pieces, arrays, values } of vectors("json").partial) {
    const partial = new PartialJson(Boolean(arrays));
    const made = pieces.map((piece) => partial.push(piece)).filter((value) => value !== undefined);
    assert.deepEqual(made.map((value) => JSON.parse(value)), values, JSON.stringify(pieces));
  }
});

test("embedded json matches the vectors", () => {
  for (const { text, arrays, value } of vectors("json").embedded) {
    let found;
    try {
      found = JSON.parse(jsonIn(text, Boolean(arrays)));
    } catch {
      // There is no value.
    }
    assert.deepEqual(found, value, text);
  }
});

test("values of whole and cut replies match the vectors", async () => {
  for (const { reply, list, method = "functionCalling", value, error } of vectors("replies").replies) {
    const fetch = async () => new Response(JSON.stringify(reply), { headers: { "content-type": "application/json" } });
    const asked = mock(fetch, { model: OLD }).withStructuredOutput({ title: "t", type: list ? "array" : "object" }, { method }).invoke("x");
    if (!error) assert.deepEqual(await asked, value, JSON.stringify(reply));
    else await assert.rejects(asked, ({ kind, message, partial }) => kind === "decode" && message === error && partial.content !== undefined, error);
  }
});

test("tool schema unions match the vectors", async () => {
  for (const { schema, sent: expected, rule, error } of vectors("schemas").tools) {
    const ask = sent((model) => model.bindTools([{ name: "t", schema }]));
    if (error) {
      await assert.rejects(ask, ({ kind, message }) => kind === "config" && message.includes(error) && message.includes('"t"'));
      continue;
    }
    const [{ input_schema, description }] = (await ask).tools;
    assert.deepEqual([input_schema, description], [expected, rule], JSON.stringify(schema));
  }
});

test("closed schemas match the vectors in strict tools and response formats", async () => {
  for (const { schema, sent: expected, error } of vectors("schemas").closed) {
    const format = sent((model) => model.withOptions({ responseFormat: { name: "t", schema } }));
    const tool = sent((model) => model.bindTools([{ name: "t", schema, strict: true }]));
    if (error) {
      await assert.rejects(format, ({ kind, message }) => kind === "config" && message.includes(error));
      // A tool's `{"type": "object"}` means no arguments.
      if (Object.keys(schema).length > 1) await assert.rejects(tool, ({ kind, message }) => kind === "config" && message.includes('"t"'));
      else await tool;
      continue;
    }
    assert.deepEqual((await format).output_config.format.schema, expected, JSON.stringify(schema));
    const [{ input_schema, strict }] = (await tool).tools;
    assert.deepEqual([strict, input_schema.additionalProperties], [true, false], JSON.stringify(schema));
  }
});

const scored = z.object({ score: z.number().min(0).max(1), tags: z.array(z.string()).max(3) });
const CLOSED = {
  type: "object",
  properties: {
    score: { type: "number", description: "minimum: 0, maximum: 1" },
    tags: { type: "array", items: { type: "string" }, description: "maxItems: 3" },
  },
  required: ["score", "tags"],
  additionalProperties: false,
};

test("zod schemas are closed in response formats, strict tools and structured output", async () => {
  const format = await sent((model) => model.withOptions({ responseFormat: { name: "t", schema: scored } }));
  assert.deepEqual(format.output_config.format.schema, CLOSED);
  const { tools: [tool] } = await sent((model) => model.bindTools([{ name: "t", schema: scored, strict: true }]));
  assert.deepEqual([tool.input_schema, tool.strict], [CLOSED, true]);
  const fetch = speaks(answer('{"score":1,"tags":[]}'));
  const value = await mock(fetch, { ...STRICT, reasoning: "low" }).withStructuredOutput(scored).invoke("x");
  assert.deepEqual([value, body(fetch).output_config.format.schema], [{ score: 1, tags: [] }, CLOSED]);
});

test("structured output of a map asks in the prompt, and the method jsonSchema refuses it", async () => {
  const map = z.object({ counts: z.record(z.string(), z.number()) });
  const fetch = speaks(answer('{"counts":{"a":1}}'));
  const model = mock(fetch, { ...STRICT, reasoning: "low" });
  assert.deepEqual(await model.withStructuredOutput(map).invoke("x"), { counts: { a: 1 } });
  assert.equal(body(fetch).output_config.format, undefined);
  await assert.rejects(model.withStructuredOutput(map, { method: "jsonSchema" }).invoke("x"), ({ kind, message }) => kind === "config" && message.includes("map"));
  // Reasoning is off, as it excludes a forced tool.
  await assert.rejects(mock(fetch, STRICT).withStructuredOutput(map, { method: "functionCalling", strict: true }).invoke("x"), ({ kind, message }) => kind === "config" && message.includes("strict"));
});

test("structured output falls back once if the service refuses the method", async () => {
  const said = [claude.start(), claude.block(0, { type: "tool_use", id: "t", name: "extract", input: {} }), claude.args(0, '{"score":1,"tags":[]}'), claude.end(0), claude.stop("tool_use"), claude.over()];
  const refused = (fetch, message, times) => {
    const asked = async (url, init) => {
      asked.calls.push({ url, init });
      if (asked.calls.length > times) return fetch(url, init);
      const headers = { "content-type": "application/json", "x-amzn-errortype": "ValidationException" };
      return new Response(JSON.stringify({ message }), { status: 400, headers });
    };
    asked.calls = [];
    return asked;
  };
  const fetch = refused(speaks(said), "tools.0.custom.strict: Extra inputs are not permitted", 1);
  assert.deepEqual(await mock(fetch, STRICT).withStructuredOutput(scored).invoke("x"), { score: 1, tags: [] });
  assert.deepEqual([body(fetch).tools[0].strict, body(fetch, 1).tools[0].strict, fetch.calls.length], [true, undefined, 2]);
  const twice = refused(speaks(said), "output_config.format: Extra inputs are not permitted", 9);
  const values = mock(twice, STRICT).withStructuredOutput(scored).stream("x");
  await assert.rejects(values, ({ kind, message }) => kind === "validation" && message.includes("another `method`"));
  assert.equal(twice.calls.length, 2);
});

test("partial values do not change numbers, and skip brackets in prose", async () => {
  const stream = async (...texts) => {
    const values = [];
    const model = mock(speaks(answer(...texts)), STRICT);
    for await (const value of await model.withStructuredOutput({ type: "object", properties: { a: { type: "integer" } } }, { method: "jsonMode" }).stream("x")) values.push(value);
    return values;
  };
  assert.deepEqual(await stream('{"a":1', "2", "}"), [{}, { a: 12 }]);
  assert.deepEqual(await stream("As in [1] and {x}: ", '{"a":1', "2}"), [{}, { a: 12 }]);
});
