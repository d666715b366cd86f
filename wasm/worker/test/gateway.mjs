// The gateway of a Worker: OpenAI's, Anthropic's and Bedrock's own APIs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TOKEN, ask, leave, parse, textOf } from "../harness/ask.mjs";
import { inMiniflare, log, logLines } from "../harness/serve.mjs";
import { HANGS } from "../../test/suite/check.js";
import { LONGEST, unended } from "./bodies.mjs";

const ECHO = "I am the local Bedrock's echo model. You said: ";
const LONG = "Tell me of the sea, of the wind over it, and of all the ships that never came home again.";
const NOVA = "us.amazon.nova-lite-v1:0";

const user = (content) => [{ role: "user", content }];

/** Returns the JSON of the `data` lines of a stream, without the last `[DONE]`. */
const dataOf = (text) =>
  text.split("\n").filter((line) => line.startsWith("data: ") && line !== "data: [DONE]").map((line) => JSON.parse(line.slice(6)));

export function gatewayTests(url, bedrock) {
  const post = (path, body, options) => ask(`${url()}${path}`, body, options);
  const get = (path, options) => ask(`${url()}${path}`, "", { method: "GET", ...options });

  test("Messages for Claude pass on byte for byte", async () => {
    const messages = `[ {"role":"user",  "content":[{"text":"Pass?","type":"text"}]} ]`;
    const answer = await post("/v1/messages?beta=true", `{"model":"claude-sonnet-4-6","max_tokens":64,"stream":true,"messages":${messages}}`);
    assert.deepEqual([answer.status, answer.headers["x-gateway-model"]], [200, "us.anthropic.claude-sonnet-4-6"]);
    const events = await answer.events();
    assert.equal(textOf(events), `${ECHO}Pass?`);
    assert.equal(events.at(-1).type, "message_stop");
    const [{ path, body, signature }] = await bedrock.requests();
    assert.match(path, /claude-sonnet-4-6\/invoke-with-response-stream$/);
    assert.ok(body.includes(messages), body);
    assert.equal(signature.verdict, "signed");
  });

  test("Messages for another model are translated", async () => {
    const answer = await post("/v1/messages", { model: "nova-lite", max_tokens: 64, stream: true, messages: user("Translate?") });
    const events = await answer.events();
    assert.equal(textOf(events), `${ECHO}Translate?`);
    assert.deepEqual([events[0].type, events[0].message.model, events.at(-1).type], ["message_start", "nova-lite", "message_stop"]);
    const whole = await (await post("/v1/messages", { model: "nova-lite", max_tokens: 64, messages: user("Whole?") })).json();
    assert.deepEqual([whole.type, whole.content[0].text, whole.stop_reason], ["message", `${ECHO}Whole?`, "end_turn"]);
    assert.ok((await bedrock.requests()).every(({ path }) => /nova-lite-v1(:|%3A)0\//.test(path)));
  });

  test("Chat Completions stream as chunks, the last one with the usage", async () => {
    const body = { model: "nova-lite", stream: true, stream_options: { include_usage: true }, messages: user(LONG) };
    const text = await (await post("/v1/chat/completions", body)).text();
    const chunks = dataOf(text);
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), ECHO + LONG);
    assert.ok(chunks.length > 5 && chunks.every(({ object }) => object === "chat.completion.chunk"));
    assert.ok(chunks.at(-1).usage.completion_tokens > 20);
    assert.ok(text.endsWith("data: [DONE]\n\n"));
  });

  test("Responses are answered whole and as a stream", async () => {
    const whole = await (await post("/v1/responses", { model: "nova-lite", input: "Hello?" })).json();
    assert.deepEqual([whole.object, whole.status], ["response", "completed"]);
    assert.equal(whole.output.at(-1).content[0].text, `${ECHO}Hello?`);
    const events = parse(await (await post("/v1/responses", { model: "nova-lite", input: "Hello?", stream: true })).text());
    assert.equal(events.filter(({ type }) => type === "response.output_text.delta").map(({ delta }) => delta).join(""), `${ECHO}Hello?`);
    assert.equal(events.at(-1).type, "response.completed");
  });

  test("the models of the settings are listed, and anything else is not found", async () => {
    const { data } = await (await get("/v1/models")).json();
    assert.deepEqual(data.map(({ id }) => id), ["claude-haiku-4-5", "claude-opus-4-8", "claude-sonnet-4-6", "gpt-oss-120b", "nova-lite"]);
    const unknown = await post("/v1/chat/completions", { model: "nothing", messages: user("x") });
    assert.equal(unknown.status, 404);
    assert.match((await unknown.json()).error.message, /nothing/);
    assert.deepEqual(await bedrock.requests(), []);
  });

  test("ConverseStream passes through, signed again", async () => {
    const answer = await post(`/model/${encodeURIComponent(NOVA)}/converse-stream`, { messages: [{ role: "user", content: [{ text: "Through?" }] }] });
    assert.deepEqual([answer.status, answer.headers["content-type"]], [200, "application/vnd.amazon.eventstream"]);
    const frames = Buffer.concat(await answer.response.toArray()).toString("latin1");
    const text = [...frames.matchAll(/"text":("(?:[^"\\]|\\.)*")/g)].map(([, quoted]) => JSON.parse(quoted)).join("");
    assert.equal(text, `${ECHO}Through?`);
    assert.match(frames, /messageStop/);
    const [{ path, signature }] = await bedrock.requests();
    assert.match(path, /nova-lite-v1(:|%3A)0\/converse-stream$/);
    assert.equal(signature.verdict, "signed");
  });

  test("a wrong key is refused in the form of each API", async () => {
    const refused = async (path, headers = {}) => {
      const onRequest = (request) => Object.entries(headers).forEach(([name, value]) => request.setHeader(name, value));
      const answer = await post(path, { model: "nova-lite", messages: user("x") }, { token: null, onRequest });
      return [answer.status, await answer.json()];
    };
    for (const headers of [{}, { "x-api-key": "wrong" }, { authorization: `Bearer ${TOKEN}x` }, { authorization: "AWS4-HMAC-SHA256 Credential=x" }]) {
      const [status, { type, error }] = await refused("/v1/messages", headers);
      assert.deepEqual([status, type, error.type], [401, "error", "authentication_error"]);
      const [chat, { error: { code } }] = await refused("/v1/chat/completions", headers);
      assert.deepEqual([chat, code], [401, "invalid_api_key"]);
      assert.equal((await refused(`/model/${NOVA}/converse`, headers))[0], 403);
    }
    assert.deepEqual(await bedrock.requests(), []);
    const known = await post("/v1/messages", { model: "nova-lite", max_tokens: 9, messages: user("x") }, { token: null, onRequest: (request) => request.setHeader("x-api-key", TOKEN) });
    assert.equal(known.status, 200, await known.text());
  });

  test("a body above the limit is refused before the model is called", { timeout: HANGS }, async () => {
    const onRequest = (request) => request.setHeader("content-length", LONGEST + 1);
    const answer = await post("/v1/messages", unended("{"), { onRequest });
    assert.deepEqual([answer.status, (await answer.json()).error.type], [413, "request_too_large"]);
    assert.deepEqual(await bedrock.requests(), []);
  });

  test("a client of the gateway that disconnects closes Bedrock's stream", async () => {
    for (const model of ["claude-sonnet-4-6", "nova-lite"]) {
      await bedrock.clear();
      await bedrock.fault({ path_contains: "stream", drip_ms: 100 });
      const answer = await post("/v1/messages", { model, max_tokens: 9999, stream: true, messages: user(LONG.repeat(20)) });
      for await (const piece of answer.pieces()) {
        if (piece.includes("text_delta")) break;
      }
      leave(answer.request);
      const [{ frames_sent: frames }] = await bedrock.until(([request]) => request?.outcome === "closed_by_client");
      assert.ok(frames < 120, `${frames} frames were sent all the same`);
    }
  });
}

/** A binding that logs its data points. Miniflare's own drops them. */
const ANALYTICS = {
  name: "analytics",
  modules: true,
  script: `export default () => ({ writeDataPoint: (point) => console.log(JSON.stringify({ point })) });`,
};

/** Tests of log lines, data points and keys. */
export function usageTests(worker, settings, bedrock) {
  const GATEWAY_SETTINGS = JSON.stringify({
    models: { nova: { id: NOVA, price: { input: 1e6, output: 1e6 } } },
    anyModel: false,
    corsOrigins: ["https://page.example"],
  });
  const keys = { alice: { key: "gw-alice-0123456789" }, bob: { key: "gw-bob-0123456789", models: ["other"], requestsPerMinute: 1 } };
  const exceptions = [];
  let server;
  before(async () => {
    const bindings = { ...settings, GATEWAY_SETTINGS, GATEWAY_KEYS: JSON.stringify(keys) };
    server = await inMiniflare(worker, bindings, { more: { wrappedBindings: { ANALYTICS: { scriptName: "analytics" } } }, others: [ANALYTICS], onException: (text) => exceptions.push(text) });
  });
  after(() => server.stop());
  const chat = (body, token = keys.alice.key) => ask(`${server.url}/v1/chat/completions`, { model: "nova", messages: user("x"), ...body }, { token });

  const forget = () => log.splice(0);

  test("a call is one line of JSON and one data point, with its usage", async () => {
    forget();
    assert.equal((await chat({ stream: true }).then((answer) => answer.text())).includes("[DONE]"), true);
    const lines = await logLines(({ point }) => point);
    const [call] = lines.filter(({ beganAt }) => beganAt);
    const { usage } = call;
    assert.ok(usage.input_tokens > 0 && usage.output_tokens > 5, JSON.stringify(call));
    assert.deepEqual([call.key, call.model, call.modelId, call.path, call.status, call.streamed], ["alice", "nova", NOVA, "/v1/chat/completions", 200, true]);
    assert.equal(call.cost, usage.input_tokens + usage.output_tokens);
    const [{ point }] = lines.filter(({ point }) => point);
    assert.deepEqual(point.indexes, ["alice"]);
    assert.deepEqual(point.blobs, ["nova", NOVA, "/v1/chat/completions", call.requestId, ""]);
    const { input_tokens: input, output_tokens: output } = usage;
    assert.deepEqual(point.doubles, [200, 1, input, output, 0, 0, 0, call.cost, call.firstByteMs, call.durationMs]);
    assert.doesNotMatch(log.join(""), /gw-alice/);
  });

  test("a call that fails has the reason for the operator in its line", async () => {
    forget();
    await bedrock.fault({ status: 403, error_type: "AccessDeniedException", message: "User: arn:aws:iam::123456789012:user/me is not authorized" });
    const answer = await chat();
    assert.equal(answer.status, 502);
    assert.doesNotMatch(await answer.text(), /arn|authorized/);
    const [{ error }] = (await logLines(({ key, error }) => key === "alice" && error)).filter(({ error }) => error);
    assert.match(error, /is not authorized/);
  });

  test("a client that disconnects has a line with its use, and causes no exception", async () => {
    forget();
    await bedrock.fault({ path_contains: "stream", drip_ms: 100 });
    const answer = await chat({ stream: true, messages: user(LONG.repeat(20)) });
    for await (const piece of answer.pieces()) {
      if (piece.includes("content")) break;
    }
    leave(answer.request);
    const [call] = (await logLines(({ key, error }) => key === "alice" && error)).filter(({ error }) => error);
    assert.match(call.error, /client left/);
    assert.ok(call.usage.input_tokens > 0, JSON.stringify(call));
    await bedrock.until(([request]) => request?.outcome === "closed_by_client");
    // An exception is reported before the answer to a later request.
    await (await chat()).text();
    assert.deepEqual(exceptions, []);
  });

  test("each key has its models, and ACCESS_TOKEN is not one beside GATEWAY_KEYS", async () => {
    const forbidden = await chat({}, keys.bob.key);
    assert.deepEqual([forbidden.status, (await forbidden.json()).error.param], [403, "model"]);
    assert.equal((await chat({}, TOKEN)).status, 401);
    assert.equal((await chat({ model: "us.amazon.nova-pro-v1:0" })).status, 404);
  });

  test("a page of another origin may call only if the settings list it", async () => {
    const preflight = (origin) => ask(`${server.url}/v1/models`, "", {
      method: "OPTIONS",
      token: null,
      onRequest: (request) => Object.entries({ origin, "access-control-request-method": "GET" }).forEach(([name, value]) => request.setHeader(name, value)),
    });
    const [listed, other] = [await preflight("https://page.example"), await preflight("https://other.example")];
    assert.deepEqual([listed.status, listed.headers["access-control-allow-origin"]], [204, "https://page.example"]);
    assert.deepEqual([other.status, other.headers["access-control-allow-origin"]], [405, undefined]);
  });

  test("health is 503 while the Worker cannot serve", async () => {
    for (const [status, expected, bindings] of [
      [200, /^\{"status":"ok"\}$/, {}],
      [503, /"status":"no_keys"/, { ACCESS_TOKEN: "" }],
      [503, /its log says why/, { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" }],
    ]) {
      const other = await inMiniflare(worker, { ...settings, ...bindings });
      const answer = await ask(`${other.url}/health`, "", { method: "GET", token: null });
      const text = await answer.text();
      await other.stop();
      assert.equal(answer.status, status, text);
      assert.match(text, expected);
    }
  });

  test("settings that are wrong are named in the log only", async () => {
    forget();
    const secret = "gw-very-secret-key";
    for (const [bindings, logs] of [[{ GATEWAY_SETTINGS: '{"modles": {}}' }, /modles/], [{ GATEWAY_KEYS: JSON.stringify({ eve: { key: [secret] } }) }, /keys\.eve/]]) {
      const broken = await inMiniflare(worker, { ...settings, ...bindings });
      const answer = await ask(`${broken.url}/v1/models`, "", { method: "GET" });
      const text = await answer.text();
      await broken.stop();
      assert.equal(answer.status, 503);
      assert.doesNotMatch(text, logs);
      assert.match(log.join(""), logs);
    }
    assert.doesNotMatch(log.join(""), new RegExp(secret));
  });
}
