// The same package, loaded by `require`.
import { BedrockChat, type GuardrailConfig } from "bedrock-chat/langchain";

export const chat: BedrockChat = new BedrockChat({ model: "m", region: "us-east-1" });
export const guardrail: GuardrailConfig = { tagSuffix: "xyz" };
