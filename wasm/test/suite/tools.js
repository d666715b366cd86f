import { equal, fails, includes } from "./check.js";
import { claude, speaks } from "./frames.js";
import { sender } from "./sent.js";

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const named = { name: "get_weather", description: "The weather in a city" };
const FORMS = {
  anthropic: { ...named, input_schema: schema },
  openai: { type: "function", function: { ...named, parameters: schema } },
  converse: { toolSpec: { ...named, inputSchema: { json: schema } } },
  langchain: { ...named, schema, invoke: async () => "sunny", lc_namespace: ["langchain", "tools"], secret: "x" },
  standard: {
    ...named,
    schema: { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }), jsonSchema: { input: () => ({ $schema: "x", ...schema }) } } },
  },
};

/** Returns the merged answer of a model that calls tools with these events. */
async function streamed({ mock }, ...events) {
  let sum;
  const stream = await mock(speaks([claude.start(), ...events])).stream("hello", { tools: [FORMS.anthropic] });
  for await (const chunk of stream) sum = sum ? sum.concat(chunk) : chunk;
  const message = await stream.message();
  equal(sum.tool_calls, message.tool_calls);
  equal(sum.invalid_tool_calls.map(({ args, id }) => [args, id]), message.invalid_tool_calls.map(({ args, id }) => [args, id]));
  return message;
}

const tool = (index, id, input = {}) => claude.block(index, { type: "tool_use", id, name: "get_weather", input });
const whole = [claude.stop("tool_use"), claude.over()];

export const tools = [
  ["tool of every form is sent as the same tool", async ({ chat, bedrock }) => {
    for (const [form, given] of Object.entries(FORMS)) {
      await bedrock.clear();
      const reply = await chat().bindTools([given]).invoke("What is the weather in Paris and London?");
      equal(reply.tool_calls.map(({ name, args, type }) => [name, args, type]), [["get_weather", { city: "Paris" }, "tool_call"], ["get_weather", { city: "London" }, "tool_call"]], form);
      equal(reply.response_metadata.stop_reason, "tool_use");
      equal(JSON.parse((await bedrock.requests())[0].body).tools, [{ ...named, input_schema: schema }], form);
    }
  }],

  ["toolChoice is accepted in every form, and refused without its tool", async ({ chat, bedrock }) => {
    const model = chat().bindTools([FORMS.openai], { temperature: 0.5 });
    const forced = { type: "tool", name: "get_weather" };
    for (const [choice, expected] of [
      ["get_weather", forced], [{ type: "tool", name: "get_weather" }, forced], [{ type: "function", function: { name: "get_weather" } }, forced],
      [{ tool: { name: "get_weather" } }, forced], ["any", { type: "any" }], ["required", { type: "any" }], [true, { type: "any" }], [{ any: {} }, { type: "any" }],
      ["auto", { type: "auto" }], [{ type: "auto" }, { type: "auto" }],
    ]) {
      for (const key of ["toolChoice", "tool_choice"]) {
        await bedrock.clear();
        const reply = await model.invoke("hello", { [key]: choice });
        const body = JSON.parse((await bedrock.requests())[0].body);
        equal(body.tool_choice, expected, JSON.stringify(choice));
        equal(body.temperature, 0.5);
        equal(reply.tool_calls.length, expected.type === "auto" ? 0 : 1);
      }
    }
    await fails(() => chat().invoke("hello", { toolChoice: "any" }), "config");
  }],

  ["disable_parallel_tool_use of a tool choice is sent, and a contradiction refused", async (given) => {
    const { chat, last, count } = sender(given);
    const model = chat().bindTools([FORMS.anthropic]);
    const [named, any] = [{ type: "tool", name: "get_weather" }, { type: "any" }];
    for (const [choice, expected] of [
      [any, any], [{ any: {} }, any], [{ type: "auto" }, { type: "auto" }], [named, named],
      [{ type: "function", function: { name: "get_weather" } }, named], [{ tool: { name: "get_weather" } }, named],
    ]) {
      for (const key of ["toolChoice", "tool_choice"]) {
        const options = { [key]: { ...choice, disable_parallel_tool_use: true } };
        await fails(() => model.invoke("hello", options), "interrupted");
        equal(last().tool_choice, { ...expected, disable_parallel_tool_use: true }, JSON.stringify(options));
        await fails(() => chat().bindTools([FORMS.anthropic], options).invoke("hello"), "interrupted");
        equal(last().tool_choice, { ...expected, disable_parallel_tool_use: true }, JSON.stringify(options));
      }
    }
    const before = count();
    const serial = { ...any, disable_parallel_tool_use: true };
    for (const options of [{ toolChoice: serial, parallelToolCalls: true }, { toolChoice: { ...serial, disable_parallel_tool_use: false }, parallelToolCalls: false }]) {
      includes((await fails(() => model.invoke("hello", options), "config")).message, "contradict each other");
    }
    await fails(() => model.invoke("hello", { toolChoice: { ...any, disable_parallel_tool_use: "yes" } }), "config");
    equal(count(), before);
    await fails(() => model.invoke("hello", { toolChoice: serial, parallelToolCalls: false }), "interrupted");
    equal(last().tool_choice, serial);
  }],

  ["tool choice with unknown members is refused, and they are named", async (given) => {
    const { chat, count } = sender(given);
    for (const [toolChoice, part] of [
      [{ type: "any", strict: true, mode: 1 }, "`strict`, `mode`"], [{ type: "any", name: "get_weather" }, "name"], [{ type: "tool", name: "get_weather", input: {} }, "input"],
      [{ type: "function", function: { name: "get_weather", strict: true } }, "strict"], [{ tool: { name: "get_weather" }, name: "other" }, "name"],
      [{ any: {}, auto: {} }, "a"], [{ any: { name: "get_weather" } }, "name"], [{ type: "auto", function: { name: "get_weather" } }, "`toolChoice` must be"],
      [{ type: "tool" }, "`toolChoice` must be"], [{ type: "tool", name: "" }, "`toolChoice` must be"], [{ tool: "get_weather" }, "`toolChoice` must be"], [{}, "`toolChoice` must be"],
      [{ type: "magic", name: "get_weather" }, "`toolChoice` must be"], [[], "`toolChoice` must be"],
    ]) {
      for (const key of ["toolChoice", "tool_choice"]) {
        includes((await fails(() => chat({ tools: [FORMS.anthropic] }).invoke("hello", { [key]: toolChoice }), "config")).message, part);
      }
    }
    equal(count(), 0);
  }],

  ["tool calls of a stream are merged from pieces that are cut anywhere or interleaved", async (given) => {
    const interleaved = await streamed(
      given, tool(0, "t1"), tool(1, "t2"), claude.args(0, '{"city":"Par'), claude.args(1, '{"city":"\\u00'), claude.args(0, 'is","n":1'),
      claude.args(1, 'e9"}'), claude.args(0, "2}"), claude.end(0), claude.end(1), ...whole,
    );
    equal(interleaved.tool_calls.map(({ args, id }) => [id, args]), [["t1", { city: "Paris", n: 12 }], ["t2", { city: "é" }]]);
  }],

  ["tool call without arguments has an empty object, with or without an empty delta", async (given) => {
    equal((await streamed(given, tool(0, "t1"), claude.end(0), ...whole)).tool_calls[0].args, {});
    for (const none of ["", " \n", "null", '""', '" "']) {
      equal((await streamed(given, tool(0, "t1"), claude.args(0, none), claude.end(0), ...whole)).tool_calls[0]?.args, {}, none);
    }
  }],

  ["tool call with arguments that were cut off is invalid and keeps their text", async (given) => {
    const message = await streamed(given, tool(0, "t1"), claude.args(0, '{"path":"a'), claude.end(0), claude.stop("max_tokens"), claude.over());
    equal(message.tool_calls, []);
    equal([message.invalid_tool_calls[0].args, message.invalid_tool_calls[0].id], ['{"path":"a', "t1"]);
    equal(message.response_metadata.stop_reason, "max_tokens");
  }],

  ["tool call cut before its arguments is invalid, and so is one that never began", async (given) => {
    const over = [claude.stop("max_tokens"), claude.over()];
    const cut = await streamed(given, tool(0, "t1"), claude.end(0), tool(1, "t2"), claude.end(1), ...over);
    equal([cut.tool_calls, cut.invalid_tool_calls].map((calls) => calls.map(({ id }) => id)), [["t1"], ["t2"]]);
    const followed = await streamed(given, tool(0, "t1"), claude.end(0), claude.block(1, { type: "text", text: "" }), claude.text(1, "And"), ...over);
    equal(followed.tool_calls.length, 1);
    equal((await streamed(given, claude.args(0, '{"city":"Paris"}'), ...whole)).invalid_tool_calls.length, 1);
  }],

  ["text next to tool calls and reasoning keep their positions", async (given) => {
    const message = await streamed(
      given, claude.block(0, { type: "thinking", thinking: "", signature: "" }), claude.delta(0, { type: "thinking_delta", thinking: "Hm" }),
      claude.delta(0, { type: "thinking_delta", thinking: "m." }), claude.delta(0, { type: "signature_delta", signature: "c2ln" }), claude.end(0),
      claude.block(1, { type: "redacted_thinking", data: "xyz" }), claude.end(1), claude.block(2, { type: "text", text: "" }), claude.text(2, "I look."),
      claude.end(2), tool(3, "t1"), claude.args(3, '{"city":"Paris"}'), claude.end(3), ...whole,
    );
    equal(message.content, [
      { type: "thinking", thinking: "Hmm.", signature: "c2ln" }, { type: "redacted_thinking", data: "xyz" }, { type: "text", text: "I look." },
      { type: "tool_use", id: "t1", name: "get_weather", input: { city: "Paris" } },
    ]);
  }],

  ["sum of a stream's chunks is sent back like the message", async (given) => {
    let sent;
    const record = async (_, init) => {
      sent = JSON.parse(new TextDecoder().decode(init.body)).messages;
      throw new Error("enough");
    };
    const events = [
      claude.block(0, { type: "thinking", thinking: "", signature: "" }), claude.delta(0, { type: "thinking_delta", thinking: "Hm." }),
      claude.delta(0, { type: "signature_delta", signature: "c2ln" }), claude.end(0), claude.block(1, { type: "text", text: "" }), claude.text(1, "I look."),
      claude.end(1), tool(2, "t1"), claude.args(2, '{"city":'), claude.args(2, '"Paris"}'), claude.end(2), ...whole,
    ];
    let sum;
    const stream = await given.mock(speaks([claude.start(), ...events])).stream("hello");
    for await (const chunk of stream) sum = sum ? sum.concat(chunk) : chunk;
    const bodies = [];
    for (const reply of [sum, JSON.parse(JSON.stringify(sum)), await stream.message()]) {
      await fails(() => given.mock(record).invoke([["human", "hi"], reply, { role: "tool", tool_call_id: "t1", content: "mild" }], { tools: [FORMS.anthropic] }), "interrupted");
      bodies.push(sent);
    }
    equal(bodies[0][1].content, [
      { type: "thinking", thinking: "Hm.", signature: "c2ln" }, { type: "text", text: "I look." },
      { type: "tool_use", id: "t1", name: "get_weather", input: { city: "Paris" } },
    ]);
    equal(bodies[1], bodies[0]);
    equal(bodies[2], bodies[0]);
  }],

  ["block of an unknown type is kept in the reply and in the sum", async (given) => {
    const block = { type: "server_tool_use", id: "s", name: "web_search", input: { q: 1 } };
    const message = await streamed(given, claude.block(0, block), claude.end(0), claude.block(1, { type: "text", text: "" }), claude.text(1, "ok"), claude.end(1), claude.stop(), claude.over());
    equal(message.content, [block, { type: "text", text: "ok" }]);
  }],

  ["value that is not a block, or has an invalid type, is not text and not an error", async ({ mock }) => {
    const content = [null, 5, "a", ["a"], { type: 5, text: "a" }, { type: { toString: 1 }, text: "a" }, { type: "text", text: "ok" }];
    const headers = { "content-type": "application/json" };
    const reply = await mock(async () => new Response(JSON.stringify({ id: "m", type: "message", role: "assistant", content, stop_reason: "end_turn" }), { headers })).invoke("hello");
    equal(reply.text, "ok");
  }],
];
