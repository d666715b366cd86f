// A user's project, with the package as npm packs it: wasm/.cache/project. It is created again if this runs as a
// program; tests only read its path.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const wasm = fileURLToPath(new URL("../../", import.meta.url));
export const project = join(wasm, ".cache", "project");

const ENTRY = `export * from "bedrock-chat";
export * from "bedrock-chat/credentials";
export * from "bedrock-chat/sse";
import { initSync } from "bedrock-chat/manual";
/** Bytes of the module's memory. */
export const memory = () => initSync().memory.buffer.byteLength;
`;

function make() {
  rmSync(project, { recursive: true, force: true });
  mkdirSync(join(project, "node_modules"), { recursive: true });
  const options = { cwd: project, encoding: "utf8", shell: process.platform === "win32" };
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--silent", join(wasm, "pkg")], options));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  // The tarball has no dependencies: nothing is fetched.
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", "--silent", `./${filename}`], options);
  writeFileSync(join(project, "entry.js"), ENTRY);
  writeFileSync(join(project, "entry.cjs"), 'module.exports = { ...require("bedrock-chat"), ...require("bedrock-chat/credentials"), ...require("bedrock-chat/sse") };\n');
  cpSync(join(wasm, "test", "suite"), join(project, "suite"), { recursive: true });
  for (const name of ["worker.js", "page.js", "gateway.js"]) copyFileSync(join(wasm, "test", "support", name), join(project, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) make();
