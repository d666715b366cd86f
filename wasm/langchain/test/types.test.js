// The types, by TypeScript itself.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

test("a program in TypeScript compiles, and its mistakes do not", () => {
  const compile = () => execFileSync(process.execPath, [path("../../node_modules/typescript/bin/tsc"), "--project", path("types/tsconfig.json")], { encoding: "utf8" });
  let said;
  try {
    said = compile();
  } catch (error) {
    // What tsc finds is on its output; if there is nothing, it did not run.
    said = error.stdout || error;
  }
  expect(said).toBe("");
}, 60_000);
