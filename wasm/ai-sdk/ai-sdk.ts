import type { LanguageModelV4, ProviderV4 } from "@ai-sdk/provider";
import type { AmazonBedrockChatModelSettings, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
import { providerOf } from "./ai-sdk-provider.js";

/** A provider of models for version 7 of the AI SDK: specification version 4. */
export interface AmazonBedrockProvider extends ProviderV4 {
  /** Creates a model. Nothing is sent and no setting is read before its first call. */
  (modelId: string, settings?: AmazonBedrockChatModelSettings): LanguageModelV4;
  languageModel(modelId: string, settings?: AmazonBedrockChatModelSettings): LanguageModelV4;
  /** Throws: there are no embedding models. */
  embeddingModel(modelId: string): never;
  /** Throws: there are no image models. */
  imageModel(modelId: string): never;
}

/** Creates a provider. */
export function createAmazonBedrock(settings: AmazonBedrockProviderSettings = {}): AmazonBedrockProvider {
  return providerOf(settings, 4) as AmazonBedrockProvider;
}

/** The provider with the settings of the environment. */
export const amazonBedrock: AmazonBedrockProvider = /* @__PURE__ */ createAmazonBedrock();

/** The same provider by its earlier name. */
export const bedrock: AmazonBedrockProvider = amazonBedrock;

export type { AmazonBedrockChatModelSettings, AmazonBedrockCredentials, AmazonBedrockLanguageModelChatOptions, AmazonBedrockLanguageModelChatOptions as AmazonBedrockLanguageModelOptions, AmazonBedrockLanguageModelChatOptions as BedrockProviderOptions, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
export { BedrockChatError } from "./index.js";
