// Shared by the tests: a local Bedrock, and providers of both packages for it.
import { createAmazonBedrock as createReference } from "@ai-sdk/amazon-bedrock";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import { after, afterEach } from "node:test";
import { until } from "../../../test/suite/check.js";
import { startBedrock } from "../../../test/support/server.mjs";

export const CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
export const NOVA = "us.amazon.nova-lite-v1:0";

/** Starts a local Bedrock for the tests of a file; each test begins with a clean one. */
export async function localBedrock() {
  const server = await startBedrock();
  after(server.stop);
  const reset = () => fetch(`${server.url}/_local/`, { method: "DELETE" });
  afterEach(reset);
  const requests = async () => (await fetch(`${server.url}/_local/requests`)).json();
  const settings = { region: "us-east-1", accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", baseURL: server.url };
  return {
    settings,
    reset,
    ours: createAmazonBedrock(settings),
    reference: createReference(settings),
    async fault(fault) {
      const response = await fetch(`${server.url}/_local/faults`, { method: "POST", body: JSON.stringify(fault) });
      if (!response.ok) throw new Error(await response.text());
    },
    requests,
    /** The bodies of all requests. */
    bodies: async () => (await requests()).map(({ body }) => JSON.parse(body)),
    /** Waits until a condition on the received requests holds. */
    until: (holds) => until(async () => holds(await requests()), `the requests fit ${holds}`),
  };
}

export const user = (...content) => ({ role: "user", content: content.map((part) => (typeof part === "string" ? { type: "text", text: part } : part)) });

/** All parts of a stream. */
export async function gather(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}
