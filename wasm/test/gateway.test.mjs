// `bedrock-chat/gateway` in Node, in Miniflare and in plain workerd. Its own code connects requests and responses
// to the module, whose answers the crate's tests check.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { request as connect } from "node:http";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { project } from "./support/project.mjs";
import { inMiniflare, inWorkerd } from "../worker/harness/serve.mjs";
import { startBedrock } from "./support/server.mjs";
import { askWorker, bundled } from "./support/workerd.mjs";
import { GATEWAY, GATEWAY_KEY, signingGateway } from "./suite/anonymous.js";
import { Bedrock, KEYS } from "./suite/bedrock.js";
import { HANGS, until } from "./suite/check.js";

const server = await startBedrock();
after(server.stop);
const bedrock = new Bedrock(server.url);

const ECHO = "I am the local Bedrock's echo model. You said: ";
const KEY = "gw-0123456789";
const CLAUDE = "us.anthropic.claude-sonnet-4-6";
const LONG = `of the sea${" and of the wind".repeat(40)}`;
const said = [{ role: "user", content: "Hello?" }];

const places = { Node: (await import(pathToFileURL(join(project, "gateway.js")))).default };
const bundle = await bundled("gateway", { main: "gateway.js", count: 1, flags: ["enable_request_signal"] });
for (const [name, serve] of Object.entries({ Miniflare: inMiniflare, workerd: inWorkerd })) {
  const { url, stop } = await serve(bundle, {});
  after(stop);
  places[name] = { fetch: (request) => askWorker(new Request(new URL(new URL(request.url).pathname + new URL(request.url).search, url), request)), url };
}

for (const [name, place] of Object.entries(places)) describe(`the gateway in ${name}`, () => gatewayTests(place));

function gatewayTests(place) {
  const send = (path, init = {}, key = KEY) => {
    const headers = new Headers({ "x-api-key": key, "accept-encoding": "identity", ...init.headers });
    return place.fetch(new Request(`http://gateway.example${path}`, { ...init, headers }));
  };
  const post = (path, body, { key, ...init } = {}) => send(path, { method: "POST", body: typeof body === "object" && !(body instanceof Uint8Array) ? JSON.stringify(body) : body, ...init }, key);
  const calls = async () => (await send("/_calls")).json();

  beforeEach(async () => {
    await bedrock.clear();
    await (await send(`/_start?bedrock=${encodeURIComponent(server.url)}`)).text();
  });

  /** Waits until the first request of Bedrock's has this outcome, and its call has ended. */
  async function ended(outcome) {
    return until(async () => {
      const [request] = await bedrock.requests();
      const [call] = await calls();
      return request?.outcome === outcome && call && { request, call };
    }, `the outcome is ${outcome}, and the call has ended`);
  }

  test("Messages for Claude pass on with their own bytes", async () => {
    const messages = '[ {"role":"user",  "content":[{"type":"text","text":"H\\u0065llo","cache_control":{"type":"ephemeral"}}]} ]';
    const answer = await post("/v1/messages?beta=true", `{"model":"claude-sonnet-4-6","max_tokens":99,"messages":${messages}}`, { headers: { "anthropic-version": "2023-06-01" } });
    const reply = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(reply));
    assert.equal(reply.content[0].text, `${ECHO}Hello`);
    assert.equal(answer.headers.get("x-gateway-model"), CLAUDE);
    const [{ path, body }] = await bedrock.requests();
    assert.match(path, /us\.anthropic\.claude-sonnet-4-6\/invoke$/);
    assert.ok(body.includes(messages), body);
  });

  test("Messages for other models are translated", async () => {
    const answer = await post("/v1/messages", { model: "nova", max_tokens: 99, messages: said, stream: true });
    const text = await answer.text();
    assert.match(answer.headers.get("content-type"), /^text\/event-stream/);
    const events = text.split("\n\n").filter(Boolean).map((event) => JSON.parse(/^data: (.*)$/m.exec(event)[1]));
    assert.deepEqual([events[0].type, events.at(-1).type], ["message_start", "message_stop"]);
    assert.equal(events.map(({ delta }) => delta?.text ?? "").join(""), `${ECHO}Hello?`);
    assert.match((await bedrock.requests())[0].path, /nova.*converse-stream$/);
  });

  test("Chat Completions are streamed as the model writes them", async () => {
    const body = { model: "nova", messages: [{ role: "user", content: LONG }], stream: true };
    const text = await (await post("/v1/chat/completions", body)).text();
    const chunks = text.split("\n\n").filter((chunk) => chunk && chunk !== "data: [DONE]").map((chunk) => JSON.parse(chunk.slice("data: ".length)));
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), ECHO + LONG);
    assert.match(text, /data: \[DONE\]\n\n$/);
    // A model that falls silent in the middle: the chunks cannot have waited for the rest.
    await bedrock.faults({ path_contains: "stream", hang_after_frames: 20 });
    const reader = (await post("/v1/chat/completions", body)).body.getReader();
    const decoder = new TextDecoder();
    for (let begun = ""; begun.split('"content":').length <= 15; ) begun += decoder.decode((await reader.read()).value, { stream: true });
    await reader.cancel();
  });

  test("Responses are answered, also with a tool call", async () => {
    const events = await (await post("/v1/responses", { model: "nova", input: "Hello?", stream: true })).text();
    assert.match(events, /^event: response\.created\n/);
    const { response } = JSON.parse(/^event: response\.completed\ndata: (.*)$/m.exec(events)[1]);
    assert.equal(response.output[0].content[0].text, `${ECHO}Hello?`);
    const tools = [{ type: "function", name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } }];
    const { output } = await (await post("/v1/responses", { model: "nova", input: "Weather?", tools, tool_choice: "required" })).json();
    assert.deepEqual(output.map(({ type, name }) => [type, name]), [["function_call", "get_weather"]]);
  });

  test("calls of AWS's SDKs pass through with the key's metadata, and answers with equal bytes", async () => {
    const messages = '[{"role":"user",  "content":[{"text":"H\\u00e9llo"}]}]';
    const body = new TextEncoder().encode(`{ "messages": ${messages} }`);
    const path = "/model/us.amazon.nova-lite-v1%3A0/converse-stream";
    const headers = { "content-type": "application/json" };
    const through = await send(path, { method: "POST", body, headers: { ...headers, authorization: `Bearer ${KEY}` } });
    const bytes = new Uint8Array(await through.arrayBuffer());
    assert.match(through.headers.get("content-type"), /vnd\.amazon\.eventstream/);
    const [request] = await bedrock.requests();
    assert.equal(request.body, `{"messages":${messages},"requestMetadata":{"gateway_key":"alice"}}`);
    assert.equal(request.signature.verdict, "signed");
    const direct = await fetch(server.url + path, { method: "POST", body: request.body, headers: { ...headers, authorization: "Bearer bedrock-api-key-local-test" } });
    assert.deepEqual(bytes, new Uint8Array(await direct.arrayBuffer()));
    assert.equal((await calls())[0].usage.output_tokens > 0, true);
  });

  test("a wrong key is refused in the form of each API", async () => {
    for (const [path, read] of [
      ["/v1/messages", ({ error }) => error.type === "authentication_error"],
      ["/v1/chat/completions", ({ error }) => error.code === "invalid_api_key"],
      ["/model/x/converse", ({ message }) => /unknown key/.test(message)],
    ]) {
      const answer = await post(path, { model: "nova", max_tokens: 9, messages: said }, { key: "gw-wrong-key" });
      const body = await answer.json();
      assert.ok([401, 403].includes(answer.status) && read(body), `${path}: ${answer.status} ${JSON.stringify(body)}`);
    }
    assert.deepEqual(await bedrock.requests(), []);
    const records = await calls();
    assert.deepEqual(records.map(({ key, status }) => [key, status]), [["", 401], ["", 401], ["", 403]]);
    assert.doesNotMatch(JSON.stringify(records), /gw-wrong/);
  });

  /**
   * Sends a request whose client leaves: once the answer begins, or once Bedrock has the request. A client over a
   * connection resets it, as workerd would notice a mere end only when it writes.
   */
  async function leaves(path, given, { once }) {
    const body = JSON.stringify(given);
    let leave;
    let begun;
    if (place.url) {
      const client = connect(new URL(path, place.url), { method: "POST", headers: { "x-api-key": KEY } });
      begun = new Promise((resolve) => client.on("response", (response) => response.on("error", () => {}).once("data", resolve)));
      client.on("error", () => {}).end(body);
      leave = () => client.socket.resetAndDestroy();
    } else {
      const stop = new AbortController();
      const answer = post(path, body, { signal: stop.signal });
      begun = answer.then(async ({ body }) => {
        const reader = body?.getReader();
        await reader?.read();
        return reader;
      });
      leave = async () => {
        stop.abort(new Error("the client left"));
        if (once === "request") assert.equal((await answer).status, 499);
        else await assert.rejects((await begun).read(), /the client left/);
      };
    }
    if (once === "answer") await begun;
    else await until(async () => (await bedrock.requests()).length, "the request arrives");
    await leave();
    return ended("closed_by_client");
  }

  test("a client that leaves a stream ends the call to Bedrock", async () => {
    await bedrock.faults({ path_contains: "stream", drip_ms: 200 });
    const { request, call } = await leaves("/v1/messages", { model: "claude-sonnet-4-6", max_tokens: 999, messages: [{ role: "user", content: LONG }], stream: true }, { once: "answer" });
    assert.ok(request.frames_sent < 60, `${request.frames_sent} frames`);
    assert.match(call.error, /client left/);
    assert.ok(call.status === 200 && call.usage.input_tokens > 0);
  });

  test("cancelling the body of an answer ends the call", async () => {
    await bedrock.faults({ path_contains: "stream", drip_ms: 200 });
    const answer = await post("/v1/chat/completions", { model: "nova", messages: [{ role: "user", content: LONG }], stream: true });
    const reader = answer.body.getReader();
    await reader.read();
    await reader.cancel();
    const { call } = await ended("closed_by_client");
    assert.equal(call.status, 200);
  });

  test("a client that leaves before the answer ends the call", async () => {
    await bedrock.faults({ hang: true });
    const { call } = await leaves("/v1/messages", { model: "claude-sonnet-4-6", max_tokens: 9, messages: said }, { once: "request" });
    assert.equal(call.status, 499);
  });

  test("onCall receives each call, and its own errors do no harm", async () => {
    await send(`/_start?fails&bedrock=${encodeURIComponent(server.url)}`);
    await (await post("/v1/chat/completions", { model: "nova", messages: said })).text();
    const [call] = await calls();
    assert.deepEqual([call.key, call.model, call.modelId, call.path, call.status, call.streamed], ["alice", "nova", "us.amazon.nova-lite-v1:0", "/v1/chat/completions", 200, false]);
    const { input_tokens: input, output_tokens: output, total_tokens: total } = call.usage;
    assert.ok(input > 0 && output > 0 && total === input + output);
    assert.equal(call.cost, (input + 2 * output) / 1e6);
    assert.ok(call.requestId && call.durationMs >= 0 && Math.abs(call.beganAt - Date.now()) < HANGS);
    assert.doesNotMatch(JSON.stringify(call), /Hello|gw-/);
  });

  test("a body over the limit is refused, and not read to its end", async () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(50_000));
        if (++pulled === 400) controller.close();
      },
    });
    // A client over a connection would fail when the server does not read what it sends.
    const whole = new Uint8Array(100_001);
    const answer = await send("/v1/messages", { method: "POST", ...(place.url ? { body: whole } : { body, duplex: "half" }) });
    assert.deepEqual([answer.status, (await answer.json()).error.type], [413, "request_too_large"]);
    if (!place.url) assert.ok(pulled < 10, `${pulled} pieces were read`);
    assert.deepEqual(await bedrock.requests(), []);
  });

  test("a key's limit holds, and its use is kept and restored", async () => {
    const ask = () => post("/v1/chat/completions", { model: "nova", messages: said }, { key: "gw-9876543210" });
    assert.equal((await ask()).status, 200);
    const refused = await ask();
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    const used = await (await send("/_used?key=bob")).json();
    assert.ok(used.spent > 0 && used.requests > 0);
    await send("/_restore?key=bob", { method: "POST", body: "{}" });
    assert.equal((await ask()).status, 200);
    // Every request counts, also one that is then forbidden.
    await send("/_restore?key=bob", { method: "POST", body: "{}" });
    const forbidden = await post("/v1/chat/completions", { model: "claude-sonnet-4-6", messages: said }, { key: "gw-9876543210" });
    assert.ok([403, 404].includes(forbidden.status), String(forbidden.status));
  });

  test("a page of a listed origin reads answers, and HEAD has no body", async () => {
    const origin = { origin: "https://chat.example" };
    const preflight = await send("/v1/messages", { method: "OPTIONS", headers: { ...origin, "access-control-request-method": "POST" } });
    assert.equal(preflight.headers.get("access-control-allow-origin"), "https://chat.example");
    const health = await send("/", { method: "HEAD" });
    assert.deepEqual([health.status, await health.text()], [200, ""]);
    const { data } = await (await send("/v1/models")).json();
    assert.ok(data.some(({ id }) => id === "nova"));
  });
}

describe("settings of a gateway", () => {
  const { createGateway } = createRequire(join(project, "gateway.js"))("bedrock-chat/gateway");
  const fields = { region: "us-east-1", credentials: { accessKeyId: "a", secretAccessKey: "b" } };

  test("a gateway of the required package answers", async () => {
    const { fetch: answer } = createGateway({ ...fields, keys: { alice: KEY } });
    assert.deepEqual(await (await answer(new Request("http://x/health"))).json(), { status: "ok" });
    assert.equal((await answer(new Request("http://x/v1/models"))).status, 401);
  });

  test("a gateway without keys is not healthy", async () => {
    const health = await createGateway(fields).fetch(new Request("http://x/health"));
    assert.deepEqual([health.status, (await health.json()).status], [503, "no_keys"]);
  });

  const limited = { ...fields, credentials: KEYS, endpointUrl: server.url, models: { nova: { id: "us.amazon.nova-lite-v1:0", price: { input: 1, output: 2 } } } };
  const keys = { bob: { key: "gw-9876543210", requestsPerMinute: 1 }, free: "gw-0123456789" };
  const ask = (gateway, key) =>
    gateway.fetch(new Request("http://x/v1/chat/completions", { method: "POST", headers: { "x-api-key": key }, body: JSON.stringify({ model: "nova", messages: said }) }));

  test("anonymous calls go to a gateway that signs", async () => {
    await bedrock.clear();
    const anonymous = { credentials: "anonymous", gatewayUrl: GATEWAY, headers: GATEWAY_KEY, fetch: signingGateway(server.url), models: limited.models, keys };
    const gateway = createGateway(anonymous);
    assert.equal((await ask(gateway, "gw-0123456789")).status, 200);
    // The key of the client, in its own header, does not pass.
    const headers = { authorization: "Bearer gw-0123456789" };
    const body = JSON.stringify({ messages: [{ role: "user", content: [{ text: "Hello?" }] }] });
    const answer = await gateway.fetch(new Request("http://x/model/us.amazon.nova-lite-v1%3A0/converse", { method: "POST", headers, body }));
    assert.equal(answer.status, 200, await answer.text());
    assert.equal((await bedrock.requests()).length, 2);
    assert.throws(() => createGateway({ ...anonymous, apiKey: "k" }), ({ kind, field }) => kind === "config" && field === "apiKey");
  });

  test("gateways with one counter share the limits of its keys", async () => {
    await bedrock.clear();
    const central = createGateway({ ...limited, keys });
    const recorded = [];
    const counter = { admit: async (key) => central.admit(key), record: (...call) => recorded.push(call) };
    const [first, second] = [createGateway({ ...limited, keys, counter }), createGateway({ ...limited, keys, counter })];
    assert.equal((await ask(first, "gw-9876543210")).status, 200);
    assert.equal((await ask(second, "gw-9876543210")).status, 429);
    assert.equal((await ask(second, "gw-0123456789")).status, 200);
    const [[key, { tokens, cost }], ...more] = recorded;
    assert.deepEqual([key, more, Number.isInteger(tokens), tokens > 10, cost > 0], ["bob", [], true, true, true]);
    central.record(key, { tokens, cost });
    assert.deepEqual([central.used("bob").spent, first.used("bob").spent, central.used("bob").requests > 0.9], [cost, 0, true]);
    assert.throws(() => central.admit("eve"), (error) => error.kind === "config" && /`eve`/.test(error.message));
  });

  test("calls are refused while the counter fails, and its errors are logged", async (context) => {
    await bedrock.clear();
    const logged = context.mock.method(console, "error", () => {});
    const lines = [];
    const fail = () => { throw new Error("the database of Eve is gone"); };
    const onCall = ({ error }) => lines.push(error);
    const answer = await ask(createGateway({ ...limited, keys, onCall, counter: { admit: fail, record: fail } }), "gw-9876543210");
    assert.deepEqual([answer.status, /Eve/.test(await answer.text())], [503, false]);
    assert.match(lines[0], /counter\.admit failed: the database of Eve is gone/);
    assert.deepEqual(await bedrock.requests(), []);
    const counter = { admit: () => ({ at: Date.now(), requests: 0, tokens: 0, spent: 0, period: 0 }), record: fail };
    assert.equal((await ask(createGateway({ ...limited, keys, counter }), "gw-9876543210")).status, 200);
    assert.match(String(logged.mock.calls[0].arguments), /counter\.record failed with,Error: the database of Eve/);
  });

  for (const [name, settings, field, message] of [
    ["a counter without its functions", { counter: { admit() {} } }, "counter", /functions `admit` and `record`/],
    ["a model", { model: "m" }, "model", /not a setting of a gateway/],
    ["a tool", { tools: [] }, "tools", /not a setting of a gateway/],
    ["a misspelled name", { corsOrigin: ["*"] }, "corsOrigin", /did you mean `corsOrigins`/],
    ["a limit of 0", { keys: { a: { key: "gw-0123456789", requestsPerMinute: 0 } } }, "keys.a.requestsPerMinute", /is 0/],
    ["an unknown member of a key", { keys: { a: { key: "gw-0123456789", budgets: 1 } } }, undefined, /budgets/],
    ["a short key", { keys: { a: { key: "secret" } } }, undefined, /at least 8/],
    ["a list of models", { models: ["m"] }, "models", /must be a plain object/],
    ["half of a guardrail", { guardrailIdentifier: "g" }, "guardrailVersion", /set `guardrailVersion` too/],
  ]) {
    test(`${name} is an error`, () => {
      assert.throws(() => createGateway({ ...fields, ...settings }), (error) => {
        assert.deepEqual([error.name, error.kind], ["BedrockChatError", "config"]);
        assert.match(error.message, message);
        if (field) assert.equal(error.field, field);
        return !error.message.includes("secret") || assert.fail("the key is in the error");
      });
    });
  }

  test("an unusual method is refused", async () => {
    const request = { method: "PURGE", url: "http://x/", headers: [], body: null };
    assert.equal((await createGateway(fields).fetch(request)).status, 405);
  });
});
