// bedrock-chat compared with the other JavaScript clients of Amazon Bedrock, in workerd and in Node, in one run.
//
//   node --expose-gc wasm/bench/bench.js [ROUNDS]
import { cpSync, existsSync, rmSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { print, verdict } from "./table.js";

const FRAMES = 2000;
const rounds = Number(process.argv[2] ?? 7);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// A copy of the package in node_modules, as users install it.
if (!existsSync(here("../pkg/package.json"))) throw new Error("wasm/pkg is missing; run `make wasm` first");
rmSync(here("node_modules/bedrock-chat"), { recursive: true, force: true });
cpSync(here("../pkg"), here("node_modules/bedrock-chat"), { recursive: true });

const { text } = await import("./recording.js");
const { measureInNode } = await import("./node.js");
const { measureInWorkerd } = await import("./workerd/measure.js");
const { measureSigners, measureModule } = await import("./parts.js");

const options = {
  rounds,
  frames: FRAMES,
  expected: { invoke: text(FRAMES - 5).join("").length, converse: text(FRAMES - 4).join("").length },
};
const [milliseconds, microseconds] = ["ms", "us"];

/** Compares the package with all peers, and its LangChain entry with those of LangChain.js. */
function printVerdicts(rows, columns) {
  const peers = rows.filter(({ kind }) => kind === "peer");
  const langChain = peers.filter(({ file }) => file.startsWith("langchain"));
  for (const column of columns) verdict(rows[0], peers, column);
  for (const column of columns) verdict(rows.find(({ file }) => file === "bedrock-chat-langchain"), langChain, column);
}

if (process.platform === "linux") {
  const rows = await measureInWorkerd(options);
  const cold = { title: "cold to first token", unit: milliseconds, of: (row) => row.cold };
  const coldCpu = { title: "CPU until then", unit: milliseconds, of: (row) => row.coldCpu };
  const cpu = { title: `CPU / ${FRAMES} frames`, unit: milliseconds, of: (row) => row.cpu };
  const size = { title: "bundle, gzip", unit: "KB", of: (row) => row.gzip / 1000 };
  console.log(`\nworkerd, medians of ${rounds} rounds; x is the ratio to bedrock-chat`);
  print(rows, [cold, coldCpu, cpu, size]);
  printVerdicts(rows, [cold, coldCpu, cpu]);
  console.log(`
How it was measured, on ${availableParallelism()} cores, with a load of ${loadavg()[0].toFixed(1)} at the end:
- wrangler bundles and minifies a Worker for each client. All have the flag nodejs_compat, which the peers need.
- Each cold sample starts a new workerd process. The time is from the start of the process to the first piece of
  text. A server on the same machine responds with a recorded stream. "fetch alone" is the part that all share.
- The CPU time is that of all threads of workerd, from /proc. CPU per stream is measured after a warm-up.
- The time to the first token depends on what else the machine does: compare it only when the load is low.
- The AWS SDK alone is not a peer in the lines above: its caller builds each request and reads each event.`);
} else {
  console.log("workerd: not measured; CPU times of its process need Linux");
}

const rows = await measureInNode(options);
const stream = { title: `CPU / ${FRAMES} frames`, unit: milliseconds, of: (row) => row.stream };
const first = { title: "first token, warm", unit: milliseconds, of: (row) => row.first };
const request = { title: "CPU / short call", unit: microseconds, of: (row) => row.request };
console.log(`\nNode ${process.version}, medians of ${rounds} rounds; x is the ratio to bedrock-chat`);
print(rows, [stream, first, request]);
printVerdicts(rows, [stream, first, request]);

await measureSigners(rounds);
measureModule(rounds);
