// The Rust template, copied to an empty folder: its README alone must be enough.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, test } from "node:test";
import { TOKEN, ask, textOf } from "../harness/ask.mjs";
import { ACCESS_KEY, startBedrock } from "../harness/bedrock.mjs";
import { described } from "../harness/build.mjs";
import { repository, run, target, workers } from "../harness/run.mjs";
import { inMiniflare } from "../harness/serve.mjs";

const rust = join(workers, "rust");
const wasm = resolve(workers, "..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: rust, encoding: "utf8" }).trim().split("\n");
const place = realpathSync(mkdtempSync(join(tmpdir(), "bedrock-chat-template-")));
after(() => rmSync(place, { recursive: true, force: true }));

test("the Rust template has no path out of its folder", () => {
  for (const file of files) assert.doesNotMatch(readFileSync(join(rust, file), "utf8"), /\.\.\//, file);
});

test("the Rust template ignores its secrets and what it builds", () => {
  const folder = join(place, "ignored");
  copy(folder);
  execFileSync("git", ["init", "--quiet"], { cwd: folder });
  for (const name of [".dev.vars", ".dev.vars.production", "dist/x", "node_modules/x", "target/x", "bindgen/target/x", ".wrangler/x"]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), "");
  }
  const untracked = execFileSync("git", ["ls-files", "--others", "--exclude-standard"], { cwd: folder, encoding: "utf8" });
  assert.deepEqual(untracked.trim().split("\n").sort(), [...files].sort());
});

test("the Rust template builds and answers in an empty folder", { timeout: 1_800_000 }, async () => {
  const folder = join(place, "copied/gateway");
  copy(folder);
  // Replaces the registry, which does not have the crate of this commit.
  mkdirSync(join(place, "copied/.cargo"));
  writeFileSync(join(place, "copied/.cargo/config.toml"), `[patch.crates-io]\nbedrock-chat = { path = ${JSON.stringify(repository)} }\n`);
  await run(join(wasm, "scripts/npm-ci"), [wasm]);
  await run(join(wasm, "scripts/npm-ci"), [join(wasm, "size")]);
  // Replaces `npm install`, with the versions of package.json.
  const { devDependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  for (const [name, from] of [["wrangler", wasm], ["binaryen", join(wasm, "size")]]) {
    const installed = join(from, "node_modules", name);
    assert.equal(JSON.parse(readFileSync(join(installed, "package.json"), "utf8")).version, devDependencies[name]);
    mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
    symlinkSync(installed, join(folder, "node_modules", name));
  }
  symlinkSync(join(wasm, "size/node_modules/.bin/wasm-opt"), join(folder, "node_modules/.bin/wasm-opt"));
  const wrangler = join(wasm, "node_modules/.bin/wrangler");
  // A separate target folder: cargo writes the modules of both copies to one file, and would take this one for that of
  // the repository.
  const env = { WRANGLER_SEND_METRICS: "false", CI: "1", CARGO_TARGET_DIR: join(target, "template") };
  await run(join(wasm, "scripts/wasm32"), [wrangler, "deploy", "--dry-run", "--outdir", "out"], { cwd: folder, env });

  const bedrock = await startBedrock();
  const settings = { ...ACCESS_KEY, AWS_REGION: "us-east-1", BEDROCK_ENDPOINT: bedrock.url, ACCESS_TOKEN: TOKEN };
  const server = await inMiniflare(described(folder, "index.mjs"), settings);
  try {
    const answer = await ask(`${server.url}/v1/messages`, { model: "us.anthropic.claude-sonnet-4-6", max_tokens: 99, stream: true, messages: [{ role: "user", content: "x" }] });
    assert.match(textOf(await answer.events()), /You said: x$/);
  } finally {
    await server.stop();
    await bedrock.stop();
  }
});

/** Copies the files of the template. */
function copy(folder) {
  for (const file of files) cpSync(join(rust, file), join(folder, file));
}
