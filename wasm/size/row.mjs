// Prints a row of the table of wasm/scripts/size: reads `toolchain|title|raw|optimised|glue|budget`
// from standard input, and fails if the module is over its budget.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [toolchain, title, raw, optimised, glue, budget] = readFileSync(0, "utf8").trim().split("|");
const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
const brotli = (bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;

const module = readFileSync(optimised);
const size = gzip(module);
const limit = Number(budget);
const verdict = limit ? `${size > limit ? "OVER" : "within"} ${limit}` : "";
const numbers = [readFileSync(raw).length, module.length, size, brotli(module)].map((n) => String(n).padStart(8));
console.log(
  `${toolchain.padEnd(20)} ${title.padEnd(38)} ${numbers.join(" ")} ${String(gzip(readFileSync(glue))).padStart(6)}  ${verdict}`.trimEnd(),
);
if (limit && size > limit) {
  console.error(`${title}: ${size} bytes gzipped, ${size - limit} over the budget; see 'make size-by-function'`);
  process.exit(1);
}
