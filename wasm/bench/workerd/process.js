// One workerd process with one Worker, and the CPU time that it has used.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { COMPATIBILITY } from "./bundle.js";

const workerd = createRequire(new URL("../../package.json", import.meta.url))("workerd").default;

/** Starts workerd with a bundle. The promise resolves when the Worker accepts requests. */
export async function start({ folder, modules }, upstream) {
  writeFileSync(join(folder, "config.capnp"), config(modules, upstream));
  const child = spawn(workerd, ["serve", "config.capnp", "--control-fd=3"], { cwd: folder, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (log += piece));
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    process.off("exit", kill);
    kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  for await (const line of createInterface(child.stdio[3])) {
    const { event, port } = JSON.parse(line);
    if (event !== "listen") continue;
    const get = async (path) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      const text = await response.text();
      if (!response.ok) throw new Error(`the Worker failed: ${log.trim().split("\n").slice(0, 4).join(" ") || text}`);
      return text;
    };
    return { get, cpu: () => cpuOf(child.pid), stop };
  }
  throw new Error(`workerd did not start: ${log.trim().split("\n").slice(0, 4).join(" ")}`);
}

/** The CPU time of all threads of a process, in milliseconds. Linux counts it in nanoseconds. */
function cpuOf(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]), 0) / 1e6;
}

function config(modules, upstream) {
  const text = JSON.stringify;
  const module = (name) => `(name = ${text(name)}, ${name.endsWith(".wasm") ? "wasm" : "esModule"} = embed ${text(name)})`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [${modules.map(module).join(", ")}],
      bindings = [(name = "UPSTREAM", text = ${text(upstream)})],
      compatibilityDate = ${text(COMPATIBILITY.date)},
      compatibilityFlags = [${COMPATIBILITY.flags.map(text).join(", ")}],
      globalOutbound = "internet",
    )),
    # The loopback device needs "local".
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
`;
}
