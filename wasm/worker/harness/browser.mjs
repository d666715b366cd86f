import { spawnSync } from "node:child_process";
import { chromium } from "playwright-core";
import { run } from "./run.mjs";

/** What Chromium needs in a container, and what keeps it off the network. */
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** Starts Chromium: the one that CHROMIUM names, or the system's, which is installed if it is missing. */
export async function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM || (await installed()), headless: true, args: FLAGS });
}

async function installed() {
  const found = () => ["chromium", "chromium-browser", "google-chrome"].map((name) => spawnSync("which", [name], { encoding: "utf8" }).stdout.trim()).find(Boolean);
  if (found()) return found();
  console.log("installing chromium with apt-get");
  const apt = process.getuid() === 0 ? ["apt-get"] : ["sudo", "-n", "apt-get"];
  const install = [...apt, "install", "--yes", "--quiet", "--no-install-recommends", "chromium"];
  const root = (words) => run(words[0], words.slice(1), { env: { DEBIAN_FRONTEND: "noninteractive" } });
  await root(install).catch(async () => {
    await root([...apt, "update", "--quiet"]);
    await root(install);
  });
  if (!found()) throw new Error("Chromium is not there: install it, or name it in CHROMIUM");
  return found();
}
