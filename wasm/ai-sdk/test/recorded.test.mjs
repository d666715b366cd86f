// Recorded responses of Converse, read by this package and by the original provider: tests/conformance/data. Differences are listed
// in recorded.json.
import { createAmazonBedrock as createReference } from "@ai-sdk/amazon-bedrock";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import assert from "node:assert/strict";
import { test } from "node:test";
import { gather, user } from "./support/bedrock.mjs";
import { answered, recorded } from "./support/recorded.mjs";

const cases = (file) => recorded.cases([file]).filter(({ peers, response }) => peers.aisdk && response && !response.network_error);
const prompt = [user("hello")];

/** Returns a provider's model whose service returns a recorded response. */
function model(create, { model: id, region, response }) {
  return create({ region: region ?? "us-east-1", apiKey: "key", fetch: async () => answered(response) })(id);
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
  ["converse", (model) => model.doGenerate({ prompt })],
  ["converse-stream", async (model) => merged(await gather((await model.doStream({ prompt })).stream))],
]) {
  for (const each of cases(file)) {
    const why = recorded.responses[each.scenario];
    test(`${why ? "differs from" : "equals"} the original: ${each.scenario}`, async () => {
      // A listed difference that is gone must leave the list.
      const compare = why ? assert.notDeepEqual : assert.deepEqual;
      compare(await outcome(() => run(model(createAmazonBedrock, each))), await outcome(() => run(model(createReference, each))));
    });
  }
}
