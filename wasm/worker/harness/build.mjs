import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { run, workers } from "./run.mjs";

const QUIET = { WRANGLER_SEND_METRICS: "false", CI: "1" };

/** Builds the TypeScript Worker, as `wrangler deploy` would upload it. */
export async function buildJs() {
  const folder = join(workers, "js");
  if (!existsSync(join(workers, "../pkg/package.json"))) throw new Error("the npm package is not built: run `make wasm` first");
  await run(join(workers, "../scripts/npm-ci"), [folder]);
  await run(join(folder, "node_modules/.bin/wrangler"), ["deploy", "--dry-run", "--outdir", "dist"], { cwd: folder, env: QUIET });
  return described(folder, "index.js");
}

/** Builds the Rust Worker. */
export async function buildRust() {
  const folder = join(workers, "rust");
  await run(join(folder, "build"), [], { cwd: folder });
  return described(folder, "index.mjs");
}

/** A built Worker: its modules, the main one first, and what its wrangler.toml says of the runtime. */
function described(folder, main) {
  const dist = join(folder, "dist");
  const names = readdirSync(dist, { recursive: true }).filter((name) => /\.(m?js|wasm)$/.test(name));
  const wrangler = readFileSync(join(folder, "wrangler.toml"), "utf8");
  const flags = /^compatibility_flags = \[(.*)\]/m.exec(wrangler)?.[1] ?? "";
  return {
    dist,
    modules: [main, ...names.filter((name) => name !== main)],
    compatibilityDate: /^compatibility_date = "(.*)"/m.exec(wrangler)[1],
    compatibilityFlags: [...flags.matchAll(/"(.*?)"/g)].map(([, flag]) => flag),
  };
}
