// Types of the settings and options of the AI SDK's provider.
import type { BedrockChatFields, BedrockChatSettings } from "./index.js";

/** AWS keys that a function returns. */
export interface AmazonBedrockCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
  /** The time when the keys expire. Until shortly before it, the function is not called again. */
  expiration?: Date | undefined;
}

/** The fields of a chat model that the provider sets by other names. */
type Renamed = "model" | "credentials" | "awsAccessKeyId" | "awsSecretAccessKey" | "awsSessionToken" | "endpointUrl" | "endpointHost" | "headers" | "fetch" | "fetchFn" | "streaming" | "maxConcurrency";

/** Options that the AI SDK passes itself. */
type Passed = "tools" | "toolChoice" | "tool_choice" | "responseFormat" | "response_format" | "maxTokens" | "temperature" | "topP" | "topK" | "stop";

/** The ids of models that an editor suggests. Every other id, and every ARN, is accepted, too. */
export type AmazonBedrockChatModelId =
  | "us.anthropic.claude-opus-4-8"
  | "us.anthropic.claude-opus-4-6-v1"
  | "us.anthropic.claude-sonnet-4-6"
  | "us.anthropic.claude-haiku-4-5-20251001-v1:0"
  | "us.amazon.nova-2-lite-v1:0"
  | "us.amazon.nova-premier-v1:0"
  | "us.amazon.nova-pro-v1:0"
  | "us.amazon.nova-lite-v1:0"
  | "us.amazon.nova-micro-v1:0"
  | "us.openai.gpt-5.6-sol"
  | "openai.gpt-oss-120b-1:0"
  | "openai.gpt-oss-20b-1:0"
  | "us.meta.llama4-maverick-17b-instruct-v1:0"
  | "us.meta.llama4-scout-17b-instruct-v1:0"
  | "us.meta.llama3-3-70b-instruct-v1:0"
  | "us.mistral.pixtral-large-2502-v1:0"
  | "us.deepseek.r1-v1:0"
  | "qwen.qwen3-32b-v1:0"
  | (string & {});

/** The settings of one model, and defaults of its options. */
export interface AmazonBedrockChatModelSettings extends Omit<BedrockChatFields, Renamed | Passed | "region" | "apiKey"> {
  /** The model's family, for the ARN of an application inference profile. The core's name for it is `family`. */
  modelFamily?: "anthropic" | undefined;
  /**
   * Which of Bedrock's APIs to call. Default: Converse, which the original provider calls, or for models without
   * Converse the model's default.
   */
  api?: BedrockChatFields["api"];
  /** Maximum number of retries inside of one attempt of the AI SDK. Default: 0, as the AI SDK retries itself. */
  maxRetries?: number | undefined;
}

/** The settings of a provider. Each model may override those of {@link AmazonBedrockChatModelSettings}. */
export interface AmazonBedrockProviderSettings extends AmazonBedrockChatModelSettings {
  /** The region. Default: `BEDROCK_AWS_REGION`, `AWS_REGION` or `AWS_DEFAULT_REGION`. */
  region?: string | undefined;
  /** A Bedrock API key, used instead of AWS keys. Default: `AWS_BEARER_TOKEN_BEDROCK`, if no keys are set here. */
  apiKey?: string | undefined;
  /** Default: `AWS_ACCESS_KEY_ID`, also if only the other key is set. */
  accessKeyId?: string | undefined;
  /** Default: `AWS_SECRET_ACCESS_KEY`, also if only the other key is set. */
  secretAccessKey?: string | undefined;
  /** The session token of temporary keys. Default: `AWS_SESSION_TOKEN`, if the keys are also from the environment. */
  sessionToken?: string | undefined;
  /** A function that returns AWS keys, used instead of `accessKeyId` and `secretAccessKey`. */
  credentialProvider?: (() => PromiseLike<AmazonBedrockCredentials>) | undefined;
  /**
   * `"anonymous"`: calls are neither signed nor sent with a key, for a gateway that signs them. Keys of the environment are
   * not used, and keys here are an error.
   */
  credentials?: "anonymous" | undefined;
  /** The URL that calls are sent to. Default: `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` or `AWS_ENDPOINT_URL`, else AWS's. */
  baseURL?: string | undefined;
  /** Headers for every call. */
  headers?: Record<string, string> | undefined;
  /** A function to use instead of the global `fetch`. Bodies of requests are strings. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Makes the id of a tool call that the model has not given an id. Also accepted for tests, as in the original. */
  generateId?: (() => string) | undefined;
}

/** The options of a call under `providerOptions.anthropic`. */
export interface AnthropicProviderOptions {
  /** Whether Claude calls one tool at most in a turn. */
  disableParallelToolUse?: boolean | undefined;
  /** Same as `structuredOutputMode` of {@link AmazonBedrockLanguageModelChatOptions}. */
  structuredOutputMode?: "outputFormat" | "jsonTool" | "auto" | undefined;
}

/**
 * The options of a call, `providerOptions.bedrock` or `providerOptions.amazonBedrock`: those of the original provider,
 * members of Converse's request that the original passes on, and the core's own options.
 */
export interface AmazonBedrockLanguageModelChatOptions extends Omit<BedrockChatSettings, Passed | "guardrailConfig" | "trace" | "promptVariables"> {
  /** Further fields for the model. The core's name for them is `modelKwargs`. */
  additionalModelRequestFields?: Record<string, unknown> | undefined;
  /** How much the model reasons. The core's name for it is `reasoning`. */
  reasoningConfig?:
    | {
        type?: "enabled" | "disabled" | "adaptive" | undefined;
        /** The budget in tokens. It is added to `maxOutputTokens`. */
        budgetTokens?: number | undefined;
        maxReasoningEffort?: "low" | "medium" | "high" | "xhigh" | "max" | undefined;
        display?: "omitted" | "summarized" | undefined;
      }
    | undefined;
  /** How values of a schema are made: by the service's JSON mode, or by a tool. Default: the best that the model has. */
  structuredOutputMode?: "outputFormat" | "jsonTool" | "auto" | undefined;
  /** The guardrail, in Converse's form, or further settings of the core's `guardrailIdentifier`. */
  guardrailConfig?:
    | {
        guardrailIdentifier?: string | undefined;
        guardrailVersion?: string | undefined;
        trace?: "enabled" | "disabled" | "enabled_full" | "ENABLED" | "DISABLED" | "ENABLED_FULL" | undefined;
        streamProcessingMode?: "sync" | "async" | "SYNCHRONOUS" | "ASYNCHRONOUS" | undefined;
        tagSuffix?: string | undefined;
      }
    | undefined;
  trace?: BedrockChatSettings["trace"];
  /** Values for the variables of a managed prompt, as texts or in Converse's form. */
  promptVariables?: { [name: string]: string | { text: string } } | undefined;
  /** The latency, in Converse's form. The core's name for it is `latency`. */
  performanceConfig?: { latency: "standard" | "optimized" } | undefined;
  /** JSON pointers into the model's own reply. The core's name for them is `responseFieldPaths`. */
  additionalModelResponseFieldPaths?: readonly string[] | undefined;
}
