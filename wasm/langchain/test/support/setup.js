// Runs before all tests: installs the package in node_modules, as a user has it, and builds the local Bedrock.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("../../", import.meta.url));
const root = fileURLToPath(new URL("../../../../", import.meta.url));

export function setup() {
  const pkg = join(here, "..", "pkg");
  if (!existsSync(join(pkg, "langchain.js"))) throw new Error("wasm/pkg is not there, or has no LangChain entry: run `make wasm` first");
  const installed = join(here, "node_modules", "bedrock-chat");
  rmSync(installed, { recursive: true, force: true });
  cpSync(pkg, installed, { recursive: true });
  if (process.env.LOCAL_BEDROCK) return;
  // cargo runs only here, so that the test files do not need it.
  const built = execFileSync("cargo", ["build", "--quiet", "--package", "local-bedrock", "--message-format", "json"], { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
  const made = built.split("\n").filter((line) => line.includes('"executable":"')).map((line) => JSON.parse(line).executable);
  process.env.LOCAL_BEDROCK = made.find((path) => /local-bedrock(\.exe)?$/.test(path));
}
