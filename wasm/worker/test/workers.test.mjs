// Both Workers, each in Miniflare and in plain workerd, against the local Bedrock.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { ACCESS_KEY, API_KEY, startBedrock } from "../harness/bedrock.mjs";
import { buildJs, buildRust } from "../harness/build.mjs";
import { TOKEN, ask, leave, parse, textOf } from "../harness/ask.mjs";
import { inMiniflare, inWorkerd } from "../harness/serve.mjs";
import { bodyTests } from "./bodies.mjs";
import { gatewayTests, usageTests } from "./gateway.mjs";
import { limitTests } from "./limits.mjs";

const ECHO = "I am the local Bedrock's echo model. You said: ";
const MODEL = "us.anthropic.claude-sonnet-4-6";
const LONG = "Tell me of the sea, of the wind over it, and of all the ships that never came home again.";

const bedrock = await startBedrock();
// The settings of the gateway: the template's default.
const GATEWAY_SETTINGS = /^GATEWAY_SETTINGS = '''(.*?)'''/ms.exec(readFileSync(new URL("../rust/wrangler.toml", import.meta.url), "utf8"))[1];
const settings = { GATEWAY_SETTINGS, ...ACCESS_KEY, AWS_REGION: "us-east-1", BEDROCK_ENDPOINT: bedrock.url, ACCESS_TOKEN: TOKEN, MODEL, ALLOWED_MODELS: "" };
const built = { TypeScript: await buildJs(), Rust: await buildRust() };
after(() => bedrock.stop());
beforeEach(() => bedrock.clear());

for (const [language, worker] of Object.entries(built)) {
  for (const [place, serve] of Object.entries({ Miniflare: inMiniflare, workerd: inWorkerd })) {
    describe(`the ${language} Worker in ${place}`, () => {
      let server;
      before(async () => (server = await serve(worker, settings)));
      after(() => server.stop());
      chatTests(() => server.url);
      bodyTests(() => server.url);
      if (language === "TypeScript") keyTests(() => server.url);
      gatewayTests(() => server.url, bedrock);
    });
  }
  describe(`the bindings of the ${language} Worker`, () => settingsTests(worker));
}
for (const [language, worker] of Object.entries(built)) {
  describe(`the use of the gateway of the ${language} Worker`, () => usageTests(worker, settings, bedrock));
  describe(`the limits of the ${language} Worker`, () => limitTests(worker, settings, bedrock));
}

test("the TypeScript Worker was built with the tools that it names", () => {
  const versions = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")).devDependencies;
  const ours = versions("../../package.json");
  for (const [name, version] of Object.entries(versions("../js/package.json"))) assert.equal(ours[name], version, name);
});

test("the Rust Worker's copy of wasm/bindgen is up to date", () => {
  const text = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
  for (const file of ["Cargo.toml", "Cargo.lock", "src/main.rs"]) assert.equal(text(`../rust/bindgen/${file}`), text(`../../bindgen/${file}`), file);
});

test("both Workers send equal events", async () => {
  const servers = [await inWorkerd(built.TypeScript, settings), await inWorkerd(built.Rust, settings)];
  try {
    for (const options of [{}, { reasoning: 1024, maxTokens: 2000 }, { maxTokens: 7 }, { stop: ["wind"] }]) {
      const said = servers.map(async ({ url }) => {
        const answer = await ask(`${url}/chat`, { messages: LONG, options });
        // The name of the model is the model's own in TypeScript, and the one that was asked for in Rust.
        return (await answer.text()).replaceAll(/msg_bdrk_[0-9a-f]+/g, "ID").replace(/"model":"(us\.anthropic\.)?/, '"model":"');
      });
      const [typescript, rust] = await Promise.all(said);
      assert.deepEqual(parse(rust), parse(typescript));
      assert.ok(parse(rust).length > 5);
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
});

test("a key expires with its AWS keys, and none is made from expired keys", async () => {
  const inMinutes = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
  for (const [binding, status, minutes] of [[inMinutes(5), 200], [inMinutes(60), 200, 15], [inMinutes(-1), 503]]) {
    const server = await inMiniflare(built.TypeScript, { ...settings, AWS_CREDENTIAL_EXPIRATION: binding });
    const first = minutes ? inMinutes(minutes) : binding;
    const answer = await ask(`${server.url}/key`, {});
    const last = minutes ? inMinutes(minutes) : binding;
    const { expiresAt } = await answer.json();
    await server.stop();
    assert.equal(answer.status, status);
    if (status !== 200) continue;
    // Times in signatures are in whole seconds.
    const [from, at, to] = [first, expiresAt, last].map(Date.parse);
    assert.ok(at > from - 1000 && at < to + 1000, `${expiresAt}, not from ${first} to ${last}`);
  }
});

function chatTests(url) {
  const chat = (body, options) => ask(`${url()}/chat`, body, options);

  test("an answer is a stream of server-sent events in Anthropic's format", async () => {
    const answer = await chat({ messages: [{ role: "user", content: LONG }] });
    assert.equal(answer.status, 200);
    assert.match(answer.headers["content-type"], /^text\/event-stream/);
    const events = await answer.events();
    assert.equal(textOf(events), ECHO + LONG);
    const [first, second] = events;
    assert.deepEqual([first.type, first.message.role, second.type], ["message_start", "assistant", "content_block_start"]);
    const [stop, end] = events.slice(-2);
    assert.deepEqual([stop.type, stop.delta.stop_reason, end.type], ["message_delta", "end_turn", "message_stop"]);
    assert.ok(stop.usage.input_tokens > 5 && stop.usage.output_tokens > 20);
  });

  test("the answer arrives in pieces while the model still answers", async () => {
    // The model falls silent in the middle: the pieces cannot have waited for the rest.
    const frames = 12;
    await bedrock.fault({ path_contains: "stream", hang_after_frames: frames });
    const answer = await chat({ messages: LONG });
    let text = "";
    for await (const piece of answer.pieces()) {
      text += piece;
      if (text.split("text_delta").length > frames - 4) break;
    }
    const said = textOf(parse(text.slice(0, text.lastIndexOf("\n\n"))));
    assert.ok(said.length > 20 && (ECHO + LONG).startsWith(said), said);
  });

  test("a request may name a model by its ARN", async () => {
    const model = `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${MODEL}`;
    assert.equal(textOf(await (await chat({ messages: "x", model })).events()), `${ECHO}x`);
  });

  test("model, system prompt and options are passed on", async () => {
    const options = { maxTokens: 50, temperature: 0.5, topP: 0.9, topK: 9, stop: ["ship"] };
    const answer = await chat({ messages: "Of the ship?", model: "anthropic.claude-3-haiku-20240307-v1:0", system: "Be brief.", options });
    const events = await answer.events();
    assert.equal(textOf(events), `${ECHO}Of the `);
    assert.equal(events.at(-2).delta.stop_reason, "stop_sequence");
    const [{ path, body }] = await bedrock.requests();
    assert.match(path, /anthropic\.claude-3-haiku-20240307-v1(:|%3A)0\/invoke-with-response-stream$/);
    const { max_tokens, temperature, top_p, top_k, stop_sequences, system } = JSON.parse(body);
    assert.deepEqual({ max_tokens, temperature, top_p, top_k, stop_sequences }, { max_tokens: 50, temperature: 0.5, top_p: 0.9, top_k: 9, stop_sequences: ["ship"] });
    assert.match(JSON.stringify(system), /Be brief\./);
  });

  test("reasoning is sent before the text, with its signature", async () => {
    const events = await (await chat({ messages: "Why?", options: { reasoning: 1024, maxTokens: 2000 } })).events();
    const kinds = [...new Set(events.map(({ delta }) => delta?.type).filter(Boolean))];
    assert.deepEqual(kinds.slice(0, 3), ["thinking_delta", "signature_delta", "text_delta"]);
  });

  test("an image is sent to the model", async () => {
    const data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data } };
    const events = await (await chat({ messages: [{ role: "user", content: [image, { type: "text", text: "What is it?" }] }] })).events();
    assert.match(textOf(events), /png/i);
  });

  test("a single message is a conversation too, in every form", async () => {
    const message = { role: "user", content: "hi" };
    for (const messages of [[message], message, "hi", ["human", "hi"], [["human", "hi"]]]) await (await chat({ messages, system: "Be brief." })).text();
    const [inList, ...alone] = (await bedrock.requests()).map(({ status, body }) => [status, body]);
    assert.equal(inList[0], 200);
    assert.deepEqual(alone, Array(4).fill(inList));
  });

  test("a client that disconnects in the middle closes Bedrock's stream", async () => {
    await bedrock.fault({ path_contains: "stream", drip_ms: 100 });
    const answer = await chat({ messages: LONG.repeat(20) });
    for await (const piece of answer.pieces()) {
      if (piece.includes("text_delta")) break;
    }
    leave(answer.request);
    const [{ frames_sent: frames }] = await bedrock.until(([request]) => request?.outcome === "closed_by_client");
    assert.ok(frames < 120, `${frames} frames were sent all the same`);
  });

  test("a client that disconnects before the first piece closes Bedrock's stream", async () => {
    await bedrock.fault({ path_contains: "stream", hang: true });
    let request;
    chat({ messages: "Hello?" }, { onRequest: (asked) => (request = asked) }).catch(() => {});
    await bedrock.until((requests) => requests.length === 1);
    leave(request);
    await bedrock.until(([request]) => request?.outcome === "closed_by_client");
  });

  test("invalid requests are refused with the reason", async () => {
    const cases = [
      ["{", 400, "JSON"],
      ["[]", 400, "object"],
      [{}, 400, "messages is missing"],
      [{ messages: [] }, 400, "messages is empty"],
      [{ messages: 7 }, 400, "list of messages"],
      [{ messages: [{ role: "narrator", content: "x" }] }, 400, "role"],
      [{ messages: "x", modle: "y" }, 400, 'unknown field "modle"'],
      [{ messages: "x", model: 7 }, 400, "model must be"],
      [{ messages: "x", model: "no model" }, 400, "model must be"],
      [{ messages: "x", system: 7 }, 400, "system must be a string"],
      [{ messages: "x", model: "../../x" }, 400, "model must be"],
      [{ messages: "x", model: "arn:aws:bedrock" }, 400, "model must be"],
      [{ messages: "x", options: [] }, 400, "options must be an object"],
      [{ messages: "x", options: { modelKwargs: {} } }, 400, 'unknown field "modelKwargs"'],
      [{ messages: "x", options: { maxTokens: "9" } }, 400, "options.maxTokens must be a whole number"],
      [{ messages: "x", options: { topP: [] } }, 400, "options.topP must be a number"],
      [{ messages: "x", options: { temperature: -1 } }, 400, "options.temperature must be a number from 0 on"],
      [{ messages: "x", options: { stop: [7] } }, 400, "options.stop must be"],
      [{ messages: "x", options: { reasoning: 1 } }, 400, "options.reasoning must be at least 1024"],
      [{ messages: "x", options: { reasoning: 2000, maxTokens: 2000 } }, 400, "options.maxTokens must be greater"],
      [{ messages: "x", options: { reasoning: 2000, temperature: 0.5 } }, 400, "options.reasoning excludes"],
      [{ messages: "x", options: { reasoning: 2000, topK: 5 } }, 400, "options.reasoning excludes"],
    ];
    for (const [body, status, words] of cases) {
      const answer = await chat(body);
      const { type, error } = await answer.json();
      const told = `${JSON.stringify(body)} is answered with ${JSON.stringify(error)}`;
      assert.deepEqual([answer.status, type, error.status], [status, "error", status], told);
      assert.ok(error.message.includes(words), told);
      assert.ok(["encode", "unsupported", "validation"].includes(error.kind), told);
    }
    assert.deepEqual(await bedrock.requests(), [], "nothing of it reached Bedrock");
  });

  test("a validation error of Bedrock is shown to the client", async () => {
    const answer = await chat({ messages: "x", options: { temperature: 3 } });
    const { error } = await answer.json();
    assert.deepEqual([answer.status, error.kind, error.status], [400, "validation", 400]);
    assert.match(error.message, /temperature/);
  });

  test("throttling is reported with retry-after", async () => {
    await bedrock.fault({ status: 429, error_type: "ThrottlingException", message: "Too many tokens", headers: { "retry-after": "1" }, times: 3 });
    const answer = await chat({ messages: "x" });
    const { error } = await answer.json();
    assert.deepEqual([answer.status, error.type, error.kind], [429, "rate_limit_error", "throttled"]);
    assert.equal(answer.headers["retry-after"], "1");
    assert.equal((await bedrock.requests()).length, 3);
  });

  test("errors for the operator are not shown to clients", async () => {
    await bedrock.fault({ status: 403, error_type: "AccessDeniedException", message: "User: arn:aws:iam::123456789012:user/me is not authorized" });
    const answer = await chat({ messages: "x" });
    const text = await answer.text();
    assert.equal(answer.status, 502);
    assert.equal(JSON.parse(text).error.kind, "access_denied");
    assert.doesNotMatch(text, /arn|authorized/);
  });

  test("an answer that breaks off ends with an error event after its text", async () => {
    await bedrock.fault({ path_contains: "stream", cut_after_frames: 8 });
    const events = await (await chat({ messages: LONG })).events();
    assert.ok(textOf(events).length > 5 && (ECHO + LONG).startsWith(textOf(events)));
    assert.equal(events.at(-1).type, "error");
    assert.ok(!events.some(({ type }) => type === "message_stop"));
    // The next request is answered as usual.
    assert.equal(textOf(await (await chat({ messages: "again" })).events()), `${ECHO}again`);
  });

  test("forty concurrent requests each receive their own answer", async () => {
    await bedrock.fault({ path_contains: "stream", drip_ms: 5, times: 40 });
    const questions = Array.from({ length: 40 }, (_, at) => `question number ${at}`);
    const answers = await Promise.all(questions.map(async (messages) => textOf(await (await chat({ messages })).events())));
    assert.deepEqual(answers, questions.map((question) => ECHO + question));
  });

  test("a request without the token is refused", async () => {
    for (const token of [null, "wrong", `${TOKEN}x`, `${TOKEN} x`, TOKEN.slice(1)]) {
      const answer = await chat({ messages: "x" }, { token });
      assert.deepEqual([answer.status, (await answer.json()).error.type], [401, "authentication_error"], String(token));
    }
    assert.deepEqual(await bedrock.requests(), []);
  });

  test("other paths and methods are refused", async () => {
    const lost = await ask(`${url()}/nowhere`, {});
    assert.equal(lost.status, 404);
    assert.match(await lost.text(), /there (is|are)/);
    const got = await chat("", { method: "GET" });
    assert.deepEqual([got.status, got.headers.allow], [405, "POST"]);
    await got.text();
  });
}

function keyTests(url) {
  const askKey = (body, options) => ask(`${url()}/key`, body, options);
  const invoke = (apiKey) =>
    fetch(`${bedrock.url}/model/${MODEL}/invoke`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ anthropic_version: "bedrock-2023-05-31", max_tokens: 9, messages: [{ role: "user", content: "x" }] }),
    });

  test("a key is accepted by Bedrock until it expires, and contains no secret", async () => {
    const answer = await askKey({ expiresIn: 60 });
    assert.deepEqual([answer.status, answer.headers["cache-control"]], [200, "no-store"]);
    const { apiKey, region, expiresAt } = await answer.json();
    assert.equal(region, "us-east-1");
    assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 60_000) < 30_000);
    const inside = Buffer.from(apiKey.replace("bedrock-api-key-", ""), "base64").toString();
    assert.ok(inside.includes("X-Amz-Expires=60") && !inside.includes(ACCESS_KEY.AWS_SECRET_ACCESS_KEY));
    assert.equal((await invoke(apiKey)).status, 200);
  });

  test("an expired key is refused", async () => {
    const { apiKey } = await (await askKey({ expiresIn: 1 })).json();
    await new Promise((done) => setTimeout(done, 2100));
    assert.equal((await invoke(apiKey)).status, 403);
  });

  test("a key requires the token, and has a limited lifetime", async () => {
    const stranger = await askKey({}, { token: "wrong" });
    assert.equal(stranger.status, 401);
    assert.doesNotMatch(await stranger.text(), /bedrock-api-key/);
    for (const expiresIn of [0, 901, 1.5, "60"]) {
      const answer = await askKey({ expiresIn });
      assert.equal(answer.status, 400);
      assert.match((await answer.json()).error.message, /from 1 to 900/);
    }
    assert.equal((await askKey("")).status, 200, "without a wish it is a quarter of an hour");
  });
}

function settingsTests(worker) {
  /** Sends one request to a Worker with these bindings. */
  async function once(bindings, body = { messages: "x" }, options) {
    const server = await inMiniflare(worker, { ...settings, ...bindings });
    try {
      const answer = await ask(`${server.url}/chat`, body, options);
      return { status: answer.status, text: await answer.text() };
    } finally {
      await server.stop();
    }
  }

  test("a Worker without an access token refuses requests, and says what to do", async () => {
    const { status, text } = await once({ ACCESS_TOKEN: "" });
    assert.equal(status, 503);
    assert.match(text, /wrangler secret put ACCESS_TOKEN/);
  });

  test("white space around bindings is ignored, and a blank binding counts as unset", async () => {
    const spaced = Object.fromEntries(Object.entries({ ...settings, ACCESS_TOKEN: "two words" }).map(([name, value]) => [name, ` ${value}\n`]));
    const { status, text } = await once({ ...spaced, AWS_BEARER_TOKEN_BEDROCK: " ", MODEL: " " }, undefined, { token: "two words" });
    assert.equal(status, 200, text);
    assert.equal((await once({ ACCESS_TOKEN: " " })).status, 503);
  });

  test("the scheme of the token is case-insensitive", async () => {
    const onRequest = (request) => request.setHeader("authorization", `bearer ${TOKEN}`);
    assert.equal((await once({}, undefined, { onRequest })).status, 200);
  });

  test("a Bedrock API key works instead of AWS keys", async () => {
    const { status, text } = await once({ AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_BEARER_TOKEN_BEDROCK: API_KEY });
    assert.equal(status, 200, text);
    assert.equal((await bedrock.requests())[0].signature.verdict, "bearer");
  });

  test("an error about missing credentials has no details for clients", async () => {
    const { status, text } = await once({ AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" });
    assert.deepEqual([status, JSON.parse(text).error.kind], [502, "credentials"]);
    assert.doesNotMatch(text, /AWS_/);
  });

  test("models that the Worker does not allow are refused", async () => {
    const haiku = "anthropic.claude-3-haiku-20240307-v1:0";
    assert.equal((await once({ ALLOWED_MODELS: `a.b, ${haiku}` }, { messages: "x", model: haiku })).status, 200);
    const { status, text } = await once({ ALLOWED_MODELS: "a.b" }, { messages: "x", model: haiku });
    assert.equal(status, 400);
    assert.match(text, /is not offered by this Worker/);
  });
}
