// Models of one provider: their keys and connections, and the members of their blocks.
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import { ChatStream } from "bedrock-chat";
import { assumeRole } from "bedrock-chat/credentials";
import assert from "node:assert/strict";
import { test } from "node:test";
import { claude, frame, speaks, utf8 } from "../../test/suite/frames.js";
import { CLAUDE, gather, localBedrock, user } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const { accessKeyId, secretAccessKey, ...place } = bedrock.settings;
const keys = { accessKeyId, secretAccessKey };
const prompt = [user("hello")];
const options = (own) => ({ providerOptions: { bedrock: own } });

/** Returns how many chat models of the core a function creates: each reads the environment once. */
async function created(work) {
  const before = process.env;
  let count = 0;
  process.env = new Proxy(before, {
    get(variables, name) {
      if (name === "AWS_USE_DUALSTACK_ENDPOINT") count++;
      return variables[name];
    },
  });
  try {
    await work();
  } finally {
    process.env = before;
  }
  return count;
}

/** A model of Claude over InvokeModel whose service streams these events. */
const streaming = (...events) => createAmazonBedrock({ region: "us-east-1", apiKey: "key", fetch: speaks([claude.start(), ...events, claude.stop(), claude.over()]) })(CLAUDE, { api: "invoke" });

test("credentialProvider is called once for all models of a provider", async () => {
  let asked = 0;
  const credentialProvider = async () => (asked++, { ...keys, expiration: new Date(Date.now() + 3600_000) });
  const provider = createAmazonBedrock({ ...place, credentialProvider });
  for (const headers of [{}, { "x-team": "blue" }]) await provider(CLAUDE).doGenerate({ prompt, headers });
  await Promise.all([1, 2, 3].map(() => provider(CLAUDE).doGenerate({ prompt })));
  assert.equal(asked, 1);
});

test("expired keys of credentialProvider are requested again", async () => {
  const credentialProvider = assumeRole({ roleArn: "arn:aws:iam::123456789012:role/Reader", region: "us-east-1", endpointUrl: place.baseURL, credentials: keys });
  let asked = 0;
  for (const given of [credentialProvider, async () => ({ ...keys, sessionToken: asked++ ? undefined : "TOKEN+/=", expiration: new Date(Date.now() + 3600_000) })]) {
    await bedrock.reset();
    const provider = createAmazonBedrock({ ...place, credentialProvider: given });
    await provider(CLAUDE).doGenerate({ prompt });
    await bedrock.fault({ status: 403, error_type: "ExpiredTokenException", message: "The security token included in the request is expired" });
    for (let calls = 0; calls < 2; calls++) await provider(CLAUDE).doGenerate({ prompt });
    const paths = (await bedrock.requests()).map(({ path }) => path.replace(/.+\//, "")).join();
    assert.equal(paths, given === credentialProvider ? "/,converse,converse,/,converse,converse" : "converse,converse,converse,converse");
  }
  assert.equal(asked, 2);
});

test("API of a model is chosen once, and chat models are used again", async () => {
  const model = bedrock.ours("openai.gpt-5.6-sol", { service: "bedrock-mantle", gatewayUrl: undefined });
  const calls = [1, 2, 3].map((team) => ({ prompt, headers: { "x-team": String(team) } }));
  const count = await created(async () => {
    for (const call of [...calls, ...calls, ...calls]) await model.doGenerate(call);
  });
  assert.equal(count, 4, "one attempt with Converse, and one chat model for each set of headers");
  assert.ok((await bedrock.requests()).every(({ path }) => path.endsWith("/responses")));
});

test("stream with many blocks never reads the whole message", async () => {
  const soFar = Object.getOwnPropertyDescriptor(ChatStream.prototype, "soFar");
  let reads = 0;
  Object.defineProperty(ChatStream.prototype, "soFar", { ...soFar, get() { return reads++, soFar.get.call(this); } });
  try {
    const blocks = Array.from({ length: 50 }, (_, at) => [claude.block(at, { type: "text", text: "" }), claude.text(at, `${at}`), claude.end(at)]);
    const parts = await gather((await streaming(...blocks.flat()).doStream({ prompt })).stream);
    assert.equal(parts.filter(({ type }) => type === "text-end").length, 50);
  } finally {
    Object.defineProperty(ChatStream.prototype, "soFar", soFar);
  }
  assert.equal(reads, 0);
});

test("members of blocks are the same with and without streaming", async () => {
  const model = bedrock.ours("us.openai.gpt-5.6-sol", { api: "responses" });
  const tools = [{ type: "function", name: "get_weather", inputSchema: { type: "object", properties: { location: { type: "string" } } } }];
  const call = { prompt: [user("think about the weather in Paris")], tools, ...options({ reasoning: "high" }) };
  const { content } = await model.doGenerate(call);
  const parts = await gather((await model.doStream(call)).stream);
  const shape = (list) => list.map(({ type, providerMetadata }) => [type.replace("-end", ""), Object.keys(providerMetadata.bedrock).sort(), Object.keys(providerMetadata.bedrock.members ?? {}).sort()]);
  const ends = parts.filter(({ type }) => ["reasoning-end", "text-end", "tool-call"].includes(type));
  assert.deepEqual(shape(ends), shape(content));
  assert.deepEqual(shape(content)[0], ["reasoning", ["members", "signature"], ["id"]]);
});

test("text and reasoning inside message_start become stream parts", async () => {
  const start = claude.start();
  start.message.content = [{ type: "thinking", thinking: "Hm.", signature: "c2ln" }, { type: "text", text: "Hi" }];
  const provider = createAmazonBedrock({ region: "us-east-1", apiKey: "key", fetch: speaks([start, claude.stop(), claude.over()]) });
  const parts = await gather((await provider(CLAUDE, { api: "invoke" }).doStream({ prompt })).stream);
  assert.deepEqual(parts.filter(({ delta }) => delta).map(({ type, delta }) => [type, delta]), [["reasoning-delta", "Hm."], ["text-delta", "Hi"]]);
  assert.equal(parts.find(({ providerMetadata }) => providerMetadata?.bedrock?.signature)?.providerMetadata.bedrock.signature, "c2ln");
});

test("unknown events of a stream are in its metadata", async () => {
  const unknown = frame({ ":event-type": "newThing", ":content-type": "application/json", ":message-type": "event" }, utf8('{"a":1}'));
  const parts = await gather((await streaming(unknown, { type: "new_event", b: 2 }).doStream({ prompt })).stream);
  assert.deepEqual(parts.at(-1).providerMetadata.bedrock.unknown_events, [{ newThing: { a: 1 } }, { type: "new_event", b: 2 }]);
});

test("budgets of reasoning are the same as the core's", async () => {
  const model = bedrock.ours(CLAUDE);
  for (const effort of ["low", "medium", "high", "xhigh"]) {
    await model.doGenerate({ prompt, reasoning: effort, maxOutputTokens: 100 });
    await model.doGenerate({ prompt, ...options({ reasoning: effort }) });
  }
  const bodies = await bedrock.bodies();
  const budgets = bodies.map(({ additionalModelRequestFields: { thinking } }) => thinking.budget_tokens);
  for (let at = 0; at < budgets.length; at += 2) assert.equal(budgets[at], budgets[at + 1]);
  assert.deepEqual(budgets.filter((_, at) => at % 2), [1024, 4096, 16_384, 16_384]);
  assert.equal(bodies[0].inferenceConfig.maxTokens, 1124);
});

test("sampling that Nova refuses with a high effort is a warning", async () => {
  const { warnings } = await bedrock.ours("us.amazon.nova-2-lite-v1:0").doGenerate({ prompt, temperature: 0.5, topP: 0.5, maxOutputTokens: 100, reasoning: "high" });
  assert.deepEqual(warnings.map(({ feature }) => feature), ["temperature", "topP", "maxOutputTokens"]);
});

test("family of a profile's ARN counts as the model", async () => {
  const provider = createAmazonBedrock(bedrock.settings);
  const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123abc123";
  await provider(arn, { modelFamily: "anthropic" }).doGenerate({ prompt }).catch(() => {});
  assert.deepEqual((await bedrock.bodies())[0].additionalModelResponseFieldPaths, ["/delta/stop_sequence"]);
});
