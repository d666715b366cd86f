// Says what each feature weighs in the npm package's module: the module is made again without it.
//
//   node wasm/size/by-feature.mjs NAMED.wasm
//
// The functions of a feature, found by the names of the Rust modules that they are in, are emptied,
// and what only they used goes with them. What the compiler put into its callers, and texts, stay
// where they are, so a row is a little less than the truth. What wasm/scripts/optimise does besides -Oz is
// left out, as it takes its time. The module has to have its names (`bindgen --names`).
import { readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";
import binaryen from "binaryen";

const FEATURES = [
  ["Claude's own format", /provider::anthropic/],
  ["Converse, and Nova", /provider::converse/],
  ["chat completions (gpt-oss, Qwen, Mistral ...)", /provider::chat_completions/],
  ["Command R", /provider::cohere/],
  ["prompts (Llama, Titan, Command, J2, R1 ...)", /provider::(text|template)/],
  ["messages of LangChain and OpenAI, replies", /interop::/],
  ["options and fields, as JavaScript gives them", /bedrock_chat_wasm::config|chat_new/],
  ["signing and hashing", /sigv4::|platform::sha256/],
  ["event-stream frames", /eventstream::|platform::crc32/],
  ["fetch", /transport::fetch/],
  ["mintApiKey", /mintApiKey|short_term/],
];

const [file] = process.argv.slice(2);
if (!file) {
  console.error("usage: node wasm/size/by-feature.mjs NAMED.wasm");
  process.exit(2);
}
const bytes = readFileSync(file);
binaryen.setOptimizeLevel(2);
binaryen.setShrinkLevel(2);

/** The sizes of the module without the functions whose names fit: as it is, after gzip and after brotli. */
function without(pattern) {
  const module = binaryen.readBinary(bytes);
  let emptied = 0;
  for (let at = 0; at < module.getNumFunctions(); at++) {
    const fn = module.getFunctionByIndex(at);
    const { name, base, results } = binaryen.getFunctionInfo(fn);
    if (base || !pattern?.test(name)) continue;
    // Not a trap: what follows a call of it would go, too.
    binaryen.Function.setBody(fn, nothing(module, results));
    emptied++;
  }
  if (pattern && !emptied) throw new Error(`no function is named like ${pattern}: a Rust module has another name now?`);
  module.optimize();
  const binary = module.emitBinary();
  module.dispose();
  return [binary.length, gzipSync(binary, { level: 9 }).length, brotliCompressSync(binary).length];
}

function nothing(module, type) {
  if (type === binaryen.none) return module.nop();
  const { i32, i64, f64 } = module;
  const zero = { [binaryen.i32]: i32, [binaryen.i64]: i64, [binaryen.f64]: f64 }[type];
  // An entry that JavaScript calls may give more than one value: nothing of the module follows it.
  return zero ? zero.const(0, 0) : module.unreachable();
}

const all = without();
const row = (title, sizes) => console.log(`${title.padEnd(46)} ${sizes.map((size) => String(size).padStart(8)).join(" ")}`);
const rest = [...all];
row("by feature", ["bytes", "gzip", "brotli"]);
for (const [title, pattern] of FEATURES) {
  const weight = without(pattern).map((size, at) => all[at] - size);
  weight.forEach((size, at) => (rest[at] -= size));
  row(title, weight);
}
row("the rest: calls, JSON, errors, std, texts", rest);
row("the module before its last steps", all);
