// The provider of both versions of the AI SDK's specification.
import { noSuchModel } from "./ai-sdk-errors.js";
import type { AmazonBedrockChatModelSettings, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
import { AmazonBedrockChatLanguageModel } from "./ai-sdk-model.js";
import { anthropicTools } from "./ai-sdk-tools.js";
import { withCache } from "./credentials.js";
import { problem } from "./error.js";
import { RateLimiter } from "./index.js";

/** Creates a provider: a function that creates models, with the members that the AI SDK's registry calls. */
export function providerOf(settings: AmazonBedrockProviderSettings, version: 3 | 4): object {
  if (typeof settings !== "object" || !settings) throw problem("config", 'createAmazonBedrock takes an object, such as { region: "us-east-1" }');
  const common = shared(settings);
  const languageModel = (modelId: string, own?: AmazonBedrockChatModelSettings) => new AmazonBedrockChatLanguageModel(modelId, shared({ ...common, ...own }), version);
  const missing = (modelType: string) => (modelId: string): never => {
    throw noSuchModel(modelId, modelType);
  };
  const [embeddingModel, imageModel, rerankingModel] = ["embeddingModel", "imageModel", "rerankingModel"].map(missing);
  return Object.assign((modelId: string, own?: AmazonBedrockChatModelSettings) => languageModel(modelId, own), {
    specificationVersion: `v${version}`,
    languageModel,
    tools: anthropicTools,
    embeddingModel,
    embedding: embeddingModel,
    textEmbeddingModel: embeddingModel,
    textEmbedding: embeddingModel,
    imageModel,
    image: imageModel,
    rerankingModel,
    reranking: rerankingModel,
  });
}

/** Returns settings whose keys and rate limiter all models and calls share. */
function shared(settings: AmazonBedrockProviderSettings): AmazonBedrockProviderSettings {
  const { credentialProvider, rateLimiter } = settings;
  return {
    ...settings,
    ...(credentialProvider ? { credentialProvider: withCache(credentialProvider) } : {}),
    ...(rateLimiter ? { rateLimiter: RateLimiter.of(rateLimiter) } : {}),
  };
}
