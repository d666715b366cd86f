// The suite in workerd, bundled by wrangler as for a deployment: by Miniflare, and by `workerd serve`.
import { get } from "node:http";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startBedrock } from "./support/server.mjs";
import { bundled, miniflare, plainWorkerd } from "./support/workerd.mjs";
import { names } from "./suite/index.js";

const bedrock = await startBedrock();
after(bedrock.stop);

const runtimes = [];
try {
  const bundle = await bundled("suite");
  runtimes.push(await miniflare(bundle));
  runtimes.push(await plainWorkerd(bundle));
} catch (error) {
  // Running child processes would keep this process from ending.
  bedrock.stop();
  await Promise.all(runtimes.map(({ stop }) => stop()));
  throw error;
}

for (const { name: runtime, url, stop } of runtimes) {
  after(stop);
  const to = (path, parameters) => {
    const target = new URL(path, url);
    target.search = new URLSearchParams({ bedrock: bedrock.url, ...parameters });
    return target;
  };
  describe(runtime, () => {
    for (const name of names) {
      test(name, async () => {
        const answer = await (await fetch(to("run", { name }))).json();
        if (answer.error) throw new Error(answer.error);
      });
    }

    test("forty concurrent requests share one model in one isolate", async () => {
      const texts = await Promise.all(
        Array.from({ length: 40 }, async (_, number) => (await fetch(to("chat", { text: `number ${number}.` }))).text()),
      );
      texts.forEach((text, number) => assert.match(text.replaceAll(/\n|event:.*|data:.*?"text":"|"}}/g, ""), new RegExp(`number ${number}\\.`)));
    });

    test("events are sent while the model answers, and a client that disconnects cancels the call", async () => {
      await fetch(`${bedrock.url}/_local/`, { method: "DELETE" });
      await fetch(`${bedrock.url}/_local/faults`, { method: "POST", body: JSON.stringify({ drip_ms: 60 }) });
      // Not `fetch`: it requests gzip, and Miniflare buffers compressed answers.
      const times = await new Promise((resolve, reject) => {
        const seen = [];
        get(to("chat", { text: "hello there. ".repeat(20) }), (response) => {
          response.on("data", () => {
            seen.push(Date.now());
            if (seen.length === 8) {
              response.destroy();
              resolve(seen);
            }
          });
        }).on("error", reject);
      });
      assert.ok(times.at(-1) - times[0] > 150, "pieces come one by one");
      for (let tries = 0; tries < 50; tries++) {
        const [{ outcome }] = await (await fetch(`${bedrock.url}/_local/requests`)).json();
        if (outcome === "closed_by_client") return;
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      assert.fail("the server did not see the close");
    });
  });
}
