// Node's own `fetch`, whose limits of 300 seconds end long answers. The limits are short in this test.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createServer as createSocketServer } from "node:net";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
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
const { constructor: Agent } = globalThis[PLACE];
const impatient = () => new Agent({ headersTimeout: 100, bodyTimeout: 100 });

for (const [how, api] of Object.entries({ imported, required })) {
  describe(how, () => {
    const { chat, bedrock } = context(api, server.url);
    beforeEach(async () => {
      globalThis[PLACE] = impatient();
      await bedrock.clear();
    });
    const requests = async () => (await bedrock.requests()).length;

    test("node fetch timeout does not end an answer whose headers are late", async () => {
      await bedrock.faults({ delay_ms: 1500, forever: true });
      assert.match((await chat().invoke("hello")).text, /hello/);
      assert.match((await (await chat().stream("hello")).message()).text, /hello/);
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
        const stream = await chat({ endpointUrl: `http://127.0.0.1:${pausing.address().port}` }).stream("hi");
        assert.deepEqual([(await stream.message()).text, requests], ["hi", 1]);
      } finally {
        pausing.closeAllConnections();
        pausing.close();
      }
    });

    test("idle and first byte timeouts apply instead of node's timeouts", async () => {
      await bedrock.faults({ delay_ms: 3000, forever: true });
      const error = await chat({ firstByteTimeout: 300 }).invoke("hello").catch((error) => error);
      assert.equal(error.kind, "timeout");
      assert.match(error.message, /300 ms/);
      assert.equal(await requests(), 1);
    });

    test("timeout of a custom fetch is a timeout error, and not retried", async () => {
      await bedrock.faults({ delay_ms: 1500, forever: true });
      const error = await chat({ fetch: (url, init) => fetch(url, init) }).invoke("hello").catch((error) => error);
      assert.deepEqual([error.kind, error.retryable], ["timeout", false]);
      assert.equal(await requests(), 1);
    });

    test("global dispatcher of the caller receives every request", async () => {
      const real = impatient();
      const seen = [];
      globalThis[PLACE] = {
        isMockActive: false,
        dispatch(options, handler) {
          seen.push(options.path);
          return real.dispatch(options, handler);
        },
      };
      await chat().invoke("hello");
      await (await chat().stream("hello")).message();
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
