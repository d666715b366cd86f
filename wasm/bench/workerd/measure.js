// The clients in workerd: the time from a cold isolate to the first token, and the CPU per stream.
import { median } from "../table.js";
import { CLIENTS } from "../clients.js";
import { converseStream, invokeStream } from "../recording.js";
import { bundle } from "./bundle.js";
import { start } from "./process.js";
import { startUpstream } from "./upstream.js";

/** Requests before the CPU is measured, so that V8 has compiled the hot code. */
const WARM_UP = 30;
/** Streams in each CPU sample. */
const STREAMS = 10;

const FETCH_ALONE = { name: "fetch alone, nothing decoded", file: "fetch-alone", api: "invoke", kind: "floor" };

/**
 * Returns a row for each client: `cold` is the median wall time in milliseconds, `coldCpu` the CPU time until
 * then, `cpu` the CPU time per stream of `frames` frames, `gzip` the size of the bundle. A client that does
 * not run has an `error` instead.
 */
export async function measureInWorkerd({ rounds, frames, expected }) {
  const upstream = await startUpstream();
  const clients = [...CLIENTS, FETCH_ALONE];
  const rows = [];
  for (const client of clients) {
    const row = { ...client, cold: [], coldCpu: [], cpu: [] };
    rows.push(row);
    try {
      row.bundle = await bundle(client, frames);
      row.gzip = row.bundle.gzip;
    } catch (error) {
      row.error = error.message;
    }
  }
  const forEach = async (work) => {
    for (const row of rows) if (!row.error) await work(row).catch((error) => (row.error = error.message));
  };
  try {
    // The rounds go through all clients in turn, so that a busy machine affects all of them alike.
    upstream.use({ invoke: invokeStream(6), converse: converseStream(5) });
    for (let round = 0; round < rounds; round++) await forEach((row) => coldStart(row, upstream));
    upstream.use({ invoke: invokeStream(frames), converse: converseStream(frames) });
    await forEach((row) => warmStreams(row, upstream, rounds, expected));
  } finally {
    upstream.stop();
  }
  return rows.map((row) => (row.error ? row : { ...row, cold: median(row.cold), coldCpu: median(row.coldCpu), cpu: median(row.cpu) }));
}

/** A new process, its first request, and the first piece of text. */
async function coldStart(row, upstream) {
  const started = performance.now();
  const worker = await start(row.bundle, upstream.url);
  try {
    await worker.get("/first");
    row.cold.push(performance.now() - started);
    row.coldCpu.push(worker.cpu());
  } finally {
    await worker.stop();
  }
}

async function warmStreams(row, upstream, rounds, expected) {
  const worker = await start(row.bundle, upstream.url);
  try {
    for (let n = 0; n < WARM_UP; n++) {
      const length = Number(await worker.get("/stream"));
      if (row.file !== FETCH_ALONE.file && length !== expected[row.api]) throw new Error(`${row.name} returned ${length} characters, not ${expected[row.api]}`);
    }
    for (let round = 0; round < rounds; round++) {
      const before = worker.cpu();
      for (let n = 0; n < STREAMS; n++) await worker.get("/stream");
      row.cpu.push((worker.cpu() - before) / STREAMS);
    }
  } finally {
    await worker.stop();
  }
}
