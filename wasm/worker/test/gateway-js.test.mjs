// The gateway of the TypeScript Worker, and the template, copied to an empty folder as its README says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import { ACCESS_KEY, startBedrock } from "../harness/bedrock.mjs";
import { buildJs } from "../harness/build.mjs";
import { TOKEN, ask, leave } from "../harness/ask.mjs";
import { workers } from "../harness/run.mjs";
import { inMiniflare, inWorkerd, log, logLines } from "../harness/serve.mjs";

const ECHO = "I am the local Bedrock's echo model. You said: ";
const LONG = `of the sea${" and of the wind".repeat(200)}`;
const said = [{ role: "user", content: "Hello?" }];
const models = { "nova": { id: "us.amazon.nova-lite-v1:0", price: { input: 1, output: 2 } }, "claude-*": "us.anthropic.claude-*" };

const bedrock = await startBedrock();
const settings = { ...ACCESS_KEY, AWS_REGION: "us-east-1", BEDROCK_ENDPOINT: bedrock.url, ACCESS_TOKEN: TOKEN, GATEWAY_SETTINGS: JSON.stringify({ models }) };
const worker = await buildJs();
after(() => bedrock.stop());
beforeEach(() => bedrock.clear());

/** Waits until the Worker's log has the line of a call, and returns it. */
const logged = async (fits) => (await logLines(fits)).find(fits);

for (const [place, serve] of Object.entries({ Miniflare: inMiniflare, workerd: inWorkerd })) {
  describe(`the gateway of the TypeScript Worker in ${place}`, () => {
    let url;
    let stop;
    before(async () => ({ url, stop } = await serve(worker, settings)));
    after(() => stop());
    beforeEach(() => void (log.length = 0));

    test("the Worker's token is a key of the gateway, and other keys are refused", async () => {
      const answer = await ask(`${url}/v1/chat/completions`, { model: "nova", messages: said });
      assert.equal((await answer.json()).choices[0].message.content, `${ECHO}Hello?`);
      for (const token of [null, "wrong-key", `${TOKEN}x`]) {
        const refused = await ask(`${url}/v1/messages`, { model: "nova", max_tokens: 9, messages: said }, { token });
        assert.deepEqual([refused.status, (await refused.json()).error.type], [401, "authentication_error"], String(token));
      }
      assert.equal((await bedrock.requests()).length, 1);
    });

    test("Claude Code's requests are streamed", async () => {
      const body = { model: "claude-sonnet-4-6", max_tokens: 99, stream: true, messages: said };
      const events = await (await ask(`${url}/v1/messages?beta=true`, body)).events();
      assert.equal(events.map(({ delta }) => delta?.text ?? "").join(""), `${ECHO}Hello?`);
      const counted = await ask(`${url}/v1/messages/count_tokens?beta=true`, { model: "claude-sonnet-4-6", messages: said });
      assert.ok((await counted.json()).input_tokens > 0);
    });

    test("the log has a line for each call", async () => {
      await (await ask(`${url}/v1/responses`, { model: "nova", input: "Hello?" })).text();
      const call = await logged(({ path }) => path === "/v1/responses");
      assert.deepEqual([call.key, call.modelId, call.status], ["default", "us.amazon.nova-lite-v1:0", 200]);
      assert.ok(call.cost > 0);
      assert.ok(!log.join("").includes(TOKEN) && !log.join("").includes("Hello?"));
    });

    test("a client that leaves ends the call", async () => {
      await bedrock.fault({ path_contains: "stream", drip_ms: 100 });
      const answer = await ask(`${url}/v1/messages`, { model: "claude-sonnet-4-6", max_tokens: 999, stream: true, messages: [{ role: "user", content: LONG }] });
      for await (const piece of answer.pieces()) if (piece.includes("text_delta")) break;
      leave(answer.request);
      await bedrock.until(([request]) => request?.outcome === "closed_by_client");
      assert.match((await logged(({ streamed }) => streamed)).error, /client left/);
    });

    test("the paths of the Worker itself stay", async () => {
      assert.equal((await (await ask(`${url}/chat`, { messages: "x" })).events()).at(-1).type, "message_stop");
      assert.match((await (await ask(`${url}/key`, {})).json()).apiKey, /^bedrock-api-key-/);
      assert.deepEqual(await (await ask(`${url}/`, "", { method: "GET", token: null })).json(), { status: "ok" });
    });
  });
}

describe("the bindings of the gateway", () => {
  async function once(bindings, path, body, options) {
    const server = await inMiniflare(worker, { ...settings, ...bindings });
    try {
      const answer = await ask(`${server.url}${path}`, body, options);
      return { status: answer.status, text: await answer.text() };
    } finally {
      await server.stop();
    }
  }
  const body = { model: "nova", messages: said };

  test("GATEWAY_KEYS replaces the key of ACCESS_TOKEN", async () => {
    const GATEWAY_KEYS = JSON.stringify({ alice: { key: "gw-0123456789", models: ["nova"] } });
    const asked = (token, more) => once({ GATEWAY_KEYS }, "/v1/chat/completions", { ...body, ...more }, { token });
    assert.equal((await asked("gw-0123456789")).status, 200);
    assert.equal((await asked(TOKEN)).status, 401);
    assert.ok((await asked("gw-0123456789", { model: "claude-sonnet-4-6" })).status >= 400);
  });

  test("ALLOWED_MODELS limits the key of ACCESS_TOKEN", async () => {
    const asked = (model) => once({ ALLOWED_MODELS: "nova" }, "/v1/chat/completions", { ...body, model });
    assert.equal((await asked("nova")).status, 200);
    assert.ok([403, 404].includes((await asked("claude-opus-4-6")).status));
  });

  test("a Worker without keys refuses all requests, and wrong settings are only logged", async () => {
    assert.equal((await once({ ACCESS_TOKEN: "" }, "/v1/chat/completions", body)).status, 401);
    log.length = 0;
    for (const bindings of [{ GATEWAY_SETTINGS: "{" }, { GATEWAY_KEYS: "[]" }, { GATEWAY_SETTINGS: '{"modles": {}}' }]) {
      const { status, text } = await once(bindings, "/v1/chat/completions", body);
      assert.equal(status, 503, text);
      assert.doesNotMatch(text, /modles|GATEWAY/);
    }
    assert.match(log.join(""), /GATEWAY_SETTINGS is not JSON[^]*GATEWAY_KEYS is not a JSON object[^]*modles/);
  });

  test("a call is a data point of Workers Analytics Engine", async (context) => {
    const { recorder } = await transpiled();
    const points = [];
    const usage = { input_tokens: 5, output_tokens: 7, total_tokens: 12, input_token_details: { cache_read: 1, cache_creation: 2 }, output_token_details: { reasoning: 3 } };
    const call = { beganAt: 0, key: "é".repeat(60), model: "nova", modelId: "m", path: "/v1/messages", status: 200, streamed: true, usage, cost: 0.5, firstByteMs: 8, durationMs: 9, error: "x".repeat(2000) };
    const lines = context.mock.method(console, "log", () => {});
    recorder({ ANALYTICS: { writeDataPoint: (point) => points.push(point) } })(call);
    assert.equal(lines.mock.calls[0].arguments[0], JSON.stringify(call));
    assert.deepEqual(points, [{ indexes: ["é".repeat(48)], blobs: ["nova", "m", "/v1/messages", "", "x".repeat(1000)], doubles: [200, 1, 5, 7, 1, 2, 3, 0.5, 8, 9] }]);
  });
});

/** Returns a module of the Worker without its types. */
async function transpiled() {
  const { transform } = await import("esbuild");
  const { code } = await transform(readFileSync(join(workers, "js/src/usage.ts"), "utf8"), { loader: "ts" });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

describe("the template in an empty folder", () => {
  const wasm = resolve(workers, "..");
  const folder = mkdtempSync(join(tmpdir(), "bedrock-gateway-"));
  after(() => rmSync(folder, { recursive: true }));
  const program = (name, ...args) => promisify(execFile)(name, args, { cwd: folder, env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" } });

  test("the template names nothing outside its folder, and ignores its secrets", () => {
    const files = readdirSync(join(workers, "js"), { recursive: true, withFileTypes: true }).filter((file) => file.isFile() && !/(^|\/)(dist|node_modules|\.wrangler)(\/|$)/.test(file.parentPath));
    assert.ok(files.length > 8);
    for (const file of files) assert.doesNotMatch(readFileSync(join(file.parentPath, file.name), "utf8"), /\.\.\/|"(file|link):/, file.name);
    assert.match(readFileSync(join(workers, "js/.gitignore"), "utf8"), /^\.dev\.vars\*$/m);
  });

  test("a copy of the template is checked, built and served as its README says", async () => {
    cpSync(join(workers, "js"), folder, { recursive: true, filter: (path) => !/\/(dist|node_modules|\.wrangler)$/.test(path) });
    // Instead of `npm install`: the package as npm packs it, and the tools of the versions that the template names.
    const { stdout } = await program("npm", "pack", "--json", "--silent", join(wasm, "pkg"));
    mkdirSync(join(folder, "node_modules/bedrock-chat"), { recursive: true });
    await program("tar", "-xzf", JSON.parse(stdout)[0].filename, "-C", "node_modules/bedrock-chat", "--strip-components=1");
    for (const name of ["wrangler", "typescript", "@cloudflare"]) symlinkSync(join(wasm, "node_modules", name), join(folder, "node_modules", name), "junction");
    symlinkSync(join(wasm, "node_modules/.bin"), join(folder, "node_modules/.bin"), "junction");
    await program("npm", "run", "check");
    await program("npm", "run", "build");
    const dist = join(folder, "dist");
    const modules = readdirSync(dist).filter((name) => name.endsWith(".wasm"));
    assert.equal(modules.length, 2);
    const server = await inMiniflare({ ...worker, dist, modules: ["index.js", ...modules] }, settings);
    try {
      const answer = await ask(`${server.url}/v1/messages`, { model: "claude-sonnet-4-6", max_tokens: 99, messages: said });
      assert.equal((await answer.json()).content[0].text, `${ECHO}Hello?`);
    } finally {
      await server.stop();
    }
  });
});
