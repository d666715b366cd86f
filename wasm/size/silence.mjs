// Makes panics stop at once: the functions that would find words for a panic become a trap.
//
//   node wasm/size/silence.mjs NAMED.wasm OUT.wasm
//
// The standard library that rustup has describes a panic and then aborts, but on wasm32 there is nowhere
// to describe it to: all that is seen of it is the trap, `RuntimeError: unreachable`. This leaves
// the trap and lets wasm-opt drop the description: 1.4 KB of the npm package's module after gzip. A standard
// library that aborts at once does the same, but has to be built. The module has to have its names.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

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
writeFileSync(output, module.emitBinary());
