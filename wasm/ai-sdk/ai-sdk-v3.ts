import type { LanguageModelV3, ProviderV3 } from "@ai-sdk/provider";
import type { AmazonBedrockChatModelSettings, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
import { providerOf } from "./ai-sdk-provider.js";

/** A provider of models for version 6 of the AI SDK: specification version 3. */
export interface AmazonBedrockProvider extends ProviderV3 {
  /** Creates a model. Nothing is sent and no setting is read before its first call. */
  (modelId: string, settings?: AmazonBedrockChatModelSettings): LanguageModelV3;
  languageModel(modelId: string, settings?: AmazonBedrockChatModelSettings): LanguageModelV3;
  /** Throws: there are no embedding models. */
  embeddingModel(modelId: string): never;
  /** Throws: there are no image models. */
  imageModel(modelId: string): never;
}

/** Creates a provider. */
export function createAmazonBedrock(settings: AmazonBedrockProviderSettings = {}): AmazonBedrockProvider {
  return providerOf(settings, 3) as AmazonBedrockProvider;
}

/** The provider with the settings of the environment. */
export const bedrock: AmazonBedrockProvider = /* @__PURE__ */ createAmazonBedrock();

export type { AmazonBedrockChatModelSettings, AmazonBedrockCredentials, AmazonBedrockLanguageModelChatOptions, AmazonBedrockLanguageModelChatOptions as BedrockProviderOptions, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
export { BedrockChatError } from "./index.js";
