// `useChat` in a page of Chromium, over a Worker in workerd that streams UI messages from the local Bedrock.
import { build } from "esbuild";
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { localBedrock } from "./support/bedrock.mjs";
import { SEA, growsInPieces, pageOfWorker } from "./support/page.mjs";
import { startWorker } from "./support/workerd.mjs";

const bedrock = await localBedrock();
const path = (name) => fileURLToPath(new URL(`chat/${name}`, import.meta.url));

let page;
pageOfWorker(async () => {
  const { outputFiles } = await build({ entryPoints: [path("page.jsx")], bundle: true, format: "esm", jsx: "automatic", define: { "process.env.NODE_ENV": '"production"' }, write: false, logLevel: "error" });
  return startWorker(path("worker.js"), { bindings: { settings: bedrock.settings, page: outputFiles[0].text } });
}, (opened) => (page = opened));

async function ask(text) {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.keyboard.press("Enter");
}
const status = (name) => page.locator(`main[data-status=${name}]`).waitFor();
/** Returns the classes and texts of the parts of the last answer. */
const parts = () => page.getByRole("article", { name: "assistant" }).last().locator("p").evaluateAll((all) => all.map(({ className, textContent }) => [className, textContent]));

test("text arrives in pieces in useChat", async () => {
  await growsInPieces(page, bedrock, "article:last-of-type .text", ask);
  await status("ready");
  assert.match((await parts()).at(-1)[1], /You said: Tell me of the sea.+came home\.$/);
});

test("useChat shows reasoning, a tool call with its result, and text", async () => {
  await ask("think about the weather in Paris");
  await page.locator(".tool[data-state=output-available]").waitFor();
  await status("ready");
  const shown = await parts();
  assert.deepEqual(shown.map(([name]) => name).filter((name, at, all) => name !== all[at - 1]), ["reasoning", "text", "tool", "reasoning", "text"]);
  assert.equal(shown.find(([name]) => name === "tool")[1], "Paris It is sunny in Paris.");
  assert.match(shown.at(-1)[1], /sunny in Paris/);
});

test("conversation of useChat is sent back with signed reasoning", async () => {
  await ask("think about the weather in Paris");
  await status("ready");
  await ask("and again");
  await page.getByText("You said: and again").waitFor();
  await status("ready");
  const { messages } = (await bedrock.bodies()).at(-1);
  assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant", "user", "assistant", "user"]);
  // The local Bedrock accepts only reasoning that it has signed.
  assert.ok(messages[1].content[0].reasoningContent.reasoningText.signature);
  assert.ok(messages[2].content[0].toolResult);
});

test("useChat shows an error, also in the middle of a stream", async () => {
  await bedrock.fault({ status: 400, error_type: "ValidationException", message: "The input is too strange." });
  await ask("hello");
  await status("error");
  assert.match(await page.getByRole("alert").textContent(), /ValidationException.+The input is too strange/);
  await bedrock.fault({ insert: [{ kind: "exception", exception_type: "throttlingException", message: "Slow down", at: 8 }] });
  await ask("hello again");
  await page.getByText("Slow down").waitFor();
  await status("error");
  await ask("and now");
  await page.locator("article:last-of-type .text", { hasText: /You said: .*and now/s }).waitFor();
  await status("ready");
});

test("stop of useChat closes the stream of Bedrock", async () => {
  await bedrock.fault({ path_contains: "stream", drip_ms: 200 });
  await ask(`${SEA} `.repeat(9));
  await page.locator(".text").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await status("ready");
  await bedrock.until(([{ outcome }]) => outcome === "closed_by_client");
});
