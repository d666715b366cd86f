import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Log, LogLevel, Miniflare } from "miniflare";
import workerd from "workerd";

const WORKERD = workerd.default ?? workerd;

/** Serves a built Worker with Miniflare, as `wrangler dev` does. */
export async function inMiniflare(worker, bindings) {
  const { dist, modules, compatibilityDate, compatibilityFlags } = worker;
  const miniflare = new Miniflare({
    modules: modules.map((name) => ({ type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path: join(dist, name) })),
    modulesRoot: dist,
    bindings,
    compatibilityDate,
    compatibilityFlags,
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.WARN),
    handleRuntimeStdio: (out, err) => [out, err].forEach((stream) => stream.on("data", logged)),
  });
  const url = await miniflare.ready;
  return { url: url.origin, stop: () => miniflare.dispose() };
}

/** Serves a built Worker with plain `workerd serve`, without Miniflare. */
export async function inWorkerd(worker, bindings) {
  const folder = mkdtempSync(join(tmpdir(), "bedrock-chat-worker-"));
  cpSync(worker.dist, folder, { recursive: true });
  writeFileSync(join(folder, "config.capnp"), config(worker, bindings));
  const child = spawn(WORKERD, ["serve", "config.capnp", "--control-fd=3"], { cwd: folder, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  child.stdout.on("data", logged);
  child.stderr.on("data", logged);
  const stop = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true });
  };
  for await (const line of createInterface(child.stdio[3])) {
    const { event, port } = JSON.parse(line);
    if (event === "listen") return { url: `http://127.0.0.1:${port}`, stop };
  }
  throw new Error("workerd ended before it listened");
}

function config({ modules, compatibilityDate, compatibilityFlags }, bindings) {
  const text = JSON.stringify;
  const module = (name) => `(name = ${text(name)}, ${name.endsWith(".wasm") ? "wasm" : "esModule"} = embed ${text(name)})`;
  const binding = ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [${modules.map(module).join(", ")}],
      bindings = [${Object.entries(bindings).map(binding).join(", ")}],
      compatibilityDate = ${text(compatibilityDate)},
      compatibilityFlags = [${compatibilityFlags.map(text).join(", ")}],
      globalOutbound = "internet",
    )),
    # Without "local" the loopback device could not be reached.
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
`;
}

/** The Worker's log. WORKER_LOG=1 prints it. */
export const log = [];

function logged(piece) {
  log.push(String(piece));
  if (process.env.WORKER_LOG) process.stderr.write(piece);
}
