// Records what LangChain.js posts to LangSmith: chats with `BedrockChat` (web) and `ChatBedrockConverse`,
// against a local Bedrock, into a server that writes down what it is sent.
//
//   cargo run -p local-bedrock -- --port 8787 &
//   npm install --legacy-peer-deps
//   node record.mjs http://127.0.0.1:8787
//   MULTIPART=true node record.mjs http://127.0.0.1:8787 invoke
//
// A second argument names the only chat to record, with `BedrockChat` alone.

import { createServer } from "node:http";
import { writeFileSync } from "node:fs";

const bedrock = new URL(process.argv[2] ?? "http://127.0.0.1:8787");
const credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const model = "anthropic.claude-3-haiku-20240307-v1:0";

// ---- the recording server ---------------------------------------------------------------------

let posts = [];
const only = process.argv[3];
const multipart = process.env.MULTIPART === "true";
const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    if (request.url === "/info") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ version: "0.0.0", batch_ingest_config: { use_multipart_endpoint: multipart } }));
      return;
    }
    posts.push({
      method: request.method,
      path: request.url,
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    });
    response.statusCode = 202;
    response.end("{}");
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

process.env.LANGSMITH_TRACING = "true";
process.env.LANGSMITH_API_KEY = "ls-test-key";
process.env.LANGSMITH_ENDPOINT = `http://127.0.0.1:${server.address().port}`;
process.env.LANGSMITH_PROJECT = "vectors";
process.env.LANGCHAIN_CALLBACKS_BACKGROUND = "true";

const { BedrockChat } = await import("@langchain/community/chat_models/bedrock/web");
const { ChatBedrockConverse } = await import("@langchain/aws");
const { BedrockRuntimeClient } = await import("@aws-sdk/client-bedrock-runtime");
const { HumanMessage, SystemMessage, AIMessage, ToolMessage } = await import("@langchain/core/messages");
const { RunnableLambda } = await import("@langchain/core/runnables");
const { awaitAllCallbacks } = await import("@langchain/core/callbacks/promises");

// ---- the chats --------------------------------------------------------------------------------

const reference = [
  new SystemMessage("You are a helpful assistant that translates English to French. Translate the user sentence."),
  new HumanMessage("I love programming."),
];
const weather = {
  name: "get_weather",
  description: "Get the current weather in a place.",
  schema: { type: "object", properties: { location: { type: "string" } }, required: ["location"] },
};
const picture =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

const web = (fields = {}) =>
  new BedrockChat({
    model,
    region: "us-east-1",
    credentials,
    endpointHost: bedrock.host,
    // The class always calls https; the local server speaks http.
    fetchFn: (url, init) => fetch(String(url).replace("https://", "http://"), init),
    maxRetries: 0,
    ...fields,
  });
const converse = (fields = {}) =>
  new ChatBedrockConverse({
    model,
    region: "us-east-1",
    credentials,
    client: new BedrockRuntimeClient({ region: "us-east-1", credentials, endpoint: bedrock.origin, maxAttempts: 1 }),
    maxRetries: 0,
    ...fields,
  });

async function drain(stream) {
  for await (const _ of stream);
}

const chats = {
  invoke: (chat) => chat({ temperature: 0.5, maxTokens: 100 }).invoke(reference, { stop: ["END"] }),
  stream: async (chat) => drain(await chat().stream(reference)),
  // Longer than runs are collected for: the run is posted when it begins, and patched when it has ended.
  "slow-stream": async (chat) => {
    const drip = { drip_ms: 150, times: 1 };
    await fetch(`${bedrock.origin}/_local/faults`, { method: "POST", body: JSON.stringify(drip) });
    await drain(await chat().stream(reference));
  },
  tools: (chat) =>
    chat()
      .bindTools([weather])
      .invoke([new HumanMessage("What is the weather in Paris?")]),
  "tool-results": (chat) =>
    chat()
      .bindTools([weather])
      .invoke([
        new HumanMessage("What is the weather in Paris?"),
        new AIMessage({
          content: "I look it up.",
          tool_calls: [{ id: "toolu_1", name: "get_weather", args: { location: "Paris" }, type: "tool_call" }],
        }),
        new ToolMessage({ content: "18 degrees", tool_call_id: "toolu_1" }),
      ]),
  picture: (chat) =>
    chat().invoke([
      new HumanMessage({
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: picture } },
        ],
      }),
    ]),
  error: (chat) => chat({ temperature: 5 }).invoke(reference),
  parent: (chat) =>
    RunnableLambda.from((input, config) =>
      chat().invoke(reference, { ...config, runName: "translate", tags: ["test"], metadata: { user: "u-1" } }),
    ).invoke("hello", { runName: "agent", tags: ["outer"] }),
};

// Waits until nothing more is posted: runs are collected for a quarter of a second.
async function quiet() {
  for (let seen = -1; posts.length === 0 || seen !== posts.length; ) {
    seen = posts.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

// ---- what differs from run to run is made the same --------------------------------------------

function normalised(value) {
  const ids = new Map();
  const stable = (id) => {
    if (!ids.has(id)) ids.set(id, `<id ${ids.size + 1}>`);
    return ids.get(id);
  };
  const text = (string) =>
    string
      .replaceAll(/\b\d{8}T\d{12}Z/g, "<time>")
      .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, stable)
      .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z/g, "<time>")
      .replaceAll(bedrock.host, "<host>")
      .replaceAll(/LangSmithFormBoundary\w+/g, "LangSmithFormBoundary")
      .replaceAll(/"end_time":\d+/g, '"end_time":"<time>"')
      // The stack after an error's message.
      .replaceAll(/\n\n[^]*\n\s+at [^]*/g, "\n\n<stack>");
  const walk = (value, key) => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map((item) => walk(item));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, key)]));
    if (key === "start_time" || key === "end_time") return "<time>";
    if (key === "latencyMs" || key === "invocationLatency" || key === "firstByteLatency") return "<number>";
    return value;
  };
  return walk(value);
}

for (const [kind, make] of [["bedrock-chat", web], ["converse", converse]]) {
  for (const [name, run] of Object.entries(chats)) {
    if (only && (name !== only || kind !== "bedrock-chat")) continue;
    posts = [];
    let failure;
    try {
      await run(make);
    } catch (error) {
      failure = error;
    }
    if ((failure !== undefined) !== (name === "error")) throw failure ?? new Error(`${name} did not fail`);
    await awaitAllCallbacks();
    await quiet();
    const recorded = posts.map(({ method, path, headers, body }) => ({
      method,
      path,
      headers: Object.fromEntries(["x-api-key", "content-type", "accept"].map((name) => [name, headers[name]])),
      body: headers["content-type"].startsWith("application/json") ? JSON.parse(body) : body,
    }));
    const file = new URL(`../${kind}-${name}${multipart ? ".multipart" : ""}.json`, import.meta.url);
    writeFileSync(file, JSON.stringify(normalised(recorded), null, 2) + "\n");
    console.log(file.pathname.split("/").pop(), posts.length, "posts");
  }
}
server.close();
process.exit(0);
