// The suite in workerd, bundled by wrangler as for a deployment: by Miniflare, and by `workerd serve`.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { Miniflare } from "miniflare";
import workerd from "workerd";
import { project, wasm } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";
import { names } from "./suite/index.js";

const compatibilityDate = "2025-09-01";
const bedrock = await startBedrock();
after(bedrock.stop);

const runtimes = [];
try {
  const bundle = await bundled();
  runtimes.push(await miniflare(bundle));
  runtimes.push(await plainWorkerd(bundle));
} catch (error) {
  // Running child processes would keep this process from ending.
  bedrock.stop();
  await Promise.all(runtimes.map(({ stop }) => stop()));
  throw error;
}

/** Wrangler's own bundle: the Worker's code, and the module next to it. */
async function bundled() {
  const out = join(project, "bundle");
  const config = { name: "suite", main: "worker.js", compatibility_date: compatibilityDate };
  writeFileSync(join(project, "wrangler.json"), JSON.stringify(config));
  await promisify(execFile)(process.execPath, [join(wasm, "node_modules/wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--outdir", out], {
    cwd: project,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", WRANGLER_LOG_PATH: out },
  });
  const module = readdirSync(out).find((name) => name.endsWith(".wasm"));
  assert.ok(module, "wrangler puts the module beside the code");
  return { out, module };
}

async function miniflare(bundle) {
  const runtime = new Miniflare({
    modules: [
      { type: "ESModule", path: join(bundle.out, "worker.js") },
      { type: "CompiledWasm", path: join(bundle.out, bundle.module) },
    ],
    modulesRoot: bundle.out,
    compatibilityDate,
  });
  const url = await runtime.ready;
  return { name: "miniflare", url, stop: () => runtime.dispose() };
}

async function plainWorkerd(bundle) {
  const folder = mkdtempSync(join(tmpdir(), "bedrock-chat-workerd-"));
  const port = await freePort();
  writeFileSync(join(folder, "worker.js"), readFileSync(join(bundle.out, "worker.js")));
  writeFileSync(join(folder, bundle.module), readFileSync(join(bundle.out, bundle.module)));
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "./${bundle.module}", wasm = embed "${bundle.module}")],
      compatibilityDate = "${compatibilityDate}",
      globalOutbound = "internet",
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`,
  );
  const child = spawn(workerd.default, ["serve", join(folder, "config.capnp")], { stdio: ["ignore", "inherit", "inherit"] });
  const stop = () => child.kill();
  process.once("exit", stop);
  const url = new URL(`http://127.0.0.1:${port}/`);
  for (let tries = 0; ; tries++) {
    try {
      await fetch(new URL("names", url));
      return { name: "workerd serve", url, stop };
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

for (const { name: runtime, url, stop } of runtimes) {
  after(stop);
  const to = (path, parameters) => {
    const target = new URL(path, url);
    target.search = new URLSearchParams({ bedrock: bedrock.url, ...parameters });
    return target;
  };
  describe(runtime, () => {
    for (const name of names) {
      test(name, async () => {
        const answer = await (await fetch(to("run", { name }))).json();
        if (answer.error) throw new Error(answer.error);
      });
    }

    test("forty concurrent requests share one model in one isolate", async () => {
      const texts = await Promise.all(
        Array.from({ length: 40 }, async (_, number) => (await fetch(to("chat", { text: `number ${number}.` }))).text()),
      );
      texts.forEach((text, number) => assert.match(text.replaceAll(/\n|event:.*|data:.*?"text":"|"}}/g, ""), new RegExp(`number ${number}\\.`)));
    });

    test("events are sent while the model answers, and a client that disconnects cancels the call", async () => {
      await fetch(`${bedrock.url}/_local/`, { method: "DELETE" });
      await fetch(`${bedrock.url}/_local/faults`, { method: "POST", body: JSON.stringify({ drip_ms: 60 }) });
      // Not `fetch`: it requests gzip, and Miniflare buffers compressed answers.
      const times = await new Promise((resolve, reject) => {
        const seen = [];
        get(to("chat", { text: "hello there. ".repeat(20) }), (response) => {
          response.on("data", () => {
            seen.push(Date.now());
            if (seen.length === 8) {
              response.destroy();
              resolve(seen);
            }
          });
        }).on("error", reject);
      });
      assert.ok(times.at(-1) - times[0] > 150, "pieces come one by one");
      for (let tries = 0; tries < 50; tries++) {
        const [{ outcome }] = await (await fetch(`${bedrock.url}/_local/requests`)).json();
        if (outcome === "closed_by_client") return;
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      assert.fail("the server did not see the close");
    });
  });
}
