// Calls that were recorded with the original provider, repeated with this package: tests/conformance/data. The requests
// must be equal but for the differences in recorded.json.
import * as ai from "ai";
import * as ai6 from "ai-6";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import { createAmazonBedrock as createV3 } from "bedrock-chat/ai-sdk/v3";
import assert from "node:assert/strict";
import { test } from "node:test";
import { answered, differing, recorded } from "./support/recorded.mjs";

/** The versions of the AI SDK that the calls were recorded with, by their tags. */
const TAGS = { aisdk: { sdk: ai6, create: createV3 }, aisdk5: { sdk: ai, create: createAmazonBedrock } };

/** Returns the path and the body of the only request, or `null` if there was none. */
async function sent({ sdk, create }, { api, model, region, response }, { call, tools = [] }) {
  const requests = [];
  const settings = {
    region: region ?? "us-east-1", accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret",
    fetch: async (url, { body }) => (requests.push({ path: new URL(url).pathname, body: JSON.parse(body) }), answered(response)),
  };
  const options = { ...call, model: create(settings)(model) };
  if (tools.length) options.tools = Object.fromEntries(tools.map(({ name, description, input_schema }) => [name, sdk.tool({ description, inputSchema: sdk.jsonSchema(input_schema) })]));
  const errors = [];
  if (api === "converse") await sdk.generateText(options).catch((error) => errors.push(error));
  else await sdk.streamText({ ...options, onError: ({ error }) => void errors.push(error) }).consumeStream();
  assert.ok(requests.length <= 1, "one request");
  if (!requests.length) assert.ok(errors.length, "a call that is not sent is an error");
  return requests[0] ?? null;
}

/** Returns a request without members that have no effect. */
function plain(request) {
  if (!request) return null;
  const { system, inferenceConfig, ...body } = request.body;
  return { path: request.path, body: { ...body, ...(system?.length ? { system } : {}), ...(inferenceConfig && Object.keys(inferenceConfig).length ? { inferenceConfig } : {}) } };
}

// Warnings are expected for what a model does not accept.
globalThis.AI_SDK_LOG_WARNINGS = false;

const listed = new Map(Object.entries(recorded.requests));
for (const each of recorded.cases(["converse", "converse-stream"])) {
  for (const [tag, version] of Object.entries(TAGS)) {
    const peer = each.peers[tag];
    if (!peer) continue;
    const { why, paths = [] } = listed.get(each.scenario) ?? {};
    listed.delete(each.scenario);
    test(`request ${why ? "differs from" : "equals"} the original: ${each.scenario}, ${tag}`, async () => {
      const ours = plain(await sent(version, each, peer));
      // A listed difference that is gone must leave the list.
      assert.deepEqual(differing(plain(peer.request), ours), paths, why ?? JSON.stringify(ours));
    });
  }
}

test("every listed difference has a scenario", () => assert.deepEqual([...listed.keys()], []));
