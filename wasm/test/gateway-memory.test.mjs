// How much memory of the gateway's module one large request takes. A Worker has 128 MB.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { project } from "./support/project.mjs";

/** A program for each case: the memory of a module never shrinks. It prints the megabytes before and after. */
const program = (path, body) => `
import { readFileSync } from "node:fs";
import { createGateway, initSync } from "bedrock-chat/gateway/manual";

const { memory } = initSync({ module: readFileSync("node_modules/bedrock-chat/bedrock_chat_gateway_bg.wasm") });
const claude = { type: "message", id: "m", role: "assistant", model: "m", content: [{ type: "text", text: "x" }], stop_reason: "end_turn", usage: { input_tokens: 1, output_tokens: 1 } };
const nova = { output: { message: { role: "assistant", content: [{ text: "x" }] } }, stopReason: "end_turn", usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } };
const fetch = async (url) => Response.json(url.includes("converse") ? nova : claude);
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const gateway = createGateway({ region: "us-east-1", credentials, models: { nova: "us.amazon.nova-lite-v1:0" }, keys: { alice: "gw-0123456789" }, fetch });
const source = { type: "base64", media_type: "image/png", data: "A".repeat(20_000_000) };
const body = new TextEncoder().encode(JSON.stringify({ ...${JSON.stringify(body)}, max_tokens: 9, messages: [{ role: "user", content: [{ type: "image", source }] }] }));
const pieces = new ReadableStream({ start: (to) => { for (let at = 0; at < body.length; at += 65_536) to.enqueue(body.slice(at, at + 65_536)); to.close(); } });
const headers = { "x-api-key": "gw-0123456789", "content-length": String(body.length) };
const before = memory.buffer.byteLength;
const answer = await gateway.fetch(new Request("http://gateway${path}", { method: "POST", headers, body: pieces, duplex: "half" }));
await answer.text();
console.log(JSON.stringify([answer.status, (memory.buffer.byteLength - before) / body.length]));
`;

const cases = [
  ["a request of Bedrock's API is kept once", "/model/us.anthropic.claude-sonnet-4-6/invoke", { anthropic_version: "bedrock-2023-05-31" }, 1.1],
  ["a request that passes on is written once more", "/v1/messages", { model: "us.anthropic.claude-sonnet-4-6" }, 2.2],
  ["a request that is translated takes less than six copies", "/v1/messages", { model: "nova" }, 5.5],
];

for (const [name, path, body, most] of cases) {
  test(`memory of the gateway: ${name}`, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program(path, body)], { cwd: project });
    const [status, copies] = JSON.parse(stdout);
    assert.equal(status, 200);
    assert.ok(copies > 0.9 && copies < most, `${copies} copies of the body`);
  });
}
