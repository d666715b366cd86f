// Makes the border between the npm package's module and its glue short:
//
//   node wasm/scripts/shorten.mjs MODULE.wasm GLUE.js
//
// wasm-bindgen names what the module imports and exports at length, with a hash; both files carry the
// names, and compression cannot help against hashes. They become letters, and the glue, which nobody wrote
// and nobody reads, is minified: 4 KB less after gzip. Both files are written in their places.
import { readFileSync, writeFileSync } from "node:fs";
import { transform } from "esbuild";
import { EXPORT, IMPORT, Reader, leb, named, section } from "../size/binary.mjs";

const [modulePath, gluePath] = process.argv.slice(2);
if (!gluePath) {
  console.error("usage: node wasm/scripts/shorten.mjs MODULE.wasm GLUE.js");
  process.exit(2);
}
const reader = new Reader(readFileSync(modulePath), modulePath);
let glue = readFileSync(gluePath, "utf8");

/** Gives out short names, the same one whenever it is asked for the same long one. */
function shortener() {
  const names = new Map();
  return (long) => {
    if (!names.has(long)) names.set(long, names.size.toString(36));
    return names.get(long);
  };
}

/** Puts a short name where the glue has a long one, which it must have. */
function replace(before, after) {
  const parts = glue.split(before);
  if (parts.length < 2) throw new Error(`the glue has no ${before}: does another version of wasm-bindgen write it in another way?`);
  glue = parts.join(after);
}

/** The content of a section of imports or exports with other names, and without those that get none. */
function rename(names, isImport, shorten) {
  const out = [];
  for (const _ of reader.items()) {
    const { names: long, rest } = reader.entry(names, isImport);
    const short = shorten(...long);
    if (short) out.push([...short.flatMap(named), ...rest]);
  }
  return [...leb(out.length), ...out.flat()];
}

const modules = shortener();
const imports = shortener();
const exports = shortener();
const seen = new Set();

function shortImport(module, name) {
  if (!seen.has(module)) replace(JSON.stringify(module), JSON.stringify(modules(module)));
  seen.add(module);
  replace(`\n        ${name}: `, `\n        ${JSON.stringify(imports(name))}: `);
  return [modules(module), imports(name)];
}

/** What the glue does not use is exported no longer. The memory keeps its name: `manual.js` shows it. */
function shortExport(name) {
  if (name === "memory") return [name];
  const uses = new RegExp(String.raw`\bwasm\.${name}\b`, "g");
  if (!uses.test(glue)) return undefined;
  // A letter first, as it comes behind a dot.
  const short = `x${exports(name)}`;
  glue = glue.replace(uses, `wasm.${short}`);
  return [short];
}

const sections = [reader.bytes.subarray(0, 8)];
for (const { id, start, end } of reader.sections()) {
  if (id === IMPORT) sections.push(section(id, rename(2, true, shortImport)));
  else if (id === EXPORT) sections.push(section(id, rename(1, false, shortExport)));
  else sections.push(reader.bytes.subarray(start, end));
}
writeFileSync(modulePath, Buffer.concat(sections));
writeFileSync(gluePath, (await transform(glue, { minify: true, format: "esm", target: "es2022" })).code);
