// The same package, loaded by `require`.
import { type AmazonBedrockProvider, createAmazonBedrock } from "bedrock-chat/ai-sdk";

export const provider: AmazonBedrockProvider = createAmazonBedrock({ region: "us-east-1" });
