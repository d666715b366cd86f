// @anthropic-ai/bedrock-sdk's client for bedrock-mantle against the local Bedrock.
//
// Usage: node anthropic_check.mjs RUNTIME_URL MANTLE_URL ACCESS_KEY_ID SECRET_ACCESS_KEY BEARER_KEY
import assert from "node:assert/strict";
import { AnthropicBedrockMantle } from "@anthropic-ai/bedrock-sdk";

const [runtime, mantle, awsAccessKey, awsSecretAccessKey, apiKey] = process.argv.slice(2);
for (const name of ["AWS_BEARER_TOKEN_BEDROCK", "AWS_SESSION_TOKEN", "ANTHROPIC_API_KEY"]) delete process.env[name];
const common = { baseURL: `${mantle}/anthropic`, awsRegion: "us-east-1", maxRetries: 0 };
const signed = new AnthropicBedrockMantle({ ...common, awsAccessKey, awsSecretAccessKey });
const withKey = new AnthropicBedrockMantle({ ...common, apiKey });
const fault = (settings) =>
  fetch(`${runtime}/_local/faults`, { method: "POST", body: JSON.stringify(settings) });

const model = "anthropic.claude-haiku-4-5";
const user = (content) => [{ role: "user", content }];
const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const tools = [{ name: "get_weather", input_schema: schema }];

for (const client of [signed, withKey]) {
  const reply = await client.messages.create({ model, max_tokens: 500, messages: user("Hello") });
  assert.match(reply.content[0].text, /You said: Hello$/);
  const stream = client.messages.stream({ model, max_tokens: 500, messages: user("Hello") });
  let text = "";
  stream.on("text", (delta) => (text += delta));
  assert.deepEqual((await stream.finalMessage()).content, reply.content);
  assert.equal(text, reply.content[0].text);

  // Thinking and tools; the message is sent back unchanged.
  const question = user("What is the weather in Paris and Zürich?");
  const thinking = { type: "enabled", budget_tokens: 1024 };
  const options = { model, max_tokens: 4000, tools, thinking };
  const first = await client.messages.stream({ ...options, messages: question }).finalMessage();
  const calls = first.content.filter((block) => block.type === "tool_use");
  assert.deepEqual(calls.map((call) => call.input), [{ city: "Paris" }, { city: "Zürich" }]);
  const results = calls.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "fine" }));
  const turns = [...question, { role: "assistant", content: first.content }, { role: "user", content: results }];
  const second = await client.messages.create({ ...options, messages: turns });
  assert.equal(second.content.at(-1).text.match(/fine/g).length, 2);

  const format = { type: "json_schema", schema };
  const typed = await client.messages.create({
    model,
    max_tokens: 500,
    messages: user("I am in Paris."),
    output_config: { format },
  });
  assert.deepEqual(JSON.parse(typed.content[0].text), { city: "Paris" });
  const counted = await client.messages.countTokens({ model, messages: user("Hello") });
  assert.equal(counted.input_tokens, reply.usage.input_tokens);
  const beta = await client.beta.messages.create({
    model,
    max_tokens: 500,
    messages: user("Hello"),
    betas: ["context-1m-2025-08-07"],
  });
  assert.equal(beta.content[0].text, reply.content[0].text);
  await assert.rejects(client.messages.create({ model: `us.${model}`, max_tokens: 5, messages: user("Hi") }), {
    status: 404,
    type: "not_found_error",
  });
  await assert.rejects(client.messages.create({ model, max_tokens: 5, messages: user(" ") }), { status: 400 });
  await fault({ insert: [{ kind: "error", at: 3, code: "overloaded_error", message: "Overloaded" }] });
  await assert.rejects(client.messages.stream({ model, max_tokens: 50, messages: user("Hi") }).finalMessage(), {
    type: "overloaded_error",
  });
  await fault({ cut_after_frames: 3 });
  await assert.rejects(client.messages.stream({ model, max_tokens: 50, messages: user("Hi") }).finalMessage());
}
const wrong = new AnthropicBedrockMantle({ ...common, awsAccessKey, awsSecretAccessKey: "wrong" });
await assert.rejects(wrong.messages.create({ model, max_tokens: 5, messages: user("Hi") }), { status: 403 });
console.log("@anthropic-ai/bedrock-sdk works with it");
