// The types, by TypeScript itself.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Returns the errors of tsc. */
function found(...options) {
  try {
    return execFileSync(process.execPath, [path("../../node_modules/typescript/bin/tsc"), "--project", path("types/tsconfig.json"), "--pretty", "false", ...options], { encoding: "utf8" });
  } catch (error) {
    // The errors are on tsc's output; without output, tsc did not run.
    return error.stdout || String(error);
  }
}

/** The lines of tsc's output for all programs, without the indented ones, which continue an error. */
let errors;

/** The package `bedrock-chat-before` has the declarations of earlier versions. */
beforeAll(() => {
  const folder = path("../node_modules/bedrock-chat-before/");
  cpSync(path("../../test/types/before/"), folder, { recursive: true });
  writeFileSync(`${folder}package.json`, JSON.stringify({ name: "bedrock-chat-before", version: "0.0.0", type: "module", exports: { "./langchain": { types: "./langchain.d.ts" } } }));
  errors = found().split("\n").filter((line) => /^\S/.test(line));
});

/** Returns whether a line of tsc's output is about the programs for earlier declarations. */
const isBefore = (line) => line.includes("before.ts");

test("a TypeScript program compiles, and its mistakes do not, imported or required", () => {
  expect(errors.filter((line) => !isBefore(line))).toEqual([]);
});

test("programs for earlier declarations still compile", () => {
  expect(errors.filter(isBefore)).toEqual([]);
});

test("the package's own declarations compile in both kinds of module", () => {
  // In node16, a required file must not require an imported one. LangChain's own declarations violate this: their
  // errors show that the test checks declarations.
  const errors = found("--skipLibCheck", "false", "--module", "node16", "--moduleResolution", "node16").split("\n").filter((line) => /\): error TS/.test(line));
  expect(errors).not.toEqual([]);
  expect(errors.filter((line) => line.includes("bedrock-chat"))).toEqual([]);
});

test("every program of the README and of the migration page compiles in strict mode", () => {
  const folder = path("../node_modules/.programs/");
  mkdirSync(folder, { recursive: true });
  const pages = ["../node_modules/bedrock-chat/README.md", "../../../docs/from-langchain.md"].map((page) => readFileSync(path(page), "utf8"));
  const programs = pages.flatMap((page) => [...page.matchAll(/```js\n([\s\S]*?)```/g)]).map(([, program]) => program).filter((program) => program.includes("bedrock-chat/langchain"));
  // JavaScript has no mark for a variable that is set.
  const typed = programs.map((program) => program.replace(/process\.env\.\w+/g, "$&!"));
  expect(programs.length).toBeGreaterThan(3);
  const files = typed.map((program, index) => (writeFileSync(`${folder}program-${index}.ts`, program), `program-${index}.ts`));
  const compilerOptions = { noEmit: true, target: "es2022", module: "nodenext", types: ["node"], typeRoots: [path("../../node_modules/@types")], skipLibCheck: true, strict: true };
  writeFileSync(`${folder}package.json`, '{ "type": "module" }');
  writeFileSync(`${folder}tsconfig.json`, JSON.stringify({ compilerOptions, files }));
  expect(found("--project", `${folder}tsconfig.json`)).toBe("");
});
