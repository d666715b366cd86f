// The hand-written types, as TypeScript reads them in Node's projects, in bundlers' and where they are required.
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
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
  test(`the types hold ${name}`, async () => {
    const folder = join(project, `types-${Object.keys(projects).indexOf(name)}`);
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(wasm, "test", "types", file), join(folder, file));
    // Our own declarations are checked; those of others are theirs.
    const config = { compilerOptions: { ...strict, ...options, skipLibCheck: false, skipDefaultLibCheck: true }, files: [file] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    try {
      await promisify(execFile)(process.execPath, [join(wasm, "node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"]);
    } catch (error) {
      throw new Error(error.stdout || error.message);
    }
  });
}
