import type { LanguageModelV4, ProviderV4 } from "@ai-sdk/provider";
import type { AmazonBedrockChatModelId, AmazonBedrockChatModelSettings, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
import { providerOf } from "./ai-sdk-provider.js";
import type { AnthropicTools } from "./ai-sdk-tools.js";

/** A provider of models for version 7 of the AI SDK: specification version 4. */
export interface AmazonBedrockProvider extends ProviderV4 {
  /** Creates a model. Nothing is sent and no setting is read before its first call. */
  (modelId: AmazonBedrockChatModelId, settings?: AmazonBedrockChatModelSettings): LanguageModelV4;
  languageModel(modelId: AmazonBedrockChatModelId, settings?: AmazonBedrockChatModelSettings): LanguageModelV4;
  /** Tools that Anthropic defines for Claude, such as `bash_20250124`. */
  tools: AnthropicTools;
  /** Throws: there are no embedding models. So do the other names of the original provider. */
  embeddingModel(modelId: string): never;
  embedding(modelId: string): never;
  textEmbeddingModel(modelId: string): never;
  textEmbedding(modelId: string): never;
  /** Throws: there are no image models. */
  imageModel(modelId: string): never;
  image(modelId: string): never;
  /** Throws: there are no models for reranking. */
  rerankingModel(modelId: string): never;
  reranking(modelId: string): never;
}

/** Creates a provider. */
export function createAmazonBedrock(settings: AmazonBedrockProviderSettings = {}): AmazonBedrockProvider {
  return providerOf(settings, 4) as AmazonBedrockProvider;
}

/** The provider with the settings of the environment. */
export const amazonBedrock: AmazonBedrockProvider = /* @__PURE__ */ createAmazonBedrock();

/** The same provider by its earlier name. */
export const bedrock: AmazonBedrockProvider = amazonBedrock;

export type { AmazonBedrockChatModelId, AmazonBedrockChatModelSettings, AmazonBedrockCredentials, AmazonBedrockLanguageModelChatOptions, AmazonBedrockLanguageModelChatOptions as AmazonBedrockLanguageModelOptions, AmazonBedrockLanguageModelChatOptions as BedrockProviderOptions, AmazonBedrockProviderSettings, AnthropicProviderOptions } from "./ai-sdk-fields.js";
export { VERSION } from "./ai-sdk-version.js";
export { BedrockChatError, RateLimiter } from "./index.js";
