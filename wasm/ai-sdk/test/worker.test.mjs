// A Worker with the AI SDK in workerd: UI messages of a stream with tools.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { localBedrock } from "./support/bedrock.mjs";
import { startWorker } from "./support/workerd.mjs";

const bedrock = await localBedrock();

test("Worker streams UI messages with tool calls", async () => {
  const worker = await startWorker(fileURLToPath(new URL("chat/worker.js", import.meta.url)), { bindings: { settings: bedrock.settings } });
  try {
    const messages = [{ id: "1", role: "user", parts: [{ type: "text", text: "weather in Paris" }] }];
    const response = await worker.dispatchFetch("http://worker/api/chat", { method: "POST", body: JSON.stringify({ messages }) });
    const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: {"));
    const parts = lines.map((line) => JSON.parse(line.slice(6)));
    assert.equal(parts.find(({ type }) => type === "tool-output-available").output, "It is sunny in Paris.");
    assert.match(parts.filter(({ type }) => type === "text-delta").map(({ delta }) => delta).join(""), /sunny in Paris/);
    assert.equal(parts.at(-1).finishReason, "stop");
  } finally {
    await worker.dispose();
  }
});
