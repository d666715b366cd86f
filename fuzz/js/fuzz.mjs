// Properties of the npm package's functions, over the built module in Node, by fast-check: see ../README.md.
//
//   FUZZ_RUNS=2000   how many inputs each property gets
//   FUZZ_SEED=1      the start of the random numbers, to run the same inputs again; by default, another one each time
//   FUZZ_ONLY=sse    the properties whose name has this text
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { PartialJson, jsonIn } from "../../wasm/pkg/bedrock_chat.js";
import * as api from "../../wasm/pkg/node.js";
import { answer, chunk, claude, cut, joined, response } from "../../wasm/test/suite/frames.js";

const RUNS = Number(process.env.FUZZ_RUNS ?? 2000);
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const MODELS = [
  "us.anthropic.claude-sonnet-4-6", "amazon.nova-lite-v1:0", "openai.gpt-oss-120b-1:0", "us.openai.gpt-5.6-sol", "cohere.command-r-v1:0",
  "meta.llama3-1-8b-instruct-v1:0", "mistral.mistral-large-2407-v1:0", "newvendor.model-v1:0",
];
const FIELDS = { region: "us-east-1", endpointUrl: "https://bedrock.example", credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: SECRET }, maxRetries: 0 };

const options = JSON.parse(readFileSync(new URL("../../wasm/options.json", import.meta.url), "utf8"));
const namesOf = (group) => (options[group] ?? []).map((row) => row.name);
// A signal and a transport that do nothing would never end.
const NAMES = Object.keys(options).filter((group) => Array.isArray(options[group])).flatMap(namesOf).filter((name) => !/^(fetch|fetchFn|signal|timeout|timeouts|.*[tT]imeout.*|credentials|onAttempt.*|callbacks)$/.test(name));

/** Any value that a caller of JavaScript can pass. */
const anything = fc.oneof(
  { weight: 3, arbitrary: fc.anything({ maxDepth: 2, withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true, withTypedArray: true, withSparseArray: true, withObjectString: true }) },
  fc.constantFrom("", "auto", "any", "none", "low", "enabled", "default", "converse", 0, 1, -1, 0.5, NaN, Infinity, true, null, [], {}, () => 1, Symbol("s"), new Error("e"), /x/),
  fc.record({ type: fc.constantFrom("enabled", "tool", "json_schema", "function", "object"), name: fc.string(), schema: fc.anything(), budget_tokens: fc.integer() }, { requiredKeys: [] }),
);

const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), fc.constantFrom("", " ", "\n", "a", "\ud83d", "[INST]", "</s>", "\u2028"));
const call = fc.record({ id: fc.constantFrom("t1", "t2", ""), name: fc.constantFrom("now", "get weather", ""), args: fc.oneof(fc.jsonValue(), fc.string(), fc.constant({})) });
const block = fc.oneof(
  fc.record({ type: fc.constant("text"), text }),
  fc.record({ type: fc.constantFrom("image", "image_url", "document", "tool_use", "tool_result", "thinking", "cache_point", "reasoning", "unknown"), source: fc.anything(), text, id: text, tool_use_id: text, content: fc.anything() }, { requiredKeys: ["type"] }),
  fc.anything({ maxDepth: 2 }),
);
const message = fc.oneof(
  fc.tuple(fc.constantFrom("human", "ai", "system", "tool", "user"), text),
  fc.record({ role: fc.constantFrom("user", "assistant", "system", "tool", "narrator"), content: fc.oneof(text, fc.array(block, { maxLength: 3 }), fc.anything()), tool_calls: fc.array(call, { maxLength: 2 }), tool_call_id: text }, { requiredKeys: ["role"] }),
  text,
  anything,
);

/** Runs a call, and returns its value or its error, which must be one of the package's own. */
async function outcome(run) {
  try {
    return { value: await run() };
  } catch (error) {
    assert.ok(error instanceof api.BedrockChatError, `not an error of the package: ${error?.stack ?? String(error)}`);
    assert.ok(error.kind && error.message, "an error without kind or text");
    assert.ok(!`${error.message}${error.stack}${JSON.stringify(error)}`.includes(SECRET), "an error shows the secret key");
    return { error };
  }
}

/** A `fetch` that answers with these bytes in pieces of a size, and remembers the bodies that it was sent. */
function answers(bytes, { size = Infinity, type = "application/json", status = 200 } = {}) {
  const fetch = async (_url, init) => {
    fetch.bodies.push(JSON.parse(new TextDecoder().decode(init.body)));
    for (const [name, value] of Object.entries(init.headers)) assert.doesNotMatch(`${name}: ${value}`, /[\r\n\0]/, "a header has a line break");
    return response(bytes.length ? cut(bytes, Math.min(size, bytes.length)) : [], { type, status });
  };
  fetch.bodies = [];
  return fetch;
}

const utf8 = (value) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const chatOf = (model, fetch, more) => new api.BedrockChat({ ...FIELDS, model, fetch, ...more });
const REPLY = utf8({ content: [{ type: "text", text: "ok" }], stop_reason: "end_turn" });

/** Events of Claude: most of them in order, some missing or repeated, some unknown. */
const events = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.nat(2), text).map(([index, more]) => claude.text(index, more)) },
    fc.tuple(fc.nat(2), fc.constantFrom("{", "}", '"a":', "1", '"x"', "")).map(([index, more]) => claude.args(index, more)),
    fc.nat(2).map((index) => claude.block(index, { type: "tool_use", id: `t${index}`, name: "now", input: {} })),
    fc.nat(2).map((index) => claude.block(index, { type: "text", text: "" })),
    fc.tuple(fc.nat(2), text).map(([index, thinking]) => claude.delta(index, { type: "thinking_delta", thinking })),
    fc.nat(2).map(claude.end),
    fc.constantFrom("end_turn", "tool_use", "max_tokens", "refusal", "new_reason").map((reason) => claude.stop(reason)),
    fc.jsonValue({ maxDepth: 2 }),
  ),
  { maxLength: 12 },
);
const stream = fc.tuple(events, fc.boolean()).map(([middle, isWhole]) =>
  joined(...[claude.start(), ...middle, ...(isWhole ? [claude.stop(), claude.over()] : [])].map(chunk)),
);

async function read(bytes, size) {
  const chat = chatOf(MODELS[0], answers(bytes, { size, type: "application/vnd.amazon.eventstream" }), { streaming: true });
  const found = [];
  const { error } = await outcome(async () => {
    for await (const event of (await chat.stream("hi")).events()) found.push(event);
  });
  return { found, error: error?.kind };
}

/** The data of each event of Server-Sent Events, read by the rules that browsers follow. */
function dataOf(sse) {
  return sse.split("\n\n").filter(Boolean).flatMap((part) => {
    const lines = part.split("\n").filter((line) => !line.startsWith(":"));
    for (const line of lines) assert.match(line, /^(data|event): /, `a line of no field: ${JSON.stringify(line)}`);
    const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
    return data ? [data] : [];
  });
}

/** Whether a value has all that an earlier one had. */
function grows(before, now) {
  if (typeof before === "string") return typeof now === "string" && now.startsWith(before);
  if (Array.isArray(before)) return Array.isArray(now) && before.every((item, at) => at < now.length && grows(item, now[at]));
  if (before && typeof before === "object") return Object.keys(before).every((key) => Object.hasOwn(Object(now), key) && grows(before[key], now[key]));
  return Object.is(before, now) || before === now;
}

/** Splits a text at the given places, never inside a character: pieces come from decoded text. */
function split(value, sizes) {
  const characters = [...value];
  const pieces = [];
  for (let at = 0, turn = 0; at < characters.length; turn++) {
    const size = sizes.length ? sizes[turn % sizes.length] : characters.length;
    pieces.push(characters.slice(at, at + size).join(""));
    at += size;
  }
  return pieces;
}

const PROPERTIES = {
  // An option is accepted or refused by an error of the package; what is sent is JSON.
  "options of the constructor": fc.asyncProperty(fc.constantFrom(...MODELS), fc.dictionary(fc.constantFrom(...NAMES), anything, { maxKeys: 3 }), async (model, fields) => {
    const fetch = answers(REPLY);
    await outcome(() => chatOf(model, fetch, { ...fields, endpointUrl: FIELDS.endpointUrl }).invoke("hi"));
    assert.ok(fetch.bodies.length <= 1);
  }),
  "options of a call": fc.asyncProperty(fc.constantFrom(...MODELS), fc.dictionary(fc.constantFrom(...NAMES), anything, { maxKeys: 2 }), anything, async (model, given, other) => {
    const fetch = answers(REPLY);
    const chat = chatOf(model, fetch);
    await outcome(() => chat.invoke("hi", given));
    await outcome(() => chat.invoke("hi", other));
    await outcome(() => chat.bindTools(other));
    await outcome(() => chat.withOptions(given));
  }),
  // Messages are sent or refused; the reply can be sent back.
  messages: fc.asyncProperty(fc.constantFrom(...MODELS), fc.oneof(fc.array(message, { maxLength: 5 }), anything), async (model, messages) => {
    const fetch = answers(REPLY);
    const chat = chatOf(model, fetch);
    const { value } = await outcome(() => chat.invoke(messages));
    if (value) await outcome(() => chat.invoke([["human", "hi"], value, ["human", "go on"]]));
  }),
  // The texts of a plain conversation are in the body.
  "text of messages": fc.asyncProperty(fc.array(fc.string({ unit: "grapheme-ascii", minLength: 1 }).filter((said) => said.trim()), { minLength: 1, maxLength: 4 }), async (said) => {
    const fetch = answers(REPLY);
    const messages = said.map((words, at) => [at % 2 ? "ai" : "human", words]);
    const { error } = await outcome(() => chatOf(MODELS[0], fetch).invoke([...messages, ["human", "end"]]));
    assert.equal(error, undefined);
    const sent = fetch.bodies[0].messages.flatMap(({ content }) => (typeof content === "string" ? [content] : content.map((part) => part.text)));
    for (const words of said) assert.ok(sent.includes(words), `${JSON.stringify(words)} is not sent`);
  }),
  replies: fc.asyncProperty(fc.constantFrom(...MODELS), fc.oneof(fc.json({ maxDepth: 4 }), fc.jsonValue().map((content) => JSON.stringify({ content, choices: [{ message: content }], output: content, text: content }))), fc.constantFrom(200, 200, 400, 429, 500), async (model, body, status) => {
    const { value, error } = await outcome(() => chatOf(model, answers(utf8(body), { status })).invoke("hi"));
    assert.ok(status === 200 || error);
    if (value) JSON.stringify(value);
  }),
  // A stream in pieces of any size has the same events.
  streams: fc.asyncProperty(stream, fc.integer({ min: 1, max: 200 }), fc.nat(), async (bytes, size, end) => {
    assert.deepEqual(await read(bytes, size), await read(bytes, Infinity));
    await read(bytes.slice(0, end % (bytes.length + 1)), size);
  }),
  // Each event is valid in its format, and the text is that of the reply.
  sse: fc.asyncProperty(stream, fc.constantFrom("anthropic", "openai", "responses"), async (bytes, format) => {
    const type = "application/vnd.amazon.eventstream";
    const given = chatOf(MODELS[0], answers(bytes, { type }), { streaming: true }).stream("hi");
    const sse = await new Response(api.toSSE(given, { format, keepAlive: 0, onError: () => {} })).text();
    const told = dataOf(sse).filter((data) => data !== "[DONE]").map((data) => JSON.parse(data));
    const texts = {
      anthropic: (event) => event.delta?.text,
      openai: (event) => event.choices?.[0]?.delta?.content,
      responses: (event) => (event.type === "response.output_text.delta" ? event.delta : undefined),
    };
    const { found } = await read(bytes, Infinity);
    const expected = found.filter(([name]) => name === "text").map(([, , more]) => more).join("");
    assert.equal(told.map((event) => texts[format](event) ?? "").join(""), expected);
  }),
  "options of sse": fc.asyncProperty(anything, anything, async (given, format) => {
    const { value } = await outcome(() => api.toSSE(given, { format, keepAlive: 0, onError: () => {} }));
    if (value) await new Response(value).text();
  }),
  // Each value of an object that arrives in pieces has what the one before had, and the last is the whole.
  "partial json": fc.property(fc.jsonValue({ stringUnit: "binary" }), fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 }), (value, sizes) => {
    const whole = JSON.stringify({ value });
    const partial = new PartialJson(false);
    const shown = split(whole, sizes).map((piece) => partial.push(piece)).filter((json) => json !== undefined).map((json) => JSON.parse(json));
    partial.free();
    shown.reduce((before, now) => (assert.ok(grows(before, now), `${JSON.stringify(before)} is followed by ${JSON.stringify(now)}`), now));
    if (whole.length < 4000) assert.deepEqual(shown.at(-1), JSON.parse(whole));
    assert.deepEqual(JSON.parse(jsonIn(whole, false)), JSON.parse(whole));
    const fenced = jsonIn(`Here it is:\n\`\`\`json\n${whole}\n\`\`\`\nDone.`, false);
    assert.deepEqual(JSON.parse(fenced), JSON.parse(whole));
  }),
  "json in any text": fc.property(fc.string({ unit: fc.constantFrom("{", "}", "[", "]", '"', "\\", "a", "1", ",", ":", " ", "\n", "`", "é", "😀", "\ud83d") }), fc.boolean(), (given, takesArrays) => {
    const partial = new PartialJson(takesArrays);
    for (const piece of given) {
      const json = partial.push(piece);
      if (json !== undefined) JSON.parse(json);
    }
    partial.free();
    assert.equal(typeof jsonIn(given, takesArrays), "string");
  }),
  capabilities: fc.asyncProperty(fc.oneof(anything, fc.string(), fc.constantFrom(...MODELS)), anything, async (model, over) => {
    await outcome(() => api.capabilities(model, over));
  }),
};

const rows = [];
let failed = 0;
for (const [name, property] of Object.entries(PROPERTIES)) {
  if (process.env.FUZZ_ONLY && !name.includes(process.env.FUZZ_ONLY)) continue;
  const begun = performance.now();
  const result = await fc.check(property, { numRuns: RUNS, seed, verbose: 0 });
  rows.push({ property: name, executions: result.numRuns, seconds: ((performance.now() - begun) / 1000).toFixed(1), result: result.failed ? "failed" : "ok" });
  if (result.failed) {
    failed++;
    console.error(`\n${name}, with FUZZ_SEED=${seed}:\n${fc.defaultReportMessage(result)}\n${result.errorInstance?.stack ?? ""}`);
  }
}
console.table(rows);
process.exit(failed ? 1 : 0);
