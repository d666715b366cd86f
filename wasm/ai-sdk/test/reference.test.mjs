// The original provider, with the same prompts against the same local Bedrock: results, stream parts and requests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLAUDE, NOVA, gather, localBedrock, user } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const schema = { type: "object", properties: { location: { type: "string" } }, required: ["location"], additionalProperties: false };
const weather = { type: "function", name: "get_weather", description: "The weather", inputSchema: schema };
const call = { role: "assistant", content: [{ type: "tool-call", toolCallId: "tooluse_1", toolName: "get_weather", input: { location: "Paris" } }] };
const result = (output) => ({ role: "tool", content: [{ type: "tool-result", toolCallId: "tooluse_1", toolName: "get_weather", output }] });
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const file = (type, data, more) => ({ type: "file", mediaType: type, data: { type: "data", data }, ...more });
const bedrockOptions = (options) => ({ providerOptions: { bedrock: options } });

/** Prompts and options. Each runs with every model of its list, with and without streaming. */
const CASES = {
  "a text": { prompt: [user("hello")] },
  "system messages and sampling": { prompt: [{ role: "system", content: "Be brief." }, { role: "system", content: "Be kind." }, user("hello")], maxOutputTokens: 20, temperature: 0.5 },
  "a limit of tokens": { prompt: [user("hello")], maxOutputTokens: 2 },
  "stop sequences": { prompt: [user("hello")], stopSequences: ["local"] },
  "a conversation": { prompt: [user("hello"), { role: "assistant", content: [{ type: "text", text: "Hi!" }] }, user("again", "and again")] },
  "a tool of choice": { prompt: [user("weather in Paris")], tools: [weather], toolChoice: { type: "auto" } },
  "a required tool": { prompt: [user("weather in Paris")], tools: [weather], toolChoice: { type: "required" } },
  "a named tool": { prompt: [user("weather in Paris")], tools: [weather], toolChoice: { type: "tool", toolName: "get_weather" } },
  "a result that is a text": { prompt: [user("weather in Paris"), call, result({ type: "text", value: "sunny" })], tools: [weather] },
  "a result that is JSON": { prompt: [user("weather in Paris"), call, result({ type: "json", value: { sky: "blue" } })], tools: [weather] },
  "a result that is content": { prompt: [user("weather in Paris"), call, result({ type: "content", value: [{ type: "text", text: "sunny" }, file("image/png", PNG)] })], tools: [weather] },
  "an image": { prompt: [user("What is this?", file("image/png", PNG))] },
  "an image without its exact type": { prompt: [user("What is this?", file("image/*", PNG))] },
  "a document": { prompt: [user("What is this?", file("text/plain", btoa("Notes"), { filename: "notes.txt" }))] },
  "a document without a name": { prompt: [user("What is this?", file("application/pdf", btoa("%PDF-1.7 x")))] },
  "cache points": { prompt: [{ role: "system", content: "Be brief.", ...bedrockOptions({ cachePoint: { type: "default" } }) }, { ...user("hello"), ...bedrockOptions({ cachePoint: { type: "default" } }) }] },
  "guarded content": { prompt: [{ role: "user", content: [{ type: "text", text: "hello", ...bedrockOptions({ guardContent: true, guardContentQualifiers: ["query"] }) }] }], ...bedrockOptions({ guardrailConfig: { guardrailIdentifier: "gr1abc", guardrailVersion: "1", trace: "enabled" } }) },
  "members of Converse's request": { prompt: [user("hello")], ...bedrockOptions({ serviceTier: "flex", requestMetadata: { team: "blue" } }) },
};

/** Cases for Claude alone. */
const CLAUDE_CASES = {
  reasoning: { prompt: [user("think about the weather in Paris")], tools: [weather], ...bedrockOptions({ reasoningConfig: { type: "enabled", budgetTokens: 1024 } }), maxOutputTokens: 500 },
  "a further field": { prompt: [user("hello")], ...bedrockOptions({ additionalModelRequestFields: { top_k: 4 } }) },
};

/** Returns a reply without what differs on purpose: README.md and docs/from-ai-sdk.md list it. */
function comparable(value) {
  return JSON.parse(JSON.stringify(value, (name, inner) => {
    // Ids and times of each request, and the metadata that only this package passes on.
    if (["id", "timestamp", "headers", "date", "url", "metrics"].includes(name) && name !== "toolCallId" && typeof inner !== "number") return name === "id" && /^\d+$|^tooluse/.test(inner) ? inner : undefined;
    return inner;
  }));
}

/** Returns parts without the empty deltas that the original passes on. */
const withoutEmpty = (parts) => parts.filter(({ type, delta, providerMetadata }) => !(type.endsWith("-delta") && delta === "" && !providerMetadata));

/** Returns a request without members that have no effect. */
function request(body) {
  const { system, additionalModelRequestFields: fields, inferenceConfig, ...rest } = structuredClone(body);
  return { ...rest, ...(system?.length ? { system } : {}), ...(fields && Object.keys(fields).length ? { fields } : {}), ...(inferenceConfig ? { inferenceConfig } : {}) };
}

for (const [cases, models] of [[CASES, [CLAUDE, NOVA]], [CLAUDE_CASES, [CLAUDE]]]) {
  for (const [title, options] of Object.entries(cases)) {
    for (const id of models) {
      const [vendor] = id.split(".").slice(1);
      test(`result equals the original: ${title}, ${vendor}`, async () => {
        const theirs = await bedrock.reference(id).doGenerate(options);
        const [before] = await bedrock.bodies();
        await bedrock.reset();
        const ours = await bedrock.ours(id).doGenerate(options);
        assert.deepEqual(comparable({ ...ours, request: undefined }), comparable({ ...theirs, request: undefined }));
        const [after] = await bedrock.bodies();
        assert.deepEqual(request(after), request(before));
        assert.deepEqual(ours.request.body, after);
      });

      test(`stream equals the original: ${title}, ${vendor}`, async () => {
        const theirs = await bedrock.reference(id).doStream(options);
        const before = await gather(theirs.stream);
        await bedrock.reset();
        const ours = await bedrock.ours(id).doStream(options);
        const after = await gather(ours.stream);
        assert.deepEqual(comparable(withoutEmpty(after)), comparable(withoutEmpty(before)));
        assert.ok(after[1].timestamp instanceof Date && ours.response.headers["x-amzn-requestid"]);
      });
    }
  }
}
