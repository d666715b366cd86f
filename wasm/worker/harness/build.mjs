import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { run, workers } from "./run.mjs";

const QUIET = { WRANGLER_SEND_METRICS: "false", CI: "1" };
const wasm = resolve(workers, "..");

/** Builds the TypeScript Worker: checked by `tsc`, and bundled as for `wrangler deploy`. */
export async function buildJs() {
  const folder = join(workers, "js");
  linkPackage();
  // The tools are those of wasm/, in the versions that the Worker's own package.json names, which saves 240 MB.
  await run(join(wasm, "scripts/npm-ci"), [wasm]);
  const tool = (name) => join(wasm, "node_modules/.bin", name);
  await run(tool("tsc"), ["--project", folder, "--pretty", "false"]);
  await run(tool("wrangler"), ["deploy", "--dry-run", "--outdir", "dist"], { cwd: folder, env: QUIET });
  return described(folder, "index.js");
}

/** Puts the npm package where the Worker finds it, if `npm install` has not. */
function linkPackage() {
  const pkg = join(wasm, "pkg");
  if (!existsSync(join(pkg, "package.json"))) throw new Error("the npm package is not built: run `make wasm` first");
  const link = join(workers, "node_modules/bedrock-chat");
  mkdirSync(join(workers, "node_modules"), { recursive: true });
  rmSync(link, { recursive: true, force: true });
  symlinkSync(pkg, link, "junction");
}

/** Builds the Rust Worker with this repository's toolchain and tools. */
export async function buildRust() {
  const folder = join(workers, "rust");
  const script = (name) => join(wasm, "scripts", name);
  await run(script("wasm32"), [join(folder, "build")], { env: { WASM_BINDGEN: script("bindgen"), WASM_OPT: script("wasm-opt") } });
  return described(folder, "index.mjs");
}

/** Returns a built Worker: its modules, the main one first, and from its wrangler.toml the runtime settings and Durable Objects. */
export function described(folder, main) {
  const dist = join(folder, "dist");
  const names = readdirSync(dist, { recursive: true }).filter((name) => /\.(m?js|wasm)$/.test(name));
  const wrangler = readFileSync(join(folder, "wrangler.toml"), "utf8");
  const objects = [...wrangler.matchAll(/^\[\[durable_objects\.bindings\]\]\nname = "(.*)"\nclass_name = "(.*)"/gm)];
  const flags = /^compatibility_flags = \[(.*)\]/m.exec(wrangler)?.[1] ?? "";
  return {
    dist,
    modules: [main, ...names.filter((name) => name !== main)],
    compatibilityDate: /^compatibility_date = "(.*)"/m.exec(wrangler)[1],
    compatibilityFlags: [...flags.matchAll(/"(.*?)"/g)].map(([, flag]) => flag),
    objects: Object.fromEntries(objects.map(([, binding, name]) => [binding, name])),
  };
}
