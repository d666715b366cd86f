// Written by wasm/scripts/options.mjs from wasm/options.json: change the table, not this file.

/** The options that the constructor and every call take, with the checks of their values. */
export const SETTINGS = {
  maxTokens: "whole",
  temperature: "number",
  topP: "number",
  topK: "whole",
  stop: "texts",
  modelKwargs: "object",
  tools: "list",
  toolChoice: "any",
  tool_choice: "any",
  parallelToolCalls: "flag",
  reasoning: "any",
  thinking: "object",
  reasoningDisplay: ["summarized", "omitted"],
  capabilities: "object",
  responseFormat: "object",
  response_format: "object",
  guardrailIdentifier: "text",
  guardrailVersion: "text",
  guardrailConfig: "guardrail",
  trace: "trace",
  promptCaching: "cache",
  fillMissingToolResults: "flag",
  latency: ["standard", "optimized"],
  serviceTier: ["default", "flex", "priority", "reserved"],
  anthropicBeta: "lines",
  requestMetadata: "pairs",
  responseFieldPaths: "lines",
  promptVariables: "pairs",
  timeout: "whole",
};

/** The options of a call alone. */
export const CALL = {
  signal: "signal",
};

/** The options that a batch has besides. */
export const BATCH = {
  maxConcurrency: "whole",
  returnExceptions: "flag",
};

/** The fields of the constructor alone. */
export const CONSTRUCTOR = {
  model: "text",
  region: "text",
  credentials: "credentials",
  apiKey: "text",
  awsAccessKeyId: "text",
  awsSecretAccessKey: "text",
  awsSessionToken: "text",
  endpointUrl: "text",
  endpointHost: "text",
  gatewayUrl: "text",
  headers: "pairs",
  fetch: "call",
  fetchFn: "call",
  api: ["invoke", "converse"],
  family: "text",
  applicationInferenceProfile: "text",
  fips: "flag",
  dualStack: "flag",
  signingName: "text",
  streaming: "flag",
  maxRetries: "whole",
  paidResend: "flag",
  maxConcurrency: "whole",
  firstByteTimeout: "whole",
  idleTimeout: "whole",
};

/** Options that the module reads as they are. */
export const PASSED_SETTINGS = [
  "maxTokens",
  "temperature",
  "topP",
  "topK",
  "stop",
  "modelKwargs",
  "parallelToolCalls",
  "capabilities",
  "promptCaching",
  "fillMissingToolResults",
  "latency",
  "serviceTier",
  "anthropicBeta",
  "requestMetadata",
  "responseFieldPaths",
  "promptVariables",
];

/** Fields of the constructor that the module reads as they are. */
export const PASSED_FIELDS = [
  "api",
  "fips",
  "dualStack",
  "signingName",
  "streaming",
  "maxRetries",
  "paidResend",
  "firstByteTimeout",
  "idleTimeout",
];

/** Options whose members are merged. */
export const MERGED = [
  "modelKwargs",
  "capabilities",
];

/** Two names of one option. */
export const SAME_SETTINGS = [
  ["toolChoice", "tool_choice"],
  ["reasoning", "thinking"],
  ["responseFormat", "response_format"],
];

/** Two names of one field of the constructor. */
export const SAME_FIELDS = [
  ["endpointUrl", "endpointHost"],
  ["fetch", "fetchFn"],
];

/** Options that LangChain's chat model has as properties, which every call may change. */
export const LANGCHAIN_SETTINGS = [
  "maxTokens",
  "temperature",
  "topP",
  "topK",
  "stop",
  "modelKwargs",
  "reasoning",
  "thinking",
  "reasoningDisplay",
  "capabilities",
  "guardrailIdentifier",
  "guardrailVersion",
  "guardrailConfig",
  "trace",
  "promptCaching",
  "fillMissingToolResults",
  "latency",
  "serviceTier",
  "anthropicBeta",
  "requestMetadata",
  "responseFieldPaths",
  "promptVariables",
  "timeout",
];

/** Fields that identify a LangChain model, besides its id and region: another endpoint may answer differently. */
export const LANGCHAIN_IDENTITY = [
  "endpointUrl",
  "endpointHost",
  "gatewayUrl",
  "api",
  "family",
  "applicationInferenceProfile",
];
