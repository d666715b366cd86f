// Written by wasm/scripts/options.mjs from wasm/options.json: change the table, not this file.
import type { BedrockCredentialsProvider, Capabilities, CircuitBreaker, CloudflareGateway, Fallback, FetchLike, GuardrailConfig, RateLimits, Reasoning, ResponseFormat, Thinking, Tool, ToolChoice } from "./fields.js";
import type { RateLimiter } from "./limiter.js";

/** The options that the constructor and every call take. Unset options are not sent. */
export interface BedrockChatSettings {
  /** Maximum number of tokens to generate. Default: the model's default; for Claude, which requires a number, 4096. */
  maxTokens?: number | undefined;
  /** Randomness, from 0 to 1 for most models. Default: the model's default. */
  temperature?: number | undefined;
  /** Nucleus sampling: the share of probability to sample from, from 0 to 1. Default: the model's default. */
  topP?: number | undefined;
  /** Samples only from the k most likely tokens. Default: the model's default. */
  topK?: number | undefined;
  /** Texts at which the model stops. */
  stop?: string | readonly string[] | undefined;
  /**
   * Members that are added to the body, merged with those of the other options; a contradiction is an error. Over
   * Converse they are added to `additionalModelRequestFields`.
   */
  modelKwargs?: { [key: string]: unknown } | undefined;
  /** Tools that the model may call. */
  tools?: readonly Tool[] | undefined;
  /** Which tool the model must call. */
  toolChoice?: ToolChoice | undefined;
  /** LangChain's name for `toolChoice`. */
  tool_choice?: ToolChoice | undefined;
  /**
   * Whether the model may call several tools in one turn. `false` is an error for models that cannot be limited to one
   * tool call.
   */
  parallelToolCalls?: boolean | undefined;
  /** How much the model reasons before it answers. */
  reasoning?: Reasoning | undefined;
  /** Anthropic's form of `reasoning`. Setting both is an error. */
  thinking?: Thinking | undefined;
  /**
   * Whether the text of Claude's reasoning is returned: 4.7 and later do not return it by default. Default: the model's
   * default.
   */
  reasoningDisplay?: "summarized" | "omitted" | undefined;
  /** Corrections of the model's known capabilities, for models that are newer than the package. Never sent. */
  capabilities?: Capabilities | undefined;
  /**
   * A JSON Schema that the answer must fit, for models with such a mode. `withStructuredOutput` works with all models.
   */
  responseFormat?: ResponseFormat | undefined;
  /** OpenAI's name for `responseFormat`. */
  response_format?: ResponseFormat | undefined;
  /** The id or ARN of the guardrail that checks the call. It is sent with its version, with or without `trace`. */
  guardrailIdentifier?: string | undefined;
  /** The guardrail's version: a number or `DRAFT`. */
  guardrailVersion?: string | undefined;
  /** How the guardrail is applied. */
  guardrailConfig?: GuardrailConfig | undefined;
  /** Whether the reply has the guardrail's trace. It has no effect without a guardrail. */
  trace?: "ENABLED" | "DISABLED" | "ENABLED_FULL" | undefined;
  /**
   * Sets cache points where they save money, again for every call; `"1h"` sets a lifetime of one hour instead of five
   * minutes. No effect on models without prompt caching.
   */
  promptCaching?: boolean | "5m" | "1h" | undefined;
  /**
   * Whether tool calls without a result get a failed result, as providers refuse unanswered calls. Default: `false`.
   */
  fillMissingToolResults?: boolean | undefined;
  /** Latency-optimized or standard inference. */
  latency?: "standard" | "optimized" | undefined;
  /** The service tier. */
  serviceTier?: "default" | "flex" | "priority" | "reserved" | undefined;
  /** The project that the call is counted for: an id or ARN. An application inference profile cannot have a project. */
  project?: string | undefined;
  /** Anthropic's beta features to switch on. An error for other vendors' models. */
  anthropicBeta?: readonly string[] | undefined;
  /** Keys and values for your invocation logs, at most 16. */
  requestMetadata?: { [key: string]: string } | undefined;
  /** Converse only: JSON pointers into the model's own reply, for values that the reply should include. */
  responseFieldPaths?: readonly string[] | undefined;
  /** Converse only: values for the variables of a managed prompt. The model is the prompt's ARN. */
  promptVariables?: { [key: string]: string } | undefined;
  /** Limit on a whole call, in milliseconds; 0 switches it off. Default: no limit. */
  timeout?: number | undefined;
}

/** The options of a call. Methods take them as `Removable`: null removes an option. */
export interface CallOptions extends BedrockChatSettings {
  /** Ends the call and closes its connection. */
  signal?: AbortSignal | undefined;
}

/** The options that `withOptions` sets for every call. Null removes an option. */
export interface BoundOptions extends CallOptions {
  /**
   * Maximum number of concurrent calls in a batch, whose number adapts to throttling. Default: that of the constructor.
   */
  maxConcurrency?: number | undefined;
}

/** The options of a batch. */
export interface BatchOptions extends BoundOptions {
  /** Whether a failed call's error is returned in its place, instead of ending the batch. Default: `false`. */
  returnExceptions?: boolean | undefined;
}

/** The constructor's fields. */
export interface BedrockChatFields extends BedrockChatSettings {
  /** A model id, the id of an inference profile, or an ARN of any kind. */
  model: string;
  /**
   * Default: the region of `endpointUrl` if that is a host of AWS, else `BEDROCK_AWS_REGION`, `AWS_REGION` or
   * `AWS_DEFAULT_REGION`. The region of an ARN takes precedence. A host of AWS in another region is an error.
   */
  region?: string | undefined;
  /**
   * Credentials, a function that returns them, or `"anonymous"` for a gateway that signs calls itself. Anonymous calls
   * have neither a signature nor a key, and `headers` may set `authorization`. Anonymous calls ignore keys of the
   * environment, and keys in other fields are then an error. Default: `AWS_BEARER_TOKEN_BEDROCK`, `BEDROCK_AWS_…` or
   * `AWS_…` of the environment, if one is set.
   */
  credentials?: BedrockCredentialsProvider | "anonymous" | undefined;
  /** A Bedrock API key, instead of credentials. */
  apiKey?: string | undefined;
  /** LangChain's name for `credentials.accessKeyId`. */
  awsAccessKeyId?: string | undefined;
  /** LangChain's name for `credentials.secretAccessKey`. */
  awsSecretAccessKey?: string | undefined;
  /** LangChain's name for `credentials.sessionToken`. */
  awsSessionToken?: string | undefined;
  /**
   * A custom endpoint, such as an interface endpoint (PrivateLink) or a local server. Without `http://`, `https` is
   * used. Default: `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` (`…_MANTLE` for that service) or `AWS_ENDPOINT_URL` of the
   * environment, else AWS's.
   */
  endpointUrl?: string | undefined;
  /** LangChain's name for `endpointUrl`. */
  endpointHost?: string | undefined;
  /**
   * A gateway: calls are signed for AWS, unless `credentials` is `"anonymous"`, and sent to this URL with their path
   * appended.
   */
  gatewayUrl?: string | undefined;
  /**
   * Cloudflare's AI Gateway: calls are signed for AWS's host and sent to the gateway, over `bedrock-runtime` only. It
   * is instead of `gatewayUrl`, and `headers` may set its other headers, such as `cf-aig-cache-ttl`.
   */
  cloudflareGateway?: CloudflareGateway | undefined;
  /** Headers for every call. Only AWS's own headers (`x-amz…`) are signed. */
  headers?: { [name: string]: string } | Headers | undefined;
  /**
   * A function to use instead of the global `fetch`: that of a service binding, or a mock. It is called as `fetch(url,
   * init)`, with headers as a plain object, and must return an unread `Response`. Redirects are not followed. The
   * limits of Node's own `fetch`, 300 seconds for the response headers and for silence, are switched off for the global
   * `fetch` only. A custom function needs a dispatcher with other limits.
   */
  fetch?: FetchLike | undefined;
  /** LangChain's name for `fetch`. */
  fetchFn?: FetchLike | undefined;
  /** Which of Bedrock's APIs to call. Default: the model's own format if there is one, else Converse. */
  api?: "invoke" | "converse" | "responses" | "chatCompletions" | "messages" | undefined;
  /**
   * Which service to call, for models that both services serve. Default: the service of `endpointUrl` if that is a host
   * of AWS, else the model's default.
   */
  service?: "bedrock-runtime" | "bedrock-mantle" | undefined;
  /** The model's family if its id does not name it, such as `"anthropic"`. */
  family?: string | undefined;
  /** An ARN, encoded or not, that is called instead of `model`, in the format of `model`. */
  applicationInferenceProfile?: string | undefined;
  /**
   * Whether to use AWS's FIPS hosts. Default: `AWS_USE_FIPS_ENDPOINT`, else `false`. Another endpoint is an error then.
   */
  fips?: boolean | undefined;
  /**
   * Whether to use AWS's dual-stack hosts. Default: `AWS_USE_DUALSTACK_ENDPOINT`, else `false`. Another endpoint is an
   * error then.
   */
  dualStack?: boolean | undefined;
  /** The service's name in signatures. Default: `"bedrock"`, and `"bedrock-mantle"` for that service. */
  signingName?: string | undefined;
  /**
   * Whether `invoke` streams and collects the events, so that the idle limit applies to long answers. Default: `false`.
   */
  streaming?: boolean | undefined;
  /**
   * Maximum number of retries of a failed call. A service's `Retry-After` is obeyed up to 20 seconds; if it asks for
   * more, the call fails at once, with `retryAfterMs`. Default: 2.
   */
  maxRetries?: number | undefined;
  /**
   * Whether a call is sent again even if the service may have processed it: after a broken connection, a timeout, a
   * gateway that lost the answer. Each attempt may be charged. Default: `false`.
   */
  paidResend?: boolean | undefined;
  /**
   * Maximum number of concurrent calls in a batch. The actual number begins at 10, or at the maximum if that is lower.
   * It grows with replies, and throttling halves it. Default: 32.
   */
  maxConcurrency?: number | undefined;
  /**
   * A limit of requests and tokens a minute: calls wait before they are sent, also those of a batch. It learns from the
   * usage of replies, from `Retry-After` and from throttling. A `RateLimiter` can be shared by several models. Default:
   * no limit.
   */
  rateLimiter?: RateLimiter | RateLimits | undefined;
  /**
   * Other models, regions, accounts or APIs that answer in this order when a call fails. They are called once this
   * model's own retries have failed; in a stream, only before its first event. The reply's `response_metadata.fallback`
   * says which one answered, and what failed before. `circuitBreaker` skips a target that fails again and again. Each
   * attempt may be charged.
   */
  fallbacks?: readonly Fallback[] | undefined;
  /**
   * When a target is skipped after failures: after `failures` failed calls in a row (5), for `pause` milliseconds
   * (30,000). Fallbacks take it over, or set their own. `false` switches it off. No effect without `fallbacks`.
   */
  circuitBreaker?: CircuitBreaker | false | undefined;
  /**
   * Limit on the wait for the first byte of the response, in milliseconds; 0 switches it off. Default: one hour, the
   * longest that AWS says a model may take.
   */
  firstByteTimeout?: number | undefined;
  /** Limit on silence within a response, in milliseconds; 0 switches it off. Default: 5 minutes. */
  idleTimeout?: number | undefined;
}

/** The options that LangChain's chat model takes on calls only. */
export type LangChainCallOption = "tools" | "toolChoice" | "tool_choice" | "parallelToolCalls" | "responseFormat" | "response_format";

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
  project: "text",
  anthropicBeta: "lines",
  requestMetadata: "pairs",
  responseFieldPaths: "lines",
  promptVariables: "pairs",
  timeout: "whole",
} as const;

/** Options that only a call has. */
export const CALL = {
  signal: "signal",
} as const;

/** Further options of a batch. */
export const BATCH = {
  maxConcurrency: "whole",
  returnExceptions: "flag",
} as const;

/** Fields that only the constructor has. */
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
  cloudflareGateway: "cloudflare",
  headers: "headers",
  fetch: "call",
  fetchFn: "call",
  api: ["invoke", "converse", "responses", "chatCompletions", "messages"],
  service: ["bedrock-runtime", "bedrock-mantle"],
  family: "text",
  applicationInferenceProfile: "text",
  fips: "flag",
  dualStack: "flag",
  signingName: "text",
  streaming: "flag",
  maxRetries: "whole",
  paidResend: "flag",
  maxConcurrency: "whole",
  rateLimiter: "limiter",
  fallbacks: "fallbacks",
  circuitBreaker: "breaker",
  firstByteTimeout: "whole",
  idleTimeout: "whole",
} as const;

/** Options that are passed to the module unchanged. */
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
  "project",
  "anthropicBeta",
  "requestMetadata",
  "responseFieldPaths",
  "promptVariables",
] as const;

/** Fields of the constructor that are passed to the module unchanged. */
export const PASSED_FIELDS = [
  "cloudflareGateway",
  "api",
  "service",
  "fips",
  "dualStack",
  "signingName",
  "streaming",
  "maxRetries",
  "paidResend",
  "firstByteTimeout",
  "idleTimeout",
] as const;

/** Options whose members are merged. */
export const MERGED = [
  "modelKwargs",
  "capabilities",
] as const;

/** Two names of one option. */
export const SAME_SETTINGS = [
  ["toolChoice", "tool_choice"],
  ["reasoning", "thinking"],
  ["responseFormat", "response_format"],
] as const;

/** Two names of one field of the constructor. */
export const SAME_FIELDS = [
  ["endpointUrl", "endpointHost"],
  ["fetch", "fetchFn"],
] as const;

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
  "project",
  "anthropicBeta",
  "requestMetadata",
  "responseFieldPaths",
  "promptVariables",
  "timeout",
] as const;

/** Fields that identify a LangChain model, besides its id and region: another endpoint may answer differently. */
export const LANGCHAIN_IDENTITY = [
  "endpointUrl",
  "endpointHost",
  "gatewayUrl",
  "api",
  "service",
  "family",
  "applicationInferenceProfile",
] as const;
