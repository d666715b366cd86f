// Limits and budgets of keys, which a Durable Object counts for all isolates of a Worker.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ask, leave } from "../harness/ask.mjs";
import { until } from "../../test/suite/check.js";
import { inMiniflare, inWorkerd, log, logLines, optionsOf } from "../harness/serve.mjs";

const LONG = `of the sea${" and of the wind".repeat(60)}`;
const NOVA = "us.amazon.nova-lite-v1:0";
const user = (content) => [{ role: "user", content }];

const GATEWAY_SETTINGS = JSON.stringify({ models: { nova: { id: NOVA, price: { input: 1e6, output: 1e6 } }, "claude-*": "us.anthropic.claude-*" } });
const KEYS = {
  free: { key: "gw-free-0123456789" },
  calls: { key: "gw-calls-0123456789", requestsPerMinute: 3 },
  tokens: { key: "gw-tokens-0123456789", tokensPerMinute: 20 },
  budget: { key: "gw-budget-0123456789", budget: 10, budgetPeriod: "total" },
};

export function limitTests(worker, given, bedrock) {
  const settings = { ...given, GATEWAY_SETTINGS, GATEWAY_KEYS: JSON.stringify(KEYS) };
  const servers = [];
  after(() => Promise.all(servers.map((server) => server.stop())));

  async function serve(start, ...options) {
    const server = await start(...options);
    servers.push(server);
    return server;
  }

  /** Serves the Worker and a second one with the same code, whose calls are counted by the objects of the first one. */
  async function two({ objects = worker.objects, folder } = {}) {
    const shared = Object.fromEntries(Object.entries(objects).map(([binding, className]) => [binding, { className, scriptName: "main", useSQLite: true }]));
    const second = { ...optionsOf({ ...worker, objects }, "second"), bindings: settings, durableObjects: shared };
    const server = await serve(inMiniflare, { ...worker, objects }, settings, { others: [second], folder });
    /** Sends a short chat to one of the two Workers. */
    const chat = async (name, key, text = "x") => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const answer = await server.fetch(name, "http://gateway.example/v1/chat/completions", { method: "POST", headers, body: JSON.stringify({ model: "nova", messages: user(text) }) });
      return { status: answer.status, after: Number(answer.headers.get("retry-after")), body: await answer.json() };
    };
    return { ...server, chat };
  }

  /** Calls until a call is refused: the use of a call is counted after its answer. */
  function refused(call) {
    return until(async () => {
      const answer = await call();
      if (answer.status === 429) return answer;
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    }, "a call is refused");
  }

  function temporary() {
    const folder = mkdtempSync(join(tmpdir(), "bedrock-chat-limits-"));
    after(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  test("calls that reach two isolates at the same time share a limit", async () => {
    const { chat } = await two();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, number) => chat(number % 2 ? "main" : "second", KEYS.calls.key)));
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [...Array(3).fill(200), ...Array(9).fill(429)]);
    const limited = answers.find(({ status }) => status === 429);
    assert.equal(limited.body.error.code, "rate_limit_exceeded");
    assert.ok(limited.after > 0 && limited.after <= 20, `retry-after: ${limited.after}`);
    assert.equal((await bedrock.requests()).length, 3);
  });

  test("lists and requests that the gateway refuses do not count", async () => {
    const folder = temporary();
    const { url } = await serve(inMiniflare, worker, settings, { folder });
    const send = async (body, path = "/v1/chat/completions") => {
      const answer = await ask(`${url}${path}`, body, { token: KEYS.calls.key, ...(body ? {} : { method: "GET" }) });
      await answer.text();
      return answer.status;
    };
    const call = () => send({ model: "nova", messages: user("x") });
    const others = async () => [await send({ model: "gpt-4.1", messages: [] }), await send("{"), await send("", "/v1/models"), await send("", "/inference-profiles")];
    assert.deepEqual([...(await others()), ...(await others())], [404, 400, 200, 200, 404, 400, 200, 200]);
    assert.deepEqual([await call(), await call(), await call(), await call()], [200, 200, 200, 429]);
    assert.deepEqual(await others(), [404, 400, 200, 200]);
  });

  test("without the binding each isolate counts its own calls", async () => {
    const { chat } = await two({ objects: {} });
    for (const name of ["main", "second"]) {
      const statuses = [];
      for (let call = 0; call < 4; call++) statuses.push((await chat(name, KEYS.calls.key)).status);
      assert.deepEqual(statuses, [200, 200, 200, 429], name);
    }
  });

  test("a budget holds for all isolates, and survives a restart", async () => {
    const folder = temporary();
    const first = await two({ folder });
    assert.equal((await first.chat("main", KEYS.budget.key)).status, 200);
    const { body } = await refused(() => first.chat("second", KEYS.budget.key));
    assert.equal(body.error.code, "insufficient_quota");
    await first.stop();
    servers.pop();
    await bedrock.clear();
    const again = await two({ folder });
    assert.equal((await again.chat("main", KEYS.budget.key)).status, 429);
    assert.deepEqual(await bedrock.requests(), []);
  });

  test("only keys with a limit have an object, which has no secret", async () => {
    const folder = temporary();
    const { chat } = await two({ folder });
    const stored = () => (existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : []).filter((file) => file.isFile() && /[0-9a-f]{64}\.sqlite$/.test(file.name));
    for (const key of ["", "wrong-key-0123456789", `${KEYS.calls.key}x`]) assert.equal((await chat("main", key)).status, 401);
    assert.equal((await chat("main", KEYS.free.key)).status, 200);
    assert.deepEqual(stored(), []);
    assert.equal((await chat("main", KEYS.calls.key)).status, 200);
    const files = stored();
    assert.equal(files.length, 1);
    assert.ok(!readFileSync(join(files[0].parentPath, files[0].name)).includes(KEYS.calls.key));
  });

  test("calls whose use cannot be counted are refused", async () => {
    const script = `import { DurableObject } from "cloudflare:workers";
      export class KeyLimits extends DurableObject {
        admit() { throw new Error("the object of Eve has failed"); }
        fetch() { return this.admit(); }
      }
      export default { fetch: () => new Response() };`;
    const broken = { name: "broken", modules: true, script, compatibilityDate: worker.compatibilityDate, durableObjects: { LIMITS: { className: "KeyLimits", useSQLite: true } } };
    const durableObjects = { LIMITS: { className: "KeyLimits", scriptName: "broken", useSQLite: true } };
    const server = await serve(inMiniflare, worker, settings, { more: { durableObjects }, others: [broken] });
    log.splice(0);
    const answer = await ask(`${server.url}/v1/chat/completions`, { model: "nova", messages: user("x") }, { token: KEYS.calls.key });
    const text = await answer.text();
    assert.deepEqual([answer.status, JSON.parse(text).error.code], [503, "server_is_overloaded"]);
    assert.doesNotMatch(text, /Eve/);
    await logLines(({ error }) => error?.includes("the object of Eve has failed"));
    assert.deepEqual(await bedrock.requests(), []);
    const free = await ask(`${server.url}/v1/chat/completions`, { model: "nova", messages: user("x") }, { token: KEYS.free.key });
    assert.equal(free.status, 200);
  });

  for (const [place, start] of Object.entries({ Miniflare: inMiniflare, workerd: inWorkerd })) {
    const stream = { path: "/v1/messages", body: { model: "nova", max_tokens: 999, stream: true, messages: user(LONG) } };

    test(`a stream of a limited key arrives in pieces, and is counted at its end, in ${place}`, async () => {
      const { url } = await serve(start, worker, settings);
      const send = () => ask(url + stream.path, stream.body, { token: KEYS.tokens.key });
      await bedrock.fault({ path_contains: "stream", drip_ms: 20 });
      const answer = await send();
      const times = [];
      for await (const _ of answer.pieces()) times.push(performance.now());
      assert.equal(answer.status, 200);
      assert.ok(times.length > 20 && times.at(-1) - times[0] > 200, `${times.length} pieces within ${times.at(-1) - times[0]} ms`);
      await refused(async () => {
        const { status, response } = await send();
        response.resume();
        return { status };
      });
    });

    test(`a client that leaves ends the call, and its tokens are counted, in ${place}`, async () => {
      const { url } = await serve(start, worker, settings);
      const send = () => ask(url + stream.path, stream.body, { token: KEYS.tokens.key });
      await bedrock.fault({ path_contains: "stream", drip_ms: 100 });
      const answer = await send();
      for await (const piece of answer.pieces()) if (piece.includes("text_delta")) break;
      leave(answer.request);
      await bedrock.until(([request]) => request?.outcome === "closed_by_client");
      // A stream would be counted as well, so the next call is a count of tokens, which uses none.
      await refused(async () => {
        const { status, response } = await ask(`${url}/v1/messages/count_tokens`, { model: "claude-sonnet-4-6", messages: user("x") }, { token: KEYS.tokens.key });
        response.resume();
        return { status };
      });
    });
  }
}
