// The soak in JavaScript: many streams at a time, under random faults and cancellations, as tests/soak has them.
import { equal, ok } from "./check.js";
import { KEYS } from "./bedrock.js";

/** Reproducible random numbers: mulberry32. Returns a function of numbers below `end`. */
export function randomly(seed) {
  return (end) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let z = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) % end;
  };
}

const question = (number) => `Tell the story of stream-${number}.`;

/** Returns the number of the stream that a body asks for. */
export const numberOf = (body) => Number(/stream-(\d+)/.exec(body)[1]);

/** The limits on waiting for the response headers and on silence, in milliseconds. */
const LIMIT = 2000;
/** The number of the streams that learn the answer. */
const FIRST = 999_999_999;

/** The state of all rounds: the chats, the text in front of the question in each answer, the requests, the leak. */
let state;

async function begin(entry, { apis, url }) {
  // Retries wait for a random part of their delay.
  Math.random = () => 0;
  const sent = new Map();
  const decoder = new TextDecoder();
  const counting = (url, init) => {
    const number = numberOf(decoder.decode(init.body));
    sent.set(number, (sent.get(number) ?? 0) + 1);
    return fetch(url, init);
  };
  const ask = (limits) => apis.map(({ id, model, service }) => new entry.BedrockChat({
    model, api: id, service, region: "us-east-1", credentials: KEYS, endpointUrl: url, fetch: counting, ...limits,
  }));
  const chats = ask({ firstByteTimeout: LIMIT, idleTimeout: LIMIT });
  const answers = [];
  for (const chat of ask({})) answers.push((await (await chat.stream(question(FIRST))).message()).text);
  ok(answers[0].endsWith(question(FIRST)), "the answer repeats the question");
  equal(answers, answers.map(() => answers[0]), "the answers of all APIs are equal");
  return { chats, sent, before: answers[0].slice(0, -question(FIRST).length), kept: [] };
}

/**
 * Runs the streams from `first` up to `last`. Returns how each ended, and how often it had been requested then; and how
 * often the streams of all rounds were requested up to now.
 */
export async function round(entry, { apis, url, first, last, atOnce, seed, leak }) {
  state ??= await begin(entry, { apis, url });
  const below = randomly(seed + first);
  const leaving = Array.from({ length: last - first }, () => (below(10) < 2 ? { after: below(20) } : below(10) < 2 ? { chunks: below(12) } : {}));
  const ended = [];
  let next = first;
  const work = async () => {
    while (next < last) {
      const number = next++;
      const how = await one(number, leaving[number - first]);
      ended.push({ number, how, sent: state.sent.get(number) ?? 0 });
      if (leak) state.kept.push(new entry.BedrockChat({ model: apis[0].model, region: "us-east-1", credentials: KEYS }));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { ended, sent: Object.fromEntries(state.sent), memory: entry.memory() };
}

/** Reads one stream. Returns `message`, `left`, or the kind of its error. */
async function one(number, { after, chunks = Infinity }) {
  const controller = new AbortController();
  const timer = after === undefined ? undefined : setTimeout(() => controller.abort(), after);
  const requests = () => state.sent.get(number) ?? 0;
  const answer = state.before + question(number);
  let [delivered, begun, seen] = ["", 0, 0];
  try {
    const stream = await state.chats[number % state.chats.length].stream(question(number), { signal: controller.signal });
    begun = requests();
    for await (const { text } of stream) {
      delivered += text;
      if (++seen > chunks) return "left";
    }
    equal(delivered, answer, `stream ${number}`);
    return "message";
  } catch (error) {
    ok(error?.kind, `stream ${number}: ${error?.stack ?? error}`);
    equal(error.partial?.text ?? "", delivered, `stream ${number}: ${error.message}`);
    return error.kind === "cancelled" ? "left" : error.kind;
  } finally {
    clearTimeout(timer);
    ok(answer.startsWith(delivered), `stream ${number} delivered ${delivered}`);
    ok(!begun || begun === requests(), `stream ${number} was sent again after it had begun`);
  }
}
