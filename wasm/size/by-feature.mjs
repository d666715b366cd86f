// Prints the size of each feature in the npm package's module, by building the module again without it:
//
//   node wasm/size/by-feature.mjs NAMED.wasm
//
// The script empties the functions of a feature, which it finds by their Rust modules, and removes everything
// that only they used. Inlined code and texts stay, so the actual size of a feature is a little larger.
// The module must have the names of its functions, as wasm/scripts/bindgen writes it.
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
  ["options and fields from JavaScript", /bedrock_chat_wasm::(config|credentials|members)|chat_new/],
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

/** Returns the size of the module without the functions that match: uncompressed, after gzip, after brotli. */
function without(pattern) {
  const module = binaryen.readBinary(bytes);
  let emptied = 0;
  for (let at = 0; at < module.getNumFunctions(); at++) {
    const fn = module.getFunctionByIndex(at);
    const { name, base, results } = binaryen.getFunctionInfo(fn);
    if (base || !pattern?.test(name)) continue;
    // Not a trap: wasm-opt would then also remove the code after each call.
    binaryen.Function.setBody(fn, nothing(module, results));
    emptied++;
  }
  if (pattern && !emptied) throw new Error(`no function matches ${pattern}; update FEATURES if a Rust module was renamed`);
  module.optimize();
  const binary = module.emitBinary();
  module.dispose();
  return [binary.length, gzipSync(binary, { level: 9 }).length, brotliCompressSync(binary).length];
}

/** Returns an expression of a type that does nothing. */
function nothing(module, type) {
  if (type === binaryen.none) return module.nop();
  const { i32, i64, f64 } = module;
  const zero = { [binaryen.i32]: i32, [binaryen.i64]: i64, [binaryen.f64]: f64 }[type];
  // Only functions that JavaScript calls return several values, so a trap removes nothing else.
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
row("the module", all);
