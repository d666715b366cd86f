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

/** A call whose arguments are not JSON: cut off, most of the time. It is not to be run. */
export interface InvalidToolCall {
  name: string;
  /** The arguments as far as they arrived. */
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
  /** All of the input, what was read from and written to the cache too. */
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  input_token_details: { cache_read: number; cache_creation: number };
  output_token_details: { reasoning: number };
}

export interface ResponseMetadata {
  model?: string;
  model_name?: string;
  /** Why the model stopped, by one name for all models: `end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `refusal`, `guardrail_intervened`, `content_filtered` and others. */
  stop_reason?: string;
  stop_sequence?: string | null;
  /** AWS's id of the request, for support cases. */
  request_id?: string;
  [key: string]: unknown;
}

/** A reply, with LangChain's names. It can be given back as a message, also after a round through JSON. */
export class AIMessage {
  constructor(fields?: string | Partial<Pick<AIMessage, "content" | "tool_calls" | "invalid_tool_calls" | "usage_metadata" | "response_metadata" | "additional_kwargs" | "id">>);
  type: "ai";
  /** The text where there is nothing else, otherwise blocks. */
  content: string | ContentBlock[];
  tool_calls: ToolCall[];
  invalid_tool_calls: InvalidToolCall[];
  usage_metadata?: UsageMetadata;
  response_metadata: ResponseMetadata;
  additional_kwargs: Record<string, unknown>;
  id?: string;
  /**
   * The response headers, with their names in lower case. Not enumerable, so that it is neither stored nor sent back.
   * Values that are secrets, such as cookies, are replaced; at most 16 KiB are kept.
   */
  readonly responseHeaders?: { [name: string]: string } | undefined;
  /** The text alone. */
  get text(): string;
  getType(): "ai";
}

/** A piece of a reply. */
export class AIMessageChunk {
  constructor(fields?: Partial<Pick<AIMessageChunk, "content" | "tool_call_chunks" | "usage_metadata" | "response_metadata" | "additional_kwargs" | "id">>);
  type: "ai";
  /** Text as long as nothing but text has come, then blocks with an index. `text` is the text of both. */
  content: string | ContentBlock[];
  tool_call_chunks: ToolCallChunk[];
  usage_metadata?: UsageMetadata;
  response_metadata: ResponseMetadata;
  additional_kwargs: Record<string, unknown>;
  id?: string;
  /** The text alone. */
  get text(): string;
  /** The calls whose arguments are whole. */
  get tool_calls(): ToolCall[];
  /** The calls whose arguments are not JSON, or not yet. */
  get invalid_tool_calls(): InvalidToolCall[];
  getType(): "ai";
  /** Returns both chunks as one. A value that is not a chunk is an error of kind `encode`. */
  concat(other: AIMessageChunk): AIMessageChunk;
  toJSON(): object;
}

/** The name of the method that `await using` calls, if the language's library has it. */
type AsyncDispose = SymbolConstructor extends { readonly asyncDispose: infer Name extends symbol } ? Name : never;

/** Leaves the stream, as leaving its loop does. */
export interface ChatStream extends Record<AsyncDispose, () => Promise<void>> {}

/** A reply that is still arriving: chunks to iterate over, once. Leaving the loop closes the connection, and the model stops. */
export class ChatStream implements AsyncIterableIterator<AIMessageChunk> {
  private constructor();
  /** AWS's id of the request. */
  readonly requestId: string | undefined;
  /** The message as far as it has come. */
  get soFar(): AIMessage | undefined;
  next(): Promise<IteratorResult<AIMessageChunk, undefined>>;
  return(value?: unknown): Promise<IteratorResult<AIMessageChunk, undefined>>;
  throw(error?: unknown): Promise<IteratorResult<AIMessageChunk, undefined>>;
  [Symbol.asyncIterator](): this;
  /** Returns the text alone, as a stream. */
  text(): AsyncGenerator<string, void, undefined>;
  /** Waits for the whole message. */
  message(): Promise<AIMessage>;
  /** The same as a web stream, which reads only when it is read. */
  toReadableStream(): ReadableStream<AIMessageChunk>;
}

/** How a model is held to a schema: a tool that it must call, its own JSON mode, or asking for it in the prompt. */
export type StructuredMethod = "functionCalling" | "jsonSchema" | "jsonMode";

export interface StructuredConfig<IncludeRaw extends boolean = false> {
  /** A name for what the model gives. Default: the schema's `title`, else `extract`. */
  name?: string | undefined;
  /** Default: the best that the model is known to have. If the service refuses it, the next one is tried once. A method that is set is not replaced. */
  method?: StructuredMethod | undefined;
  /** Whether the reply itself comes with the value. Default: `false`. */
  includeRaw?: IncludeRaw | undefined;
  /**
   * Whether the service holds the arguments of the tool to the schema. Default: yes where the model is known to have
   * strict tools and the schema can be closed; with `method: "functionCalling"`, no.
   */
  strict?: boolean | undefined;
}

/** A value with the reply that it came in, or the reason why there is none. */
export type WithRaw<T> = { raw: AIMessage; parsed: T; parsingError?: undefined } | { raw: AIMessage; parsed: null; parsingError: BedrockChatError };

/** A chat model that answers with values. */
export interface StructuredChat<T, Result = T> {
  /** Sends a conversation and waits for the value. An answer that does not fit is an error of kind `decode`, with the reply as `partial`. */
  invoke(messages: Messages, options?: CallOptions): Promise<Result>;
  /** Gives ever more complete values; the last one is whole and checked. */
  stream(messages: Messages, options?: CallOptions): Promise<AsyncGenerator<T extends object ? Partial<T> : T, void, undefined>>;
  batch(inputs: readonly Messages[], options?: BatchOptions & { returnExceptions: true }): Promise<(Result | Error)[]>;
  batch(inputs: readonly Messages[], options?: BatchOptions): Promise<Result[]>;
}

/** A chat model on Amazon Bedrock. It never changes: what sets something gives a new one. */
export class BedrockChat {
  constructor(fields: BedrockChatFields);
  readonly model: string;
  /** Sends a conversation and waits for the reply. */
  invoke(messages: Messages, options?: CallOptions): Promise<AIMessage>;
  /** Sends a conversation; the stream is there once the reply has begun. */
  stream(messages: Messages, options?: CallOptions): Promise<ChatStream>;
  /** Sends many conversations, some at a time. */
  batch(inputs: readonly Messages[], options: BatchOptions & { returnExceptions: true }): Promise<(AIMessage | Error)[]>;
  batch(inputs: readonly Messages[], options?: BatchOptions): Promise<AIMessage[]>;
  /** Completes a prompt that is sent as it is: for models of prompts, in your own template. */
  complete(prompt: string, options?: CallOptions): Promise<AIMessage>;
  /** Counts the tokens of a conversation, without a bill. */
  countTokens(messages: Messages, options?: CallOptions): Promise<number>;
  /** The same model with tools that it may call. */
  bindTools(tools: readonly Tool[], options?: BoundOptions): BedrockChat;
  /** The same model with options for every call. */
  withOptions(options: BoundOptions): BedrockChat;
  /** LangChain's name for `withOptions`. */
  withConfig(options: BoundOptions): BedrockChat;
  /** Returns what the model can do over the API that is used, with the corrections of the option `capabilities`. */
  capabilities(): Capabilities;

  /** The same model, answering with values of a schema. */
  withStructuredOutput<S extends StandardSchema | ZodLike>(schema: S, config?: StructuredConfig<false>): StructuredChat<SchemaOutput<S>>;
  withStructuredOutput<S extends StandardSchema | ZodLike>(schema: S, config: StructuredConfig<true>): StructuredChat<SchemaOutput<S>, WithRaw<SchemaOutput<S>>>;
  withStructuredOutput<T = Record<string, unknown>>(schema: JsonSchema, config?: StructuredConfig<false>): StructuredChat<T>;
  withStructuredOutput<T = Record<string, unknown>>(schema: JsonSchema, config: StructuredConfig<true>): StructuredChat<T, WithRaw<T>>;
}

import type { BedrockChatError } from "./error.js";
export { BedrockChatError, type BedrockChatErrorKind } from "./error.js";

export interface SseOptions {
  /** The format of the events: that of Anthropic's Messages API (the default) or of OpenAI's chat completions. */
  format?: "anthropic" | "openai" | undefined;
  /**
   * Called with the error that breaks the stream; its reader gets a general message only. It is not awaited. If it
   * fails itself, the stream goes on as without it, and both errors are passed to `console.error`.
   */
  onError?: ((error: unknown) => void | Promise<void>) | undefined;
  /**
   * After how many milliseconds of silence a comment is sent, which readers skip; 0: never. Load balancers close
   * connections that are silent while a model thinks, most of them after 60 seconds. Default: 15000.
   */
  keepAlive?: number | undefined;
}

/**
 * A stream as Server-Sent Events, in bytes. Cancelling it stops the model, also before the stream has begun if it is given
 * the promise that `chat.stream()` returned. An error, also one before the stream begins,
 * is its last event.
 *
 * In Anthropic's format the tokens are counted in `message_delta`, at the end, those of the input too: `message_start`
 * comes before Bedrock has told them, with zeros.
 */
export function toSSE(stream: ChatStream | Promise<ChatStream>, options?: SseOptions): ReadableStream<Uint8Array>;

/**
 * The same as the answer to an HTTP request, in one line: `return sseResponse(chat.stream(messages))`. If the stream fails
 * before it begins, the response is JSON with the error's status. If it has not begun after `keepAlive` milliseconds, the
 * response begins without it, with status 200, and an error is an event.
 */
export function sseResponse(stream: ChatStream | Promise<ChatStream>, options?: SseOptions & { headers?: Record<string, string> | Headers | undefined }): Promise<Response>;

export { capabilities } from "./capabilities.js";
export { mintApiKey } from "./mint.js";
