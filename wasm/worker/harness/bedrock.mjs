import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { until } from "../../test/suite/check.js";
import { repository, run, target } from "./run.mjs";

export const ACCESS_KEY = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
export const API_KEY = "bedrock-api-key-local-test";

/** Starts the local Bedrock, which is built first. LOCAL_BEDROCK may name a program that is already built. */
export async function startBedrock({ frameDelay = 2, port = 0 } = {}) {
  const child = spawn(await program(), ["--port", String(port), "--frame-delay-ms", String(frameDelay)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // The server ends with this process, and does not keep it from ending after a failure.
  process.once("exit", () => child.kill());
  for await (const line of createInterface(child.stdout)) {
    const url = /AWS_ENDPOINT_URL_BEDROCK_RUNTIME=(\S+)/.exec(line)?.[1];
    if (!url) continue;
    child.unref();
    child.stdout.resume().unref();
    return new LocalBedrock(url, child);
  }
  throw new Error("the local Bedrock ended before it listened");
}

async function program() {
  if (process.env.LOCAL_BEDROCK) return process.env.LOCAL_BEDROCK;
  await run("cargo", ["build", "--quiet", "--package", "local-bedrock"], { cwd: repository });
  return join(target, "debug/local-bedrock");
}

class LocalBedrock {
  constructor(url, child) {
    this.url = url;
    this.child = child;
  }

  /** Makes the next requests fail or slow; the README of tests/local-bedrock lists the keys. */
  async fault(...faults) {
    const response = await fetch(`${this.url}/_local/faults`, { method: "POST", body: JSON.stringify(faults) });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Returns the requests that arrived, in order. */
  async requests() {
    return (await fetch(`${this.url}/_local/requests`)).json();
  }

  /** Waits until a condition on the received requests holds, and returns them. */
  until(holds) {
    return until(async () => {
      const requests = await this.requests();
      return holds(requests) && requests;
    }, `the requests fit ${holds}`);
  }

  async clear() {
    await fetch(`${this.url}/_local/`, { method: "DELETE" });
  }

  async stop() {
    if (this.child.exitCode !== null) return;
    this.child.kill("SIGINT");
    await Promise.race([once(this.child, "exit"), new Promise((done) => setTimeout(done, 1000))]);
    this.child.kill("SIGKILL");
  }
}
