// The programs of the README and of docs/from-ai-sdk.md.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { localBedrock } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const { accessKeyId, secretAccessKey, baseURL } = bedrock.settings;

/** Returns the programs of a page that use the provider. */
const programs = (page) =>
  [...readFileSync(new URL(page, import.meta.url), "utf8").matchAll(/```js\n([\s\S]*?)```/g)].map(([, program]) => program).filter((program) => program.includes("bedrock-chat/ai-sdk"));

/** Runs a program with the local Bedrock in its environment, and returns its output. */
async function output(program) {
  const env = { PATH: process.env.PATH, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: baseURL, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return (await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd: fileURLToPath(new URL("..", import.meta.url)), env })).stdout;
}

test("the README's program runs", async () => {
  const [program, ...others] = programs("../node_modules/bedrock-chat/README.md");
  assert.deepEqual(others, []);
  assert.match(await output(program), /Tell me a joke\./);
});

test("the programs of the migration page run, and both providers have the same answer", async () => {
  const [short, both, ...others] = programs("../../../docs/from-ai-sdk.md");
  assert.deepEqual(others, []);
  assert.match(await output(short), /What is 2 \+ 2\? \d+\n$/);
  const keys = `accessKeyId: "${accessKeyId}", secretAccessKey: "${secretAccessKey}", baseURL: "${baseURL}"`;
  const [before, after, ...lines] = (await output(both.replace('accessKeyId: "...", secretAccessKey: "..."', keys))).trim().split("\n");
  assert.deepEqual(lines, []);
  assert.match(before, /What is 2 \+ 2\?/);
  assert.equal(after, before);
});
