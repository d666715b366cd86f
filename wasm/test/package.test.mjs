// The package in the form that npm installs, and the first programs of a new user.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { project, wasm } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";
import { Bedrock } from "./suite/bedrock.js";
import { until } from "./suite/check.js";

const bedrock = await startBedrock();
after(bedrock.stop);
const installed = join(project, "node_modules", "bedrock-chat");
const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));

const environment = {
  PATH: process.env.PATH, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock.url, AWS_ENDPOINT_URL_STS: bedrock.url, BEDROCK_AWS_REGION: "us-east-1",
  BEDROCK_AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", BEDROCK_AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

/** Runs a user's program with the local Bedrock in its environment. */
async function runs(name, text) {
  writeFileSync(join(project, name), text);
  const { stdout } = await promisify(execFile)(process.execPath, [join(project, name)], { cwd: project, env: environment });
  return stdout.trim();
}

test("package has its types, README and licenses, and every named file exists", () => {
  const files = readdirSync(installed);
  for (const name of ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "index.d.ts", "index.d.cts", "fields.d.ts", "fields.d.cts", "manual.d.ts", "bedrock_chat_bg.wasm", "sources.d.ts", "sources.d.cts", "sources-manual.d.ts", "bedrock_chat_credentials_bg.wasm", "gateway.d.ts", "gateway.d.cts", "gateway-manual.d.ts", "bedrock_chat_gateway_bg.wasm", "ai-sdk.d.ts", "ai-sdk.d.cts", "ai-sdk-v3.d.ts", "local-bedrock.d.ts", "local-bedrock.d.cts", "bedrock_chat_local_bedrock_bg.wasm"]) {
    assert.ok(files.includes(name), `${name} is missing`);
  }
  const named = [];
  JSON.stringify([manifest.exports, manifest.main, manifest.module, manifest.types, manifest.bin, manifest.sideEffects], (_, value) => {
    if (typeof value === "string") named.push(value);
    return value;
  });
  for (const name of named.filter((name) => !name.includes("*"))) assert.ok(existsSync(join(installed, name)), `${name} is named and missing`);
  for (const path of ["./langchain", "./ai-sdk", "./ai-sdk/v3", "./credentials", "./gateway", "./local-bedrock"]) assert.ok(manifest.exports[path], `${path} is not exported`);
  assert.equal(manifest.dependencies, undefined, "nothing else is installed");
  assert.match(manifest.version, /^\d+\.\d+\.\d+/);
});

test("every source map that a file names exists, with its sources", () => {
  for (const name of readdirSync(installed).filter((name) => /\.(js|cjs)$/.test(name))) {
    const map = /\/\/# sourceMappingURL=(.+)/.exec(readFileSync(join(installed, name), "utf8"))?.[1];
    if (!map) continue;
    const { sources } = JSON.parse(readFileSync(join(installed, map), "utf8"));
    for (const source of sources) assert.ok(existsSync(join(installed, source)), `${map} names ${source}`);
  }
});

test("package files contain no path of the build machine", () => {
  for (const name of readdirSync(installed)) {
    const text = readFileSync(join(installed, name), "latin1");
    assert.doesNotMatch(text, new RegExp(`${wasm.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}|/\\.cargo/registry`), name);
  }
});

const EXAMPLE = `
const llm = new BedrockChat({
  model: "anthropic.claude-3-5-sonnet-20240620-v1:0",
  region: process.env.BEDROCK_AWS_REGION,
  credentials: {
    accessKeyId: process.env.BEDROCK_AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.BEDROCK_AWS_SECRET_ACCESS_KEY,
  },
});

(async () => {
  const aiMsg = await llm.invoke([
    ["system", "You are a helpful assistant that translates English to French. Translate the user sentence."],
    ["human", "I love programming."],
  ]);
  console.log(aiMsg.content);
})();
`;

test("the reference page's example runs with the import changed, imported and required", async () => {
  assert.equal(await runs("first.mjs", `import { BedrockChat } from "bedrock-chat";\n${EXAMPLE}`), "J'adore la programmation.");
  assert.equal(await runs("first.cjs", `const { BedrockChat } = require("bedrock-chat");\n${EXAMPLE}`), "J'adore la programmation.");
});

test("temporary keys are requested with the credentials entry imported and required", async () => {
  const program = `
const { BedrockChat } = load("bedrock-chat"), { assumeRole } = load("bedrock-chat/credentials");
const credentials = assumeRole({ roleArn: "arn:aws:iam::123456789012:role/chat", region: "us-east-1" });
new BedrockChat({ model: "anthropic.claude-3-haiku-20240307-v1:0", region: "us-east-1", credentials }).invoke("hello").then(({ text }) => console.log(text));
`;
  const imports = 'import * as chat from "bedrock-chat";\nimport * as keys from "bedrock-chat/credentials";\nconst load = (name) => (name === "bedrock-chat" ? chat : keys);\n';
  for (const [name, text] of [["keys.mjs", imports + program], ["keys.cjs", `const load = require;\n${program}`]]) {
    await fetch(`${bedrock.url}/_local/`, { method: "DELETE" });
    assert.match(await runs(name, text), /hello/);
    const requests = await (await fetch(`${bedrock.url}/_local/requests`)).json();
    assert.deepEqual(requests.map(({ path }) => path.split("/").at(-1)), ["", "invoke"]);
  }
});

test("every program of the README runs", async () => {
  const readme = readFileSync(join(installed, "README.md"), "utf8");
  const programs = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, text]) => text).filter((text) => text.includes("import "));
  assert.ok(programs.length >= 3, "the README has programs");
  for (const [index, text] of programs.entries()) {
    // The tests of bundlers and of LangChain run these examples. The one of `bedrock-chat/sse` needs a page and a Worker. The
    // next test runs the server.
    if (/bedrock-chat\/(manual|langchain|ai-sdk|sse)|node:http/.test(text)) continue;
    if (text.includes("export default")) {
      writeFileSync(join(project, `readme-${index}.mjs`), text);
      assert.equal(await runs("readme-default.mjs", `import worker from "./readme-${index}.mjs";\nconsole.log(typeof worker.fetch);\n`), "function");
    } else assert.notEqual(await runs(`readme-${index}.mjs`, text), "", text);
  }
});

test("the gateway's server of the README streams, and the guide has the same one", async (context) => {
  const programs = [join(installed, "README.md"), join(wasm, "..", "docs", "serve.md")].map((page) => /```js\n(import [^`]*node:http[^]*?)```/.exec(readFileSync(page, "utf8"))?.[1]);
  assert.ok(programs[0]?.includes("createGateway"));
  assert.equal(programs[1], programs[0]);
  writeFileSync(join(project, "server.mjs"), programs[0]);
  const key = "gw-0123456789";
  const server = spawn(process.execPath, ["server.mjs"], { cwd: project, env: { ...environment, PORT: "0", GATEWAY_KEY: key }, stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => server.kill());
  let said = "";
  server.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  const port = await until(() => /listening at (\d+)/.exec(said)?.[1], "the server listens");
  const call = (path, init) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${key}` }, ...init });
  const body = JSON.stringify({ model: "fast", stream: true, messages: [{ role: "user", content: "Hello?" }] });

  const local = new Bedrock(bedrock.url);
  await local.clear();
  await local.faults({ path_contains: "stream", drip_ms: 20 });
  const answer = await call("/v1/chat/completions", { method: "POST", body });
  const pieces = [];
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) pieces.push(piece);
  assert.deepEqual([answer.status, pieces.join("").endsWith("data: [DONE]\n\n"), pieces.length > 3], [200, true, true], pieces.join(""));
  assert.equal((await call("/v1/models", { headers: {} })).status, 401);
  assert.equal((await call("/health", { method: "HEAD", headers: {} })).status, 200);

  // A client that leaves ends the call to Bedrock.
  await local.clear();
  await local.faults({ path_contains: "stream", drip_ms: 100 });
  const leaving = await call("/v1/chat/completions", { method: "POST", body });
  await leaving.body.cancel();
  await until(async () => (await local.requests())[0]?.outcome === "closed_by_client", "the call to Bedrock ends");
  await until(() => said.includes("the client left"), "the call has a line");
});
