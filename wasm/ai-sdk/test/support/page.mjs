// Shared by the tests of pages in Chromium.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { openPage, recordLengths, startBrowser } from "../../../worker/harness/browser.mjs";

/** A question whose answer has many pieces. */
export const SEA = "Tell me of the sea, of the wind over it, and of all the ships that came home.";

/** Opens the page of a Worker for each test of a file, and passes it to `use`. An error of the page fails the test. */
export function pageOfWorker(start, use) {
  let worker, browser, page;
  const problems = [];
  before(async () => {
    worker = await start();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await worker?.dispose();
  });
  beforeEach(async () => {
    page = await openPage(browser);
    page.on("pageerror", ({ message }) => problems.push(message));
    await page.goto((await worker.ready).href);
    await use(page);
  });
  afterEach(async () => {
    await page.close();
    assert.deepEqual(problems.splice(0), []);
  });
}

/** Asks, and waits until the text of the selected element has had six lengths. `ask` sends a question from the page. */
export async function growsInPieces(page, bedrock, selector, ask) {
  await recordLengths(page, selector);
  await bedrock.fault({ path_contains: "stream", drip_ms: 150 });
  await ask(SEA);
  await page.waitForFunction(() => lengths.size >= 6);
}
