// The package in the form that npm installs, and the first programs of a new user.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { project, wasm } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";

const bedrock = await startBedrock();
after(bedrock.stop);
const installed = join(project, "node_modules", "bedrock-chat");
const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));

/** Runs a user's program with the local Bedrock in its environment. */
async function runs(name, text) {
  writeFileSync(join(project, name), text);
  const env = {
    PATH: process.env.PATH, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock.url, AWS_ENDPOINT_URL_STS: bedrock.url, BEDROCK_AWS_REGION: "us-east-1",
    BEDROCK_AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", BEDROCK_AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  };
  const { stdout } = await promisify(execFile)(process.execPath, [join(project, name)], { cwd: project, env });
  return stdout.trim();
}

test("package has its types, README and licenses, and every named file exists", () => {
  const files = readdirSync(installed);
  for (const name of ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "index.d.ts", "index.d.cts", "fields.d.ts", "fields.d.cts", "manual.d.ts", "bedrock_chat_bg.wasm", "sources.d.ts", "sources.d.cts", "sources-manual.d.ts", "bedrock_chat_credentials_bg.wasm", "ai-sdk.d.ts", "ai-sdk.d.cts", "ai-sdk-v3.d.ts"]) {
    assert.ok(files.includes(name), `${name} is missing`);
  }
  const named = [];
  JSON.stringify([manifest.exports, manifest.main, manifest.module, manifest.types, manifest.sideEffects], (_, value) => {
    if (typeof value === "string") named.push(value);
    return value;
  });
  for (const name of named.filter((name) => !name.includes("*"))) assert.ok(existsSync(join(installed, name)), `${name} is named and missing`);
  for (const path of ["./langchain", "./ai-sdk", "./ai-sdk/v3", "./credentials"]) assert.ok(manifest.exports[path], `${path} is not exported`);
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
    // The tests of bundlers and of LangChain run these examples.
    if (/bedrock-chat\/(manual|langchain|ai-sdk)/.test(text)) continue;
    if (text.includes("export default")) assert.equal(typeof (await import(`data:text/javascript,${encodeURIComponent(text.replaceAll(/^import .*$/gm, ""))}`)).default.fetch, "function");
    else assert.notEqual(await runs(`readme-${index}.mjs`, text), "", text);
  }
});
