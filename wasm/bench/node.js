// The clients in Node, with the network replaced by recordings.
import { inNode } from "./clients.js";
import { converseStream, invokeStream, text } from "./recording.js";
import { median } from "./table.js";

/** Streams in each sample. */
const STREAMS = 5;
/** Short calls in each sample, and the prompt of each: a request of 1 KiB is made, signed and sent. */
const REQUESTS = 300;
const PROMPT = "a".repeat(1024);

/** Returns a row for each client: the medians of `stream`, `first` and `request`. */
export async function measureInNode({ rounds, frames, expected }) {
  const long = await inNode({ invoke: invokeStream(frames), converse: converseStream(frames) }, text(frames - 5));
  const short = await inNode({ invoke: invokeStream(6), converse: converseStream(5) }, text(1));
  const rows = long.map((client) => ({ ...client, samples: { stream: [], first: [], request: [] } }));

  // Warm up first, so that V8 has compiled the hot code.
  for (const { name, api, stream } of long) {
    for (let n = 0; n < 8; n++) {
      const { length } = await read(stream, "Hello");
      if (length !== expected[api]) throw new Error(`${name} returned ${length} characters, not ${expected[api]}`);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { stream, samples } of rows) {
      const firsts = [];
      samples.stream.push(await cpu(STREAMS, async () => firsts.push((await read(stream, "Hello")).first)));
      samples.first.push(median(firsts));
    }
  }
  for (const { stream } of short) for (let n = 0; n < REQUESTS; n++) await read(stream, PROMPT);
  for (let round = 0; round < rounds; round++) {
    for (const [at, { stream }] of short.entries()) {
      rows[at].samples.request.push((await cpu(REQUESTS, () => read(stream, PROMPT))) * 1000);
    }
  }
  return rows.map(({ samples, ...row }) => ({ ...row, stream: median(samples.stream), first: median(samples.first), request: median(samples.request) }));
}

/** Reads one stream to its end. Returns the time of the first piece and the length of the text. */
async function read(stream, prompt) {
  const started = performance.now();
  let first;
  let length = 0;
  for await (const piece of stream(prompt)) {
    first ??= performance.now() - started;
    length += piece.length;
  }
  return { first, length };
}

/** The CPU time of all threads per run of `work`, in milliseconds. */
async function cpu(count, work) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  for (let n = 0; n < count; n++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}
