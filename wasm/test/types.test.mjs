// The package's declarations, as TypeScript reads them in projects of Node, in projects of bundlers, and from
// `require`.
import { execFile } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { project, wasm } from "./support/project.mjs";

const strict = {
  strict: true, noEmit: true, target: "es2022", noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true, verbatimModuleSyntax: false,
};

const projects = {
  "in a project of Node, without the DOM": { options: { module: "nodenext", lib: ["es2022"], types: ["node"] }, file: "package.test-d.ts" },
  "in a project with a bundler and the DOM": { options: { module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"], types: ["node"] }, file: "package.test-d.ts" },
  "where it is required": { options: { module: "nodenext", lib: ["es2022"], types: ["node"] }, file: "required.test-d.cts" },
};

for (const [name, { options, file }] of Object.entries(projects)) {
  test(`declarations compile ${name}`, async () => {
    const folder = join(project, `types-${Object.keys(projects).indexOf(name)}`);
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(wasm, "test", "types", file), join(folder, file));
    // Only this package's declarations are checked.
    await compiles(folder, { ...strict, ...options, skipLibCheck: false, skipDefaultLibCheck: true }, [file]);
  });
}

test("programs for earlier declarations still compile", async () => {
  const folder = join(project, "types-before");
  cpSync(join(wasm, "test", "types", "before"), join(folder, "before"), { recursive: true });
  copyFileSync(join(wasm, "test", "types", "before.test-d.ts"), join(folder, "before.test-d.ts"));
  // Not with `skipLibCheck: false`: LangChain's declarations in that folder need LangChain.
  await compiles(folder, { ...strict, module: "nodenext", lib: ["es2022"], types: ["node"], skipLibCheck: true }, ["before.test-d.ts"]);
});

test("every program of the README compiles as loose TypeScript", async () => {
  const folder = join(project, "types-readme");
  mkdirSync(folder, { recursive: true });
  const readme = readFileSync(join(project, "node_modules/bedrock-chat/README.md"), "utf8");
  // LangChain's are compiled with LangChain. In TypeScript, Node's streams do not fit the DOM's, so a server needs casts.
  const programs = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, text]) => text).filter((text) => !/langchain|ai-sdk|node:stream/.test(text));
  const files = programs.map((text, index) => {
    // The program names the type that TypeScript requires.
    const typed = text.replace("const messages = ", 'const messages: import("bedrock-chat").MessageLike[] = ');
    writeFileSync(join(folder, `readme-${index}.ts`), typed);
    return `readme-${index}.ts`;
  });
  await compiles(folder, { noEmit: true, target: "es2022", module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"], types: ["node"], skipLibCheck: true, strict: false }, files);
});

async function compiles(folder, compilerOptions, files) {
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  try {
    await promisify(execFile)(process.execPath, [join(wasm, "node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"]);
  } catch (error) {
    throw new Error(error.stdout || error.message);
  }
}
