import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { HANGS } from "../../test/suite/check.js";
import { run } from "./run.mjs";

/** Flags that Chromium needs in a container, and flags that keep it off the network. */
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** Starts Chromium: the program in CHROMIUM, or the system's, which `apt-get` installs if it is missing. */
export async function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM || (await installed()), headless: true, args: FLAGS, timeout: HANGS });
}

/** Opens a page in a separate browser context. */
export async function openPage(browser, settings) {
  const page = await browser.newPage(settings);
  page.setDefaultTimeout(HANGS);
  return page;
}

/** Records the lengths that the text of the selected element has. A test that asks for them would be too late at times. */
export function recordLengths(page, selector) {
  return page.evaluate((selector) => {
    globalThis.lengths = new Set();
    const record = () => lengths.add(document.querySelector(selector)?.textContent.length ?? 0);
    new MutationObserver(record).observe(document.body, { subtree: true, childList: true, characterData: true });
  }, selector);
}

async function installed() {
  const found = ["chromium", "chromium-browser", "google-chrome"].map(pathOf).find(Boolean);
  if (found) return found;
  console.log("installing chromium with apt-get");
  const install = ["install", "--yes", "--quiet", "--no-install-recommends", "chromium"];
  try {
    await apt(install).catch(async () => {
      await apt(["update", "--quiet"]);
      await apt(install);
    });
  } catch (error) {
    throw new Error(`these tests need Chromium: install it, or name one in the variable CHROMIUM\n${error.message}`);
  }
  return pathOf("chromium");
}

/** Two test files may install Chromium at the same time: the second one waits. */
async function apt(words) {
  const root = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const [program, ...args] = [...root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", ...words];
  await run(program, args);
}

/** Returns the path of a program on PATH. */
function pathOf(name) {
  const paths = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
  return paths.find((path) => existsSync(path));
}
