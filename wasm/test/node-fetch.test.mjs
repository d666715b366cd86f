// Node's own `fetch`, whose limits of 300 seconds end long answers. The limits are short in this test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createServer as createSocketServer } from "node:net";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { compileFunction, createContext } from "node:vm";
import { project } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";
import { context } from "./suite/bedrock.js";
import { answer, chunk } from "./suite/frames.js";

const server = await startBedrock();
after(server.stop);
const imported = await import(pathToFileURL(join(project, "entry.js")));
const required = createRequire(join(project, "entry.js"))("./entry.cjs");

// The first use of a class such as `Response` loads undici in Node.
void globalThis.Response;
const PLACE = Symbol.for("undici.globalDispatcher.1");
const patient = globalThis[PLACE];
const { constructor: Agent } = patient;

/** Runs a function with short limits. Requests of the test itself have no limits: on a busy machine they may take longer. */
async function impatiently(run) {
  globalThis[PLACE] = new Agent({ headersTimeout: 100, bodyTimeout: 100 });
  try {
    return await run();
  } finally {
    globalThis[PLACE] = patient;
  }
}

for (const [how, api] of Object.entries({ imported, required })) {
  describe(how, () => {
    const { chat, bedrock } = context(api, server.url);
    beforeEach(() => bedrock.clear());
    const requests = async () => (await bedrock.requests()).length;

    test("node fetch timeout does not end an answer whose headers are late", async () => {
      await bedrock.faults({ delay_ms: 1500, forever: true });
      await impatiently(async () => {
        assert.match((await chat().invoke("hello")).text, /hello/);
        assert.match((await (await chat().stream("hello")).message()).text, /hello/);
      });
      assert.equal(await requests(), 2);
    });

    test("node fetch timeout does not end a stream that pauses", async () => {
      // Node's timers of bodies are coarse: only a long pause is certain to exceed the limit.
      const [first, ...rest] = answer("hi").map((event) => chunk(event));
      let requests = 0;
      const pausing = createServer((request, response) => {
        requests++;
        request.resume();
        response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
        response.write(first);
        setTimeout(() => response.end(Buffer.concat(rest)), 2500);
      });
      await new Promise((resolve) => pausing.listen(0, "127.0.0.1", resolve));
      try {
        const model = chat({ endpointUrl: `http://127.0.0.1:${pausing.address().port}` });
        const { text } = await impatiently(async () => (await model.stream("hi")).message());
        assert.deepEqual([text, requests], ["hi", 1]);
      } finally {
        pausing.closeAllConnections();
        pausing.close();
      }
    });

    test("idle and first byte timeouts apply instead of node's timeouts", async () => {
      await bedrock.faults({ hang: true, forever: true });
      const error = await impatiently(() => chat({ firstByteTimeout: 300 }).invoke("hello").catch((error) => error));
      assert.deepEqual([error.kind, error.attempts], ["timeout", 1]);
      assert.match(error.message, /300 ms/);
    });

    test("timeout of a custom fetch is a timeout error, and not retried", async () => {
      await bedrock.faults({ hang: true, forever: true });
      const error = await impatiently(() => chat({ fetch: (url, init) => fetch(url, init) }).invoke("hello").catch((error) => error));
      assert.deepEqual([error.kind, error.attempts, error.retryable], ["timeout", 1, false]);
    });

    test("global dispatcher of the caller receives every request", async () => {
      const seen = [];
      globalThis[PLACE] = {
        isMockActive: false,
        dispatch(options, handler) {
          seen.push(options.path);
          return patient.dispatch(options, handler);
        },
      };
      try {
        await chat().invoke("hello");
        await (await chat().stream("hello")).message();
      } finally {
        globalThis[PLACE] = patient;
      }
      assert.equal(seen.filter((path) => path.startsWith("/model/")).length, 2);
    });

    test("call whose connection breaks before the answer is not retried", async () => {
      let connections = 0;
      const breaking = createSocketServer((socket) => {
        connections++;
        socket.once("data", () => socket.destroy());
      });
      await new Promise((resolve) => breaking.listen(0, "127.0.0.1", resolve));
      try {
        const endpointUrl = `http://127.0.0.1:${breaking.address().port}`;
        const error = await chat({ endpointUrl }).invoke("hello").catch((error) => error);
        assert.deepEqual([error.kind, error.retryable, connections], ["interrupted", false, 1]);
      } finally {
        breaking.close();
      }
    });
  });
}

test("in a vm context, such as Jest's, calls go out without undici's global dispatcher", async () => {
  // The context has its own global object, and the classes of the outer one.
  const names = ["process", "fetch", "Headers", "Request", "Response", "AbortController", "AbortSignal", "TextEncoder", "TextDecoder", "ReadableStream", "URL", "setTimeout", "clearTimeout", "console", "crypto", "performance", "DOMException", "Buffer"];
  const inner = createContext(Object.fromEntries(names.map((name) => [name, globalThis[name]])));
  const folder = join(project, "node_modules", "bedrock-chat");
  const loaded = new Map();
  const load = (name) => {
    if (!name.startsWith("./")) return createRequire(join(folder, "node.cjs"))(name);
    if (!loaded.has(name)) {
      const module = { exports: {} };
      loaded.set(name, module);
      const path = join(folder, name);
      const run = compileFunction(readFileSync(path, "utf8"), ["exports", "require", "module", "__filename", "__dirname"], { filename: path, parsingContext: inner });
      run.call(module.exports, module.exports, load, module, path, folder);
    }
    return loaded.get(name).exports;
  };
  const { BedrockChat } = load("./node.cjs");
  const llm = new BedrockChat({ model: "us.anthropic.claude-sonnet-4-6", region: "us-east-1", endpointUrl: server.url, apiKey: "bedrock-api-key-local-test" });
  assert.match((await llm.invoke("hello")).text, /hello/);
  assert.match((await (await llm.stream("hello")).message()).text, /hello/);
});
