// Size and CPU time of bedrock-chat/ai-sdk, next to the AI SDK's own provider for Amazon Bedrock, in one run.
//
//   node --expose-gc wasm/ai-sdk/figures.mjs [ROUNDS]
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { converseStream, response, text } from "../bench/recording.js";
import "./test/support/setup.mjs";

const FRAMES = 2000;
const STREAMS = 5;
const rounds = Number(process.argv[2] ?? 15);
const here = fileURLToPath(new URL(".", import.meta.url));
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const PROVIDERS = [
  ["bedrock-chat/ai-sdk", "bedrock-chat/ai-sdk"],
  ["@ai-sdk/amazon-bedrock", "@ai-sdk/amazon-bedrock"],
];

/** Returns the bytes after gzip of a Worker that exports the provider, with its WebAssembly module. */
async function size(name) {
  const { outputFiles } = await build({
    stdin: { contents: `export { createAmazonBedrock } from "${name}";`, resolveDir: here },
    absWorkingDir: here, bundle: true, minify: true, format: "esm", target: "es2022", platform: "browser", conditions: ["workerd", "worker"], write: false, outdir: "out", logLevel: "error",
    loader: { ".wasm": "copy" }, external: ["node:*"],
  });
  return outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

/** Returns a function that reads a recorded stream and returns the length of its text. */
async function client(name) {
  const { createAmazonBedrock } = await import(name);
  const bytes = converseStream(FRAMES);
  const provider = createAmazonBedrock({ region: "us-east-1", accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", fetch: async () => response(bytes) });
  const model = provider("us.anthropic.claude-sonnet-4-5-20250929-v1:0");
  return async () => {
    const { stream } = await model.doStream({ prompt: [{ role: "user", content: [{ type: "text", text: "Hello" }] }] });
    let length = 0;
    for await (const part of stream) if (part.type === "text-delta") length += part.delta.length;
    return length;
  };
}

/** Returns the CPU time of all threads per stream, in milliseconds. */
async function cpu(read) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  for (let n = 0; n < STREAMS; n++) await read();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / STREAMS;
}

const expected = text(FRAMES - 4).join("").length;
const rows = [];
for (const [title, name] of PROVIDERS) {
  const read = await client(name);
  // V8 compiles the hot code first.
  for (let n = 0; n < 10; n++) {
    const length = await read();
    if (length !== expected) throw new Error(`${title} returned ${length} characters, not ${expected}`);
  }
  const { version } = JSON.parse(readFileSync(`${here}node_modules/${name.replace(/^(bedrock-chat)\/.*/, "$1")}/package.json`, "utf8"));
  rows.push({ title, version, read, gzip: await size(name), samples: [] });
}
for (let round = 0; round < rounds; round++) for (const { read, samples } of rows) samples.push(await cpu(read));

console.log(`Node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, medians of ${rounds} rounds`);
console.log(`${"".padEnd(34)} ${"KB gzip".padStart(8)} ${`ms CPU / ${FRAMES} frames`.padStart(24)}`);
for (const { title, version, gzip, samples } of rows) console.log(`${`${title} ${version}`.padEnd(34)} ${(gzip / 1000).toFixed(0).padStart(8)} ${median(samples).toFixed(1).padStart(24)}`);
