// The openai SDK for JavaScript against the gateway, for each way that the gateway takes to a model.
//
// Usage: GATEWAY_URL=http://127.0.0.1:8787 GATEWAY_KEY=key node openai_check.mjs
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { apiKey, check, CITIES, CLAUDE, finish, NOVA, OSS, PARAMETERS, PNG, QUESTION, url, user } from "./judge.mjs";

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const GPT = "openai.gpt-5.6-luna";
const City = z.object({ city: z.string() });

async function chat(model) {
  const reply = await client.chat.completions.create({ model, messages: user("Hello") });
  const text = reply.choices[0].message.content;
  assert.match(text, /You said: Hello$/);
  assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens);
  for (const options of [{}, { stream_options: { include_usage: true } }]) {
    let [streamed, usage] = ["", null];
    for await (const chunk of await client.chat.completions.create({
      model,
      messages: user("Hello"),
      stream: true,
      ...options,
    })) {
      streamed += chunk.choices[0]?.delta?.content ?? "";
      usage ??= chunk.usage;
    }
    assert.equal(streamed, text);
    assert.equal(usage?.total_tokens, options.stream_options && reply.usage.total_tokens);
  }
}

// The SDK's own loop calls the functions and sends their results until the model calls no more.
async function chatTools(model) {
  for (const stream of [false, true]) {
    const asked = [];
    const run = ({ city }) => (asked.push(city), "fine");
    const get_weather = { name: "get_weather", parameters: PARAMETERS, parse: JSON.parse, function: run };
    const runner = client.chat.completions.runTools({
      model,
      stream,
      messages: QUESTION,
      tools: [{ type: "function", function: get_weather }],
      ...(model === GPT && { reasoning_effort: "none" }),
    });
    assert.equal((await runner.finalContent()).match(/fine/g).length, 2);
    assert.deepEqual(asked, ["Paris", "Zürich"]);
  }
}

async function chatTyped(model) {
  const response_format = zodResponseFormat(City, "city");
  const typed = await client.chat.completions.parse({ model, messages: user("I am in Paris."), response_format });
  assert.deepEqual(typed.choices[0].message.parsed, { city: "Paris" });
}

async function chatImage(model) {
  const content = [
    { type: "text", text: "Look at this." },
    { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
  ];
  const reply = await client.chat.completions.create({ model, messages: user(content) });
  assert.match(reply.choices[0].message.content, /png/i);
}

async function responses(model) {
  const reply = await client.responses.create({ model, input: "Hello" });
  assert.match(reply.output_text, /You said: Hello$/);
  let text = "";
  const stream = client.responses.stream({ model, input: "Hello" });
  stream.on("response.output_text.delta", (event) => (text += event.delta));
  const final = await stream.finalResponse();
  assert.deepEqual([text, final.output_text], [reply.output_text, reply.output_text]);
  assert.equal(final.usage.total_tokens, reply.usage.total_tokens);
}

async function responsesTools(model) {
  const tools = [{ type: "function", name: "get_weather", parameters: PARAMETERS, strict: true }];
  const options = { model, tools, store: false, include: ["reasoning.encrypted_content"] };
  const first = await client.responses.stream({ input: QUESTION, ...options }).finalResponse();
  const calls = first.output.filter((item) => item.type === "function_call");
  assert.deepEqual(calls.map((call) => JSON.parse(call.arguments)), CITIES);
  const items = first.output.map(({ parsed_arguments, ...item }) => item);
  const outputs = calls.map(({ call_id }) => ({ type: "function_call_output", call_id, output: "fine" }));
  const second = await client.responses.create({ input: [...QUESTION, ...items, ...outputs], ...options });
  assert.equal(second.output_text.match(/fine/g).length, 2);
}

async function responsesTyped(model) {
  const text = { format: zodTextFormat(City, "city") };
  const typed = await client.responses.parse({ model, input: "I am in Paris.", text });
  assert.deepEqual(typed.output_parsed, { city: "Paris" });
}

// Breaking out of a stream ends it, and the next request works.
async function aborts(model) {
  for await (const _ of await client.chat.completions.create({ model, messages: user("Hello"), stream: true })) break;
  const controller = new AbortController();
  const stream = await client.responses.create({ model, input: "Hello", stream: true }, { signal: controller.signal });
  for await (const _ of stream) controller.abort();
  assert.ok((await client.responses.create({ model, input: "Hello" })).output_text);
}

async function models() {
  const listed = [];
  for await (const model of client.models.list()) listed.push(model);
  assert.ok(listed.length && listed.every((model) => model.object === "model"), JSON.stringify(listed));
}

async function errors() {
  const wrong = new OpenAI({ baseURL: `${url}/v1`, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(wrong.chat.completions.create({ model: NOVA, messages: user("Hi") }), OpenAI.AuthenticationError);
  const unknown = { model: "no-such-model", messages: user("Hi") };
  for (const stream of [false, true]) {
    await assert.rejects(client.chat.completions.create({ ...unknown, stream }), OpenAI.NotFoundError);
    await assert.rejects(client.responses.create({ model: "no-such-model", input: "Hi", stream }), OpenAI.NotFoundError);
    await assert.rejects(client.chat.completions.create({ model: NOVA, messages: [], stream }), OpenAI.BadRequestError);
  }
  await assert.rejects(client.embeddings.create({ model: NOVA, input: "Hi" }), OpenAI.APIError);
}

for (const model of [CLAUDE, NOVA, OSS, GPT]) {
  await check("chat", chat, model);
  await check("chat tools", chatTools, model);
  await check("chat typed", chatTyped, model);
  await check("responses", responses, model);
  await check("responses tools", responsesTools, model);
  await check("responses typed", responsesTyped, model);
  if (model !== OSS) await check("chat image", chatImage, model);
  await check("aborts", aborts, model);
}
await check("models", models);
await check("errors", errors);
finish("openai for JavaScript");
