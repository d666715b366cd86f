import { BedrockRuntimeClient, ConverseStreamCommand, InvokeModelWithResponseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { KEYS, MODEL, REGION } from "./fields.js";

/** Node passes a request handler, and a Worker an endpoint. */
const newClient = ({ requestHandler, endpoint }) =>
  new BedrockRuntimeClient({ region: REGION, credentials: KEYS, ...(endpoint ? { endpoint } : { requestHandler }) });

export function invokeModel(network) {
  const client = newClient(network);
  const utf8 = new TextDecoder();
  return async function* (prompt) {
    const body = JSON.stringify({ anthropic_version: "bedrock-2023-05-31", max_tokens: 1024, messages: [{ role: "user", content: prompt }] });
    const reply = await client.send(new InvokeModelWithResponseStreamCommand({ modelId: MODEL, contentType: "application/json", body }));
    for await (const event of reply.body) {
      const value = JSON.parse(utf8.decode(event.chunk.bytes));
      if (value.type === "content_block_delta") yield value.delta.text;
    }
  };
}

export function converse(network) {
  const client = newClient(network);
  return async function* (prompt) {
    const reply = await client.send(new ConverseStreamCommand({ modelId: MODEL, messages: [{ role: "user", content: [{ text: prompt }] }] }));
    for await (const event of reply.stream) if (event.contentBlockDelta) yield event.contentBlockDelta.delta.text;
  };
}
