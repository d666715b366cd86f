// The suite in workerd, bundled by wrangler as for a deployment: by Miniflare, and by plain workerd.
import { get } from "node:http";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startBedrock } from "./support/server.mjs";
import { inMiniflare, inWorkerd } from "../worker/harness/serve.mjs";
import { askWorker, bundled } from "./support/workerd.mjs";
import { Bedrock } from "./suite/bedrock.js";
import { until } from "./suite/check.js";
import { names } from "./suite/index.js";

const bedrock = await startBedrock();
after(bedrock.stop);

const runtimes = [];
try {
  const bundle = await bundled("suite");
  runtimes.push({ name: "Miniflare", ...(await inMiniflare(bundle, {})) });
  runtimes.push({ name: "workerd", ...(await inWorkerd(bundle, {})) });
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
        const answer = await (await askWorker(to("run", { name }))).json();
        if (answer.error) throw new Error(answer.error);
      });
    }

    test("forty concurrent requests share one model in one isolate", async () => {
      const texts = await Promise.all(
        Array.from({ length: 40 }, async (_, number) => (await askWorker(to("chat", { text: `number ${number}.` }))).text()),
      );
      texts.forEach((text, number) => assert.match(text.replaceAll(/\n|event:.*|data:.*?"text":"|"}}/g, ""), new RegExp(`number ${number}\\.`)));
    });

    test("events are sent while the model answers, and a client that disconnects cancels the call", async () => {
      const local = new Bedrock(bedrock.url);
      await local.clear();
      await local.faults({ drip_ms: 60 });
      const outcome = async () => (await local.requests())[0].outcome;
      // Not `fetch`: it requests gzip, and Miniflare buffers compressed answers.
      const response = await new Promise((resolve, reject) => get(to("chat", { text: "hello there. ".repeat(200) }), resolve).on("error", reject));
      let text = "";
      for await (const piece of response.setEncoding("utf8")) {
        text += piece;
        if (text.split("text_delta").length > 8) break;
      }
      // The loop has closed the connection.
      await until(async () => (await outcome()) === "closed_by_client", "the server sees the close");
    });
  });
}
