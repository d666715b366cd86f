// Recorded responses of Converse, read by this package and by the original provider: tests/conformance/data.
import { createAmazonBedrock as createReference } from "@ai-sdk/amazon-bedrock";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gather, user } from "./support/bedrock.mjs";

const data = new URL("../../../tests/conformance/data/", import.meta.url);
const cases = (name) => readFileSync(new URL(name, data), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)).filter(({ peers, response }) => peers.aisdk && response && !response.network_error);
const prompt = [user("hello")];

/** Cases where this package returns something else on purpose, and why. */
const DIFFERENT = {
  "cv-error-408-timeout": "the call may have been paid for, so it is not retried",
  "cv-error-502-html": "the call may have been paid for, so it is not retried",
  "cv-resp-citations": "citations are returned",
  "cv-resp-model-context-window-exceeded": "the finish reason is length",
  "cv-resp-no-usage": "a reply without usage is a reply",
  "cv-resp-unknown-block": "unknown blocks are returned and sent back",
  "cv-stream-error-coral-200-unknown-operation": "the error is an APICallError",
  "cv-stream-exception-serviceUnavailableException": "an open text ends before the end of the stream",
  "cv-stream-exception-validationException": "an open text ends before the end of the stream",
  "cv-stream-unknown-event": "events of unknown types are in the metadata",
  "cv-stream-truncated": "a stream that is cut is an error",
};

/** Returns a provider's model whose service returns a recorded response. */
function model(create, { model: id, region, response }) {
  const { status, content_type: type, headers, body, body_text: text, body_base64: bytes } = response;
  const sent = bytes === undefined ? (text ?? JSON.stringify(body)) : Buffer.from(bytes, "base64");
  const fetch = async () => new Response(sent, { status, headers: { ...headers, ...(type ? { "content-type": type } : {}) } });
  return create({ region: region ?? "us-east-1", apiKey: "key", fetch })(id);
}

/** Whether metadata has nothing but the numbers that only this package passes on. */
const isEmpty = ({ bedrock }) => bedrock && Object.keys(bedrock).every((name) => name === "metrics");

/** Returns what both packages must agree about. */
function comparable(value) {
  return JSON.parse(JSON.stringify(value, (name, inner) => (["metrics", "headers", "timestamp", "request", "response", "warnings"].includes(name) || (name === "providerMetadata" && isEmpty(inner)) ? undefined : inner)));
}

/** Returns what a call returns, or the facts about its error. */
async function outcome(work) {
  try {
    return comparable(await work());
  } catch (error) {
    return { failed: true, statusCode: error.statusCode, isRetryable: error.isRetryable };
  }
}

const merged = (parts) => parts.filter(({ type, delta, providerMetadata }) => type !== "response-metadata" && !(type.endsWith("-delta") && !delta && !providerMetadata)).map((part) => (part.type === "error" ? { type: "error" } : part));

for (const [file, run] of [
  ["converse.jsonl", (model) => model.doGenerate({ prompt })],
  ["converse-stream.jsonl", async (model) => merged(await gather((await model.doStream({ prompt })).stream))],
]) {
  for (const each of cases(file)) {
    const why = DIFFERENT[each.scenario];
    test(`${why ? "differs from" : "equals"} the original: ${each.scenario}`, async () => {
      // A listed difference that is gone must leave the list.
      const compare = why ? assert.notDeepEqual : assert.deepEqual;
      compare(await outcome(() => run(model(createAmazonBedrock, each))), await outcome(() => run(model(createReference, each))));
    });
  }
}
