// Callers of functions, read from binaryen's text format of a module.
import { readable } from "./names.mjs";

const NAME = String.raw`\$("(?:[^"\\]|\\.)*"|[^\s()]+)`;

/** Prints the callers of each function whose name contains `wanted`, up to `depth` levels. */
export function printCallers(text, wanted, depth) {
  const { callers, inTable } = parse(text);
  const print = (symbol, level, seen) => {
    console.log(`${"  ".repeat(level)}${symbol}${inTable.has(symbol) ? " [table]" : ""}`);
    if (level > depth) return;
    for (const caller of [...(callers.get(symbol) ?? [])].sort()) {
      if (!seen.has(caller)) print(caller, level + 1, new Set([...seen, caller]));
    }
  };
  const found = [...new Set([...callers.keys(), ...inTable])].filter((symbol) => symbol.includes(wanted)).sort();
  if (!found.length) console.log(`no function's name contains ${wanted}`);
  for (const symbol of found) print(symbol, 0, new Set([symbol]));
}

/** Returns the callers of each function, and the functions that are in a table. */
function parse(text) {
  const clean = (symbol) => readable(symbol.replaceAll('"', ""));
  const callers = new Map();
  const inTable = new Set();
  let current = "";
  for (const line of text.split("\n")) {
    const start = line.match(new RegExp(String.raw`^\s*\(func ${NAME}`));
    if (start) current = clean(start[1]);
    if (line.includes("(elem ")) {
      for (const [, symbol] of line.matchAll(new RegExp(NAME, "g"))) inTable.add(clean(symbol));
    }
    for (const [, symbol] of line.matchAll(new RegExp(String.raw`\(call ${NAME}`, "g"))) {
      const callee = clean(symbol);
      if (!callers.has(callee)) callers.set(callee, new Set());
      callers.get(callee).add(current);
    }
  }
  return { callers, inTable };
}
