// A chat agent of Cloudflare Agents in workerd: a WebSocket, messages kept in SQLite, and the local Bedrock.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { localBedrock } from "../test/support/bedrock.mjs";
import { startWorker } from "../test/support/workerd.mjs";

const bedrock = await localBedrock();

test("chat agent streams a tool call over a WebSocket and keeps the conversation", async () => {
  const worker = await startWorker(fileURLToPath(new URL("agents.worker.js", import.meta.url)), {
    bindings: { settings: bedrock.settings },
    durableObjects: { ChatAgent: { className: "ChatAgent", useSQLite: true } },
  });
  try {
    const { webSocket } = await worker.dispatchFetch("http://worker/agents/chat-agent/room", { headers: { Upgrade: "websocket" } });
    let listener = () => {};
    webSocket.addEventListener("message", ({ data }) => listener(JSON.parse(data)));
    webSocket.accept();
    const messages = [];
    /** Sends the conversation with a further text. Returns the parts of the answer. */
    const ask = (text) => new Promise((done, failed) => {
      const id = randomUUID();
      const parts = [];
      listener = ({ type, id: of, body, error, done: isDone }) => {
        if (type !== "cf_agent_use_chat_response" || of !== id) return;
        if (error) failed(new Error(body));
        else if (body) parts.push(JSON.parse(body));
        if (isDone) done(parts);
      };
      messages.push({ id: randomUUID(), role: "user", parts: [{ type: "text", text }] });
      webSocket.send(JSON.stringify({ type: "cf_agent_use_chat_request", id, init: { method: "POST", body: JSON.stringify({ messages }) } }));
    });
    const parts = await ask("think about the weather in Paris");
    assert.equal(parts.find(({ type }) => type === "tool-output-available").output, "It is sunny in Paris.");
    assert.ok(parts.some(({ type }) => type === "reasoning-delta"));
    assert.match(parts.filter(({ type }) => type === "text-delta").map(({ delta }) => delta).join(""), /sunny in Paris/);
    // The agent has kept the answer, and the client sends only its own messages.
    const kept = await (await worker.dispatchFetch("http://worker/agents/chat-agent/room/get-messages")).json();
    assert.deepEqual(kept.map(({ role }) => role), ["user", "assistant"]);
    messages.splice(0, messages.length, ...kept);
    await ask("and again");
    const sent = (await bedrock.bodies()).at(-1).messages;
    assert.deepEqual(sent.map(({ role }) => role), ["user", "assistant", "user", "assistant", "user"]);
    // The local Bedrock accepts only reasoning that it has signed.
    assert.ok(sent[1].content[0].reasoningContent.reasoningText.signature);
    webSocket.close();
  } finally {
    await worker.dispose();
  }
});
