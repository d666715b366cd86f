// CPU per stream of 2,000 frames, time to the first token and CPU per request, of bedrock-chat and
// the other clients, in one run; and how long the WebAssembly module takes to be there.
//
//   node wasm/bench/bench.js [ROUNDS]
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FRAMES = 2000;
const rounds = Number(process.argv[2] ?? 7);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// The package as a user has it.
if (!existsSync(here("../pkg/langchain.js"))) throw new Error("wasm/pkg is not there: run `make wasm` first");
rmSync(here("node_modules/bedrock-chat"), { recursive: true, force: true });
cpSync(here("../pkg"), here("node_modules/bedrock-chat"), { recursive: true });

const { clients } = await import("./clients.js");
const { converseStream, invokeStream, text } = await import("./recording.js");
const { default: signers } = await import("./signers.js");

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const milliseconds = ({ user, system }) => (user + system) / 1000;

/** The CPU that work takes, in milliseconds, all threads together. */
async function cpu(work) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const result = await work();
  return { spent: milliseconds(process.cpuUsage(before)), result };
}

/** One stream to its end: when its first token came, and how much text there was. */
async function run(client, prompt) {
  const started = performance.now();
  let first;
  let length = 0;
  for await (const piece of client.stream(prompt)) {
    first ??= performance.now() - started;
    length += piece.length;
  }
  return { first, length };
}

const all = clients({ invoke: invokeStream(FRAMES), converse: converseStream(FRAMES), words: FRAMES - 5 });
const expected = { invoke: text(FRAMES - 5).join("").length, converse: text(FRAMES - 4).join("").length };
const figures = new Map(all.map(({ name }) => [name, { stream: [], first: [], request: [] }]));
const STREAMS = 5;

// Before anything is measured the engine has compiled what it will.
for (const client of all) {
  for (let n = 0; n < 8; n++) {
    const { length } = await run(client, "Hello");
    if (!Object.values(expected).includes(length)) throw new Error(`${client.name} gave ${length} characters, not ${Object.values(expected).join(" or ")}`);
  }
}
for (let round = 0; round < rounds; round++) {
  for (const client of all) {
    const { spent, result } = await cpu(async () => {
      const firsts = [];
      for (let n = 0; n < STREAMS; n++) firsts.push((await run(client, "Hello")).first);
      return firsts;
    });
    const figure = figures.get(client.name);
    figure.stream.push(spent / STREAMS);
    figure.first.push(median(result));
  }
}

// A request of 1 KiB: made, signed, sent; what comes back is as short as can be.
const PROMPT = "a".repeat(1024);
const REQUESTS = 300;
const short = clients({ invoke: invokeStream(6), converse: converseStream(5), words: 1 });
for (const client of short) for (let n = 0; n < REQUESTS; n++) await run(client, PROMPT);
for (let round = 0; round < rounds; round++) {
  for (const client of short) {
    const { spent } = await cpu(async () => {
      for (let n = 0; n < REQUESTS; n++) await run(client, PROMPT);
    });
    figures.get(client.name).request.push((spent / REQUESTS) * 1000);
  }
}

const best = all.find(({ name }) => name === "bedrock-chat");
const of = (name, what) => median(figures.get(name)[what]);
const column = (value, unit, ratio) => `${value.toFixed(value < 10 ? 2 : 1).padStart(8)} ${unit} ${`x${ratio.toFixed(1)}`.padStart(6)}`;
console.log(`Node ${process.version}, ${rounds} rounds, medians; x is against bedrock-chat`);
console.log(`${"".padEnd(34)} ${`CPU per ${FRAMES} frames`.padStart(18)}  ${"first token".padStart(18)}  ${"CPU per short call".padStart(18)}`);
for (const { name } of all) {
  const row = [["stream", "ms"], ["first", "ms"], ["request", "us"]].map(([what, unit]) => column(of(name, what), unit, of(name, what) / of(best.name, what)));
  console.log(`${name.padEnd(34)} ${row.join("  ")}`);
}
const peers = all.filter(({ ours, bare }) => !ours && !bare);
const cheapest = peers.reduce((left, right) => (of(right.name, "stream") < of(left.name, "stream") ? right : left));
const share = (name) => `${((of(name, "stream") / of(cheapest.name, "stream")) * 100).toFixed(0)}%`;
const shares = ["bedrock-chat", "bedrock-chat/langchain", "LangChain.js without any client"].map((name) => `${name} ${share(name)}`);
console.log(`\nof the CPU of the cheapest peer, ${cheapest.name}: ${shares.join(", ")} (the aim: 10%)`);

console.log("\nsigning 1 KiB");
for (const { name, sign } of signers) {
  for (let n = 0; n < 3000; n++) await sign();
  const spent = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    for (let n = 0; n < 1000; n++) await sign();
    spent.push(performance.now() - started);
  }
  console.log(`${name.padEnd(60)} ${median(spent).toFixed(1).padStart(6)} us`);
}

// In processes of their own: a module is compiled once in each.
const script = `
  import { readFileSync } from "node:fs";
  import { initSync } from ${JSON.stringify(new URL("node_modules/bedrock-chat/manual.js", import.meta.url).href)};
  const bytes = readFileSync(${JSON.stringify(here("node_modules/bedrock-chat/bedrock_chat_bg.wasm"))});
  const started = performance.now();
  const module = new WebAssembly.Module(bytes);
  const compiled = performance.now();
  initSync({ module });
  console.log(JSON.stringify([compiled - started, performance.now() - compiled]));`;
const starts = Array.from({ length: rounds }, () => JSON.parse(execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" })));
const [compile, instantiate] = [0, 1].map((at) => median(starts.map((start) => start[at])).toFixed(2));
console.log(`\nthe module: compiled in ${compile} ms, instantiated in ${instantiate} ms`);
