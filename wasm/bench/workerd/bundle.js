// Bundles a Worker for each client, as `wrangler deploy --minify` would upload it.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const bench = fileURLToPath(new URL("..", import.meta.url));
const cache = join(bench, "../.cache/bench");
const wrangler = fileURLToPath(new URL("../../node_modules/wrangler/bin/wrangler.js", import.meta.url));

/** AWS's SDK and LangChain.js need Node's modules. */
export const COMPATIBILITY = { date: "2025-09-01", flags: ["nodejs_compat"] };

/** Returns the folder of the bundle, its modules with the main one first, and their size after gzip. */
export async function bundle({ name, file, api, entry = "default" }, frames) {
  const folder = join(cache, `${file}-${entry}`);
  const out = join(folder, "dist");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const path = (name) => JSON.stringify(join(bench, name));
  writeFileSync(
    join(folder, "entry.js"),
    `import { ${entry} as create } from ${path(`clients/${file}.js`)};
import { worker } from ${path("workerd/worker.js")};

export default worker(create, "${api}", ${frames});
`,
  );
  const config = { name: "bench", main: "entry.js", compatibility_date: COMPATIBILITY.date, compatibility_flags: COMPATIBILITY.flags };
  writeFileSync(join(folder, "wrangler.json"), JSON.stringify(config));
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", WRANGLER_LOG_PATH: folder };
  try {
    await promisify(execFile)(process.execPath, [wrangler, "deploy", "--dry-run", "--minify", "--outdir", out], { cwd: folder, env });
  } catch (error) {
    throw new Error(`wrangler cannot bundle ${name}: ${error.stderr || error.message}`);
  }
  const modules = readdirSync(out).filter((name) => /\.(js|wasm)$/.test(name)).sort((a, b) => Number(b === "entry.js") - Number(a === "entry.js"));
  const gzip = modules.reduce((sum, name) => sum + gzipSync(readFileSync(join(out, name)), { level: 9 }).length, 0);
  return { folder: out, modules, gzip };
}
