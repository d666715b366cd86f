// The suite in a page of Chromium, from the package's own files, without a bundler.
import { after, before, describe, test } from "node:test";
import { openPage, startBrowser } from "../worker/harness/browser.mjs";
import { serve } from "./support/files.mjs";
import { project } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";
import { names } from "./suite/index.js";

const ENTRIES = { "bedrock-chat": "browser", "bedrock-chat/credentials": "sources-browser", "bedrock-chat/manual": "manual", "bedrock-chat/sse": "sse-reader" };
const imports = Object.fromEntries(Object.entries(ENTRIES).map(([entry, name]) => [entry, `/node_modules/bedrock-chat/${name}.js`]));
const PAGE = `<!doctype html><title>suite</title><script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="/page.js"></script>`;

let browser, bedrock, files, page;
const problems = [];
before(async () => {
  browser = await startBrowser();
  [bedrock, files] = await Promise.all([startBedrock(), serve(project, PAGE)]);
  page = await openPage(browser);
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(files.url);
  await page.waitForFunction(() => globalThis.names).catch(() => {
    throw new Error(`the page does not load: ${problems.join("; ")}`);
  });
});
after(async () => {
  await browser?.close();
  files?.stop();
  bedrock?.stop();
});

describe("in a page of Chromium", () => {
  for (const name of names) {
    test(name, async () => {
      problems.length = 0;
      const error = await page.evaluate(([name, url]) => globalThis.run(name, url), [name, bedrock.url]);
      if (error) throw new Error(error);
      if (problems.length) throw new Error(`the page complains: ${problems.join("; ")}`);
    });
  }
});
