// The clients that the benchmark compares. Each file in clients/ exports `create(network)`, which returns
// `stream(prompt)`, an async iterable of pieces of text.
import { Readable } from "node:stream";
import { HttpResponse } from "@smithy/protocol-http";
import { HEADERS, reads, response } from "./recording.js";

/** All clients: the name in the tables, the file, the API that it calls, and whether it is ours or a peer. */
export const CLIENTS = [
  { name: "bedrock-chat", file: "bedrock-chat", api: "invoke", kind: "ours" },
  { name: "bedrock-chat, Converse", file: "bedrock-chat-converse", api: "converse", kind: "ours" },
  { name: "bedrock-chat/langchain", file: "bedrock-chat-langchain", api: "invoke", kind: "ours" },
  { name: "LangChain.js BedrockChat", file: "langchain-bedrock-chat", api: "invoke", kind: "peer" },
  { name: "LangChain.js ChatBedrockConverse", file: "langchain-converse", api: "converse", kind: "peer" },
  { name: "@ai-sdk/amazon-bedrock", file: "ai-sdk", api: "converse", kind: "peer" },
  { name: "@anthropic-ai/bedrock-sdk", file: "anthropic-sdk", api: "invoke", kind: "peer" },
  { name: "LangChain.js without any client", file: "langchain-alone", api: "invoke", kind: "floor" },
  { name: "AWS SDK alone, InvokeModel", file: "aws-sdk", api: "invoke", kind: "floor", entry: "invokeModel" },
  { name: "AWS SDK alone, Converse", file: "aws-sdk", api: "converse", kind: "floor", entry: "converse" },
];

/** The clients for Node, each with its network replaced by a recording of its API. */
export async function inNode(recordings, words) {
  return Promise.all(
    CLIENTS.map(async (client) => {
      const bytes = recordings[client.api];
      const module = await import(`./clients/${client.file}.js`);
      const network = { fetch: async () => response(bytes), requestHandler: recorded(bytes), words };
      return { ...client, stream: module[client.entry ?? "default"](network) };
    }),
  );
}

/** A request handler of the AWS SDK that responds with a recording. */
function recorded(bytes) {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    handle: async () => ({
      response: new HttpResponse({ statusCode: 200, headers: HEADERS, body: Readable.from(reads(bytes), { objectMode: false }) }),
    }),
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}
