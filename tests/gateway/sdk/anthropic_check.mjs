// Anthropic's SDK for JavaScript against the gateway: a Claude model, and models that do not speak its API.
//
// Usage: GATEWAY_URL=http://127.0.0.1:8787 GATEWAY_KEY=key node anthropic_check.mjs
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { apiKey, check, CITIES, CLAUDE, finish, NOVA, OSS, PARAMETERS, PNG, QUESTION, url, user } from "./judge.mjs";

const client = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });
const MANTLE = "anthropic.claude-haiku-4-5";
const tools = [{ name: "get_weather", description: "Weather.", input_schema: PARAMETERS }];
const text = (message) => message.content.map((block) => (block.type === "text" ? block.text : "")).join("");

async function chat(model) {
  const given = { model, max_tokens: 100, messages: user("Hello") };
  const reply = await client.messages.create(given);
  assert.match(text(reply), /You said: Hello$/);
  const stream = client.messages.stream(given);
  let spoken = "";
  stream.on("text", (delta) => (spoken += delta));
  const final = await stream.finalMessage();
  assert.equal(spoken, text(reply));
  assert.deepEqual(
    [final.content, final.stop_reason, final.model, final.usage.input_tokens, final.usage.output_tokens],
    [reply.content, reply.stop_reason, reply.model, reply.usage.input_tokens, reply.usage.output_tokens],
  );
  const bearer = new Anthropic({ baseURL: url, authToken: apiKey, apiKey: null, maxRetries: 0 });
  assert.equal(text(await bearer.messages.create(given)), text(reply));
}

async function steps(model, thinking) {
  const options = { model, max_tokens: 4000, tools, ...(thinking && { thinking }) };
  const first = await client.messages.stream({ ...options, messages: QUESTION }).finalMessage();
  assert.equal(first.stop_reason, "tool_use");
  if (thinking) assert.ok(first.content[0].thinking && first.content[0].signature, JSON.stringify(first.content));
  const calls = first.content.filter((block) => block.type === "tool_use");
  assert.deepEqual(calls.map((call) => call.input), CITIES);
  const results = calls.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "fine" }));
  const turns = [...QUESTION, { role: "assistant", content: first.content }, ...user(results)];
  const second = await client.messages.create({ ...options, messages: turns });
  assert.equal(text(second).match(/fine/g).length, 2);
}

async function image(model) {
  const source = { type: "base64", media_type: "image/png", data: PNG };
  const content = [{ type: "image", source }, { type: "text", text: "Look at this." }];
  assert.match(text(await client.messages.create({ model, max_tokens: 99, messages: user(content) })), /png/i);
}

async function beta(model) {
  const given = { model, max_tokens: 100, messages: user("Hello"), betas: ["context-1m-2025-08-07", "no-such-beta"] };
  assert.match(text(await client.beta.messages.create(given)), /You said: Hello$/);
  assert.match(text(await client.beta.messages.stream(given).finalMessage()), /You said: Hello$/);
}

async function count(model) {
  const counted = await client.messages.countTokens({ model, messages: user("Hello") });
  const reply = await client.messages.create({ model, max_tokens: 9, messages: user("Hello") });
  assert.equal(counted.input_tokens, reply.usage.input_tokens);
}

// Breaking out of a stream ends it, and the next request works.
async function aborts(model) {
  const given = { model, max_tokens: 100, messages: user("Hello") };
  for await (const _ of await client.messages.create({ ...given, stream: true })) break;
  assert.match(text(await client.messages.create(given)), /You said: Hello$/);
}

async function errors() {
  const wrong = new Anthropic({ baseURL: url, apiKey: "wrong", maxRetries: 0 });
  const given = { model: NOVA, max_tokens: 9, messages: user("Hi") };
  for (const stream of [false, true]) {
    await assert.rejects(wrong.messages.create({ ...given, stream }), { status: 401, type: "authentication_error" });
    const unknown = client.messages.create({ ...given, model: "no-such-model", stream });
    await assert.rejects(unknown, { status: 404, type: "not_found_error" });
    for (const model of [CLAUDE, NOVA]) {
      const blank = client.messages.create({ ...given, model, messages: user(" "), stream });
      await assert.rejects(blank, { status: 400, type: "invalid_request_error" });
    }
  }
}

for (const model of [CLAUDE, MANTLE, NOVA, OSS]) {
  const claude = model === CLAUDE || model === MANTLE;
  await check("chat", chat, model);
  await check("tools", steps, model);
  if (claude) await check("tools and thinking", steps, model, { type: "enabled", budget_tokens: 1024 });
  if (model !== OSS) await check("image", image, model);
  if (claude) await check("count", count, model);
  await check("beta", beta, model);
  await check("aborts", aborts, model);
}
await check("errors", errors);
finish("@anthropic-ai/sdk");
