// Makes the border between the npm package's module and its glue short:
//
//   node wasm/scripts/shorten.mjs MODULE.wasm GLUE.js
//
// wasm-bindgen names what the module imports at length, with a hash; both files carry the names, and
// compression cannot help against hashes. They become letters, and the glue, which nobody wrote and
// nobody reads, is minified: 4 KB less after gzip. Both files are written in their places.
import { readFileSync, writeFileSync } from "node:fs";
import { transform } from "esbuild";

const [modulePath, gluePath] = process.argv.slice(2);
if (!gluePath) {
  console.error("usage: node wasm/scripts/shorten.mjs MODULE.wasm GLUE.js");
  process.exit(2);
}
const bytes = readFileSync(modulePath);
let glue = readFileSync(gluePath, "utf8");
let at = 8;

function unsigned() {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
}

function leb(value) {
  const out = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) out.push((value & 0x7f) | 0x80);
  return [...out, value];
}

function text() {
  const length = unsigned();
  at += length;
  return bytes.toString("utf8", at - length, at);
}

const written = (name) => [...leb(Buffer.byteLength(name)), ...Buffer.from(name)];

/** The import section with other names, of which `rename` is told module and name. */
function imports(rename) {
  const out = [];
  const count = unsigned();
  for (let left = count; left > 0; left--) {
    const module = text();
    const name = text();
    const from = at;
    const kind = bytes[at++];
    // wasm-bindgen imports functions alone: their type follows.
    if (kind !== 0) throw new Error(`${module} ${name} is imported and no function`);
    unsigned();
    out.push(...rename(module, name).flatMap(written), ...bytes.subarray(from, at));
  }
  return [...leb(count), ...out];
}

const modules = new Map();
const names = new Map();

/** A short name for a long one, the same whenever it is asked for. */
function short(all, long) {
  if (!all.has(long)) all.set(long, all.size.toString(36));
  return all.get(long);
}

const sections = [bytes.subarray(0, 8)];
while (at < bytes.length) {
  const start = at;
  const id = bytes[at++];
  const end = unsigned() + at;
  if (id === 2) {
    const section = imports((module, name) => [short(modules, module), short(names, name)]);
    sections.push(Buffer.from([id, ...leb(section.length), ...section]));
  } else {
    sections.push(bytes.subarray(start, end));
  }
  at = end;
}

/** Puts `after` where the glue has `before` as a key, which it must have. */
function replaced(before, after) {
  const parts = glue.split(before);
  if (parts.length < 2) throw new Error(`the glue has no ${before}: does another version of wasm-bindgen write it in another way?`);
  glue = parts.join(after);
}

for (const [long, name] of modules) replaced(JSON.stringify(long), JSON.stringify(name));
for (const [long, name] of names) replaced(`\n        ${long}: `, `\n        ${JSON.stringify(name)}: `);
writeFileSync(modulePath, Buffer.concat(sections));
writeFileSync(gluePath, (await transform(glue, { minify: true, format: "esm", target: "es2022" })).code);
