/// <reference lib="es2020" />
import type {
  BatchOptions,
  BedrockChatFields,
  BoundOptions,
  CallOptions,
  ContentBlock,
  JsonSchema,
  Messages,
  SchemaOutput,
  StandardSchema,
  Tool,
  ZodLike,
  Capabilities,
} from "./fields.js";
export type * from "./fields.js";
export interface ToolCall {
  name: string;
  args: Record<string, unknown>;
  id: string;
  type: "tool_call";
}
export interface InvalidToolCall {
  name: string;
  args: string;
  id: string;
  error: string;
  type: "invalid_tool_call";
}
export interface ToolCallChunk {
  name?: string | undefined;
  args?: string | undefined;
  id?: string | undefined;
  index: number;
  type: "tool_call_chunk";
}
export interface UsageMetadata {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  input_token_details: { cache_read: number; cache_creation: number };
  output_token_details: { reasoning: number };
}
export interface ResponseMetadata {
  model?: string;
  model_name?: string;
  stop_reason?: string;
  stop_sequence?: string | null;
  request_id?: string;
  [key: string]: unknown;
}
export class AIMessage {
  constructor(fields?: string | Partial<Pick<AIMessage, "content" | "tool_calls" | "invalid_tool_calls" | "usage_metadata" | "response_metadata" | "additional_kwargs" | "id">>);
  type: "ai";
  content: string | ContentBlock[];
  tool_calls: ToolCall[];
  invalid_tool_calls: InvalidToolCall[];
  usage_metadata?: UsageMetadata;
  response_metadata: ResponseMetadata;
  additional_kwargs: Record<string, unknown>;
  id?: string;
  readonly responseHeaders?: { [name: string]: string } | undefined;
  get text(): string;
  getType(): "ai";
}
export class AIMessageChunk {
  constructor(fields?: Partial<Pick<AIMessageChunk, "content" | "tool_call_chunks" | "usage_metadata" | "response_metadata" | "additional_kwargs" | "id">>);
  type: "ai";
  content: string | ContentBlock[];
  tool_call_chunks: ToolCallChunk[];
  usage_metadata?: UsageMetadata;
  response_metadata: ResponseMetadata;
  additional_kwargs: Record<string, unknown>;
  id?: string;
  get text(): string;
  get tool_calls(): ToolCall[];
  get invalid_tool_calls(): InvalidToolCall[];
  getType(): "ai";
  concat(other: AIMessageChunk): AIMessageChunk;
  toJSON(): object;
}
type AsyncDispose = SymbolConstructor extends { readonly asyncDispose: infer Name extends symbol } ? Name : never;
export interface ChatStream extends Record<AsyncDispose, () => Promise<void>> {}
export class ChatStream implements AsyncIterableIterator<AIMessageChunk> {
  private constructor();
  readonly requestId: string | undefined;
  get soFar(): AIMessage | undefined;
  next(): Promise<IteratorResult<AIMessageChunk, undefined>>;
  return(value?: unknown): Promise<IteratorResult<AIMessageChunk, undefined>>;
  throw(error?: unknown): Promise<IteratorResult<AIMessageChunk, undefined>>;
  [Symbol.asyncIterator](): this;
  text(): AsyncGenerator<string, void, undefined>;
  message(): Promise<AIMessage>;
  toReadableStream(): ReadableStream<AIMessageChunk>;
}
export type StructuredMethod = "functionCalling" | "jsonSchema" | "jsonMode";
export interface StructuredConfig<IncludeRaw extends boolean = false> {
  name?: string | undefined;
  method?: StructuredMethod | undefined;
  includeRaw?: IncludeRaw | undefined;
  strict?: boolean | undefined;
}
export type WithRaw<T> = { raw: AIMessage; parsed: T; parsingError?: undefined } | { raw: AIMessage; parsed: null; parsingError: BedrockChatError };
export interface StructuredChat<T, Result = T> {
  invoke(messages: Messages, options?: CallOptions): Promise<Result>;
  stream(messages: Messages, options?: CallOptions): Promise<AsyncGenerator<T extends object ? Partial<T> : T, void, undefined>>;
  batch(inputs: readonly Messages[], options?: BatchOptions & { returnExceptions: true }): Promise<(Result | Error)[]>;
  batch(inputs: readonly Messages[], options?: BatchOptions): Promise<Result[]>;
}
export class BedrockChat {
  constructor(fields: BedrockChatFields);
  readonly model: string;
  invoke(messages: Messages, options?: CallOptions): Promise<AIMessage>;
  stream(messages: Messages, options?: CallOptions): Promise<ChatStream>;
  batch(inputs: readonly Messages[], options: BatchOptions & { returnExceptions: true }): Promise<(AIMessage | Error)[]>;
  batch(inputs: readonly Messages[], options?: BatchOptions): Promise<AIMessage[]>;
  complete(prompt: string, options?: CallOptions): Promise<AIMessage>;
  countTokens(messages: Messages, options?: CallOptions): Promise<number>;
  bindTools(tools: readonly Tool[], options?: BoundOptions): BedrockChat;
  withOptions(options: BoundOptions): BedrockChat;
  withConfig(options: BoundOptions): BedrockChat;
  capabilities(): Capabilities;
  withStructuredOutput<S extends StandardSchema | ZodLike>(schema: S, config?: StructuredConfig<false>): StructuredChat<SchemaOutput<S>>;
  withStructuredOutput<S extends StandardSchema | ZodLike>(schema: S, config: StructuredConfig<true>): StructuredChat<SchemaOutput<S>, WithRaw<SchemaOutput<S>>>;
  withStructuredOutput<T = Record<string, unknown>>(schema: JsonSchema, config?: StructuredConfig<false>): StructuredChat<T>;
  withStructuredOutput<T = Record<string, unknown>>(schema: JsonSchema, config: StructuredConfig<true>): StructuredChat<T, WithRaw<T>>;
}
import type { BedrockChatError } from "./error.js";
export { BedrockChatError, type BedrockChatErrorKind } from "./error.js";
export interface SseOptions {
  format?: "anthropic" | "openai" | undefined;
  onError?: ((error: unknown) => void | Promise<void>) | undefined;
  keepAlive?: number | undefined;
}
export function toSSE(stream: ChatStream | Promise<ChatStream>, options?: SseOptions): ReadableStream<Uint8Array>;
export function sseResponse(stream: ChatStream | Promise<ChatStream>, options?: SseOptions & { headers?: Record<string, string> | Headers | undefined }): Promise<Response>;
export { capabilities } from "./capabilities.js";
export { mintApiKey } from "./mint.js";
