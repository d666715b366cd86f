// The soak in workerd: as tests/soak, with the memory of the WebAssembly module. SOAK_STREAMS is the number of streams,
// SOAK_SEED chooses the faults, and SOAK_LEAK=1 keeps a chat for each stream, to see the test fail.
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { root, startBedrock } from "./support/server.mjs";
import { inWorkerd } from "../worker/harness/serve.mjs";
import { askWorker, bundled } from "./support/workerd.mjs";
import { until } from "./suite/check.js";
import { numberOf, randomly } from "./suite/soak.js";

const list = JSON.parse(readFileSync(new URL("tests/fault_matrix/faults.json", root), "utf8"));
const count = Number(process.env.SOAK_STREAMS ?? 600);
const seed = Number(process.env.SOAK_SEED ?? 14);
const atOnce = 200;

const bedrock = await startBedrock();
after(bedrock.stop);
const local = async (path, init) => (await fetch(`${bedrock.url}/_local/${path}`, init)).json();

/** Replaces the faults by random ones, for half of this many streams. */
async function pushFaults(below, streams) {
  const usable = list.faults.filter(({ closed, calls }) => !closed && calls.includes("stream"));
  const faults = [];
  while (faults.length < streams / 2) {
    const [api, entry] = [list.apis[below(list.apis.length)], usable[below(usable.length)]];
    if (entry.apis && !entry.apis.includes(api.id)) continue;
    // A bit in a server-sent event can change the text: there is no checksum.
    if (entry.name.includes("bit flipped") && !["invoke", "converse"].includes(api.id)) continue;
    if (entry.limit_ms && below(4)) continue;
    const text = Object.entries(api.at).reduce((text, [name, number]) => text.replaceAll(`"@${name}"`, number), JSON.stringify(entry.fault));
    faults.push({ ...JSON.parse(text), path_contains: api.stream_path, skip: below(Math.ceil(streams / list.apis.length)) });
  }
  await local("faults", { method: "DELETE" });
  await local("faults", { method: "POST", body: JSON.stringify(faults) });
}

/** Returns how often each stream was requested since the last call, once all replies have ended. */
async function received() {
  const requests = await until(async () => {
    const requests = await local("requests");
    return requests.every(({ outcome }) => outcome !== "pending") && requests;
  }, "all replies have ended");
  await local("requests", { method: "DELETE" });
  const counts = {};
  for (const { body } of requests) counts[numberOf(body)] = (counts[numberOf(body)] ?? 0) + 1;
  return counts;
}

/** Returns the megabytes of a process in memory, on Linux. */
function resident(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1000;
  } catch {
    return NaN;
  }
}

/** Returns the maximum of each half of a curve. */
function halves(curve) {
  const middle = Math.ceil(curve.length / 2);
  return [Math.max(...curve.slice(0, middle)), Math.max(...curve.slice(middle))];
}

/** Returns the number of open connections, without that of the question. */
const open = async () => (await local("connections", { headers: { connection: "close" } })).open - 1;

test("streams under faults and cancellations leave nothing in workerd", async () => {
  const worker = await inWorkerd(await bundled("soak"), {});
  after(worker.stop);
  const below = randomly(seed);
  const size = Math.max(atOnce, Math.ceil(count / 20));
  const [ended, memory, sizes] = [[], [], []];
  let sent;
  const lines = [`${count} streams, ${atOnce} at a time, over five APIs; SOAK_SEED=${seed}`, " streams  seconds  module KB     RSS MB   open connections"];
  const run = async (first, last) => {
    const body = JSON.stringify({ apis: list.apis, url: bedrock.url, first, last, atOnce, seed, leak: process.env.SOAK_LEAK });
    const answer = await askWorker(new URL("soak", worker.url), { method: "POST", body });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  // Without faults, the Worker learns the answer.
  await run(0, 0);
  const start = Date.now();
  for (let first = 0; first < count; first += size) {
    const last = Math.min(count, first + size);
    await pushFaults(below, last - first);
    const done = await run(first, last);
    const counts = await received();
    for (const stream of done.ended) {
      const arrived = counts[stream.number] ?? 0;
      // A request that was given up may not have been read by the server.
      const isGivenUp = ["left", "timeout"].includes(stream.how);
      assert.ok(arrived === stream.sent || (isGivenUp && arrived < stream.sent), `the server received ${arrived} requests: ${JSON.stringify(stream)}`);
    }
    ended.push(...done.ended);
    memory.push(done.memory);
    sizes.push(resident(worker.pid));
    sent = done.sent;
    const connections = await open();
    assert.ok(connections <= 2 * atOnce, `${connections} connections`);
    const seconds = (Date.now() - start) / 1000;
    lines.push(`${last}`.padStart(8) + seconds.toFixed(1).padStart(9) + `${done.memory / 1024}`.padStart(11) + sizes.at(-1).toFixed(1).padStart(11) + `${connections}`.padStart(19));
  }
  for (const stream of ended) assert.equal(sent[stream.number] ?? 0, stream.sent, `sent after the end: ${JSON.stringify(stream)}`);
  assert.equal(ended.length, count);
  const kinds = {};
  for (const { how } of ended) kinds[how] = (kinds[how] ?? 0) + 1;
  const requests = ended.reduce((sum, { sent }) => sum + sent, 0);
  lines.push(`${Object.entries(kinds).sort().map(([how, count]) => `${how} ${count}`).join(", ")}; ${requests} requests`);
  console.log(lines.join("\n"));
  const [then, now] = halves(memory);
  assert.ok(now <= then + 2 * 65536, `the module grew from ${then} to ${now} bytes`);
  // The collector of JavaScript's objects runs late.
  const [before, later] = halves(sizes);
  assert.ok(!(later > before * 1.25 + 30), `workerd grew from ${before} to ${later} MB`);
  await worker.stop();
  // The connection of the last question may be kept by this process.
  await until(async () => (await open()) <= 1, "all connections are closed");
});
