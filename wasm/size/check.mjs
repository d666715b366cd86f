// Calls each function of the measured module, so that a module that does not work cannot pass as small.
// The expected signature and the frames are made with Node's crypto and zlib.
//
//   node wasm/size/check.mjs NAME.js NAME_bg.wasm FEATURES
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { crc32 } from "node:zlib";

const [glue, module, features] = process.argv.slice(2);
const wasm = await import(pathToFileURL(resolve(glue)).href);
wasm.initSync({ module: readFileSync(module) });

assert.equal(wasm.copy("é"), "é");
if (wasm.sign) signs();
if (wasm.frames) countsFrames();
if (wasm.chat) chats();
if (wasm.ask) await asks();

/** Calls an address where no server listens: the error must say so. */
async function asks() {
  const keys = ["AKIDEXAMPLE", "secret"];
  const refused = await wasm.ask("anthropic.claude-3-haiku-20240307-v1:0", "us-east-1", ...keys, "http://127.0.0.1:1", "hello").catch((error) => error);
  assert.match(String(refused.message), /not reached|refused|fetch failed|connect/i);
}

function signs() {
  const sha256 = (data) => createHash("sha256").update(data).digest("hex");
  const hmac = (key, data) => createHmac("sha256", key).update(data).digest();
  const body = Buffer.from('{"messages":[]}');
  const canonical = [
    "POST",
    "/model/anthropic.claude-3-haiku-20240307-v1%253A0",
    "",
    "content-type:application/json",
    "host:us-east-1",
    "x-amz-date:20250102T030405Z",
    "x-amz-security-token:session",
    "",
    "content-type;host;x-amz-date;x-amz-security-token",
    sha256(body),
  ].join("\n");
  const scope = "20250102/us-east-1/bedrock/aws4_request";
  const text = ["AWS4-HMAC-SHA256", "20250102T030405Z", scope, sha256(canonical)].join("\n");
  const key = ["20250102", "us-east-1", "bedrock", "aws4_request"].reduce(hmac, "AWS4secret");
  const authorization = wasm.sign("AKIDEXAMPLE", "secret", "session", "us-east-1",
    "anthropic.claude-3-haiku-20240307-v1:0", body, 1735787045);
  assert.equal(authorization.split("Signature=")[1], hmac(key, text).toString("hex"));
  assert.throws(() => wasm.sign("", "", "", "us-east-1", "m", body, 0), Error);
}

/** Returns one event of a stream, framed as the service does it. */
function frame(json) {
  const header = (name, value) => Buffer.concat([
    Buffer.from([name.length]), Buffer.from(name), Buffer.from([7, value.length >> 8, value.length]), Buffer.from(value),
  ]);
  const headers = Buffer.concat([
    header(":event-type", "chunk"), header(":content-type", "application/json"), header(":message-type", "event"),
  ]);
  const bytes = Buffer.from(JSON.stringify(json)).toString("base64");
  const payload = Buffer.from(JSON.stringify({ bytes, p: "abcdefghijkl" }));
  const out = Buffer.alloc(16 + headers.length + payload.length);
  out.writeUInt32BE(out.length, 0);
  out.writeUInt32BE(headers.length, 4);
  out.writeUInt32BE(crc32(out.subarray(0, 8)), 8);
  headers.copy(out, 12);
  payload.copy(out, 12 + headers.length);
  out.writeUInt32BE(crc32(out.subarray(0, -4)), out.length - 4);
  return out;
}

function countsFrames() {
  const bytes = Buffer.concat([frame({}), frame({ type: "ping" })]);
  for (const piece of [1, 7, bytes.length]) assert.equal(wasm.frames(bytes, piece), 2);
  bytes[40] ^= 1;
  assert.throws(() => wasm.frames(bytes, 7), /checksum/);
}

function chats() {
  const model = "anthropic.claude-3-haiku-20240307-v1:0";
  const chat = (model, response, piece) => {
    const image = Buffer.from("picture");
    const out = Buffer.from(wasm.chat(model, "weather", '{"type":"object"}', image, 0.1, response, piece)).toString();
    const end = out.lastIndexOf("\n");
    return { body: JSON.parse(out.slice(0, end)), line: out.slice(end + 1) };
  };
  const usage = { input_tokens: 9, output_tokens: 1 };
  const whole = Buffer.from(JSON.stringify({
    id: "msg_1", type: "message", role: "assistant", model: "m", stop_reason: "end_turn", usage,
    content: [{ type: "text", text: "Bonjour" }],
  }));
  const { body, line } = chat(model, whole, 0);
  assert.equal(line, "Bonjour|end_turn");
  assert.equal(body.temperature, 0.1);
  assert.equal(body.tools[0].name, "weather");
  assert.deepEqual(body.messages.map(({ role }) => role), ["user", "assistant", "user"]);
  assert.ok(JSON.stringify(body.messages[0]).includes(Buffer.from("picture").toString("base64")));
  assert.deepEqual(body.messages[1].content[0].input, { type: "object" });

  const events = [
    { type: "message_start", message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], usage } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Bon" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "jour" } },
    { type: "content_block_stop", index: 0 },
    { type: "content_block_start", index: 1, content_block: { type: "tool_use", id: "toolu_2", name: "weather", input: {} } },
    { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"city":' } },
    { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '"Rome"}' } },
    { type: "content_block_stop", index: 1 },
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 7 } },
    { type: "message_stop", "amazon-bedrock-invocationMetrics": { inputTokenCount: 9, outputTokenCount: 7 } },
  ];
  const bytes = Buffer.concat(events.map((event) => frame(event)));
  for (const piece of [1, 1000, bytes.length]) {
    assert.equal(chat(model, bytes, piece).line, 'Bonjour|weather{"city":"Rome"}|tool_use');
  }
  assert.throws(() => chat(model, bytes.subarray(0, 700), 100), Error);

  if (features !== "all") return;
  const converse = Buffer.from(JSON.stringify({
    output: { message: { role: "assistant", content: [{ text: "Bonjour" }] } },
    stopReason: "end_turn",
    usage: { inputTokens: 9, outputTokens: 1, totalTokens: 10 },
  }));
  const { body: sent, line: reply } = chat("newvendor.model-v1:0", converse, 0);
  assert.equal(reply, "Bonjour|end_turn");
  assert.equal(sent.inferenceConfig.temperature, 0.1);
}
