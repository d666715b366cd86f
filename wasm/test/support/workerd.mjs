// Bundles a Worker with wrangler as for a deployment. wasm/worker/harness/serve.mjs runs it.
import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import assert from "node:assert/strict";
import { promisify } from "node:util";
import { project, wasm } from "./project.mjs";

const compatibilityDate = "2025-09-01";

/** Sends a request on a new connection. The runtime closes idle connections, which could be just when one is used again. */
export function askWorker(url, init) {
  const given = new Request(url, init);
  given.headers.set("connection", "close");
  return fetch(given);
}

/** Wrangler's own bundle of a Worker of the project in a separate folder: its code, and the modules next to it. */
export async function bundled(name, { main = "worker.js", count = 2, flags: compatibilityFlags = [] } = {}) {
  const dist = join(project, `bundle-${name}`);
  const config = join(project, `wrangler-${name}.json`);
  writeFileSync(config, JSON.stringify({ name, main, compatibility_date: compatibilityDate, compatibility_flags: compatibilityFlags }));
  const args = [join(wasm, "node_modules/wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--config", config, "--outdir", dist];
  await promisify(execFile)(process.execPath, args, {
    cwd: project,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", WRANGLER_LOG_PATH: dist },
  });
  const modules = readdirSync(dist).filter((name) => name.endsWith(".wasm"));
  assert.equal(modules.length, count, "wrangler puts the modules beside the code");
  return { dist, modules: [main, ...modules], compatibilityDate, compatibilityFlags, objects: {} };
}
