// The demo and Chromium, for all tests of a file. Screenshots go to a temporary folder, named at the end.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";
import { openPage, startBrowser } from "../../worker/harness/browser.mjs";
import { startDemo } from "../serve.mjs";

export const ECHO = "I am the local Bedrock's echo model. You said: ";

const shots = process.env.SCREENSHOTS || mkdtempSync(join(tmpdir(), "bedrock-chat-demo-"));
export let demo;
let browser;
before(async () => {
  demo = await startDemo({ worker: process.env.DEMO_WORKER || "typescript" });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await demo?.stop();
  console.log(`screenshots are in ${shots}`);
});

export let page;
let problems;
/** Opens a page in a separate browser context. Errors and requests to other hosts are reported. */
export async function open(settings = {}) {
  page = await openPage(browser, { viewport: { width: 1240, height: 820 }, ...settings });
  problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(demo.url) && !/^(data|blob):/.test(url)) problems.push(`the page asks ${url}`);
  });
  await page.goto(demo.url);
}
beforeEach(async () => {
  await demo.bedrock.clear();
  await open();
});
afterEach(async () => {
  assert.deepEqual(problems, []);
  await page.context().close();
});

export const shot = (name) => page.screenshot({ path: join(shots, `${name}.png`) });
export const reply = () => page.getByRole("article", { name: "Answer" }).last();
export const said = () => reply().locator("> .text");
export const note = () => reply().locator(".note");
export const trouble = (kind) => page.getByLabel("Simulated fault").selectOption(kind);

export async function ask(text) {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.keyboard.press("Enter");
}
