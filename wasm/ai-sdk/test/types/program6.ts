// The same for version 6 of the AI SDK.
import { generateText, streamText, tool } from "ai-6";
import { type AmazonBedrockLanguageModelOptions, createAmazonBedrock } from "bedrock-chat/ai-sdk/v3";
import { z } from "zod";

const provider = createAmazonBedrock({ region: "us-east-1" });

export async function main(): Promise<void> {
  const weather = tool({ inputSchema: z.object({ location: z.string() }), execute: async ({ location }) => location });
  const { text } = await generateText({ model: provider("m"), prompt: "Hi", tools: { weather, bash: provider.tools.bash_20241022({ execute: async ({ command }) => command.trim() }) }, providerOptions: { bedrock: { reasoningConfig: { type: "enabled", budgetTokens: 1024 } } satisfies AmazonBedrockLanguageModelOptions } });
  streamText({ model: provider.languageModel("m", { family: "anthropic" }), prompt: text });
}
