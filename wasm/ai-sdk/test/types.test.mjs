// The types, in programs of users: compiled by TypeScript in strict mode.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

for (const [version, project] of [[7, "tsconfig.json"], [6, "tsconfig6.json"]]) {
  test(`programs for AI SDK ${version} compile, and their mistakes do not`, () => {
    const { stdout, status } = spawnSync(process.execPath, [path("../../node_modules/typescript/bin/tsc"), "-p", path(`types/${project}`)], { encoding: "utf8" });
    assert.equal(stdout, "");
    assert.equal(status, 0);
  });
}
