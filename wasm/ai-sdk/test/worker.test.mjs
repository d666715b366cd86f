// A Worker with the AI SDK in workerd: UI messages of a stream with tools.
import { build } from "esbuild";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { localBedrock } from "./support/bedrock.mjs";

const { Miniflare } = createRequire(new URL("../../package.json", import.meta.url))("miniflare");
const bedrock = await localBedrock();

const WORKER = `
import { isStepCount, streamText, tool } from "ai";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import { z } from "zod";

const get_weather = tool({ inputSchema: z.object({ location: z.string() }), execute: async ({ location }) => "sunny in " + location });
export default {
  async fetch(request, { settings }) {
    const model = createAmazonBedrock(settings)("us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    return streamText({ model, prompt: "weather in Paris", tools: { get_weather }, stopWhen: isStepCount(3) }).toUIMessageStreamResponse();
  },
};`;

test("Worker streams UI messages with tool calls", async () => {
  const { outputFiles } = await build({
    stdin: { contents: WORKER, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true, minify: true, format: "esm", target: "es2022", conditions: ["workerd", "worker", "browser"], write: false, outdir: "/out", loader: { ".wasm": "copy" }, assetNames: "[name]", external: ["node:*"], logLevel: "error",
  });
  const modules = outputFiles.map(({ path, contents }) => ({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path: path.replace(/^.*[/\\]/, ""), contents }));
  // The first module is the Worker.
  modules.sort(({ type }) => (type === "ESModule" ? -1 : 1));
  const worker = new Miniflare({ modules, compatibilityDate: "2026-01-01", compatibilityFlags: ["nodejs_compat"], bindings: { settings: bedrock.settings } });
  try {
    const lines = (await (await worker.dispatchFetch("http://worker/")).text()).split("\n").filter((line) => line.startsWith("data: {"));
    const parts = lines.map((line) => JSON.parse(line.slice(6)));
    assert.equal(parts.find(({ type }) => type === "tool-output-available").output, "sunny in Paris");
    assert.match(parts.filter(({ type }) => type === "text-delta").map(({ delta }) => delta).join(""), /sunny in Paris/);
    assert.equal(parts.at(-1).finishReason, "stop");
  } finally {
    await worker.dispose();
  }
});
