import { spawn } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the Worker templates, and that of the whole repository. */
export const workers = resolve(dirname(fileURLToPath(import.meta.url)), "..");
export const repository = resolve(workers, "../..");

/** cargo's target folder, as an absolute path: programs run in other working folders. */
export const target = resolve(process.env.CARGO_TARGET_DIR || join(repository, "target"));

/** Runs a program to its end. Its output is shown if it fails. */
export async function run(program, args, { cwd, env } = {}) {
  const child = spawn(program, args, { cwd, env: { ...process.env, CARGO_TARGET_DIR: target, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (said += piece));
  const code = await new Promise((done, failed) => child.once("error", failed).once("close", done));
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${said}`);
  return said;
}
