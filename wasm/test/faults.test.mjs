// The fault matrix in Node and in workerd: the outcomes of the list in tests/fault_matrix, compared with the native
// ones. Outcomes that differ are recorded in cells.json.
//
//   wasm/scripts/test-js test/faults.test.mjs      fails if an outcome changes
//   make faults                                    writes the outcomes and docs/faults.md again
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { project } from "./support/project.mjs";
import { closed, root, startBedrock } from "./support/server.mjs";
import { inWorkerd } from "../worker/harness/serve.mjs";
import { askWorker, bundled } from "./support/workerd.mjs";
import { outcomes } from "./suite/faults.js";

const folder = new URL("tests/fault_matrix/", root);
const list = JSON.parse(readFileSync(new URL("faults.json", folder), "utf8"));
const cells = JSON.parse(readFileSync(new URL("cells.json", folder), "utf8"));
const entry = await import(pathToFileURL(join(project, "entry.js")));
const isUpdate = process.env.UPDATE === "1";

/** Runs the matrix: each API has a separate server, so that they can run at the same time. */
async function matrix(run) {
  const servers = await Promise.all(list.apis.map(() => startBedrock()));
  try {
    const found = await Promise.all(list.apis.map(({ id }, at) => run(id, { url: servers[at].url, closed })));
    return Object.assign({}, ...found);
  } finally {
    servers.forEach(({ stop }) => stop());
  }
}

/** Compares the outcomes of a runtime with the recorded ones, or records them. */
function compare(runtime, found) {
  const { native } = cells;
  assert.deepEqual(Object.keys(found).sort(), Object.keys(native).sort(), "the same faults as in Rust; see make faults");
  const differing = Object.entries(found).filter(([key, cell]) => cell !== native[key]).sort(([a], [b]) => (a < b ? -1 : 1));
  if (!isUpdate) return assert.deepEqual(found, { ...native, ...cells[runtime] }, "an outcome has changed; run make faults and read the change");
  cells[runtime] = Object.fromEntries(differing);
  writeFileSync(new URL("cells.json", folder), `${JSON.stringify(cells, null, 2)}\n`);
}

const random = Math.random;
after(() => (Math.random = random));

// Each server adds a listener.
process.setMaxListeners(20);

describe("the outcomes of all faults", { concurrency: true }, () => {
  test("in Node", async () => {
    compare("node", await matrix((api, at) => outcomes(entry, list, api, at)));
  });

  test("in workerd", async () => {
    const worker = await inWorkerd(await bundled("faults"), {});
    const run = async (api, at) => {
      const answer = await askWorker(new URL("faults", worker.url), { method: "POST", body: JSON.stringify({ list, api, ...at }) });
      if (!answer.ok) throw new Error(await answer.text());
      return answer.json();
    };
    try {
      compare("workerd", await matrix(run));
    } finally {
      await worker.stop();
    }
  });
});
