import { AnthropicBedrock } from "@anthropic-ai/bedrock-sdk";
import { KEYS, MODEL, REGION } from "./fields.js";

export default function create({ fetch }) {
  const client = new AnthropicBedrock({ awsRegion: REGION, awsAccessKey: KEYS.accessKeyId, awsSecretKey: KEYS.secretAccessKey, fetch });
  return async function* (prompt) {
    const request = { model: MODEL, max_tokens: 1024, messages: [{ role: "user", content: prompt }], stream: true };
    for await (const event of await client.messages.create(request)) {
      if (event.type === "content_block_delta") yield event.delta.text;
    }
  };
}
