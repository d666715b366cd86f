// The binary form of a WebAssembly module, as far as the scripts here read and write it:
// https://webassembly.github.io/spec/core/binary/

/** The ids of sections. */
export const CUSTOM = 0;
export const IMPORT = 2;
export const EXPORT = 7;
export const CODE = 10;
export const DATA = 11;

const FUNCTION = 0;
const TABLE = 1;
const MEMORY = 2;
const GLOBAL = 3;

/** Reads a module from a place that it moves on, `at`. */
export class Reader {
  constructor(bytes, file) {
    if (bytes.toString("latin1", 0, 4) !== "\0asm") throw new Error(`${file} is not a WebAssembly module`);
    this.bytes = bytes;
    this.file = file;
    this.at = 8;
  }

  byte() {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error(`${this.file} is cut off`);
    return byte;
  }

  unsigned() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** A number of 32 bits with a sign. */
  signed() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 28 && byte & 0x40 ? value | (-1 << (shift + 7)) : value;
    }
  }

  text() {
    return this.skip().toString("utf8");
  }

  /** Bytes with their number before them. */
  skip() {
    const length = this.unsigned();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Every section in turn: its id, and where it starts, has its content, and ends. `at` is at the content. */
  *sections() {
    this.at = 8;
    while (this.at < this.bytes.length) {
      const start = this.at;
      const id = this.byte();
      const end = this.unsigned() + this.at;
      yield { id, start, content: this.at, end };
      this.at = end;
    }
  }

  /** Each of a section's items, of which the number comes first. */
  *items() {
    for (let left = this.unsigned(); left > 0; left--) yield left;
  }

  /** An import or an export: its names, whether it is a function, and what follows the names. */
  entry(names, isImport) {
    const found = Array.from({ length: names }, () => this.text());
    const from = this.at;
    const kind = this.byte();
    if (!isImport || kind === FUNCTION) this.unsigned();
    else if (kind === TABLE) this.byte(), this.#limits();
    else if (kind === MEMORY) this.#limits();
    else if (kind === GLOBAL) this.at += 2;
    else this.byte(), this.unsigned();
    return { names: found, isFunction: kind === FUNCTION, rest: this.bytes.subarray(from, this.at) };
  }

  #limits() {
    const flags = this.unsigned();
    this.unsigned();
    if (flags & 1) this.unsigned();
  }
}

/** An unsigned number in LEB128. */
export function leb(value) {
  const out = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) out.push((value & 0x7f) | 0x80);
  return [...out, value];
}

export const named = (name) => [...leb(Buffer.byteLength(name)), ...Buffer.from(name)];

export const section = (id, content) => Buffer.from([id, ...leb(content.length), ...content]);
