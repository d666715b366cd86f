// The openai SDK for JavaScript against the local Bedrock: Responses and Chat Completions on both endpoints.
//
// Usage: node openai_check.mjs RUNTIME_URL MANTLE_URL ACCESS_KEY_ID SECRET_ACCESS_KEY BEARER_KEY
import assert from "node:assert/strict";
import OpenAI from "openai";
import { bedrock } from "openai/providers/bedrock/aws";

const [runtime, mantle, accessKeyId, secretAccessKey, bearer] = process.argv.slice(2);
for (const name of ["AWS_BEARER_TOKEN_BEDROCK", "AWS_SESSION_TOKEN", "OPENAI_API_KEY", "OPENAI_BASE_URL"]) {
  delete process.env[name];
}
const signed = (baseURL, endpoint, secret = secretAccessKey) =>
  new OpenAI({
    provider: bedrock({ baseURL, endpoint, region: "us-east-1", accessKeyId, secretAccessKey: secret }),
    maxRetries: 0,
  });
const fault = (settings) =>
  fetch(`${runtime}/_local/faults`, { method: "POST", body: JSON.stringify(settings) });

const luna = "openai.gpt-5.6-luna";
const question = "What is the weather in Paris and Zürich?";
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const flat = { type: "function", name: "get_weather", parameters, strict: true };
const nested = { type: "function", function: { name: "get_weather", parameters, strict: true } };
const cities = [{ city: "Paris" }, { city: "Zürich" }];
const city = { type: "json_schema", name: "City", schema: parameters, strict: true };

async function responses(client, model) {
  const reply = await client.responses.create({ model, input: "Hello" });
  assert.match(reply.output_text, /You said: Hello$/);
  const stream = client.responses.stream({ model, input: "Hello" });
  let text = "";
  for await (const event of stream) text += event.type === "response.output_text.delta" ? event.delta : "";
  assert.equal(text, reply.output_text);
  assert.equal((await stream.finalResponse()).output_text, text);

  const options = { model, tools: [flat], store: false, include: ["reasoning.encrypted_content"] };
  const first = await client.responses.create({ ...options, input: question });
  const calls = first.output.filter((item) => item.type === "function_call");
  assert.deepEqual(calls.map((call) => JSON.parse(call.arguments)), cities);
  const results = calls.map(({ call_id }) => ({ type: "function_call_output", call_id, output: "fine" }));
  const input = [{ role: "user", content: question }, ...first.output, ...results];
  assert.equal((await client.responses.create({ ...options, input })).output_text.match(/fine/g).length, 2);
  const typed = await client.responses.parse({ model, input: "I am in Paris.", text: { format: city } });
  assert.deepEqual(JSON.parse(typed.output_text), { city: "Paris" });
  await assert.rejects(client.responses.create({ model, input: "Hi", stop: "x" }), { status: 400, param: "stop" });
}

async function chat(client, model, options = {}) {
  const messages = [{ role: "user", content: "Hello" }];
  const reply = await client.chat.completions.create({ model, messages });
  assert.match(reply.choices[0].message.content, /You said: Hello$/);
  const asked = [{ role: "user", content: question }];
  const stream = client.chat.completions.stream({ model, messages: asked, tools: [nested], ...options });
  const message = await stream.finalMessage();
  assert.deepEqual(message.tool_calls.map((call) => JSON.parse(call.function.arguments)), cities);
  const tool_calls = message.tool_calls.map(({ id, type, function: { name, arguments: text } }) => ({
    id,
    type,
    function: { name, arguments: text },
  }));
  const results = tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "fine" }));
  const turns = [...asked, { role: "assistant", content: message.content, tool_calls }, ...results];
  const second = await client.chat.completions.create({ model, messages: turns, tools: [nested], ...options });
  assert.equal(second.choices[0].message.content.match(/fine/g).length, 2);
  const response_format = { type: "json_schema", json_schema: { name: "City", schema: parameters, strict: true } };
  const place = [{ role: "user", content: "I am in Paris." }];
  const typed = await client.chat.completions.parse({ model, messages: place, response_format });
  assert.deepEqual(JSON.parse(typed.choices[0].message.content), { city: "Paris" });
}

const withKey = new OpenAI({ baseURL: `${mantle}/openai/v1`, apiKey: bearer, maxRetries: 0 });
const onMantle = signed(`${mantle}/openai/v1`, "mantle");
const onRuntime = signed(`${runtime}/openai/v1`, "runtime");
await responses(withKey, luna);
await responses(onMantle, luna);
await responses(onRuntime, "us.openai.gpt-5.6-sol");
await chat(onMantle, luna, { reasoning_effort: "none" });
await chat(new OpenAI({ baseURL: `${mantle}/v1`, apiKey: bearer, maxRetries: 0 }), "openai.gpt-oss-120b");
await chat(onRuntime, "openai.gpt-oss-120b-1:0");
const ids = [];
for await (const model of onMantle.models.list()) ids.push(model.id);
assert.ok(ids.includes(luna));

const wrongSecret = signed(`${mantle}/openai/v1`, "mantle", "wrong");
await assert.rejects(wrongSecret.responses.create({ model: luna, input: "Hi" }), { status: 403 });
await assert.rejects(withKey.responses.create({ model: "us.openai.gpt-5.6-sol", input: "Hi" }), {
  status: 404,
  code: "model_not_found",
});
await fault({ status: 429, shape: "openai", message: "Slow down.", headers: { "retry-after": "0" } });
const patient = new OpenAI({ baseURL: `${mantle}/openai/v1`, apiKey: bearer, maxRetries: 1 });
assert.ok((await patient.responses.create({ model: luna, input: "Hi" })).output_text);
await fault({ cut_after_frames: 3 });
const cut = await onMantle.responses.create({ model: luna, input: "Hi", stream: true });
await assert.rejects(async () => {
  for await (const _ of cut);
});
await fault({ insert: [{ kind: "error", at: 2, code: "server_error", message: "Broken." }] });
const broken = await onMantle.chat.completions.create({
  model: luna,
  messages: [{ role: "user", content: "Hi" }],
  stream: true,
});
await assert.rejects(async () => {
  for await (const _ of broken);
}, /Broken/);
console.log("openai for JavaScript works with it");
