/** A content block, in the form of Anthropic's and LangChain's users, or a provider's own. */
export type ContentBlock = { [member: string]: unknown };
export type MessageContent = string | ContentBlock[];

/** A message: a text, a pair, LangChain's object or OpenAI's. */
export type MessageLike =
  | string
  | readonly [role: string, content: MessageContent]
  | { role: string; content?: unknown; [member: string]: unknown }
  | { type: string; content?: unknown; [member: string]: unknown }
  | { getType(): string; content: unknown };

/** A conversation: a text, or messages. */
export type MessagesInput = string | readonly MessageLike[];

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** When they end: asked for anew some minutes before. */
  expiration?: Date | string | number;
}

export type ToolChoice = string | { type: string; [member: string]: unknown };

/** What a call can be told. What is not set is not sent. */
export interface CallOptions {
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  stop?: string | string[];
  /** Members for the body, written last and as they are. */
  modelKwargs?: Record<string, unknown>;
  /** Tools in LangChain's, OpenAI's, Anthropic's or Converse's shape; the schema may be a zod schema. */
  tools?: readonly unknown[];
  toolChoice?: ToolChoice;
  tool_choice?: ToolChoice;
  parallelToolCalls?: boolean;
  /** A budget in tokens, an effort, "adaptive" or false. */
  reasoning?: number | boolean | string | { budgetTokens?: number; effort?: string; type?: string };
  thinking?: Record<string, unknown>;
  responseFormat?: Record<string, unknown>;
  response_format?: Record<string, unknown>;
  guardrailIdentifier?: string;
  guardrailVersion?: string;
  guardrailConfig?: { tagSuffix?: string; streamProcessingMode?: "SYNCHRONOUS" | "ASYNCHRONOUS" };
  trace?: "ENABLED" | "DISABLED" | "ENABLED_FULL";
  promptCaching?: unknown;
  latency?: "standard" | "optimized";
  serviceTier?: "default" | "flex" | "priority" | "reserved";
  anthropicBeta?: string[];
  requestMetadata?: Record<string, string>;
  responseFieldPaths?: string[];
  /** Milliseconds for the whole call. Defaults to none. */
  timeout?: number;
  signal?: AbortSignal;
}

/** Credentials, or a Bedrock API key. */
export type Identity = Credentials | { apiKey: string };

/** What a chat model is made of. */
export interface BedrockChatFields extends Omit<CallOptions, "signal"> {
  /** A model, an inference profile, or an ARN of any kind. */
  model: string;
  /** Defaults to `BEDROCK_AWS_REGION`, `AWS_REGION` or `AWS_DEFAULT_REGION`, where there is an environment. */
  region?: string;
  credentials?: Identity | (() => Identity | Promise<Identity>);
  awsAccessKeyId?: string;
  awsSecretAccessKey?: string;
  awsSessionToken?: string;
  /** A Bedrock API key, in place of credentials. */
  apiKey?: string;
  /** Called and signed for. A path is kept as a prefix. */
  endpointUrl?: string;
  endpointHost?: string;
  /** Signed for AWS, sent here. */
  gatewayUrl?: string;
  signingName?: string;
  headers?: Record<string, string>;
  fetch?: typeof globalThis.fetch;
  fetchFn?: typeof globalThis.fetch;
  api?: "invoke" | "converse";
  /** The family of a model whose ARN does not say it, such as "anthropic". */
  family?: string;
  applicationInferenceProfile?: string;
  fips?: boolean;
  dualStack?: boolean;
  /** Whether `invoke` streams and gathers. Defaults to false. */
  streaming?: boolean;
  /** How often a failed call is tried again. Defaults to 2. */
  maxRetries?: number;
  /** How many calls a batch makes at a time. Defaults to 10. */
  maxConcurrency?: number;
  /** Milliseconds; 0 switches the limit off. */
  firstByteTimeout?: number;
  idleTimeout?: number;
}

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
  index: number;
  id?: string;
  name?: string;
  args?: string;
  type: "tool_call_chunk";
}

export interface UsageMetadata {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  input_token_details: { cache_read?: number; cache_creation?: number };
  output_token_details: { reasoning?: number };
}

/** A reply, under LangChain's names. */
export declare class AIMessage {
  readonly type: "ai";
  content: MessageContent;
  id?: string;
  tool_calls: ToolCall[];
  invalid_tool_calls: InvalidToolCall[];
  usage_metadata?: UsageMetadata;
  response_metadata: Record<string, unknown>;
  additional_kwargs: Record<string, unknown>;
  /** All text, joined. */
  get text(): string;
}

/** A part of a reply: parts add up to it. */
export declare class AIMessageChunk {
  content: MessageContent;
  id?: string;
  tool_call_chunks: ToolCallChunk[];
  usage_metadata?: UsageMetadata;
  response_metadata: Record<string, unknown>;
  additional_kwargs: Record<string, unknown>;
  get text(): string;
  concat(other: AIMessageChunk): AIMessageChunk;
}

/** A reply that is still coming. Leaving the loop closes its connection. */
export declare class ChatStream implements AsyncIterable<AIMessageChunk> {
  private constructor();
  [Symbol.asyncIterator](): AsyncIterator<AIMessageChunk>;
  toReadableStream(): ReadableStream<AIMessageChunk>;
}

/** What failed, and all that is known about it. */
export declare class BedrockChatError extends Error {
  kind: string;
  retryable: boolean;
  status?: number;
  awsType?: string;
  requestId?: string;
  model?: string;
  region?: string;
  attempts?: number;
  retryAfterMs?: number;
  /** What had arrived of the reply. */
  partial?: AIMessage;
}

export interface StructuredOutputConfig {
  name?: string;
  includeRaw?: boolean;
  method?: string;
  strict?: boolean;
}

/** A chat model that answers with values of a schema. */
export interface StructuredChat<T> {
  invoke(messages: MessagesInput, options?: CallOptions): Promise<T>;
  /** Ever more complete values. */
  stream(messages: MessagesInput, options?: CallOptions): Promise<AsyncIterable<unknown>>;
}

/** A chat model on Amazon Bedrock. */
export declare class BedrockChat {
  constructor(fields: BedrockChatFields);
  readonly model: string;
  invoke(messages: MessagesInput, options?: CallOptions): Promise<AIMessage>;
  stream(messages: MessagesInput, options?: CallOptions): Promise<ChatStream>;
  batch(
    inputs: readonly MessagesInput[],
    options?: CallOptions & { maxConcurrency?: number; returnExceptions?: boolean },
  ): Promise<AIMessage[]>;
  complete(prompt: string, options?: CallOptions): Promise<AIMessage>;
  countTokens(messages: MessagesInput, options?: CallOptions): Promise<number>;
  withOptions(options: CallOptions): BedrockChat;
  withConfig(options: CallOptions): BedrockChat;
  bindTools(tools: readonly unknown[], options?: CallOptions): BedrockChat;
  /** The schema is JSON Schema, a zod schema, or any Standard Schema. */
  withStructuredOutput<T = Record<string, unknown>>(schema: unknown, config?: StructuredOutputConfig): StructuredChat<T>;
  capabilities(): { forcedTools: boolean; jsonSchema: boolean };
}

export interface SseOptions {
  /** Defaults to "anthropic". */
  format?: "anthropic" | "openai";
  onError?: (error: unknown) => void;
}

/** A stream as Server-Sent Events, in Anthropic's or OpenAI's shape. */
export declare function toSSE(stream: ChatStream | Promise<ChatStream>, options?: SseOptions): ReadableStream<Uint8Array>;

/** The same as a `Response`; an error before the first event is a JSON answer with its status. */
export declare function sseResponse(
  stream: ChatStream | Promise<ChatStream>,
  options?: SseOptions & { headers?: Record<string, string> },
): Promise<Response>;

/** A Bedrock API key that ends after some seconds (900 unless told), for a browser. */
export declare function mintApiKey(options: {
  credentials: Credentials | (() => Promise<Credentials> | Credentials);
  region: string;
  expiresIn?: number;
  now?: number;
}): Promise<string>;
