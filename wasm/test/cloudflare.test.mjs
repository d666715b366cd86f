// Cloudflare's AI Gateway: a local imitation accepts the documented path and token, removes both, and sends the rest to the
// local Bedrock as AWS's host of the region in the path.
import assert from "node:assert/strict";
import { createServer, request as connect } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { project } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";
import { KEYS, context } from "./suite/bedrock.js";

const TOKEN = "cloudflare-token-of-the-test";
const PREFIX = "/v1/account1/my-gateway/aws-bedrock/bedrock-runtime/us-east-1/";

const server = await startBedrock();
after(server.stop);
const gateway = createServer(forward);
await new Promise((done) => gateway.listen(0, "127.0.0.1", done));
after(() => gateway.close());
const baseUrl = `http://127.0.0.1:${gateway.address().port}/v1`;
/** The headers of the calls that the gateway has received. */
const received = [];

function forward(incoming, response) {
  received.push(incoming.headers);
  const isKnown = incoming.headers["cf-aig-authorization"] === `Bearer ${TOKEN}` && incoming.url.startsWith(PREFIX);
  if (!isKnown) {
    incoming.resume();
    response.writeHead(401, { "content-type": "application/json" }).end(`{"message":"bad token or path: ${incoming.headers["cf-aig-authorization"]} ${incoming.url}"}`);
    return;
  }
  const kept = Object.entries(incoming.headers).filter(([name]) => !name.startsWith("cf-aig-"));
  const headers = { ...Object.fromEntries(kept), host: "bedrock-runtime.us-east-1.amazonaws.com" };
  const call = connect(new URL(`/${incoming.url.slice(PREFIX.length)}`, server.url), { method: incoming.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  incoming.pipe(call);
}

const imported = await import(pathToFileURL(join(project, "entry.js")));
const load = createRequire(join(project, "entry.js"));
const required = load("./entry.cjs");

for (const [how, api] of Object.entries({ imported, required })) {
  describe(how, () => {
    const { bedrock, ...all } = context(api, server.url);
    const chat = ({ token = TOKEN, ...fields } = {}) =>
      all.chat({ endpointUrl: undefined, maxRetries: 0, cloudflareGateway: { accountId: "account1", gatewayId: "my-gateway", token, baseUrl }, ...fields });
    beforeEach(() => {
      received.length = 0;
      return bedrock.clear();
    });

    test("cloudflare gateway forwards signed calls and streams", async () => {
      for (const path of ["invoke", "converse"]) {
        const model = chat({ api: path, headers: { "cf-aig-skip-cache": "true" } });
        assert.match((await model.invoke("hello")).text, /hello/);
        assert.match((await (await model.stream("hello")).message()).text, /hello/);
      }
      assert.deepEqual((await bedrock.requests()).map(({ signature }) => signature.verdict), Array(4).fill("signed"));
      assert.deepEqual(received.map((headers) => headers["cf-aig-skip-cache"]), Array(4).fill("true"));
    });

    test("cloudflare gateway refuses a call without its token", async () => {
      const error = await chat({ token: null }).invoke("hello").catch((error) => error);
      assert.equal(error.status, 401, String(error));
      assert.equal(received[0]["cf-aig-authorization"], undefined);
      assert.equal((await bedrock.requests()).length, 0);
    });

    test("cloudflare token is in no error", async () => {
      const error = await chat({ token: "another-token" }).invoke("hello").catch((error) => error);
      assert.match(error.message, /bad token or path: Bearer/);
      assert.doesNotMatch(`${error} ${JSON.stringify(error)} ${error.stack}`, /another-token/);
    });

    test("a fallback leaves cloudflare gateway, or has its own", async () => {
      const direct = chat({ token: "another-token", fallbacks: [{ cloudflareGateway: null, endpointUrl: server.url, when: () => true }] });
      assert.match((await direct.invoke("hello")).text, /hello/);
      const other = all.chat({ endpointUrl: undefined, maxRetries: 0, gatewayUrl: `${baseUrl}/wrong`, fallbacks: [{ cloudflareGateway: { accountId: "account1", gatewayId: "my-gateway", token: TOKEN, baseUrl }, when: () => true }] });
      assert.match((await other.invoke("hello")).text, /hello/);
      assert.deepEqual((await bedrock.requests()).map(({ signature }) => signature.verdict), ["signed", "signed"]);
    });
  });
}

test("bedrock-chat/gateway sends its calls through cloudflare gateway", async () => {
  const { bedrock } = context(imported, server.url);
  await bedrock.clear();
  const { createGateway } = load("bedrock-chat/gateway");
  const cloudflareGateway = { accountId: "account1", gatewayId: "my-gateway", token: TOKEN, baseUrl };
  const { fetch } = createGateway({ region: "us-east-1", credentials: KEYS, cloudflareGateway, keys: { tester: "gw-0123456789" } });
  for (const model of ["us.amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-6"]) {
    const body = JSON.stringify({ model, max_tokens: 99, messages: [{ role: "user", content: "Hello?" }] });
    const answer = await fetch(new Request("http://gateway.example/v1/messages", { method: "POST", headers: { "x-api-key": "gw-0123456789", "content-type": "application/json" }, body }));
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    assert.match(text, /You said: Hello\?/);
  }
  assert.deepEqual((await bedrock.requests()).map(({ signature }) => signature.verdict), ["signed", "signed"]);
  assert.throws(() => createGateway({ region: "us-east-1", credentials: KEYS, cloudflareGateway: { ...cloudflareGateway, gatewayId: "" }, keys: { tester: "gw-0123456789" } }), /invalid gateway id/);
});
