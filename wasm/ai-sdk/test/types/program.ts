// A program in TypeScript: it must compile without casts, and its marked mistakes must not.
import { NoSuchModelError, Output, ToolLoopAgent, createProviderRegistry, embed, generateText, streamText, tool, wrapLanguageModel, defaultSettingsMiddleware, type LanguageModel } from "ai";
import { type AmazonBedrockChatModelId, type AmazonBedrockLanguageModelChatOptions, type AnthropicProviderOptions, BedrockChatError, VERSION, amazonBedrock, bedrock, createAmazonBedrock } from "bedrock-chat/ai-sdk";
import { z } from "zod";

const provider = createAmazonBedrock({
  region: process.env.AWS_REGION,
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  credentialProvider: async () => ({ accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" }),
  headers: { "x-team": "blue" },
  fetch: globalThis.fetch,
  generateId: () => "id",
});
const model: LanguageModel = provider("us.anthropic.claude-sonnet-4-6");
const other = bedrock("openai.gpt-5.5", { api: "responses", service: "bedrock-mantle", promptCaching: "1h" });
const family = amazonBedrock.languageModel("arn:aws:bedrock:us-east-1:1:application-inference-profile/x", { modelFamily: "anthropic" });

export async function main(): Promise<void> {
  const weather = tool({ inputSchema: z.object({ location: z.string() }), execute: async ({ location }) => location });
  const options = { reasoningConfig: { type: "enabled", budgetTokens: 1024 }, serviceTier: "flex" } satisfies AmazonBedrockLanguageModelChatOptions;
  const { text } = await generateText({ model, prompt: "Hi", tools: { weather }, providerOptions: { bedrock: options } });
  const { output } = await generateText({ model: other, prompt: "Hi", output: Output.object({ schema: z.object({ name: z.string() }) }) });
  const name: string = output.name;
  for await (const part of streamText({ model: family, prompt: text }).fullStream) if (part.type === "error" && part.error instanceof BedrockChatError) part.error.kind;
  const tools = {
    bash: bedrock.tools.bash_20250124({ execute: async ({ command, restart }) => `${command.trim()} ${restart === true}` }),
    computer: bedrock.tools.computer_20250124({ displayWidthPx: 800, displayHeightPx: 600, execute: async ({ action, coordinate = [0, 0] }) => [action, ...coordinate].join(), toModelOutput: ({ output }) => ({ type: "text", value: output }) }),
    edit: bedrock.tools.textEditor_20250728({ maxCharacters: 100, execute: async ({ command, path }) => ({ command, path }) }),
    sandboxed: bedrock.tools.bash_20250124(),
    search: bedrock.tools.webSearch_20250305(),
  };
  const { toolResults } = await generateText({ model, prompt: "Hi", tools });
  for (const result of toolResults) if (!result.dynamic && result.toolName === "computer") result.output.toUpperCase();
  const shared = { bedrock: { promptVariables: { a: { text: "b" }, c: "d" } } satisfies { bedrock: AmazonBedrockLanguageModelChatOptions }["bedrock"], anthropic: { disableParallelToolUse: true } satisfies AnthropicProviderOptions };
  await generateText({ model, prompt: VERSION, providerOptions: shared });
  const id: AmazonBedrockChatModelId = "a.model";
  bedrock(id);
  const agent = new ToolLoopAgent({ model: provider("us.amazon.nova-lite-v1:0"), tools: { weather } });
  await agent.generate({ prompt: name });
  const registry = createProviderRegistry({ bedrock: provider });
  await generateText({ model: wrapLanguageModel({ model: registry.languageModel("bedrock:m"), middleware: defaultSettingsMiddleware({ settings: { temperature: 0 } }) }), prompt: "Hi" });
}

/** Models that this package does not have: the program compiles, and the call is an error with a type. */
export async function missing(): Promise<string> {
  try {
    await embed({ model: bedrock.embeddingModel("amazon.titan-embed-text-v2:0", {}), value: "Hi" });
    const image: never = bedrock.imageModel("amazon.nova-canvas-v1:0");
    return image;
  } catch (error) {
    if (NoSuchModelError.isInstance(error)) return `${error.modelType} ${error.modelId}`;
    throw error;
  }
}

// @ts-expect-error Options of models that are not here have no types.
export type { AmazonBedrockEmbeddingModelOptions } from "bedrock-chat/ai-sdk";
// @ts-expect-error A display has a size.
bedrock.tools.computer_20250124({});
// @ts-expect-error There is no such API.
bedrock("m", { api: "rest" });
// @ts-expect-error Regions are strings.
createAmazonBedrock({ region: 1 });
createAmazonBedrock({ credentials: "anonymous", gatewayUrl: "https://gateway.example" });
// @ts-expect-error Keys have other names here.
createAmazonBedrock({ credentials: { accessKeyId: "a", secretAccessKey: "b" } });
export const wrong: AmazonBedrockLanguageModelChatOptions = {
  // @ts-expect-error There is no such tier.
  serviceTier: "gold",
};
