import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { KEYS, MODEL, REGION } from "./fields.js";

export default function create({ fetch }) {
  const model = createAmazonBedrock({ region: REGION, ...KEYS, fetch })(MODEL);
  return async function* (prompt) {
    const { stream } = await model.doStream({ prompt: [{ role: "user", content: [{ type: "text", text: prompt }] }] });
    for await (const part of stream) if (part.type === "text-delta") yield part.delta;
  };
}
