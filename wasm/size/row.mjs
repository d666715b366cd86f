// Prints one row of the table of wasm/scripts/size, and fails if the module is over its budget:
//
//   node wasm/size/row.mjs TOOLCHAIN TITLE MODULE.wasm GLUE.js BUDGET
import { readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

const [toolchain, title, modulePath, gluePath, budget] = process.argv.slice(2);
const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;

const module = readFileSync(modulePath);
const size = gzip(module);
const limit = Number(budget);
const verdict = limit ? `${size > limit ? "OVER" : "within"} ${limit}` : "";
const sizes = [module.length, size, brotliCompressSync(module).length].map((n) => String(n).padStart(8));
const glue = String(gzip(readFileSync(gluePath))).padStart(6);
console.log(`${toolchain.padEnd(16)} ${title.padEnd(38)} ${sizes.join(" ")} ${glue}  ${verdict}`.trimEnd());
if (limit && size > limit) {
  console.error(`${title}: ${size} bytes after gzip, ${size - limit} over the budget; run 'make size-by-function'`);
  process.exit(1);
}
