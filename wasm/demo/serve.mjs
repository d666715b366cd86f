// Serves the demo: the page, and behind /chat a Worker in workerd that asks the local Bedrock.
//
//   node wasm/demo/serve.mjs [--port 8787] [--host 127.0.0.1] [--worker typescript|rust]
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ACCESS_KEY, startBedrock } from "../worker/harness/bedrock.mjs";
import { buildJs, buildRust } from "../worker/harness/build.mjs";
import { inMiniflare } from "../worker/harness/serve.mjs";

const PAGE = join(dirname(fileURLToPath(import.meta.url)), "page");
/** The files of the npm package that the page imports, as a bundler would find them. */
const PACKAGE = join(PAGE, "../../pkg");
const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript" };
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
};

/** Failures on demand, as faults of the local Bedrock, whose README lists the keys. */
const TROUBLE = {
  slow: { path_contains: "stream", drip_ms: 400 },
  throttled: { status: 429, error_type: "ThrottlingException", message: "Too many tokens, please wait before trying again.", times: 3 },
  broken: { path_contains: "stream", drip_ms: 60, cut_after_frames: 12 },
  silent: { path_contains: "stream", hang: true },
};

/** Starts the demo. The page is at `url`. */
export async function startDemo({ port = 0, host = "127.0.0.1", worker = "typescript", frameDelay = 40 } = {}) {
  const built = await (worker === "rust" ? buildRust() : buildJs());
  const bedrock = await startBedrock({ frameDelay });
  const token = randomUUID();
  const bindings = { ...ACCESS_KEY, AWS_REGION: "us-east-1", BEDROCK_ENDPOINT: bedrock.url, ACCESS_TOKEN: token, ALLOWED_MODELS: "" };
  const served = await inMiniflare(built, bindings);
  const server = http.createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request, response) {
    const { pathname } = new URL(request.url, "http://page");
    if (pathname === "/chat") return pass(request, response);
    if (pathname.startsWith("/trouble/") && request.method === "POST") {
      const fault = TROUBLE[pathname.slice("/trouble/".length)];
      await bedrock.clear();
      if (fault) await bedrock.fault(fault);
      return response.writeHead(204).end();
    }
    if (pathname === "/about") return send(response, 200, "application/json", JSON.stringify({ worker }));
    const type = TYPES[extname(pathname)];
    const name = pathname === "/" ? "/index.html" : pathname;
    try {
      // A URL's path has no `..` left in it.
      const [, file] = /^\/bedrock-chat\/([\w-]+\.js)$/.exec(name) ?? [];
      send(response, 200, TYPES[extname(name)] ?? type, await readFile(file ? join(PACKAGE, file) : join(PAGE, name)));
    } catch {
      send(response, 404, "text/plain", "not found");
    }
  }

  /** Passes a request to the Worker, with the token that the page does not need to know. */
  function pass(request, response) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const asked = http.request(`${served.url}/chat`, { method: request.method, headers, agent: false }, (answered) => {
      // Read the rest of a refused body: otherwise the browser waits to send it.
      request.unpipe(asked).resume();
      response.writeHead(answered.statusCode, { ...answered.headers, ...HEADERS });
      answered.pipe(response);
      answered.on("error", () => response.destroy());
    });
    asked.on("error", () => response.headersSent || send(response, 502, "text/plain", "the Worker is gone"));
    // If the page stops reading, the connection is reset: the runtime notices that even while it waits for Bedrock.
    response.on("close", () => response.writableFinished || asked.socket?.resetAndDestroy());
    request.pipe(asked);
  }

  function send(response, status, type, body) {
    response.writeHead(status, { ...HEADERS, "content-type": `${type}; charset=utf-8` }).end(body);
  }

  server.listen(port, host);
  await once(server, "listening");
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await served.stop();
    await bedrock.stop();
  };
  return { url: `http://${host}:${server.address().port}`, bedrock, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { port: { type: "string", default: "8787" }, host: { type: "string", default: "127.0.0.1" }, worker: { type: "string", default: "typescript" } },
  });
  if (!["typescript", "rust"].includes(values.worker)) {
    console.error(`--worker is typescript or rust, not ${values.worker}`);
    process.exit(2);
  }
  console.log("building the Worker and the local Bedrock ...");
  const demo = await startDemo({ ...values, port: Number(values.port) });
  console.log(`the demo is at ${demo.url}\nstop it with Ctrl-C`);
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, async () => {
      await demo.stop();
      process.exit(0);
    });
  }
}
