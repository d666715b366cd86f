import { equal, fails, includes, ok } from "./check.js";

/** LangChain's message, with the relevant parts: an instance whose JSON is a constructor. */
class HumanMessage {
  constructor(content) {
    this.content = content;
  }
  toJSON() {
    return { lc: 1, type: "constructor", id: ["langchain_core", "messages", "HumanMessage"], kwargs: { content: this.content } };
  }
}

const sent = async ({ chat, bedrock }, messages) => {
  await bedrock.clear();
  await chat().invoke(messages);
  return JSON.parse((await bedrock.requests())[0].body).messages;
};

export const messages = [
  ["AIMessage accepts a text alone, and reads text of blocks without a type", async ({ AIMessage }) => {
    equal([new AIMessage("hi").text, new AIMessage({ content: [{ text: "hi" }] }).text, new AIMessage({ content: null }).text], ["hi", "hi", ""]);
  }],

  ["concat of a chunk refuses values that are not chunks", async ({ AIMessageChunk }) => {
    const chunk = new AIMessageChunk({ content: "hel" });
    equal(chunk.concat(JSON.parse(JSON.stringify(new AIMessageChunk({ content: "lo" })))).text, "hello");
    for (const [other, part] of [[undefined, "undefined"], [null, "null"], ["lo", "string"], [{}, "object"]]) {
      includes((await fails(async () => chunk.concat(other), "encode")).message, part);
    }
  }],

  ["message may be a string, a pair, or a message of LangChain or OpenAI", async (given) => {
    const expected = [{ role: "user", content: "hello" }];
    const forms = [
      "hello", ["hello"], ["human", "hello"], [["user", "hello"]], [{ role: "user", content: "hello" }], { role: "user", content: "hello" },
      [{ type: "human", content: "hello" }], [new HumanMessage("hello")], new HumanMessage("hello"),
      { toChatMessages: () => [new HumanMessage("hello")] }, [{ role: "user", content: [{ type: "text", text: "hello" }] }],
    ];
    for (const form of forms) equal(await sent(given, form), expected, JSON.stringify(form));
  }],

  ["reply and tool results can be sent back, also after a round through JSON", async (given) => {
    const tool = { name: "get_weather", description: "The weather", input_schema: { type: "object", properties: { city: { type: "string" } } } };
    const model = given.chat().bindTools([tool]);
    const question = { role: "user", content: "What is the weather in Paris?" };
    const reply = await model.invoke([question]);
    const [call] = reply.tool_calls;
    equal([call.name, call.args], ["get_weather", { city: "Paris" }]);
    const result = { role: "tool", tool_call_id: call.id, content: "mild and sunny" };
    for (const again of [reply, JSON.parse(JSON.stringify(reply))]) {
      includes((await model.invoke([question, again, result])).text, "mild and sunny");
    }
    let sum;
    for await (const chunk of await model.stream([question])) sum = sum ? sum.concat(chunk) : chunk;
    includes((await model.invoke([question, sum, { ...result, tool_call_id: sum.tool_calls[0].id }])).text, "mild and sunny");
    includes((await model.invoke([question, JSON.parse(JSON.stringify(sum)), result])).text, "mild and sunny");
  }],

  ["image may be bytes in any container", async (given) => {
    // A PNG of one pixel.
    const data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
    const view = new Uint8Array(bytes.length + 7);
    view.set(bytes, 7);
    const held = [bytes, bytes.buffer, view.subarray(7), data];
    if (globalThis.Buffer) held.push(globalThis.Buffer.from(bytes));
    for (const one of held) {
      const [message] = await sent(given, [{ role: "user", content: [{ type: "text", text: "What is it?" }, { type: "image", data: one, mimeType: "image/png" }] }]);
      equal(message.content[1].source, { type: "base64", media_type: "image/png", data });
    }
    const url = { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } };
    equal((await sent(given, [["human", [url]]]))[0].content[0].source.data, data);
  }],

  ["Blob is refused with advice, as its JSON would be empty", async ({ chat, bedrock }) => {
    for (const data of [new Blob(["%PDF"], { type: "application/pdf" }), new Response("%PDF")]) {
      const error = await fails(() => chat().invoke([["human", [{ type: "file", data, mimeType: "application/pdf" }]]]), "encode");
      includes(error.message, "new Uint8Array(await blob.arrayBuffer())");
    }
    equal((await bedrock.requests()).length, 0);
  }],

  ["tool result may be an error, and has the id of its call", async (given) => {
    const question = { role: "user", content: "What is the weather in Paris?" };
    // A tool without arguments does not need a schema.
    const model = given.chat().bindTools([{ name: "get_weather", description: "The weather" }]);
    const asked = { role: "assistant", content: null, tool_calls: [{ id: "toolu_1", type: "function", function: { name: "get_weather", arguments: "{}" } }] };
    await model.invoke([question, asked, { role: "tool", tool_call_id: "toolu_1", name: "get_weather", status: "error", content: "no such place" }]);
    const body = JSON.parse((await given.bedrock.requests())[0].body);
    equal(body.messages[2].content[0].is_error, true);
    equal(body.tools[0].input_schema.type, "object");
  }],

  ["large bytes are converted in pieces", async ({ mock }) => {
    let body;
    const fetch = async (_, init) => {
      body = new TextDecoder().decode(init.body);
      throw new Error("enough");
    };
    const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
    await fails(() => mock(fetch).invoke([["human", [{ type: "file", data: bytes, mimeType: "application/pdf" }]]]), "interrupted");
    const { data } = JSON.parse(body).messages[0].content[0].source;
    equal(data.length, 400_000);
    ok(Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0)).every((byte, index) => byte === index % 251));
  }],

  ["invalid conversation is refused with the reason before anything is sent", async ({ chat, bedrock }) => {
    const round = {};
    round.round = round;
    for (const [given, part] of [
      [undefined, "undefined"], [null, "null"], [42, "number"], [() => {}, "function"], [[{ role: "narrator", content: "x" }], "message 0"],
      [[["human", "a"], 7], "message 1"], [[{ role: "user", content: 10n }], "JSON"], [round, "JSON"],
    ]) {
      includes((await fails(() => chat().invoke(given), "encode")).message, part);
      await fails(() => chat().stream(given), "encode");
    }
    equal((await bedrock.requests()).length, 0);
  }],
];
