// Starts a separate local Bedrock for one test file.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export const root = new URL("../../../", import.meta.url);

/** An address where nothing listens: no server gets a port below 1024 by chance, and fetch does not forbid this one. */
export const closed = "http://127.0.0.1:2";

/** The server's URL and how to stop it. */
export async function startBedrock(...options) {
  const program = process.env.LOCAL_BEDROCK;
  const [command, args] = program ? [program, []] : ["cargo", ["run", "--quiet", "--package", "local-bedrock", "--"]];
  const child = spawn(command, [...args, "--port", "0", "--frame-delay-ms", "0", ...options], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const stop = () => child.kill("SIGINT");
  process.once("exit", stop);
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /^export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=(.+)$/.exec(line);
    if (found) {
      // The process does not keep the test from ending, and its further output does not fill the pipe.
      child.unref();
      child.stdout.resume().unref();
      return { url: found[1], stop };
    }
  }
  throw new Error("the local Bedrock did not start");
}
