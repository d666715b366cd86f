// The package through the bundlers that users have. Each bundle is run in Chromium, or, for servers, in Node.
// Wrangler's bundle is the one that workerd.test.mjs runs.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import webpack from "webpack";
import { openPage, startBrowser } from "../worker/harness/browser.mjs";
import { serve } from "./support/files.mjs";
import { project } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";

const KEYS = '{ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" }';
const ask = (credentials) => `
globalThis.ask = async (endpointUrl) => {
  const chat = new BedrockChat({
    model: "anthropic.claude-3-haiku-20240307-v1:0", region: "us-east-1", endpointUrl,
    credentials: ${credentials},
  });
  let text = "";
  for await (const chunk of await chat.stream("hello")) text += chunk.text;
  return text;
};
globalThis.ready = true;
`;
const ASK = ask(KEYS);
/** Asks with the keys of a role, from the module of `bedrock-chat/credentials`. */
const ASK_ROLE = `import { assumeRole } from "bedrock-chat/credentials";
${ask(`assumeRole({ roleArn: "arn:aws:iam::123456789012:role/chat", region: "us-east-1", endpointUrl, credentials: ${KEYS} })`)}`;
/** Asks through a gateway, from the module of `bedrock-chat/gateway`. */
const ASK_GATEWAY = `import { createGateway } from "bedrock-chat/gateway";
globalThis.ask = async (endpointUrl) => {
  const gateway = createGateway({ region: "us-east-1", endpointUrl, credentials: ${KEYS}, keys: { page: { key: "gw-0123456789" } } });
  const body = JSON.stringify({ model: "us.amazon.nova-lite-v1:0", stream: true, messages: [{ role: "user", content: "hello" }] });
  const answer = await gateway.fetch(new Request("https://gateway.example/v1/chat/completions", { method: "POST", body, headers: { authorization: "Bearer gw-0123456789" } }));
  const chunks = (await answer.text()).split("\\n\\n").filter((chunk) => chunk.startsWith("data: {")).map((chunk) => JSON.parse(chunk.slice(6)));
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
};
globalThis.ready = true;
`;
const HTML = '<!doctype html><title>bundle</title><script type="module" src="./main.js"></script>';

let browser, bedrock;
before(async () => {
  [browser, bedrock] = [await startBrowser(), await startBedrock()];
});
after(async () => {
  bedrock?.stop();
  await browser?.close();
});

/** Creates a user's page in a separate folder below the package. */
function folder(name, main, ask = ASK) {
  const path = join(project, `bundle-${name}`);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "main.js"), main + ask);
  writeFileSync(join(path, "index.html"), HTML);
  return path;
}

/** Opens a bundle in Chromium, and waits for its answer. */
async function answers(path, count = 1) {
  const modules = readdirSync(path, { recursive: true }).filter((name) => name.endsWith(".wasm"));
  assert.equal(modules.length, count, `each module is there once: ${modules}`);
  const files = await serve(path);
  const page = await openPage(browser);
  try {
    const problems = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(files.url);
    await page.waitForFunction(() => globalThis.ready).catch(() => assert.fail(`it does not load: ${problems}`));
    assert.match(await page.evaluate((url) => globalThis.ask(url), bedrock.url), /hello/);
  } finally {
    await page.close();
    files.stop();
  }
}

const DEFAULT = 'import { BedrockChat } from "bedrock-chat";\n';

test("esbuild bundles the package with the module as a file", async () => {
  const main = `import { BedrockChat, init } from "bedrock-chat/manual";
import module from "bedrock-chat/bedrock_chat_bg.wasm";
await init({ module_or_path: new URL(module, import.meta.url) });
`;
  const path = folder("esbuild", main);
  const outdir = join(path, "dist");
  await esbuild({ entryPoints: [join(path, "main.js")], outdir, bundle: true, format: "esm", target: "es2022", minify: true, loader: { ".wasm": "file" }, logLevel: "silent" });
  cpSync(join(path, "index.html"), join(outdir, "index.html"));
  await answers(outdir);
});

/** Runs a bundle that is made for a server. */
const serves = async (file) => {
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env: { PATH: process.env.PATH } });
  assert.match(stdout, /hello/);
};
const tell = () => `console.log(await ask(${JSON.stringify(bedrock.url)}));\n`;

test("esbuild can leave the package out of a server's bundle", async () => {
  const path = folder("server", DEFAULT);
  writeFileSync(join(path, "server.js"), DEFAULT + ASK + tell());
  const outfile = join(path, "dist", "server.mjs");
  await esbuild({ entryPoints: [join(path, "server.js")], outfile, bundle: true, platform: "node", format: "esm", external: ["bedrock-chat"], logLevel: "silent" });
  await serves(outfile);
});

test("esbuild bundles a server into one file, as in the README", async () => {
  const readme = readFileSync(join(project, "node_modules/bedrock-chat/README.md"), "utf8");
  const [, main] = /```js\n([^`]*--loader:\.wasm=binary[^`]*)```/.exec(readme);
  const path = folder("one-file", main);
  writeFileSync(join(path, "server.js"), main + ASK + tell());
  // Another folder, where the package is not installed.
  const outfile = join(mkdtempSync(join(tmpdir(), "bedrock-chat-server-")), "server.mjs");
  await esbuild({ entryPoints: [join(path, "server.js")], outfile, bundle: true, platform: "node", target: "node18", format: "esm", loader: { ".wasm": "binary" }, logLevel: "silent" });
  await serves(outfile);
});

test("esbuild bundles a server into one file without settings", async () => {
  const path = folder("plain-file", DEFAULT);
  for (const [format, name] of [["esm", "server.mjs"], ["cjs", "server.cjs"]]) {
    // CommonJS has no `await` at the top level.
    writeFileSync(join(path, "server.js"), `${DEFAULT}${ASK}ask(${JSON.stringify(bedrock.url)}).then(console.log);\n`);
    const outfile = join(mkdtempSync(join(tmpdir(), "bedrock-chat-plain-")), name);
    await esbuild({ entryPoints: [join(path, "server.js")], outfile, bundle: true, platform: "node", target: "node18", format, logLevel: "silent" });
    await serves(outfile);
  }
  writeFileSync(join(path, "server.cjs"), `const { BedrockChat } = require("bedrock-chat");\n${ASK}ask(${JSON.stringify(bedrock.url)}).then(console.log);\n`);
  const outfile = join(mkdtempSync(join(tmpdir(), "bedrock-chat-plain-")), "server.cjs");
  await esbuild({ entryPoints: [join(path, "server.cjs")], outfile, bundle: true, platform: "node", target: "node18", format: "cjs", logLevel: "silent" });
  await serves(outfile);
});

test("webpack bundles a server into one file without settings", async () => {
  const path = folder("webpack-server", DEFAULT);
  const dist = mkdtempSync(join(tmpdir(), "bedrock-chat-webpack-"));
  writeFileSync(join(path, "server.js"), `${DEFAULT}${ASK}ask(${JSON.stringify(bedrock.url)}).then(console.log);\n`);
  const stats = await new Promise((resolve, reject) => {
    const config = { mode: "production", target: "node18", entry: join(path, "server.js"), output: { path: dist, filename: "server.cjs" }, performance: { hints: false } };
    webpack(config, (error, stats) => (error ? reject(error) : resolve(stats)));
  });
  assert.equal(stats.toString({ all: false, errors: true, warnings: true }), "");
  await serves(join(dist, "server.cjs"));
});

test("edge-light bundle takes the module from an import with ?module", async () => {
  const path = folder("edge", DEFAULT);
  writeFileSync(join(path, "server.js"), DEFAULT + ASK + tell());
  const outfile = join(mkdtempSync(join(tmpdir(), "bedrock-chat-edge-")), "server.mjs");
  // As Next.js does: the file becomes a `WebAssembly.Module`.
  const module = {
    name: "module",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => ({ path: join(resolveDir, path.replace("?module", "")), namespace: "module" }));
      onLoad({ filter: /./, namespace: "module" }, ({ path }) => ({
        contents: `import { readFileSync } from "node:fs"; export default new WebAssembly.Module(readFileSync(${JSON.stringify(path)}));`,
      }));
    },
  };
  const { metafile } = await esbuild({
    entryPoints: [join(path, "server.js")], outfile, bundle: true, platform: "neutral", external: ["node:fs"], conditions: ["edge-light"], format: "esm", plugins: [module], metafile: true, logLevel: "silent",
  });
  assert.ok(!Object.keys(metafile.inputs).some((name) => /packed|node\.js|browser\.js/.test(name)), "it has the edge's entry alone");
  await serves(outfile);
});

test("Vite bundles the package without settings", async () => {
  const path = folder("vite", DEFAULT);
  // A bundler must not embed a module of this size in the code.
  await vite({ root: path, base: "./", configFile: false, logLevel: "silent", build: { outDir: "dist", emptyOutDir: true } });
  await answers(join(path, "dist"));
});

test("Vite bundles the credentials entry without settings, with its module", async () => {
  const path = folder("vite-credentials", DEFAULT, ASK_ROLE);
  await vite({ root: path, base: "./", configFile: false, logLevel: "silent", build: { outDir: "dist", emptyOutDir: true } });
  await answers(join(path, "dist"), 2);
});

test("Vite bundles the gateway entry without settings, with its module", async () => {
  const path = folder("vite-gateway", "", ASK_GATEWAY);
  await vite({ root: path, base: "./", configFile: false, logLevel: "silent", build: { outDir: "dist", emptyOutDir: true } });
  await answers(join(path, "dist"));
});

test("esbuild bundles a server with the credentials entry into one file without settings", async () => {
  const path = folder("credentials-file", DEFAULT, ASK_ROLE);
  writeFileSync(join(path, "server.js"), `${DEFAULT}${ASK_ROLE}ask(${JSON.stringify(bedrock.url)}).then(console.log);\n`);
  for (const [format, name] of [["esm", "server.mjs"], ["cjs", "server.cjs"]]) {
    const outfile = join(mkdtempSync(join(tmpdir(), "bedrock-chat-credentials-")), name);
    await esbuild({ entryPoints: [join(path, "server.js")], outfile, bundle: true, platform: "node", target: "node18", format, logLevel: "silent" });
    await serves(outfile);
  }
});

test("webpack bundles the package without settings", async () => {
  const path = folder("webpack", DEFAULT);
  const dist = join(path, "dist");
  const stats = await new Promise((resolve, reject) => {
    const config = { mode: "production", entry: join(path, "main.js"), output: { path: dist, filename: "main.js" }, performance: { hints: false } };
    webpack(config, (error, stats) => (error ? reject(error) : resolve(stats)));
  });
  assert.equal(stats.toString({ all: false, errors: true, warnings: true }), "");
  writeFileSync(join(dist, "index.html"), HTML);
  await answers(dist);
});
