// Makes panics stop at once: the functions that would find words for a panic become a trap.
//
//   node wasm/size/silence.mjs NAMED.wasm OUT.wasm
//
// The standard library that rustup has describes a panic and then aborts, but on wasm32 there is nowhere
// to describe it to: all that is seen of it is the trap, `RuntimeError: unreachable`. This leaves
// the trap and lets wasm-opt drop the description: 1.4 KB of the npm package's module after gzip, and 0.6 KB
// of the places in source files that it named. A standard library that aborts at once does the same, but
// has to be built. The module has to have its names.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";
import { DATA, Reader } from "./binary.mjs";

/** Functions that do not return, by their paths in the standard library. */
const NEVER_RETURN =
  /core\S*::panicking::|std\S*::panicking::(panic_handler|panic_with_hook|begin_panic)|::(slice_index_fail|slice_error_fail|len_mismatch_fail|unwrap_failed|expect_failed|assert_failed|capacity_overflow|handle_alloc_error|handle_error|panic_already(_mutably)?_borrowed|rust_panic)\b/;

const [input, output] = process.argv.slice(2);
if (!output) {
  console.error("usage: node wasm/size/silence.mjs NAMED.wasm OUT.wasm");
  process.exit(2);
}
const module = binaryen.readBinary(readFileSync(input));
let named = false;
for (let at = 0; at < module.getNumFunctions(); at++) {
  const fn = module.getFunctionByIndex(at);
  const { name, base, results } = binaryen.getFunctionInfo(fn);
  named ||= name.includes("::");
  // One that gives a value comes back.
  if (base || results !== binaryen.none || !NEVER_RETURN.test(name)) continue;
  binaryen.Function.setBody(fn, module.unreachable());
}
// The smallest standard library has nothing to silence, but names it has.
if (!named) {
  console.error(`${input} has no names of functions: it would keep what it says when it panics`);
  process.exit(1);
}
const binary = Buffer.from(module.emitBinary());
for (const { address, bytes } of segments(new Reader(binary, output))) forgetPlaces(address, bytes);
writeFileSync(output, binary);

/** Each segment of the data: the bytes in the module, and where they will be in memory. */
function* segments(reader) {
  for (const { id } of reader.sections()) {
    if (id !== DATA) continue;
    for (const _ of reader.items()) {
      const ACTIVE = 0;
      if (reader.unsigned() !== ACTIVE) throw new Error(`${input} has data without an address`);
      // An i32.const with its number, and an end.
      reader.byte();
      const address = reader.signed();
      reader.byte();
      yield { address, bytes: reader.skip() };
    }
  }
}

/** Zeroes what only panics name: a `Location` is the address and length of a path, a line and a column. */
function forgetPlaces(address, bytes) {
  const paths = [];
  for (let at = 0; at + 16 <= bytes.length; at += 4) {
    const from = bytes.readUInt32LE(at) - address;
    const length = bytes.readUInt32LE(at + 4);
    if (from < 0 || length > 256 || from + length > bytes.length) continue;
    if (!/^[\w.\-\/]+\.rs$/.test(bytes.toString("latin1", from, from + length))) continue;
    paths.push([from, length]);
    bytes.fill(0, at, at + 16);
  }
  for (const [from, length] of paths) bytes.fill(0, from, from + length);
}
