// Runs a Worker in workerd, bundled by wrangler as for a deployment.
import { execFile, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import { promisify } from "node:util";
import { Miniflare } from "miniflare";
import workerd from "workerd";
import { project, wasm } from "./project.mjs";

const compatibilityDate = "2025-09-01";

/** Sends a request on a new connection. The runtime closes idle connections, which could be just when one is used again. */
export function askWorker(url, init) {
  const given = new Request(url, init);
  given.headers.set("connection", "close");
  return fetch(given);
}

/** Wrangler's own bundle of a Worker of the project in a separate folder: its code, and the modules next to it. */
export async function bundled(name, { main = "worker.js", count = 2, flags = [] } = {}) {
  const out = join(project, `bundle-${name}`);
  const config = join(project, `wrangler-${name}.json`);
  writeFileSync(config, JSON.stringify({ name, main, compatibility_date: compatibilityDate, compatibility_flags: flags }));
  const args = [join(wasm, "node_modules/wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--config", config, "--outdir", out];
  await promisify(execFile)(process.execPath, args, {
    cwd: project,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", WRANGLER_LOG_PATH: out },
  });
  const modules = readdirSync(out).filter((name) => name.endsWith(".wasm"));
  assert.equal(modules.length, count, "wrangler puts the modules beside the code");
  return { out, main, modules, flags };
}

/** Runs a bundle in Miniflare. */
export async function miniflare(bundle) {
  const runtime = new Miniflare({
    modules: [
      { type: "ESModule", path: join(bundle.out, bundle.main) },
      ...bundle.modules.map((name) => ({ type: "CompiledWasm", path: join(bundle.out, name) })),
    ],
    modulesRoot: bundle.out,
    compatibilityDate,
    compatibilityFlags: bundle.flags,
  });
  const url = await runtime.ready;
  return { name: "miniflare", url, stop: () => runtime.dispose() };
}

/** Runs a bundle in `workerd serve`. `pid` is its process. */
export async function plainWorkerd(bundle) {
  const folder = mkdtempSync(join(tmpdir(), "bedrock-chat-workerd-"));
  for (const name of [bundle.main, ...bundle.modules]) copyFileSync(join(bundle.out, name), join(folder, name));
  const modules = bundle.modules.map((name) => `(name = "./${name}", wasm = embed "${name}")`);
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "${bundle.main}"), ${modules}],
      compatibilityDate = "${compatibilityDate}",
      compatibilityFlags = ${JSON.stringify(bundle.flags)},
      globalOutbound = "internet",
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`,
  );
  // workerd chooses the port and says it on this descriptor. A port chosen here could be taken before workerd starts.
  const args = ["serve", "--control-fd=3", join(folder, "config.capnp")];
  const child = spawn(workerd.default, args, { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const stop = () => child.kill();
  process.once("exit", stop);
  for await (const line of createInterface({ input: child.stdio[3] })) {
    const { event, port } = JSON.parse(line);
    if (event !== "listen") continue;
    // The process does not keep the test from ending.
    child.unref();
    child.stdio[3].unref();
    return { name: "workerd serve", url: new URL(`http://127.0.0.1:${port}/`), pid: child.pid, stop };
  }
  throw new Error("workerd did not start");
}
