import { equal, fails, includes, ok } from "./check.js";
import { claude, speaks } from "./frames.js";
import { sender } from "./sent.js";

const joke = { title: "Joke", type: "object", properties: { setup: { type: "string" }, rating: { type: "integer" } }, required: ["setup", "rating"] };

/** A Standard Schema of no library: ratings must be even. */
const even = {
  "~standard": {
    version: 1,
    vendor: "test",
    jsonSchema: { input: () => joke },
    validate: async (value) => (value.rating % 2 ? { issues: [{ path: ["rating"], message: "must be even" }] } : { value: { ...value, checked: true } }),
  },
};

const called = (...pieces) => speaks([
  claude.start(), claude.block(0, { type: "tool_use", id: "t", name: "Joke", input: {} }), ...pieces.map((piece) => claude.args(0, piece)),
  claude.end(0), claude.stop("tool_use"), claude.over(),
]);
const said = (text) => speaks([claude.start(), claude.block(0, { type: "text", text: "" }), claude.text(0, text), claude.end(0), claude.stop(), claude.over()]);

export const structured = [
  ["structured output uses the best method that the model supports", async ({ chat, bedrock }) => {
    const models = { "anthropic.claude-3-5-sonnet-20240620-v1:0": "tool_choice", "amazon.nova-lite-v1:0": "toolChoice", "meta.llama3-70b-instruct-v1:0": "JSON Schema" };
    for (const [model, part] of Object.entries(models)) {
      await bedrock.clear();
      const held = chat({ model, maxTokens: 500 }).withStructuredOutput(joke);
      const value = await held.invoke([["system", "Be funny."], ["human", "Tell me a joke"]]).catch((error) => error);
      includes((await bedrock.requests())[0].body, part);
      if (part !== "JSON Schema") ok(typeof value.setup === "string" && Number.isInteger(value.rating), JSON.stringify(value));
    }
    const thinking = chat({ model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", reasoning: 2000, maxTokens: 4000 });
    const value = await thinking.withStructuredOutput(joke).invoke("Tell me a joke");
    ok(typeof value.setup === "string", "a thinking model cannot be forced to call a tool");
  }],

  ["structured output method that the model does not support is refused with advice", async (given) => {
    const { chat, count } = sender(given);
    const cannot = [{ model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", reasoning: 2000, maxTokens: 4000 }, { model: "us.meta.llama4-scout-17b-instruct-v1:0", api: "converse" }];
    for (const fields of cannot) {
      const held = chat(fields).withStructuredOutput(joke, { method: "functionCalling" });
      for (const way of ["invoke", "stream"]) {
        const error = await fails(() => held[way]("hello"));
        ok(["config", "unsupported"].includes(error.kind), error.kind);
        includes(error.message, "the method functionCalling is not supported for this call; leave `method` unset");
      }
    }
    equal(count(), 0);
    await fails(() => chat(cannot[0]).withStructuredOutput(joke).invoke("hello"), "interrupted");
  }],

  ["schema may be inside a tool of any form, and gets the tool's name", async ({ chat, bedrock }) => {
    const forms = [
      { name: "Pun", parameters: joke }, { name: "Pun", schema: joke }, { name: "Pun", schema: even },
      { name: "Pun", description: "A pun", input_schema: joke }, { type: "function", function: { name: "Pun", parameters: joke } },
    ];
    for (const form of forms) {
      await bedrock.clear();
      await chat().withStructuredOutput(form).invoke("Tell me a joke").catch(() => {});
      const { tools, tool_choice } = JSON.parse((await bedrock.requests())[0].body);
      equal(tools[0].input_schema, joke, JSON.stringify(form));
      equal([tools[0].name, tool_choice.name], ["Pun", "Pun"]);
    }
  }],

  ["schema of a library checks and converts the value", async ({ mock }) => {
    const streaming = { streaming: true };
    equal(await mock(called('{"setup":"Why?","rating":4}'), streaming).withStructuredOutput(even, { name: "Joke" }).invoke("x"), { setup: "Why?", rating: 4, checked: true });
    const error = await fails(() => mock(called('{"setup":"Why?","rating":5}'), streaming).withStructuredOutput(even, { name: "Joke" }).invoke("x"), "decode");
    includes(error.message, "rating: must be even");
    equal(error.partial.tool_calls[0].args.rating, 5);
  }],

  ["includeRaw returns the reply with the value, or with the reason why there is none", async ({ mock }) => {
    const raw = (fetch) => mock(fetch, { streaming: true }).withStructuredOutput(even, { name: "Joke", includeRaw: true }).invoke("x");
    const good = await raw(called('{"setup":"Why?","rating":4}'));
    equal([good.parsed.checked, good.raw.tool_calls.length, good.parsingError], [true, 1, undefined]);
    const bad = await raw(called('{"setup":"Why?","rating":5}'));
    equal([bad.parsed, bad.parsingError.kind], [null, "decode"]);
  }],

  ["structured output that was cut off is an error", async ({ mock }) => {
    const fetch = speaks([claude.start(), claude.block(0, { type: "tool_use", id: "t", name: "Joke", input: {} }), claude.args(0, '{"setup":"Wh'), claude.end(0), claude.stop("max_tokens"), claude.over()]);
    const error = await fails(() => mock(fetch, { streaming: true }).withStructuredOutput(joke).invoke("x"), "decode");
    includes(error.message, "max_tokens");
  }],

  ["structured stream yields increasingly complete values, and the checked one at its end", async ({ mock }) => {
    const stream = await mock(called('{"set', 'up":"Wh', 'y \\u00e', '9?","rat', 'ing":1', "2}")).withStructuredOutput(even, { name: "Joke" }).stream("x");
    const values = [];
    for await (const value of stream) values.push(value);
    equal(values, [
      {}, { setup: "Wh" }, { setup: "Why " }, { setup: "Why é?" }, { setup: "Why é?", rating: 12 },
      { setup: "Why é?", rating: 12, checked: true },
    ]);
    const bad = await mock(called('{"setup":"Why?","rating":5}')).withStructuredOutput(even, { name: "Joke" }).stream("x");
    includes((await fails(async () => { for await (const value of bad) ok(value); }, "decode")).message, "must be even");
  }],

  ["structured stream never removes a part of a value, however its text is cut", async ({ mock }) => {
    const whole = { setup: 'a"b\\c\n\u00e9 {[,:]}', rating: 12 };
    const text = JSON.stringify(whole, null, 1).replace("\u00e9", "\\u00e9");
    let last = "";
    let value;
    for await (value of await mock(called(...text)).withStructuredOutput(joke).stream("x")) {
      ok((value.setup ?? "").startsWith(last), `${JSON.stringify(value)} after ${last}`);
      last = value.setup ?? "";
    }
    equal(value, whole);
  }],

  ["structured stream of a long value does linear work", async ({ mock }) => {
    const whole = { setup: Array.from({ length: 3000 }, (_, number) => ({ number, text: "abc" })), rating: 1 };
    const pieces = JSON.stringify(whole).match(/.{1,5}/g);
    const lengths = [];
    let value;
    for await (value of await mock(called(...pieces)).withStructuredOutput({ title: "Joke", type: "object" }).stream("x")) lengths.push(value.setup?.length ?? 0);
    equal(value, whole);
    ok(lengths.length > 100 && lengths.length < pieces.length / 5, `${lengths.length} values of ${pieces.length} pieces`);
    ok(lengths.every((length, at) => at === 0 || length >= lengths[at - 1]));
  }],

  ["structured stream returns a deeply nested value at its end", async ({ mock }) => {
    const text = "[".repeat(20_000) + "]".repeat(20_000);
    let value;
    for await (value of await mock(said(text)).withStructuredOutput({ type: "array" }, { method: "jsonMode" }).stream("x"));
    ok(Array.isArray(value[0][0]));
  }],

  ["structured output of a non-object is wrapped in an object", async ({ mock }) => {
    const list = { title: "Joke", type: "array", items: { $ref: "#/$defs/item" }, $defs: { item: { type: "string" } } };
    const fetch = called('{"value":["a","b"]}');
    equal(await mock(fetch, { streaming: true }).withStructuredOutput(list).invoke("x"), ["a", "b"]);
    const { input_schema } = JSON.parse(new TextDecoder().decode(fetch.calls[0].init.body)).tools[0];
    equal([input_schema.type, input_schema.$defs.item.type, input_schema.properties.value.$defs], ["object", "string", undefined]);
  }],

  ["structured output is found in prose", async ({ mock }) => {
    for (const text of ['{"setup":"a","rating":2}', 'Here it is:\n```json\n{"setup":"a","rating":2}\n```\nFunny?', 'Sure! {"setup":"a","rating":2} Done.']) {
      const held = mock(said(text), { streaming: true }).withStructuredOutput(even, { method: "jsonMode" });
      equal(await held.invoke("x"), { setup: "a", rating: 2, checked: true });
    }
    includes((await fails(() => mock(said("no"), { streaming: true }).withStructuredOutput(joke, { method: "jsonMode" }).invoke("x"), "decode")).message, "no JSON");
  }],

  ["request for JSON follows the system messages in every form", async ({ chat, bedrock }) => {
    const held = chat().withStructuredOutput(joke, { method: "jsonMode" });
    const written = { lc: 1, type: "constructor", id: ["langchain_core", "messages", "SystemMessage"], kwargs: { content: "Be funny." } };
    for (const system of [["system", "Be funny."], { role: "developer", content: "Be funny." }, { type: "system", content: "Be funny." }, written]) {
      await held.invoke([system, ["human", '{"setup":"a"}']]);
      ok(/^[^]*Be funny\.[^]*fits this JSON Schema/.test(JSON.stringify(JSON.parse((await bedrock.requests()).at(-1).body).system)), JSON.stringify(system));
    }
  }],

  ["options of withStructuredOutput are checked by name and type", async ({ chat }) => {
    for (const config of [{ strict: "x" }, { includeRaw: "x" }, { includeraw: true }, { name: 5 }, { method: "magic" }]) {
      await fails(async () => chat().withStructuredOutput(joke, config), "config");
    }
  }],

  ["structured output works in a batch", async ({ chat }) => {
    const values = await chat().withStructuredOutput(joke).batch(["one", "two"], { maxConcurrency: 1 });
    equal(values.length, 2);
    for (const { setup } of values) ok(typeof setup === "string");
  }],

  ["empty schema title is ignored, and an invalid conversation in a batch is refused in its position", async ({ chat }) => {
    ok((await chat().withStructuredOutput({ ...joke, title: "" }).invoke("Tell me a joke")).setup);
    const replies = await chat().withStructuredOutput(joke, { method: "jsonMode" }).batch(["x", null], { returnExceptions: true });
    equal(replies.map(({ kind }) => kind), ["decode", "encode"]);
  }],

  ["structured output of an invalid conversation is refused", async ({ chat }) => {
    const held = chat().withStructuredOutput(joke, { method: "jsonMode" });
    for (const messages of [{ toJSON() {} }, [{ type: "constructor", id: { at: 5 } }], [{ role: { toString: 1 }, content: "x" }]]) {
      await fails(() => held.invoke(messages), "encode");
    }
    includes((await fails(() => chat().invoke({ role: "user", content: "hello", toChatMessages: 5 }), "encode")).message, "toChatMessages");
  }],

  ["unknown schemas and methods are refused", async ({ chat }) => {
    await fails(async () => chat().withStructuredOutput(undefined), "config");
    await fails(async () => chat().withStructuredOutput(joke, { method: "magic" }), "config");
    const endless = { type: "object", properties: {} };
    endless.properties.self = endless;
    let deep = {};
    for (let level = 0; level < 50_000; level++) deep = { type: "object", properties: { deep } };
    for (const method of ["functionCalling", "jsonSchema", "jsonMode"]) {
      for (const schema of [endless, { const: 5n }, { toJSON() {} }]) includes((await fails(async () => chat().withStructuredOutput(schema, { method }), "encode")).message, "the schema");
      // Newer engines support the syntax.
      try {
        chat().withStructuredOutput(deep, { method });
      } catch (error) {
        equal(error.kind, "encode", error.message);
      }
    }
    for (const schema of [{ _zod: { def: {} } }, { _zod: { def: { type: "object" } } }, { _zod: { def: { type: "constructor" } } }, { _def: { typeName: 5 } }]) {
      await fails(async () => chat().withStructuredOutput(schema), "config");
    }
    const silent = { "~standard": { version: 1, vendor: "silent", validate: (value) => ({ value }) } };
    includes((await fails(async () => chat().withStructuredOutput(silent), "config")).message, "silent");
  }],
];
