// Fallbacks and the rate limiter of the core, through the provider.
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLAUDE, NOVA, gather, localBedrock, user } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const prompt = [user("hello")];

test("fallbacks of a model answer after throttling, also in streams", async () => {
  await bedrock.fault([{ status: 429, error_type: "ThrottlingException", message: "Too many tokens", path_contains: "claude", forever: true }]);
  const model = bedrock.ours(CLAUDE, { fallbacks: [{ model: NOVA, temperature: 0.25 }] });
  const { content, providerMetadata } = await model.doGenerate({ prompt });
  assert.match(content[0].text, /hello/);
  assert.equal(providerMetadata.bedrock.fallback.target, 1);
  const parts = await gather((await model.doStream({ prompt })).stream);
  assert.equal(parts.at(-1).providerMetadata.bedrock.fallback.failed[0].kind, "throttled");
  const requests = await bedrock.requests();
  assert.deepEqual(requests.map(({ path }) => [path.includes("nova"), path.includes("/converse")]), [[false, true], [true, true], [false, true], [true, true]]);
});

test("models and calls of a provider share its rate limiter", async () => {
  let asked = 0;
  const fetch = async () => (asked++, Response.json({ output: { message: { role: "assistant", content: [{ text: "ok" }] } }, stopReason: "end_turn", usage: {} }));
  const provider = createAmazonBedrock({ ...bedrock.settings, fetch, rateLimiter: { requestsPerMinute: 6 } });
  await Promise.all([provider(CLAUDE).doGenerate({ prompt }), provider(NOVA).doGenerate({ prompt })]);
  // The next turn is in 10 seconds.
  await assert.rejects(async () => provider(CLAUDE).doGenerate({ prompt, providerOptions: { bedrock: { timeout: 50 } } }), /timeout/);
  assert.equal(asked, 2);
});
