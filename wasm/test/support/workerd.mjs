// Runs a Worker in workerd, bundled by wrangler as for a deployment.
import { execFile, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { promisify } from "node:util";
import { Miniflare } from "miniflare";
import workerd from "workerd";
import { project, wasm } from "./project.mjs";

const compatibilityDate = "2025-09-01";

/** Wrangler's own bundle of the project's Worker in a separate folder: its code, and the modules next to it. */
export async function bundled(name) {
  const out = join(project, `bundle-${name}`);
  const config = join(project, `wrangler-${name}.json`);
  writeFileSync(config, JSON.stringify({ name, main: "worker.js", compatibility_date: compatibilityDate }));
  const args = [join(wasm, "node_modules/wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--config", config, "--outdir", out];
  await promisify(execFile)(process.execPath, args, {
    cwd: project,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", WRANGLER_LOG_PATH: out },
  });
  const modules = readdirSync(out).filter((name) => name.endsWith(".wasm"));
  assert.equal(modules.length, 2, "wrangler puts the modules beside the code");
  return { out, modules };
}

/** Runs a bundle in Miniflare. */
export async function miniflare(bundle) {
  const runtime = new Miniflare({
    modules: [
      { type: "ESModule", path: join(bundle.out, "worker.js") },
      ...bundle.modules.map((name) => ({ type: "CompiledWasm", path: join(bundle.out, name) })),
    ],
    modulesRoot: bundle.out,
    compatibilityDate,
  });
  const url = await runtime.ready;
  return { name: "miniflare", url, stop: () => runtime.dispose() };
}

/** Runs a bundle in `workerd serve`. `pid` is its process. */
export async function plainWorkerd(bundle) {
  const folder = mkdtempSync(join(tmpdir(), "bedrock-chat-workerd-"));
  const port = await freePort();
  for (const name of ["worker.js", ...bundle.modules]) copyFileSync(join(bundle.out, name), join(folder, name));
  const modules = bundle.modules.map((name) => `(name = "./${name}", wasm = embed "${name}")`);
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js"), ${modules}],
      compatibilityDate = "${compatibilityDate}",
      globalOutbound = "internet",
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`,
  );
  const child = spawn(workerd.default, ["serve", join(folder, "config.capnp")], { stdio: ["ignore", "inherit", "inherit"] });
  const stop = () => child.kill();
  process.once("exit", stop);
  const url = new URL(`http://127.0.0.1:${port}/`);
  for (let tries = 0; ; tries++) {
    try {
      await fetch(new URL("names", url));
      return { name: "workerd serve", url, pid: child.pid, stop };
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
