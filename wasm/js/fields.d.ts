// What the package is given: credentials, schemas, messages, tools, options.
import type { AIMessage, AIMessageChunk } from "./index.js";

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
export type FetchLike = (url: string, init: { method: string; headers: { [name: string]: string }; body: FetchBody; signal: AbortSignal }) => Promise<Response>;

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
  | {
      name: string;
      description?: string | undefined;
      input_schema: Schema;
      cache_control?: unknown;
      strict?: boolean | undefined;
      /** These four are sent to Claude over InvokeModel, and refused elsewhere. */
      defer_loading?: boolean | undefined;
      input_examples?: readonly unknown[] | undefined;
      eager_input_streaming?: boolean | undefined;
      allowed_callers?: readonly string[] | undefined;
    }
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
  | ((
      | { type: "auto" | "any" | "none" | "required" }
      | { type: "tool"; name: string }
      | { type: "function"; function: { name: string } }
      | { tool: { name: string } }
      | { any: object }
      | { auto: object }
    ) & {
      /** Anthropic's way to say `parallelToolCalls: false`. */
      disable_parallel_tool_use?: boolean | undefined;
    });

/**
 * How much the model reasons: a budget in tokens, an effort (`"low"`, `"medium"`, `"high"` or the model's own word), both in
 * an object, `"adaptive"`, `"between_tools"`, or `false`. For Claude before 4.6 an effort is sent as a budget.
 */
export type Reasoning = number | "adaptive" | "between_tools" | "low" | "medium" | "high" | (string & {}) | false
  | { type?: "enabled" | "adaptive" | "disabled" | "between_tools" | undefined; budgetTokens?: number | undefined; effort?: string | undefined };

/** What a model can do. A name that is missing is unknown: the service decides. */
export interface Capabilities {
  /** The model can call tools. */
  tools?: boolean | undefined;
  /** A call can force the model to use a tool. */
  forcedTools?: boolean | undefined;
  /** A call can force one tool by its name. */
  namedTools?: boolean | undefined;
  /** A call can forbid several tool calls in one turn. */
  serialTools?: boolean | undefined;
  /** The service holds the arguments of a tool with `strict` to its schema. */
  strictTools?: boolean | undefined;
  /** The service holds the reply to a JSON Schema. */
  jsonSchema?: boolean | undefined;
  /** Replies can be streamed. */
  streaming?: boolean | undefined;
  /** A call with tools can be streamed. */
  streamedTools?: boolean | undefined;
  /** The model accepts images in messages. */
  images?: boolean | undefined;
  /** The model accepts images and other media inside tool results. */
  imagesInResults?: boolean | undefined;
  /** The model reads media from Amazon S3. */
  mediaInS3?: boolean | undefined;
  /** System messages can follow other messages. */
  systemAnywhere?: boolean | undefined;
  /** A user message can directly follow tool results. */
  userAfterTools?: boolean | undefined;
  /** The model signs its reasoning and accepts it in later turns. */
  signedReasoning?: boolean | undefined;
  /** Reasoning can have a budget in tokens. */
  reasoningBudget?: boolean | undefined;
  /** The model can decide itself how much it reasons. */
  adaptiveReasoning?: boolean | undefined;
  /** Reasoning can have an effort. */
  reasoningEffort?: boolean | undefined;
  /** Reasoning can be switched off. */
  reasoningOff?: boolean | undefined;
  /** Reasoning can be limited to the moments between tool calls. */
  reasoningBetweenTools?: boolean | undefined;
  /** The model reasons unless a call says otherwise. */
  reasoningByDefault?: boolean | undefined;
  /** The model accepts cache points. */
  promptCaching?: boolean | undefined;
  /** Cache points can have a lifetime of one hour. */
  oneHourCache?: boolean | undefined;
  /** The model accepts `temperature`, `topP` and `topK`. */
  sampling?: boolean | undefined;
}

export interface GuardrailConfig {
  /** The suffix of the tags around what the guardrail shall look at. */
  tagSuffix?: string | undefined;
  /** Whether a stream waits for the guardrail. Default: the service's, which is to wait. */
  streamProcessingMode?: "SYNCHRONOUS" | "ASYNCHRONOUS" | "sync" | "async" | undefined;
}

/**
 * A JSON Schema that an answer is held to. The second form is OpenAI's. The service always holds answers to it, so that
 * `strict: false` is an error: it would be ignored.
 */
export type ResponseFormat =
  | { type?: "json_schema" | undefined; name?: string | undefined; description?: string | undefined; schema: Schema; strict?: true | null | undefined }
  | { type: "json_schema"; json_schema: { name: string; description?: string | undefined; schema: Schema; strict?: true | null | undefined } };

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
  /** Anthropic's form of `reasoning`. Setting both is an error. */
  thinking?:
    | { type: "enabled"; budget_tokens: number; display?: "summarized" | "omitted" | undefined }
    | { type: "adaptive"; display?: "summarized" | "omitted" | undefined }
    | { type: "disabled" }
    | { type: "between_tools"; display?: "summarized" | "omitted" | undefined }
    | undefined;
  /** Whether the text of Claude's reasoning is returned: 4.7 and later return none unless asked. Default: the model's. */
  reasoningDisplay?: "summarized" | "omitted" | undefined;
  /** Corrections of what the package knows about the model, for models that are newer than the package. Never sent. */
  capabilities?: Capabilities | undefined;
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
  /** Whether tool calls of the history that have no result get a failed one, as providers refuse unanswered calls. Defaults to false. */
  fillMissingToolResults?: boolean | undefined;
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
  /**
   * Default: the region of `endpointUrl` if that is a host of AWS, else `BEDROCK_AWS_REGION`, `AWS_REGION` or
   * `AWS_DEFAULT_REGION`. The region of an ARN goes before this one. A host of AWS in another region is an error.
   */
  region?: string | undefined;
  /** Default: `AWS_BEARER_TOKEN_BEDROCK`, `BEDROCK_AWS_…` or `AWS_…` of the environment, where there is one. */
  credentials?: BedrockCredentialsProvider | undefined;
  /** A Bedrock API key, in place of credentials. */
  apiKey?: string | undefined;
  awsAccessKeyId?: string | undefined;
  awsSecretAccessKey?: string | undefined;
  awsSessionToken?: string | undefined;
  /**
   * A custom endpoint, such as an interface endpoint (PrivateLink) or a local server. Without `http://`, `https` is used.
   * Default: `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` or `AWS_ENDPOINT_URL` of the environment, else AWS's.
   */
  endpointUrl?: string | undefined;
  /** The same, as LangChain calls it. */
  endpointHost?: string | undefined;
  /** A gateway: calls are signed for AWS and sent here, with their path behind it. */
  gatewayUrl?: string | undefined;
  /** Headers for every call. They are not signed, but for AWS's own. */
  headers?: { [name: string]: string } | Headers | undefined;
  /**
   * Instead of the global `fetch`: a service binding's, a mock. It is called as `fetch(url, init)`, with headers as a plain
   * object, and must return an unread `Response`. Redirects are not followed. The limits of Node's own `fetch`, 300 seconds
   * for the response headers and for silence, are lifted for the global `fetch` alone: give yours a dispatcher with others.
   */
  fetch?: FetchLike | undefined;
  /** The same, as LangChain calls it. */
  fetchFn?: FetchLike | undefined;
  /** Default: the model's own format where there is one, else Converse. */
  api?: "invoke" | "converse" | undefined;
  /** The model's family where its id does not tell, such as `"anthropic"`. */
  family?: string | undefined;
  /** An ARN, encoded or not, that is called in the place of `model`; the format is that of `model`. */
  applicationInferenceProfile?: string | undefined;
  /** Whether to use AWS's FIPS hosts. Default: `AWS_USE_FIPS_ENDPOINT`, else `false`. Another endpoint is an error then. */
  fips?: boolean | undefined;
  /** Whether to use AWS's dual-stack hosts. Default: `AWS_USE_DUALSTACK_ENDPOINT`, else `false`. Another endpoint is an error then. */
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
  /**
   * Whether a call is sent again also where the service may have processed it: after a connection that broke, a timeout, a
   * gateway that lost the answer. Each attempt may be charged. Default: `false`.
   */
  paidResend?: boolean | undefined;
  /** How many calls of a batch are made at a time. Default: 10. */
  maxConcurrency?: number | undefined;
  /** Limit on the wait for an answer to begin, in milliseconds; 0: none. Default: an hour, the longest that AWS says a model may take. */
  firstByteTimeout?: number | undefined;
  /** Limit on silence within an answer, in milliseconds; 0: none. Default: 5 minutes. */
  idleTimeout?: number | undefined;
}
