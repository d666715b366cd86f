import type { LanguageModelV3, ProviderV3 } from "@ai-sdk/provider";
import type { AmazonBedrockChatModelId, AmazonBedrockChatModelSettings, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
import { providerOf } from "./ai-sdk-provider.js";
import type { AnthropicTools } from "./ai-sdk-tools.js";

/** A provider of models for version 6 of the AI SDK: specification version 3. */
export interface AmazonBedrockProvider extends ProviderV3 {
  /** Creates a model. Nothing is sent and no setting is read before its first call. */
  (modelId: AmazonBedrockChatModelId, settings?: AmazonBedrockChatModelSettings): LanguageModelV3;
  languageModel(modelId: AmazonBedrockChatModelId, settings?: AmazonBedrockChatModelSettings): LanguageModelV3;
  /** Tools that Anthropic defines for Claude, such as `bash_20250124`. */
  tools: AnthropicTools;
  /** @deprecated Throws a `NoSuchModelError`: there are no embedding models here. `@ai-sdk/amazon-bedrock` has them. */
  embeddingModel(modelId: string, settings?: object): never;
  /** @deprecated Same as `embeddingModel`. */
  embedding(modelId: string, settings?: object): never;
  /** @deprecated Same as `embeddingModel`. */
  textEmbeddingModel(modelId: string, settings?: object): never;
  /** @deprecated Same as `embeddingModel`. */
  textEmbedding(modelId: string, settings?: object): never;
  /** @deprecated Throws a `NoSuchModelError`: there are no image models here. `@ai-sdk/amazon-bedrock` has them. */
  imageModel(modelId: string): never;
  /** @deprecated Same as `imageModel`. */
  image(modelId: string): never;
  /** @deprecated Throws a `NoSuchModelError`: there are no models for reranking here. `@ai-sdk/amazon-bedrock` has them. */
  rerankingModel(modelId: string): never;
  /** @deprecated Same as `rerankingModel`. */
  reranking(modelId: string): never;
}

/** Creates a provider. */
export function createAmazonBedrock(settings: AmazonBedrockProviderSettings = {}): AmazonBedrockProvider {
  return providerOf(settings, 3) as AmazonBedrockProvider;
}

/** The provider with the settings of the environment. */
export const bedrock: AmazonBedrockProvider = /* @__PURE__ */ createAmazonBedrock();

export type { AmazonBedrockChatModelId, AmazonBedrockChatModelSettings, AmazonBedrockCredentials, AmazonBedrockLanguageModelChatOptions, AmazonBedrockLanguageModelChatOptions as AmazonBedrockLanguageModelOptions, AmazonBedrockLanguageModelChatOptions as BedrockProviderOptions, AmazonBedrockProviderSettings, AnthropicProviderOptions } from "./ai-sdk-fields.js";
export { VERSION } from "./ai-sdk-version.js";
export { BedrockChatError, RateLimiter } from "./index.js";
