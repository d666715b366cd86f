// The provider of both versions of the AI SDK's specification.
import { noSuchModel } from "./ai-sdk-errors.js";
import type { AmazonBedrockChatModelSettings, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
import { AmazonBedrockChatLanguageModel } from "./ai-sdk-model.js";
import { problem } from "./error.js";

/** Creates a provider: a function that creates models, with the members that the AI SDK's registry calls. */
export function providerOf(settings: AmazonBedrockProviderSettings, version: 3 | 4): object {
  if (typeof settings !== "object" || !settings) throw problem("config", 'createAmazonBedrock takes an object, such as { region: "us-east-1" }');
  const languageModel = (modelId: string, own?: AmazonBedrockChatModelSettings) => new AmazonBedrockChatLanguageModel(modelId, { ...settings, ...own }, version);
  const missing = (modelType: string) => (modelId: string): never => {
    throw noSuchModel(modelId, modelType);
  };
  return Object.assign((modelId: string, own?: AmazonBedrockChatModelSettings) => languageModel(modelId, own), {
    specificationVersion: `v${version}`,
    languageModel,
    embeddingModel: missing("embeddingModel"),
    imageModel: missing("imageModel"),
    rerankingModel: missing("rerankingModel"),
  });
}
