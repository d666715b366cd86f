// The example wasm/examples/react: its page in Chromium, over its Worker in workerd. It is here for React and Vite.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { localBedrock } from "./support/bedrock.mjs";
import { SEA, growsInPieces, pageOfWorker } from "./support/page.mjs";
import { startWorker } from "./support/workerd.mjs";

const require = createRequire(new URL("../../package.json", import.meta.url));
const example = fileURLToPath(new URL("../../examples/react/", import.meta.url));
const bedrock = await localBedrock();
const folder = mkdtempSync(join(tmpdir(), "bedrock-chat-react-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let page;
pageOfWorker(async () => {
  // A copy, installed and built like a user's, with the packages of these tests.
  for (const name of execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: example, encoding: "utf8" }).trim().split("\n")) {
    cpSync(join(example, name), join(folder, name));
  }
  symlinkSync(fileURLToPath(new URL("../node_modules", import.meta.url)), join(folder, "node_modules"));
  const { build } = await import(pathToFileURL(require.resolve("vite")).href);
  await build({ root: folder, configFile: false, logLevel: "warn" });
  const bindings = { BEDROCK_API_KEY: "bedrock-api-key-local-test", ACCESS_TOKEN: "open sesame", AWS_REGION: "us-east-1", MODEL: "us.anthropic.claude-sonnet-4-6", BEDROCK_ENDPOINT: bedrock.settings.baseURL };
  const assets = { directory: join(folder, "dist"), binding: "ASSETS", routerConfig: { has_user_worker: true } };
  return startWorker(join(folder, "src/worker.js"), { bindings, assets, compatibilityFlags: ["enable_request_signal"] });
}, async (opened) => {
  page = opened;
  await page.getByLabel("Access token").fill("open sesame");
});

async function ask(text) {
  await page.getByLabel("Message").fill(text);
  await page.keyboard.press("Enter");
}
const ready = () => page.locator("main[aria-busy=false]").waitFor();
const answer = () => page.getByRole("article", { name: "assistant" }).last();

test("React page shows the answer while it arrives", async () => {
  await growsInPieces(page, bedrock, "[aria-label=assistant]", ask);
  await ready();
  assert.match(await answer().textContent(), /You said: Tell me of the sea.+came home\.$/);
});

test("React page sends the conversation with the next question", async () => {
  await ask("hello");
  await ready();
  await ask("and again");
  await ready();
  assert.match(await answer().textContent(), /and again/);
  assert.deepEqual((await bedrock.bodies()).at(-1).messages.map(({ role }) => role), ["user", "assistant", "user"]);
});

test("React page keeps what had arrived when a stream breaks", async () => {
  await bedrock.fault({ path_contains: "stream", cut_after_frames: 12 });
  await ask(SEA);
  await page.getByRole("alert").getByText("the answer could not be completed").waitFor();
  assert.match(await answer().textContent(), /You said/);
});

test("React page says why a request was refused", async () => {
  await page.getByLabel("Access token").fill("open barley");
  await ask("hello");
  await page.getByRole("alert").getByText("the access token is missing or wrong").waitFor();
  assert.equal((await bedrock.requests()).length, 0);
});

test("stop in the React page ends the model's call", async () => {
  await bedrock.fault({ path_contains: "stream", drip_ms: 200 });
  await ask(`${SEA} `.repeat(9));
  await answer().waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await ready();
  await bedrock.until(([{ outcome }]) => outcome === "closed_by_client");
});

test("React page loads no WebAssembly", () => {
  const files = execFileSync("find", [join(folder, "dist"), "-type", "f"], { encoding: "utf8" }).trim().split("\n");
  assert.deepEqual(files.filter((name) => !/\.(html|js)$/.test(name)), []);
  assert.ok(!files.some((name) => readFileSync(name, "utf8").includes("WebAssembly")));
});
