/// <reference lib="es2020" />

/** AWS keys, or a Bedrock API key. */
export type BedrockCredentials = (
  | {
      accessKeyId: string;
      secretAccessKey: string;
      /** Of temporary keys. */
      sessionToken?: string | undefined;
    }
  | { apiKey: string }
) & {
  /** When they end: a function is asked again five minutes before. A number is milliseconds since 1970; a small one, below 1e11, seconds. */
  expiration?: Date | string | number | undefined;
};

/**
 * Credentials, or a function that gives them, such as `fromNodeProviderChain()` of `@aws-sdk/credential-providers` for
 * profiles, SSO and roles. What it gives is kept until shortly before its `expiration`; without one it is asked for
 * every attempt.
 */
export type BedrockCredentialsProvider = BedrockCredentials | (() => BedrockCredentials | Promise<BedrockCredentials>);

/** What `fetch` takes as a body: bytes of every kind, whatever the version of TypeScript says of their buffers. */
type FetchBody = Uint8Array & NonNullable<NonNullable<Parameters<typeof fetch>[1]>["body"]>;

/** What `fetch` is called as, which the global one can be. */
export type FetchLike = (url: string, init: { method: string; headers: [string, string][]; body: FetchBody; signal: AbortSignal }) => Promise<Response>;

/** JSON Schema, as an object. */
export type JsonSchema = { readonly [key: string]: unknown };

/** A schema of any library that follows https://standardschema.dev: zod, Valibot, ArkType and others. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** A schema of zod 3 before it was a Standard Schema. */
export interface ZodLike<Output = unknown> {
  readonly _output: Output;
  readonly _def: unknown;
  safeParseAsync(value: unknown): Promise<unknown>;
}

/** What says how a tool's arguments or an answer look. */
export type Schema = StandardSchema | ZodLike | JsonSchema;

/** What a schema's values are. */
export type SchemaOutput<S> = S extends StandardSchema<infer Output> ? Output : S extends ZodLike<infer Output> ? Output : Record<string, unknown>;

/** A part of a message. Those of LangChain, Anthropic, OpenAI and Converse are read; bytes may be bytes, but no `Blob`. */
export type ContentBlock = { type?: string; [key: string]: unknown };

/** What a message says. */
export type MessageContent = string | readonly ContentBlock[];

/** Who says it: LangChain's names, or OpenAI's. */
export type MessageRole = "system" | "developer" | "human" | "user" | "ai" | "assistant" | "tool" | "function";

/** What a message says beside its content. */
interface MessageDetails {
  /** The calls of an answer. */
  tool_calls?: readonly unknown[] | undefined;
  /** The call that a tool's message is the result of. */
  tool_call_id?: string | undefined;
  /** Whether the tool could do it. Default: `"success"`. */
  status?: "success" | "error" | undefined;
  name?: string | undefined;
}

/** A message, in any of the usual forms. */
export type MessageLike =
  | string
  | readonly [role: MessageRole, content: MessageContent]
  | ({ role: MessageRole; content: MessageContent | null } & MessageDetails)
  | ({ type: MessageRole; content: MessageContent } & MessageDetails)
  | AIMessage
  | AIMessageChunk
  // LangChain's instances, and what their `toJSON` gives.
  | { lc_namespace: readonly string[]; content: unknown }
  | { lc: number; type: "constructor"; id: readonly string[]; kwargs: object };

/** A conversation: a text, a message, a list of messages, or a prompt of LangChain. */
export type Messages = MessageLike | readonly MessageLike[] | { toChatMessages(): readonly unknown[] };

/** A tool that the model may call. */
export type Tool =
  /** LangChain's, also as an instance. One that takes nothing needs no schema. */
  | { name: string; description?: string | undefined; schema?: Schema | undefined; strict?: boolean | undefined; cache_control?: unknown }
  /** Anthropic's. */
  | { name: string; description?: string | undefined; input_schema: Schema; cache_control?: unknown }
  /** OpenAI's. */
  | { type: "function"; function: { name: string; description?: string | undefined; parameters?: Schema | undefined; strict?: boolean | null | undefined } }
  /** Converse's. */
  | { toolSpec: { name: string; description?: string | undefined; inputSchema: { json: Schema } } }
  /** A provider's own, sent as it is. */
  | { type: string; [key: string]: unknown };

/** Which tool the model calls: it chooses, it must, it must not, or this one. */
export type ToolChoice =
  | "auto"
  | "any"
  | "required"
  | "none"
  | (string & {})
  | boolean
  | { type: "auto" | "any" | "none" | "tool"; name?: string | undefined }
  | { type: "function"; function: { name: string } }
  | { tool: { name: string } }
  | { any: object }
  | { auto: object };

/** How much the model thinks first: a budget in tokens, an effort (`"low"`, `"medium"`, `"high"` or the model's own word), `"adaptive"`, or not at all. */
export type Reasoning = number | "adaptive" | "low" | "medium" | "high" | (string & {}) | false | { budgetTokens: number } | { effort: string };

export interface GuardrailConfig {
  /** The suffix of the tags around what the guardrail shall look at. */
  tagSuffix?: string | undefined;
  /** Whether a stream waits for the guardrail. Default: the service's, which is to wait. */
  streamProcessingMode?: "SYNCHRONOUS" | "ASYNCHRONOUS" | "sync" | "async" | undefined;
}

/** A JSON Schema that an answer is held to; the second is OpenAI's form. */
export type ResponseFormat =
  | { name?: string | undefined; description?: string | undefined; schema: Schema }
  | { type: "json_schema"; json_schema: { name: string; schema: Schema } };

/** What a call can be told. What is not set is not sent. */
export interface BedrockChatSettings {
  /** Most tokens to answer with. Default: the model's; Claude, which requires a number, gets 4096. */
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  topK?: number | undefined;
  /** Texts at which the model stops. */
  stop?: string | readonly string[] | undefined;
  /** Merged into the body last and as they are. With Converse they are `additionalModelRequestFields`. */
  modelKwargs?: { [key: string]: unknown } | undefined;
  tools?: readonly Tool[] | undefined;
  toolChoice?: ToolChoice | undefined;
  /** LangChain's name for `toolChoice`. */
  tool_choice?: ToolChoice | undefined;
  /** Whether several tools may be called in one turn. */
  parallelToolCalls?: boolean | undefined;
  reasoning?: Reasoning | undefined;
  /** Anthropic's form of `reasoning`. */
  thinking?: { type: "enabled"; budget_tokens: number } | { type: "adaptive" } | { type: "disabled" } | undefined;
  /** JSON that fits a schema, where the model has such a mode. `withStructuredOutput` works with all. */
  responseFormat?: ResponseFormat | undefined;
  /** OpenAI's name for `responseFormat`. */
  response_format?: ResponseFormat | undefined;
  /** The guardrail that watches the call. It is sent with its version, with or without `trace`. */
  guardrailIdentifier?: string | undefined;
  guardrailVersion?: string | undefined;
  guardrailConfig?: GuardrailConfig | undefined;
  /** Whether the reply says what the guardrail saw. Without a guardrail it changes nothing. */
  trace?: "ENABLED" | "DISABLED" | "ENABLED_FULL" | undefined;
  /** Cache points where they pay, planned for every call; `"1h"` keeps them longer than five minutes. Of no effect on models that do not cache. */
  promptCaching?: boolean | "5m" | "1h" | undefined;
  latency?: "standard" | "optimized" | undefined;
  serviceTier?: "default" | "flex" | "priority" | "reserved" | undefined;
  /** Anthropic's beta features to switch on. */
  anthropicBeta?: readonly string[] | undefined;
  /** For your invocation logs, at most 16. */
  requestMetadata?: { [key: string]: string } | undefined;
  /** Converse only: JSON pointers into the model's own reply that shall be returned. */
  responseFieldPaths?: readonly string[] | undefined;
  /** Limit on a whole call, in milliseconds; 0: none. Default: none. */
  timeout?: number | undefined;
}

/** What a call has for itself alone. */
export interface CallOptions extends BedrockChatSettings {
  /** Ends the call and closes its connection. */
  signal?: AbortSignal | undefined;
}

/** What `withOptions` sets for every call. */
export interface BoundOptions extends CallOptions {
  /** How many calls of a batch are made at a time. Default: the constructor's, which is 10. */
  maxConcurrency?: number | undefined;
}

export interface BatchOptions extends BoundOptions {
  /** Whether an error takes the place of its reply, where it would end the batch. Default: `false`. */
  returnExceptions?: boolean | undefined;
}

/** What a chat model is made of. */
export interface BedrockChatFields extends BedrockChatSettings {
  /** A model id, the id of an inference profile, or an ARN of any kind. */
  model: string;
  /** Default: `BEDROCK_AWS_REGION`, `AWS_REGION` or `AWS_DEFAULT_REGION`. An ARN brings its own, which goes before this one. */
  region?: string | undefined;
  /** Default: `AWS_BEARER_TOKEN_BEDROCK`, `BEDROCK_AWS_…` or `AWS_…` of the environment, where there is one. */
  credentials?: BedrockCredentialsProvider | undefined;
  /** A Bedrock API key, in place of credentials. */
  apiKey?: string | undefined;
  awsAccessKeyId?: string | undefined;
  awsSecretAccessKey?: string | undefined;
  awsSessionToken?: string | undefined;
  /** An endpoint of your own, with or without its scheme. Default: `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` or `AWS_ENDPOINT_URL` of the environment, else AWS's. */
  endpointUrl?: string | undefined;
  /** The same, as LangChain calls it. */
  endpointHost?: string | undefined;
  /** A gateway: calls are signed for AWS and sent here, with their path behind it. */
  gatewayUrl?: string | undefined;
  /** Headers for every call. They are not signed, but for AWS's own. */
  headers?: { [name: string]: string } | Headers | undefined;
  /** In place of the global `fetch`: a service binding's, a mock. */
  fetch?: FetchLike | undefined;
  /** The same, as LangChain calls it. */
  fetchFn?: FetchLike | undefined;
  /** Default: the model's own format where there is one, else Converse. */
  api?: "invoke" | "converse" | undefined;
  /** The model's family where its id does not tell, such as `"anthropic"`. */
  family?: string | undefined;
  /** An ARN, encoded or not, that is called in the place of `model`; the format is that of `model`. */
  applicationInferenceProfile?: string | undefined;
  /** AWS's FIPS hosts. Default: `false`. */
  fips?: boolean | undefined;
  /** AWS's dual-stack hosts. Default: `false`. */
  dualStack?: boolean | undefined;
  /** The service's name in signatures. Default: `"bedrock"`. */
  signingName?: string | undefined;
  /** Whether `invoke` streams and gathers, so that a long answer shows that it is alive. Default: `false`. */
  streaming?: boolean | undefined;
  /**
   * How often a failed call is tried again, where that helps. A service that asks to wait (`Retry-After`) is obeyed up to
   * 20 seconds; where it asks for more, the call fails at once, with `retryAfterMs`. Default: 2.
   */
  maxRetries?: number | undefined;
  /** How many calls of a batch are made at a time. Default: 10. */
  maxConcurrency?: number | undefined;
  /** Limit on the wait for an answer to begin, in milliseconds; 0: none. Default: an hour, the longest that AWS says a model may take. */
  firstByteTimeout?: number | undefined;
  /** Limit on silence within an answer, in milliseconds; 0: none. Default: 5 minutes. */
  idleTimeout?: number | undefined;
}

export interface ToolCall {
  name: string;
  args: Record<string, unknown>;
  id: string;
  type: "tool_call";
}

/** A call whose arguments are not JSON: cut off, most of the time. It is not to be run. */
export interface InvalidToolCall {
  name: string;
  /** What came of the arguments. */
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
  /** Both pieces as one. What is no chunk is an error of kind `encode`. */
  concat(other: AIMessageChunk): AIMessageChunk;
  toJSON(): object;
}

/** What `await using` calls, where the language's library knows it. */
type AsyncDispose = SymbolConstructor extends { readonly asyncDispose: infer Name extends symbol } ? Name : never;

/** Leaves the stream, as leaving its loop does. */
export interface ChatStream extends Record<AsyncDispose, () => Promise<void>> {}

/** A reply that is still coming: chunks to iterate over, once. Leaving the loop closes the connection, and the model stops. */
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
  /** The text alone, as it comes. */
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
  /** Default: the best that the model has. */
  method?: StructuredMethod | undefined;
  /** Whether the reply itself comes with the value. Default: `false`. */
  includeRaw?: IncludeRaw | undefined;
  /** Whether the provider shall hold the model to the schema of the tool. Default: the provider's. */
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
  /** Completes a prompt that is sent as it is: for models of prompts, in a template of your own. */
  complete(prompt: string, options?: CallOptions): Promise<AIMessage>;
  /** Counts the tokens of a conversation, without a bill. */
  countTokens(messages: Messages, options?: CallOptions): Promise<number>;
  /** The same model with tools that it may call. */
  bindTools(tools: readonly Tool[], options?: BoundOptions): BedrockChat;
  /** The same model with options for every call. */
  withOptions(options: BoundOptions): BedrockChat;
  /** LangChain's name for `withOptions`. */
  withConfig(options: BoundOptions): BedrockChat;
  /** The same model, answering with values of a schema. */
  withStructuredOutput<S extends StandardSchema | ZodLike>(schema: S, config?: StructuredConfig<false>): StructuredChat<SchemaOutput<S>>;
  withStructuredOutput<S extends StandardSchema | ZodLike>(schema: S, config: StructuredConfig<true>): StructuredChat<SchemaOutput<S>, WithRaw<SchemaOutput<S>>>;
  withStructuredOutput<T = Record<string, unknown>>(schema: JsonSchema, config?: StructuredConfig<false>): StructuredChat<T>;
  withStructuredOutput<T = Record<string, unknown>>(schema: JsonSchema, config: StructuredConfig<true>): StructuredChat<T, WithRaw<T>>;
}

/**
 * What kind of thing went wrong. Before anything was sent: `config`, `credentials`, `unsupported`, `encode`. The service
 * or its absence: `connect`, `timeout`, `throttled`, `access_denied`, `expired_credentials`, `validation`,
 * `context_overflow`, `not_found`, `service`. The answer: `frame`, `decode`, `truncated`. The caller: `cancelled`.
 */
export type BedrockChatErrorKind =
  | "config" | "credentials" | "unsupported" | "encode"
  | "connect" | "timeout" | "throttled" | "access_denied" | "expired_credentials" | "validation" | "context_overflow" | "not_found" | "service"
  | "frame" | "decode" | "truncated" | "cancelled";

/** What went wrong, and all that is known about it. */
export class BedrockChatError extends Error {
  constructor(message: string, details?: Partial<Pick<BedrockChatError, "kind" | "retryable" | "status" | "awsType" | "requestId" | "model" | "region" | "attempts" | "retryAfterMs" | "partial">> & { cause?: unknown });
  readonly name: "BedrockChatError";
  kind: BedrockChatErrorKind;
  /**
   * Whether the same call could succeed later. The package has tried as often as `maxRetries` says. Limits on time do
   * not say so: an answer that took too long once costs as much again.
   */
  retryable: boolean;
  /** The HTTP status, if the service answered. */
  status?: number;
  /** AWS's name of the exception, such as `ThrottlingException`. */
  awsType?: string;
  /** AWS's id of the request. */
  requestId?: string;
  model?: string;
  region?: string;
  /** How often the request was sent. */
  attempts?: number;
  /** How long the service asks to wait, in milliseconds. */
  retryAfterMs?: number;
  /** What had come of the message when its stream failed. Not enumerable, so that logs do not show it. */
  partial?: AIMessage | undefined;
  /** The signal's reason, for a call that was cancelled. */
  cause?: unknown;
  /** All but `partial`, `cause` and the stack: fit for logs. */
  toJSON(): object;
}

export interface SseOptions {
  /** Whose events: Anthropic's Messages API (the default) or OpenAI's chat completions. */
  format?: "anthropic" | "openai" | undefined;
  /**
   * Told of what breaks the stream, which its reader learns of in general terms only. Nobody waits for it. Where it
   * fails itself, the reader's stream is as it would be without it, and `console.error` is told of both errors.
   */
  onError?: ((error: unknown) => void | Promise<void>) | undefined;
}

/**
 * A stream as Server-Sent Events, in bytes. Who stops reading stops the model. What fails, also before the stream begins,
 * is its last event.
 *
 * In Anthropic's format the tokens are counted in `message_delta`, at the end, those of the input too: `message_start`
 * comes before Bedrock has told them, with zeros.
 */
export function toSSE(stream: ChatStream | Promise<ChatStream>, options?: SseOptions): ReadableStream<Uint8Array>;

/**
 * The same as the answer to an HTTP request, in one line: `return sseResponse(chat.stream(messages))`. Where the stream
 * does not begin, the response is JSON with the error's status.
 */
export function sseResponse(stream: ChatStream | Promise<ChatStream>, options?: SseOptions & { headers?: Record<string, string> | Headers | undefined }): Promise<Response>;

/**
 * Makes a short-term Bedrock API key of AWS credentials, without asking AWS: for a browser that shall call Bedrock for
 * some minutes and must not hold the credentials. The key may do what they may, in this region alone; one of temporary
 * credentials ends with them, if not before.
 */
export function mintApiKey(options?: {
  /** Default: the environment's. */
  credentials?: BedrockCredentialsProvider | undefined;
  /** Default: the environment's. */
  region?: string | undefined;
  /** In seconds, up to 43200 (12 hours). Default: 900. */
  expiresIn?: number | undefined;
  /** In milliseconds since 1970. Default: now. */
  now?: number | undefined;
} | null): Promise<string>;
