import { equal, fails, includes, ok } from "./check.js";
import { sender } from "./sent.js";

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { name: "get_weather", description: "The weather", input_schema: schema };
const picked = (all, expected) => Object.fromEntries(Object.keys(expected).map((name) => [name, all[name]]));

export const capabilities = [
  ["capabilities returns the known capabilities of a model, and leaves out unknown ones", async ({ capabilities }) => {
    for (const [model, expected] of [
      ["us.anthropic.claude-sonnet-4-6", { tools: true, jsonSchema: true, adaptiveReasoning: true, reasoningBudget: true, systemAnywhere: false }],
      ["us.anthropic.claude-opus-4-8", { jsonSchema: false, strictTools: false, reasoningBudget: false, systemAnywhere: true }],
      ["anthropic.claude-3-haiku-20240307-v1:0", { adaptiveReasoning: false, oneHourCache: false, streaming: undefined }],
      ["amazon.nova-lite-v1:0", { mediaInS3: true, serialTools: false, signedReasoning: false }],
      ["meta.llama3-70b-instruct-v1:0", { tools: false }],
      ["arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", { mediaInS3: true }],
    ]) {
      equal(picked(capabilities(model), expected), expected, model);
    }
    ok(Object.values(capabilities("amazon.nova-lite-v1:0")).every((value) => typeof value === "boolean"));
    for (const wrong of [5, undefined, ""]) await fails(async () => capabilities(wrong), "config");
  }],

  ["capabilities accepts an API, and refuses unknown names", async ({ capabilities }) => {
    const model = "meta.llama4-scout-17b-instruct-v1:0";
    equal(["invoke", "converse", undefined].map((api) => capabilities(model, api).tools), [false, true, false]);
    for (const wrong of ["Converse", "", 5, null, {}]) {
      includes((await fails(async () => capabilities(model, wrong), "config")).message, '"invoke", "converse"');
    }
    await fails(async () => capabilities("newvendor.model-v1:0", "invoke"), "unsupported");
  }],

  ["chat.capabilities depends on the API, and has the corrections", async ({ chat }) => {
    const model = "meta.llama4-scout-17b-instruct-v1:0";
    equal([chat({ model }).capabilities().tools, chat({ model, api: "converse" }).capabilities().tools], [false, true]);
    equal(chat({ model, api: "converse" }).capabilities().streamedTools, false);
    const corrected = chat({ model, api: "converse", capabilities: { streamedTools: true } });
    equal(corrected.capabilities().streamedTools, true);
    const bound = corrected.withOptions({ capabilities: { images: false } }).withOptions({ capabilities: { jsonSchema: true } });
    equal(picked(bound.capabilities(), { streamedTools: 1, images: 1, jsonSchema: 1 }), { streamedTools: true, images: false, jsonSchema: true });
  }],

  ["option capabilities changes the request, and is not sent itself", async (given) => {
    const responseFormat = { name: "place", schema };
    const model = "us.anthropic.claude-opus-4-8";
    const { sent, count } = sender(given);
    includes((await fails(() => sent({ model }, "hello", { responseFormat }), "unsupported")).message, "responseFormat");
    equal(count(), 0);
    for (const [fields, options] of [[{ capabilities: { jsonSchema: true } }, {}], [{}, { capabilities: { jsonSchema: true } }]]) {
      const body = await sent({ model, ...fields }, "hello", { responseFormat, ...options });
      equal([body.output_config.format.type, body.capabilities], ["json_schema", undefined]);
    }
  }],

  ["capabilities of a call are added to the bound ones", async (given) => {
    const { chat, last } = sender(given);
    const bound = chat({ model: "us.anthropic.claude-opus-4-8" }).withOptions({ capabilities: { jsonSchema: true } });
    await fails(() => bound.invoke("hello", { responseFormat: { schema }, capabilities: { systemAnywhere: false } }), "interrupted");
    equal(last().output_config.format.type, "json_schema");
  }],

  ["capabilities with other names or values are refused", async ({ chat }) => {
    for (const capabilities of [{ flies: true }, { strictTools: "yes" }, "strictTools"]) {
      includes((await fails(() => chat().invoke("hello", { capabilities }), "config")).message, "capabilities");
      await fails(async () => chat({ capabilities }), "config");
    }
  }],

  ["stream with tools is one whole call if the model cannot stream tools", async ({ chat, bedrock }) => {
    const model = chat({ model: "us.meta.llama4-maverick-17b-instruct-v1:0", api: "converse" }).bindTools([weather]);
    const question = "What is the weather in Paris?";
    const stream = await model.stream(question);
    let sum;
    for await (const chunk of stream) sum = sum ? sum.concat(chunk) : chunk;
    equal(sum.tool_calls.map(({ name, args }) => [name, args]), [["get_weather", { city: "Paris" }]]);
    equal((await stream.message()).tool_calls, sum.tool_calls);
    ok(sum.usage_metadata.total_tokens > 0);
    const result = { role: "tool", tool_call_id: sum.tool_calls[0].id, content: "mild and sunny" };
    let text = "";
    for await (const piece of (await model.stream([question, sum, result])).text()) text += piece;
    includes(text, "mild and sunny");
    equal((await bedrock.requests()).map(({ path }) => path.split("/").at(-1)), ["converse", "converse"]);
    await (await chat({ model: model.model, api: "converse" }).stream("hello")).message();
    ok((await bedrock.requests()).at(-1).path.endsWith("/converse-stream"));
  }],

  ["missing tool results are filled if the option is set", async ({ chat, bedrock }) => {
    const asked = { role: "assistant", content: "", tool_calls: [{ id: "toolu_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } }] };
    const history = [["human", "What is the weather in Paris?"], asked, ["human", "Never mind."]];
    for (const fields of [{}, { api: "converse" }, { model: "amazon.nova-lite-v1:0" }]) {
      await bedrock.clear();
      const model = chat({ ...fields, tools: [weather] });
      await fails(() => model.invoke(history, { fillMissingToolResults: false }));
      const { text } = await model.invoke(history, { fillMissingToolResults: true });
      includes(text, "get_weather");
      const [request] = (await bedrock.requests()).slice(-1);
      ok(/"is_error":true|"status":"error"/.test(request.body), request.body);
    }
    await fails(async () => chat({ fillMissingToolResults: "yes" }), "config");
  }],

  ["an error about unanswered tool calls names fillMissingToolResults", async ({ chat, bedrock }) => {
    for (const message of [
      "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
      "Expected toolResult blocks at messages.2.content for the following Ids: tooluse_1",
      "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.",
    ]) {
      await bedrock.clear();
      await bedrock.faults({ status: 400, error_type: "ValidationException", message });
      const error = await fails(() => chat().invoke("hello"), "validation");
      includes(error.message, "; add a result for every tool call, or set `fillMissingToolResults`");
      equal(error.field, "fillMissingToolResults");
    }
    // A regular expression would take minutes for this text.
    const hostile = "tool_use".repeat(4000) + "without".repeat(4000);
    await bedrock.faults({ status: 400, error_type: "ValidationException", message: hostile });
    const { message: read } = await fails(() => chat().invoke("hello"), "validation");
    ok(read.includes(hostile.slice(0, 1000)) && !read.includes("fillMissingToolResults"), read.slice(-200));
    await bedrock.faults({ status: 400, error_type: "ValidationException", message: "tools.0: Input should be an object" });
    ok(!(await fails(() => chat().invoke("hello"), "validation")).message.includes("fillMissingToolResults"));
  }],

  ["system message in the middle is sent if the model accepts it, and refused otherwise", async (given) => {
    const middle = [["human", "Hi"], ["system", "Be brief."], ["ai", "Hello"], ["human", "Bye"]];
    const { sent, count } = sender(given);
    const claude = await sent({ model: "us.anthropic.claude-opus-4-8" }, middle);
    equal(claude.messages.map(({ role }) => role), ["user", "system", "assistant", "user"]);
    equal((await sent({ model: "openai.gpt-oss-20b-1:0" }, middle)).messages[1], { role: "system", content: "Be brief." });
    const before = count();
    for (const fields of [{}, { model: "us.anthropic.claude-sonnet-4-6" }, { model: "amazon.nova-lite-v1:0" }]) {
      includes((await fails(() => sent(fields, middle), "encode")).message, "put it first");
    }
    equal(count(), before);
  }],
];
