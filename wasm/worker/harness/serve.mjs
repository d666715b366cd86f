import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { Log, LogLevel, Miniflare } from "miniflare";
import workerd from "workerd";
import { until } from "../../test/suite/check.js";

// Node 20 has no WebSocket. Miniflare depends on this one.
const { WebSocket } = createRequire(createRequire(import.meta.url).resolve("miniflare"))("ws");
const WORKERD = workerd.default ?? workerd;

/**
 * Serves a built Worker with Miniflare, as `wrangler dev` does. `more` are other options of Miniflare for the Worker,
 * `others` are Workers beside it, and `folder` keeps the storage of Durable Objects. `fetch` sends a request to the Worker
 * with a name. `onException` is called with exceptions that nothing has caught.
 */
export async function inMiniflare(worker, bindings, { more = {}, others = [], folder, onException } = {}) {
  const miniflare = new Miniflare({
    workers: [{ ...optionsOf(worker, "main"), bindings, ...more }, ...others],
    ...(folder ? { durableObjectsPersist: folder } : {}),
    ...(onException ? { inspectorPort: 0 } : {}),
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.WARN),
    handleRuntimeStdio: (out, err) => [out, err].forEach((stream) => stream.on("data", logged)),
  });
  const url = await miniflare.ready;
  if (onException) await inspect(await miniflare.getInspectorURL(), onException);
  return { url: url.origin, fetch: async (name, ...request) => (await miniflare.getWorker(name)).fetch(...request), stop: () => miniflare.dispose() };
}

/** Calls a function with each exception that nothing in the Worker has caught: Cloudflare counts them as failed requests. */
async function inspect(inspector, onException) {
  const [{ webSocketDebuggerUrl }] = await (await fetch(new URL("/json", inspector.href.replace("ws:", "http:")))).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  await once(socket, "open");
  socket.on("message", (message) => {
    const { method, params } = JSON.parse(message);
    if (method === "Runtime.exceptionThrown") onException(params.exceptionDetails.text);
  });
  socket.send(JSON.stringify({ id: 1, method: "Runtime.enable" }));
}

/** Returns the options of Miniflare for a built Worker, without bindings of other kinds than Durable Objects. */
export function optionsOf({ dist, modules, compatibilityDate, compatibilityFlags, objects }, name) {
  return {
    name,
    modules: modules.map((file) => ({ type: file.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path: join(dist, file) })),
    modulesRoot: dist,
    compatibilityDate,
    compatibilityFlags,
    durableObjects: Object.fromEntries(Object.entries(objects).map(([binding, className]) => [binding, { className, useSQLite: true }])),
  };
}

/** Serves a built Worker with plain `workerd serve`, without Miniflare. `pid` is its process. */
export async function inWorkerd(worker, bindings) {
  const folder = mkdtempSync(join(tmpdir(), "bedrock-chat-worker-"));
  cpSync(worker.dist, folder, { recursive: true });
  mkdirSync(join(folder, "objects"));
  writeFileSync(join(folder, "config.capnp"), config(worker, bindings));
  const child = spawn(WORKERD, ["serve", "config.capnp", "--control-fd=3"], { cwd: folder, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  child.stdout.on("data", logged);
  child.stderr.on("data", logged);
  const stop = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  };
  for await (const line of createInterface(child.stdio[3])) {
    const { event, port } = JSON.parse(line);
    if (event === "listen") return { url: `http://127.0.0.1:${port}`, pid: child.pid, stop };
  }
  throw new Error("workerd ended before it listened");
}

function config({ modules, compatibilityDate, compatibilityFlags, objects }, bindings) {
  const text = JSON.stringify;
  const module = (name) => `(name = ${text(name)}, ${name.endsWith(".wasm") ? "wasm" : "esModule"} = embed ${text(name)})`;
  const binding = ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`;
  const object = ([name, className]) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`;
  const namespace = (className) => `(className = ${text(className)}, uniqueKey = ${text(className)}, enableSql = true)`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [${modules.map(module).join(", ")}],
      bindings = [${[...Object.entries(bindings).map(binding), ...Object.entries(objects).map(object)].join(", ")}],
      durableObjectNamespaces = [${Object.values(objects).map(namespace).join(", ")}],
      durableObjectStorage = (localDisk = "objects"),
      compatibilityDate = ${text(compatibilityDate)},
      compatibilityFlags = [${compatibilityFlags.map(text).join(", ")}],
      globalOutbound = "internet",
    )),
    # Storage with SQL is on a disk.
    (name = "objects", disk = (path = "objects", writable = true)),
    # Without "local" the loopback device could not be reached.
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
`;
}

/** The Worker's log. WORKER_LOG=1 prints it. */
export const log = [];

/** Waits until a line of JSON in the log fits, and returns all lines of JSON. */
export function logLines(fits) {
  return until(() => {
    // The last line may be incomplete.
    const lines = log.join("").split("\n").slice(0, -1).filter((line) => line.startsWith('{"')).map((line) => JSON.parse(line));
    return lines.some(fits) && lines;
  }, `a line fits ${fits}`);
}

function logged(piece) {
  log.push(String(piece));
  if (process.env.WORKER_LOG) process.stderr.write(piece);
}
