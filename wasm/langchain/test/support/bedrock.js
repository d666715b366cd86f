// Shared by the tests: a local Bedrock, models of both packages for it, and its recorded requests.
import { BedrockChat as Reference } from "@langchain/community/chat_models/bedrock/web";
import { concat } from "@langchain/core/utils/stream";
import { BedrockChat } from "bedrock-chat/langchain";
import { afterAll, afterEach, beforeAll } from "vitest";
import { startBedrock } from "../../../test/support/server.mjs";

export const CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1:0";
export const THINKER = "anthropic.claude-sonnet-4-5-20250929-v1:0";
export const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

/** A local Bedrock for the tests of a file; each test begins with a clean one. */
export function localBedrock() {
  let server;
  const bedrock = {
    get url() {
      return server.url;
    },
    get host() {
      return new URL(server.url).host;
    },
    /** Ours. */
    chat: (fields) => new BedrockChat({ model: CLAUDE, region: "us-east-1", credentials: KEYS, endpointUrl: server.url, ...fields }),
    /** LangChain's model, which supports only https. */
    reference: (fields) =>
      new Reference({
        model: CLAUDE,
        region: "us-east-1",
        credentials: KEYS,
        endpointHost: bedrock.host,
        fetchFn: (url, init) => fetch(String(url).replace("https:", "http:"), init),
        maxRetries: 0,
        ...fields,
      }),
    async fault(fault) {
      const response = await fetch(`${server.url}/_local/faults`, { method: "POST", body: JSON.stringify(fault) });
      if (!response.ok) throw new Error(await response.text());
    },
    requests: async () => (await fetch(`${server.url}/_local/requests`)).json(),
    /** The body of the last request. */
    body: async () => {
      const all = await bedrock.requests();
      const { body } = all.at(-1);
      return typeof body === "string" ? JSON.parse(body) : body;
    },
  };
  beforeAll(async () => {
    server = await startBedrock();
  });
  afterEach(() => fetch(`${server.url}/_local/`, { method: "DELETE" }));
  afterAll(() => server.stop());
  return bedrock;
}

/** All chunks of a stream, and their sum. */
export async function gather(stream) {
  const chunks = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return { chunks, whole: chunks.reduce((sum, chunk) => concat(sum, chunk)) };
}
