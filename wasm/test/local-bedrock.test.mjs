// `bedrock-chat/local-bedrock`, beside the local Bedrock that Rust serves, which the SDKs of AWS, OpenAI and Anthropic judge.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { project, wasm } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";
import { HANGS } from "./suite/check.js";

const required = createRequire(join(project, "entry.js"));
const { LocalBedrock } = await import(pathToFileURL(join(project, "node_modules/bedrock-chat/local-bedrock.js")));
const { BedrockChat } = await import(pathToFileURL(join(project, "entry.js")));
const program = join(project, "node_modules", ".bin", "local-bedrock");

const bedrock = await LocalBedrock.start();
after(() => bedrock.close());
const chat = (fields) => new BedrockChat({
  model: "us.anthropic.claude-sonnet-4-6", region: "us-east-1", endpointUrl: bedrock.url, credentials: bedrock.testCredentials, maxRetries: 0, ...fields,
});

/** Waits until a condition holds, which the server reaches a little later than the client. */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

test("a chat signs, is answered and is recorded", async () => {
  bedrock.clear();
  const reply = await chat().invoke("I love programming.");
  assert.match(reply.text, /I love programming\./);
  const [request, ...others] = bedrock.requests();
  assert.deepEqual(others, []);
  assert.equal(request.signature.verdict, "signed");
  assert.equal(request.outcome, "complete");
  assert.equal(JSON.parse(request.body).messages[0].role, "user");
  const refused = await chat({ credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wrong" } }).invoke("hello").catch((error) => error);
  assert.equal(refused.status, 403);
});

test("required, it is the same class with its own server", async () => {
  const local = await required("bedrock-chat/local-bedrock").LocalBedrock.start({ region: "eu-west-1", prefix: "/pfx/", bearerKeys: ["another"] });
  try {
    assert.match(local.url, /^http:\/\/127\.0\.0\.1:\d+\/pfx$/);
    assert.match(local.instructions, new RegExp(`URL_BEDROCK_RUNTIME=${local.url}\nexport AWS_ENDPOINT_URL_BEDROCK_MANTLE=${local.mantleUrl}\nexport AWS_REGION=eu-west-1`));
    const fields = { endpointUrl: local.url, credentials: undefined };
    assert.match((await chat({ ...fields, region: "eu-west-1", apiKey: "another" }).invoke("hello")).text, /hello/);
    const elsewhere = await chat({ ...fields, region: "us-east-1", credentials: local.testCredentials }).invoke("hello").catch((error) => error);
    assert.equal(elsewhere.status, 403);
  } finally {
    await local.close();
  }
  const { kind } = await chat({ endpointUrl: local.url }).invoke("hello").catch((error) => error);
  // A kept connection is interrupted if the client has not read its end yet, else a new one is refused.
  assert.ok(["connect", "interrupted"].includes(kind), kind);
});

test("a wrong clock costs one more request, also without retries", async (context) => {
  const local = await LocalBedrock.start();
  context.after(() => local.close());
  local.setClockOffset(3600);
  const late = chat({ endpointUrl: local.url, maxRetries: 0 });
  for (const text of ["first", "second"]) await late.invoke(text);
  assert.deepEqual(local.requests().map(({ status }) => status), [403, 200, 200]);
});

test("a server is closed at the end of its block by `await using`", async (context) => {
  const local = await LocalBedrock.start();
  context.after(() => local.close());
  assert.match((await chat({ endpointUrl: local.url }).invoke("hello")).text, /hello/);
  // Node 20 does not parse `await using`. It calls this.
  await local[Symbol.asyncDispose]();
  const { kind } = await chat({ endpointUrl: local.url }).invoke("hello").catch((error) => error);
  assert.ok(["connect", "interrupted"].includes(kind), kind);
});

test("wrong options, faults and ports are errors that name them", async () => {
  await assert.rejects(LocalBedrock.start({ regoin: "us-east-1" }), /unknown field `regoin`, expected one of `port`, .*`identity`$/);
  assert.throws(() => bedrock.pushFault({ stauts: 429 }), /unknown field `stauts`/);
  await assert.rejects(LocalBedrock.start({ port: Number(new URL(bedrock.url).port) }), /EADDRINUSE/);
});

test("declarations have the options and faults that exist", async () => {
  const types = readFileSync(join(project, "node_modules/bedrock-chat/local-bedrock.d.ts"), "utf8");
  const declared = (name) => [...types.split(`export interface ${name} {`)[1].split("\n}")[0].matchAll(/^    (\w+)\?:/gm)].map(([, member]) => member);
  const known = (error) => [...error.message.split("expected one of")[1].matchAll(/`(\w+)`/g)].map(([, member]) => member);
  const option = await LocalBedrock.start({ x: 1 }).catch(known);
  assert.deepEqual(declared("LocalBedrockOptions").sort(), option.sort());
  const fault = await Promise.resolve().then(() => bedrock.pushFault({ x: 1 })).catch(known);
  assert.deepEqual(declared("Fault").sort(), fault.sort());
});

test("faults of each kind reach the client", async () => {
  bedrock.clear();
  bedrock.pushFault({ status: 429, error_type: "ThrottlingException", message: "Too many tokens", times: 2 });
  assert.match((await chat({ maxRetries: 2 }).invoke("again")).text, /again/);
  assert.deepEqual(bedrock.requests().map(({ status }) => status), [429, 429, 200]);

  bedrock.clear();
  bedrock.pushFault({ cut_after_frames: 5 });
  const cut = await (await chat().stream("Tell me of a lighthouse.")).message().catch((error) => error);
  assert.equal(cut.kind, "truncated");
  assert.notEqual(cut.partial.text, "");
  bedrock.pushFault({ cut_before_headers: true });
  await assert.rejects(chat().invoke("hello"), { kind: "interrupted" });
  await until(() => bedrock.requests().every(({ outcome }) => outcome === "cut_by_fault"));

  bedrock.clear();
  for (const fault of [{ hang: true }, { hang_after_frames: 3 }, { delay_ms: 3 * HANGS }, { drip_ms: 3 * HANGS }]) {
    bedrock.pushFault(fault);
    await assert.rejects(async () => (await chat({ timeout: 100 }).stream("hello")).message(), { kind: "timeout" });
  }
  await until(() => bedrock.requests().every(({ outcome }) => outcome === "closed_by_client"));
  await until(() => bedrock.openConnections() === 0);

  bedrock.clear();
  bedrock.pushFault({ insert: [{ kind: "exception", at: 2, exception_type: "throttlingException", message: "slow down" }] });
  await assert.rejects(async () => (await chat().stream("hello")).message(), { kind: "throttled" });
  bedrock.pushFault({ status: 500, forever: true });
  bedrock.clearFaults();
  await chat().invoke("hello");
});

test("faults that no server can carry out are refused", () => {
  const wrong = { status: [0, 101, 1000], headers: [{ "bad header": "x" }, { "x-a": "a\nb" }], body_base64: ["***"], times: [Infinity, -1], delay_ms: [NaN] };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) assert.throws(() => bedrock.pushFault({ [name]: value }), TypeError, `${name}: ${JSON.stringify(value)}`);
  }
  assert.throws(() => bedrock.setClockOffset("abc"), /whole number of seconds: abc/);
});

test("clients of HTTP/2 are answered, cut and counted on the same port", async () => {
  bedrock.clear();
  const session = connectHttp2(bedrock.url);
  const body = JSON.stringify({ messages: [{ role: "user", content: [{ text: "Hello" }] }] });
  const send = async () => {
    const request = session.request({ ":method": "POST", ":path": "/model/amazon.nova-pro-v1:0/converse-stream", "content-type": "application/json", authorization: `Bearer ${bedrock.testApiKey}` });
    request.end(body);
    let [status, length] = [0, 0];
    request.on("response", (headers) => (status = headers[":status"]));
    for await (const piece of request) length += piece.length;
    return { status, length };
  };
  const { status, length } = await send();
  assert.equal(status, 200);
  assert.ok(length > 100);
  bedrock.pushFault({ cut_after_frames: 2 });
  await assert.rejects(send(), /NGHTTP2_INTERNAL_ERROR/);
  const [request, cut] = bedrock.requests();
  assert.deepEqual(request.headers.slice(0, 2).map(([name, value]) => `${name} ${value}`), [`host ${new URL(bedrock.url).host}`, `:authority ${new URL(bedrock.url).host}`]);
  assert.deepEqual([request.outcome, cut.outcome], ["complete", "cut_by_fault"]);
  session.close();
  await until(() => bedrock.openConnections() === 0);
});

test("requests that have ended are read once, until they are cleared", async (context) => {
  const local = await LocalBedrock.start();
  context.after(() => local.close());
  const model = chat({ endpointUrl: local.url });
  await model.invoke("first");
  const [first] = local.requests();
  local.pushFault({ hang: true });
  const leaving = new AbortController();
  const pending = model.invoke("second", { signal: leaving.signal }).catch((error) => error);
  await until(() => local.requests().length === 2);
  await model.invoke("third");
  const [again, second, third] = local.requests();
  assert.equal(again, first);
  assert.deepEqual([second.outcome, third.outcome, third.number], ["pending", "complete", first.number + 2]);
  leaving.abort();
  await until(() => local.requests()[1].outcome === "closed_by_client");
  assert.equal((await pending).kind, "cancelled");
  // A caller can change its list.
  local.requests().splice(1);
  assert.equal(local.requests().length, 3);
  await fetch(`${local.url}/_local/requests`, { method: "DELETE" });
  assert.deepEqual(local.requests(), []);
  await model.invoke("fourth");
  assert.deepEqual(local.requests().map(({ number }) => number), [first.number + 3]);
});

test("closing records how the requests ended, and unref lets the program end", async () => {
  const local = await LocalBedrock.start();
  local.pushFault({ hang: true });
  const call = chat({ endpointUrl: local.url }).invoke("hello").catch((error) => error);
  await until(() => local.requests().length === 1);
  await local.close();
  assert.deepEqual([local.requests()[0].outcome, local.openConnections()], ["closed_by_client", 0]);
  assert.equal((await call).kind, "interrupted");

  const script = `
import { get, Agent } from "node:http";
import { LocalBedrock } from "bedrock-chat/local-bedrock";
const local = (await LocalBedrock.start()).unref();
get(local.url, { agent: new Agent({ keepAlive: true }) }, (reply) => reply.resume().on("end", () => console.log(reply.statusCode)));
`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { cwd: project, timeout: HANGS });
  assert.equal(stdout, "403\n");
});

test("replies are equal to those of the Rust server, byte for byte", async () => {
  const native = await startBedrock("--no-verify");
  const local = await LocalBedrock.start({ verifySignatures: false });
  const messages = [{ role: "user", content: [{ text: "What is the weather in Paris and London?" }] }];
  const claude = { anthropic_version: "bedrock-2023-05-31", max_tokens: 100, messages: [{ role: "user", content: "Hello there" }] };
  const openai = { model: "openai.gpt-oss-120b", messages: [{ role: "user", content: "Hello there" }] };
  const requests = [
    ["/model/us.anthropic.claude-sonnet-4-6/invoke", claude],
    ["/model/us.anthropic.claude-sonnet-4-6/invoke-with-response-stream", { ...claude, thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 2000 }],
    ["/model/amazon.nova-pro-v1%3A0/converse", { messages, toolConfig: { tools: [{ toolSpec: { name: "get_weather", inputSchema: { json: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } } }] } }],
    ["/model/amazon.nova-pro-v1%3A0/converse-stream", { messages }],
    ["/model/amazon.nova-pro-v1%3A0/converse", { messages: [] }],
    ["/model/meta.llama3-70b-instruct-v1%3A0/invoke", { prompt: "Hello" }],
    ["/v1/chat/completions", openai],
    ["/v1/chat/completions", { ...openai, stream: true, stream_options: { include_usage: true } }],
    ["/openai/v1/responses", { model: "openai.gpt-5.6-luna", input: "Hello there", store: false }],
    ["/anthropic/v1/messages", { ...claude, anthropic_version: undefined, model: "anthropic.claude-sonnet-4-6" }],
    ["/guardrail/abc/version/1/apply", { source: "INPUT", content: [{ text: { text: "BLOCKED" } }] }],
    ["/nowhere", {}],
    ["/foundation-models"],
    ["/inference-profiles?maxResults=3"],
  ];
  try {
    for (const [path, body] of requests) {
      const [ours, theirs] = await Promise.all([local.url, native.url].map(async (url) => {
        const reply = await fetch(url + path, body && { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", "anthropic-version": "2023-06-01", authorization: "Bearer any" } });
        return { status: reply.status, type: reply.headers.get("content-type"), body: masked(Buffer.from(await reply.arrayBuffer())) };
      }));
      assert.deepEqual(ours, theirs, path);
      assert.notEqual(ours.body, "", path);
    }
  } finally {
    await local.close();
    native.stop();
  }
});

/** A reply without its times, and without what depends on the time and on the port. */
function masked(bytes) {
  return bytes.toString("latin1").replace(/"(created|created_at|completed_at)":\d+|chatcmpl-[-0-9a-f]{36}|10ca1bed-[0-9a-f]{4}/g, "");
}

test("the program says how to reach it, serves, and explains wrong options", async () => {
  const child = spawn(program, ["--port", "0", "--application-profile", "shop=amazon.nova-pro-v1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    let url;
    for await (const line of createInterface({ input: child.stdout })) {
      url = /^export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=(.+)$/.exec(line)?.[1];
      if (url) break;
    }
    const model = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/shop";
    const resolved = await BedrockChat.resolved({ model, region: "us-east-1", endpointUrl: url, credentials: bedrock.testCredentials });
    assert.match((await resolved.invoke("hello")).text, /hello/);
  } finally {
    child.kill();
  }
  const run = (...args) => promisify(execFile)(program, args);
  assert.match((await run("--help")).stdout, /--frame-delay-ms/);
  for (const [args, message] of [[["--port", "x"], /--port must be a whole number: x/], [["--application-profile", "x"], /ID=MODEL: x/], [["--bogus"], /--bogus/]]) {
    const error = await run(...args).catch((error) => error);
    assert.equal(error.code, 1);
    assert.match(error.stderr, message);
  }
});

test("the suite for Node passes against it", async () => {
  // Without this variable the tests inside would report to this test's runner.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const passed = promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap", join(wasm, "test", "node.test.mjs")], {
    cwd: wasm, env: { ...env, LOCAL_BEDROCK: program }, maxBuffer: 1 << 26,
  });
  const { stdout } = await passed.catch(({ stdout }) => assert.fail(stdout.split("\n").filter((line) => /not ok|error:/.test(line)).join("\n")));
  assert.match(stdout, /# pass [1-9]\d\d/);
});
