// Installs the package in node_modules, as a user has it. Runs before the tests.
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("../../", import.meta.url));
const pkg = join(here, "..", "pkg");
if (!existsSync(join(pkg, "ai-sdk.js"))) throw new Error("wasm/pkg is not there, or has no entry for the AI SDK: run `make wasm` first");
const installed = join(here, "node_modules", "bedrock-chat");
rmSync(installed, { recursive: true, force: true });
cpSync(pkg, installed, { recursive: true });
