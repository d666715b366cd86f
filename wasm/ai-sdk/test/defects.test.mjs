// The defects of the original provider that docs/from-ai-sdk.md lists: both providers, with the same calls.
import { createAmazonBedrock as createReference } from "@ai-sdk/amazon-bedrock";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLAUDE, NOVA, gather, localBedrock, user } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const PROVIDERS = [["theirs", bedrock.reference, createReference], ["ours", bedrock.ours, createAmazonBedrock]];
const weather = { type: "function", name: "get_weather", description: "The weather", inputSchema: { type: "object", properties: { location: { type: "string" } }, required: ["location"] } };
const call = { type: "tool-call", toolCallId: "tooluse_1", toolName: "get_weather", input: { location: "Paris" } };
const options = (values) => ({ providerOptions: { bedrock: values } });
const history = (output) => [user("weather in Paris"), { role: "assistant", content: [call] }, { role: "tool", content: [{ type: "tool-result", toolCallId: "tooluse_1", toolName: "get_weather", output }] }];

/** Calls both providers; returns for each the result or the error, and the last request's body. */
async function both(given, id = CLAUDE, method = "doGenerate") {
  const outcomes = {};
  for (const [name, provider] of PROVIDERS) {
    await bedrock.reset();
    const result = await provider(id)[method](given).catch((error) => error);
    outcomes[name] = { result, body: (await bedrock.bodies()).at(-1) };
  }
  return outcomes;
}

/** Returns each provider's result for a reply of the service. */
async function replied(reply) {
  const results = {};
  for (const [name, , create] of PROVIDERS) {
    const fetch = async () => Response.json({ metrics: { latencyMs: 1 }, usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 }, stopReason: "end_turn", ...reply });
    results[name] = await create({ ...bedrock.settings, fetch })(CLAUDE).doGenerate({ prompt: [user("hello")] });
  }
  return results;
}

test("topK is sent where the model reads it", async () => {
  const { theirs, ours } = await both({ prompt: [user("hello")], topK: 5 });
  assert.equal(theirs.body.inferenceConfig.topK, 5);
  assert.ok(theirs.result instanceof Error);
  assert.equal(ours.body.additionalModelRequestFields.top_k, 5);
  assert.equal(ours.result.finishReason.unified, "stop");
});

test("anthropicBeta is sent once", async () => {
  const { theirs, ours } = await both({ prompt: [user("hello")], ...options({ anthropicBeta: ["context-1m-2025-08-07"] }) });
  assert.deepEqual([theirs.body.anthropicBeta, theirs.body.additionalModelRequestFields.anthropic_beta], [["context-1m-2025-08-07"], ["context-1m-2025-08-07"]]);
  assert.deepEqual([ours.body.anthropicBeta, ours.body.additionalModelRequestFields.anthropic_beta], [undefined, ["context-1m-2025-08-07"]]);
});

test("failed tool results are marked as failed", async () => {
  for (const output of [{ type: "error-text", value: "no" }, { type: "error-json", value: { no: 1 } }, { type: "execution-denied", reason: "no" }]) {
    const { theirs, ours } = await both({ prompt: history(output), tools: [weather] });
    const [before, after] = [theirs, ours].map(({ body }) => body.messages.at(-1).content[0].toolResult.status);
    assert.deepEqual([before, after], [undefined, "error"], output.type);
  }
});

test("tool calls of the history are kept in a call without tools", async () => {
  const { theirs, ours } = await both({ prompt: [...history({ type: "text", value: "It is sunny." }), user("And?")] });
  assert.doesNotMatch(JSON.stringify(theirs.body.messages), /sunny/);
  assert.match(JSON.stringify(ours.body.messages), /sunny/);
});

test("an unknown option is an error", async () => {
  const { theirs, ours } = await both({ prompt: [user("hello")], ...options({ nonsense: 1 }) });
  assert.equal(theirs.body.nonsense, 1);
  assert.match(ours.result.message, /nonsense/);
  assert.equal(ours.body, undefined);
});

test("keys in the settings override the key of the environment", async () => {
  process.env.AWS_BEARER_TOKEN_BEDROCK = "bedrock-api-key-local-test";
  try {
    for (const [name, , create] of PROVIDERS) {
      await bedrock.reset();
      await create(bedrock.settings)(CLAUDE).doGenerate({ prompt: [user("hello")] });
      const { authorization } = Object.fromEntries((await bedrock.requests()).at(-1).headers);
      assert.match(authorization, name === "theirs" ? /^Bearer / : /^AWS4-HMAC-SHA256 /);
    }
  } finally {
    delete process.env.AWS_BEARER_TOKEN_BEDROCK;
  }
});

test("citations are sources", async () => {
  const citation = { title: "Sky", source: "doc", sourceContent: [{ text: "The sky is blue." }], location: { documentChar: { documentIndex: 0, start: 0, end: 16 } } };
  const { theirs, ours } = await replied({ output: { message: { role: "assistant", content: [{ citationsContent: { content: [{ text: "Blue." }], citations: [citation] } }] } } });
  assert.doesNotMatch(JSON.stringify(theirs.content), /The sky is blue/);
  assert.ok(ours.content.some(({ type }) => type === "source"));
  assert.match(JSON.stringify(ours.content), /The sky is blue/);
});

test("blocks of unknown kinds are kept", async () => {
  const { theirs, ours } = await replied({ output: { message: { role: "assistant", content: [{ newBlock: { a: 1 } }, { text: "Hm." }] } } });
  assert.doesNotMatch(JSON.stringify(theirs.content), /newBlock/);
  assert.match(JSON.stringify(ours.content), /"custom"[^]*newBlock/);
});

test("refusals and full context windows have their finish reasons", async () => {
  for (const [stopReason, unified] of [["refusal", "content-filter"], ["model_context_window_exceeded", "length"]]) {
    const { theirs, ours } = await replied({ stopReason, output: { message: { role: "assistant", content: [{ text: "Hm." }] } } });
    assert.deepEqual([theirs.finishReason.unified, ours.finishReason.unified], ["other", unified]);
  }
});

test("a stream that is cut ends with an error", async () => {
  for (const [name, provider] of PROVIDERS) {
    await bedrock.reset();
    await bedrock.fault({ end_after_frames: 4, forever: true });
    const { stream } = await provider(CLAUDE).doStream({ prompt: [user("hello")] });
    const parts = await gather(stream);
    const reason = parts.at(-1).finishReason?.unified;
    assert.deepEqual([parts.some(({ type }) => type === "error"), reason], name === "theirs" ? [false, "other"] : [true, "error"]);
  }
});

test("structured output that a tool makes streams", async () => {
  const given = { prompt: [user("tell one")], responseFormat: { type: "json", schema: { type: "object", properties: { setup: { type: "string" } }, required: ["setup"], additionalProperties: false } } };
  const pieces = {};
  for (const [name, provider] of PROVIDERS) {
    await bedrock.reset();
    const { stream } = await provider(NOVA).doStream(given);
    pieces[name] = (await gather(stream)).filter(({ type, delta }) => type === "text-delta" && delta);
  }
  assert.equal(pieces.theirs.length, 1);
  assert.ok(pieces.ours.length > 1);
  const values = Object.values(pieces).map((list) => JSON.parse(list.map(({ delta }) => delta).join("")));
  assert.deepEqual(values[0], values[1]);
});
