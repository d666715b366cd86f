/// <reference lib="es2020" preserve="true" />
export { capabilities } from "./capabilities.js";
export { BedrockChat } from "./chat.js";
export { BedrockChatError, type BedrockChatErrorKind } from "./error.js";
export type * from "./fields.js";
export { RateLimiter } from "./limiter.js";
export type { StructuredConfig, StructuredMethod } from "./hold.js";
export { mintApiKey } from "./mint.js";
export type { FoundationModel, InferenceProfile, InferenceProfileType, MantleModel } from "./operations.js";
export { AIMessage, AIMessageChunk, type FallbackMetadata, type InvalidToolCall, type ResponseMetadata, type ToolCall, type ToolCallChunk, type UsageMetadata } from "./reply.js";
export { type SseOptions, sseResponse, toSSE } from "./sse.js";
export { ChatStream } from "./stream.js";
export type { StructuredChat, WithRaw } from "./structured.js";
