// Types of the package's arguments: credentials, schemas, messages, tools, options.
import type { BedrockChatError } from "./error.js";
import type { AIMessage, AIMessageChunk } from "./reply.js";
import type { BedrockChatFields } from "./table.js";

/** AWS keys, or a Bedrock API key. */
export type BedrockCredentials = (
  | {
      accessKeyId: string;
      secretAccessKey: string;
      /** The session token of temporary keys. */
      sessionToken?: string | undefined;
    }
  | { apiKey: string }
) & {
  /**
   * The time when the credentials expire. A function is called again five minutes before. A number is milliseconds
   * since 1970; a number below 1e11 is seconds.
   */
  expiration?: Date | string | number | undefined;
};

/**
 * Credentials, or a function that returns them, such as `fromNodeProviderChain()` of `@aws-sdk/credential-providers`
 * for profiles, SSO and roles. The result is cached until shortly before its `expiration`; a result without
 * `expiration` is requested again for every attempt.
 */
export type BedrockCredentialsProvider = BedrockCredentials | (() => BedrockCredentials | Promise<BedrockCredentials>);

/** The body of a `fetch`: bytes of every kind, independent of how the version of TypeScript types their buffers. */
type FetchBody = Uint8Array & NonNullable<NonNullable<Parameters<typeof fetch>[1]>["body"]>;

/** A function with the signature of `fetch`, such as the global `fetch`. */
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

/** A schema of a tool's arguments or of a reply. */
export type Schema = StandardSchema | ZodLike | JsonSchema;

/** The type of a schema's values. */
export type SchemaOutput<S> = S extends StandardSchema<infer Output> ? Output : S extends ZodLike<infer Output> ? Output : Record<string, unknown>;

/**
 * A part of a message, in the form of LangChain, Anthropic, OpenAI or Converse. Data may be bytes, but not a `Blob`.
 */
export type ContentBlock = { type?: string; [key: string]: unknown };

/** The content of a message. */
export type MessageContent = string | readonly ContentBlock[];

/** The role of a message's author: LangChain's names, or OpenAI's. */
export type MessageRole = "system" | "developer" | "human" | "user" | "ai" | "assistant" | "tool" | "function";

/** The members of a message besides its content. */
interface MessageDetails {
  /** The tool calls of an AI message. */
  tool_calls?: readonly unknown[] | undefined;
  /** The id of the call, for a message with a tool's result. */
  tool_call_id?: string | undefined;
  /** Whether the tool succeeded. Default: `"success"`. */
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
  // A message of LangChain: an instance, or the result of its `toJSON`.
  | { lc_namespace: readonly string[]; content: unknown }
  | { lc: number; type: "constructor"; id: readonly string[]; kwargs: object };

/** A conversation: a text, a message, a list of messages, or a prompt of LangChain. */
export type Messages = MessageLike | readonly MessageLike[] | { toChatMessages(): readonly unknown[] };

/** A tool that the model may call. */
export type Tool =
  /** A tool of LangChain, also as an instance. A tool without arguments does not need a schema. */
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
  /** A tool in a provider's format, sent unchanged. */
  | { type: string; [key: string]: unknown };

/** Which tool the model calls: its own choice, any tool, no tool, or the named one. */
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
      /** Anthropic's form of `parallelToolCalls: false`. */
      disable_parallel_tool_use?: boolean | undefined;
    });

/**
 * How much the model reasons: a budget in tokens, an effort (`"low"`, `"medium"`, `"high"` or another name that the
 * model accepts), both in an object, `"adaptive"`, `"between_tools"`, or `false`. For Claude before 4.6 an effort is
 * sent as a budget.
 */
export type Reasoning = number | "adaptive" | "between_tools" | "low" | "medium" | "high" | (string & {}) | false
  | { type?: "enabled" | "adaptive" | "disabled" | "between_tools" | undefined; budgetTokens?: number | undefined; effort?: string | undefined };

/** The capabilities of a model. A missing name is unknown: the service decides. */
export interface Capabilities {
  /** The model can call tools. */
  tools?: boolean | undefined;
  /** A call can force the model to use a tool. */
  forcedTools?: boolean | undefined;
  /** A call can force one tool by its name. */
  namedTools?: boolean | undefined;
  /** A call can force a tool while the model reasons. */
  forcedToolsWithReasoning?: boolean | undefined;
  /** The model calls a tool if the system message asks for it. Used if a call cannot force the tool. */
  askedTools?: boolean | undefined;
  /** A call can forbid several tool calls in one turn. */
  serialTools?: boolean | undefined;
  /** The service makes the arguments of a tool with `strict` fit its schema. */
  strictTools?: boolean | undefined;
  /** The service makes the reply fit a JSON Schema. */
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
  /** The model accepts stop sequences. */
  stopSequences?: boolean | undefined;
}

export interface GuardrailConfig {
  /** The suffix of the tags around the text that the guardrail checks. */
  tagSuffix?: string | undefined;
  /** Whether a stream waits for the guardrail. Default: the service's default, which is to wait. */
  streamProcessingMode?: "SYNCHRONOUS" | "ASYNCHRONOUS" | "sync" | "async" | undefined;
}

/**
 * A JSON Schema that the answer must fit. The second form is OpenAI's. The service always enforces the schema, so
 * `strict: false` is an error: it would be ignored.
 */
export type ResponseFormat =
  | { type?: "json_schema" | undefined; name?: string | undefined; description?: string | undefined; schema: Schema; strict?: true | null | undefined }
  | { type: "json_schema"; json_schema: { name: string; description?: string | undefined; schema: Schema; strict?: true | null | undefined } };

/** Anthropic's form of `reasoning`. */
export type Thinking =
  | { type: "enabled"; budget_tokens: number; display?: "summarized" | "omitted" | undefined }
  | { type: "adaptive"; display?: "summarized" | "omitted" | undefined }
  | { type: "disabled" }
  | { type: "between_tools"; display?: "summarized" | "omitted" | undefined };

/** Limits a minute. A limit that is not set does not apply; without any, `Retry-After` of the service delays all calls. */
export interface RateLimits {
  /** Requests a minute, from 1 on. Every attempt counts. */
  requestsPerMinute?: number | undefined;
  /**
   * Tokens a minute, from 1 on, of input and output together. They are estimated before a call, and the usage of the
   * reply replaces the estimate.
   */
  tokensPerMinute?: number | undefined;
  /** How many tokens of the quota one output token takes, AWS's burndown rate: 5 for Claude 3.7 and later. Default: 1. */
  outputWeight?: number | undefined;
}

/**
 * [Cloudflare's AI Gateway](https://developers.cloudflare.com/ai-gateway/usage/providers/bedrock/). It forwards to AWS's
 * standard hosts: FIPS, dual stack and another endpoint are errors.
 */
export interface CloudflareGateway {
  /** The id of the Cloudflare account: letters, digits, `-` and `_`. */
  accountId: string;
  /** The id (name) of the gateway: letters, digits, `-` and `_`. */
  gatewayId: string;
  /**
   * The token of an [authenticated gateway](https://developers.cloudflare.com/ai-gateway/configuration/authentication/). It
   * is sent as `cf-aig-authorization: Bearer …`. Default: no such header.
   */
  token?: string | undefined;
  /**
   * The URL before `/{accountId}/{gatewayId}`, for a proxy or a test. A token is sent to it over `https://` or to this
   * machine only. Default: `https://gateway.ai.cloudflare.com/v1`.
   */
  baseUrl?: string | undefined;
}

/** When a target of `fallbacks`, or the model before them, is skipped: it fails again and again, so that its retries only cost time. */
export interface CircuitBreaker {
  /**
   * After how many failed calls in a row it is skipped, from 1 on. Only failures whose cause may pass (`error.transient`)
   * count, and the retries of a call do not. Default: 5.
   */
  failures?: number | undefined;
  /** For how long it is skipped, in milliseconds, from 1 on. Then one call tries it again. Default: 30,000. */
  pause?: number | undefined;
}

/**
 * A target to fall back on: the constructor's fields that differ. It takes the others over, except `rateLimiter`, and
 * with another `model` also except `family`, `applicationInferenceProfile` and `capabilities`, which describe a model.
 * Null removes a field or an option.
 *
 * Options of calls, `withOptions` and `bindTools` apply to all targets.
 */
export interface Fallback extends Removable<Partial<Omit<BedrockChatFields, "fallbacks" | "maxConcurrency" | "timeout">>> {
  /**
   * Returns whether this target answers after an error. Default: if the cause may pass (`error.transient`). A function
   * that throws counts as `false`.
   */
  when?: ((error: BedrockChatError) => boolean) | null | undefined;
}

/**
 * Options of which each may be null. Null removes an option that was set by the constructor, `withOptions` or
 * `bindTools`, so that the model's default applies again. An empty list does the same. Null for both the identifier
 * and the version removes a guardrail.
 */
export type Removable<Options> = { [Name in keyof Options]: Options[Name] | null };

export type { BatchOptions, BedrockChatFields, BedrockChatSettings, BoundOptions, CallOptions, LangChainCallOption } from "./table.js";
