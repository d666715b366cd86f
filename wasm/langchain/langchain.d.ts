// `bedrock-chat/langchain`: a chat model for LangChain.js over Amazon Bedrock. Needs `@langchain/core`.
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { BaseLanguageModelInput, StructuredOutputMethodOptions } from "@langchain/core/language_models/base";
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BaseChatModelParams,
  type BindToolsInput,
  type LangSmithParams,
  type ToolChoice,
} from "@langchain/core/language_models/chat_models";
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import type { Runnable } from "@langchain/core/runnables";
import type { InteropZodType } from "@langchain/core/utils/types";

export { BedrockChatError, mintApiKey } from "./index.js";

/** AWS keys, or a key for Bedrock alone. */
export type BedrockCredentials =
  | {
      accessKeyId: string;
      secretAccessKey: string;
      /** Of temporary keys. */
      sessionToken?: string;
      /** When they end; a function is asked for new ones shortly before. */
      expiration?: Date | string | number;
    }
  | { apiKey: string };

/** What a guardrail is told beside its name. */
export interface GuardrailConfig {
  /** The suffix of the tags around what the guardrail shall look at. */
  tagSuffix?: string;
  /** Whether a stream waits for the guardrail. Defaults to what the service does, which is to wait. */
  streamProcessingMode?: "SYNCHRONOUS" | "ASYNCHRONOUS";
}

/** A tool as Anthropic has it, and what else is native to a model. */
export type NativeTool = Record<string, unknown>;

export type BedrockChatTool = BindToolsInput | NativeTool;

/**
 * Which tool the model is to call: `"auto"`, `"any"`, `"none"`, one by name, `{ type: "tool", name }`
 * or OpenAI's form.
 */
export type BedrockToolChoice = ToolChoice;

/** What a model has of its own and every call may change. */
export interface BedrockChatSettings {
  /** Defaults to the model's own; nothing is sent. */
  temperature?: number;
  /** Defaults to 4,096 for Claude, which requires a limit, and to the model's own elsewhere. */
  maxTokens?: number;
  topP?: number;
  topK?: number;
  /** Texts at which the model stops. */
  stop?: string[];
  /** Merged into the body last, over everything else. */
  modelKwargs?: Record<string, unknown>;
  /** Thinking: a budget in tokens, an effort such as `"low"`, `"adaptive"`, or `false`. */
  reasoning?: number | string | false | { budgetTokens: number } | { effort: string };
  /** The same as Anthropic has it: `{ type: "enabled", budget_tokens: 2048 }`. */
  thinking?: Record<string, unknown>;
  /** Cache points behind the system prompt, the tools and the conversation. */
  promptCaching?: boolean | "5m" | "1h";
  latency?: "standard" | "optimized";
  serviceTier?: "default" | "flex" | "priority" | "reserved";
  anthropicBeta?: string[];
  requestMetadata?: Record<string, string>;
  responseFieldPaths?: string[];
  guardrailIdentifier?: string;
  guardrailVersion?: string;
  guardrailConfig?: GuardrailConfig;
  /** Whether the reply says what the guardrail saw. Without a guardrail it changes nothing. */
  trace?: "ENABLED" | "DISABLED" | "ENABLED_FULL";
  /** Limit on a whole call, in milliseconds. Defaults to none. */
  timeout?: number;
}

/** What a chat model is made of. */
export interface BedrockChatFields extends BedrockChatSettings, Omit<BaseChatModelParams, "maxRetries" | "onFailedAttempt"> {
  /** The id or ARN of a model or inference profile, such as `"anthropic.claude-3-haiku-20240307-v1:0"`. */
  model: string;
  /** Defaults to `AWS_REGION`, then `AWS_DEFAULT_REGION`. */
  region?: string;
  /** Keys, or a function that gives them; it is asked again when they end. Defaults to the environment. */
  credentials?: BedrockCredentials | (() => Promise<BedrockCredentials>);
  awsAccessKeyId?: string;
  awsSecretAccessKey?: string;
  awsSessionToken?: string;
  /** A key for Bedrock. Defaults to `AWS_BEARER_TOKEN_BEDROCK`. */
  apiKey?: string;
  /** Another address of the service, with or without a scheme, a port and a path. */
  endpointUrl?: string;
  /** The same. */
  endpointHost?: string;
  gatewayUrl?: string;
  signingName?: string;
  headers?: Record<string, string>;
  fetch?: typeof globalThis.fetch;
  fetchFn?: typeof globalThis.fetch;
  /** Which API to use. Defaults to the one that is right for the model. */
  api?: "invoke" | "converse";
  /** Whose format a model speaks, where its id does not say: `"anthropic"`, `"llama"`, … */
  family?: string;
  /** The ARN of an application inference profile; `model` says what it runs. */
  applicationInferenceProfile?: string;
  fips?: boolean;
  dualStack?: boolean;
  /** Whether `invoke` streams, so that callbacks get tokens. Defaults to false. */
  streaming?: boolean;
  /** How often a call that failed is tried again: throttling, failures of the service and of the network. */
  maxRetries?: number;
  /** Told once of a call that failed for good: trying again, as `maxRetries` says, is over by then. What it throws is the call's error. */
  onFailedAttempt?: BaseChatModelParams["onFailedAttempt"];
  /** Limit on the wait for the first byte, in milliseconds; 0 for none. */
  firstByteTimeout?: number;
  /** Limit on the wait between two pieces of a stream, in milliseconds; 0 for none. */
  idleTimeout?: number;
  /** Other chat models' name for `stop`. */
  stopSequences?: string[];
}

/** What a call can be told. */
export interface BedrockChatCallOptions
  extends Omit<BaseChatModelCallOptions, "tool_choice" | "timeout" | "stop">,
    BedrockChatSettings {
  tools?: BedrockChatTool[];
  tool_choice?: BedrockToolChoice;
  /** Whether the model may call several tools in one turn. */
  parallelToolCalls?: boolean;
  parallel_tool_calls?: boolean;
  /** A JSON Schema that the answer is held to, where the model can be. */
  responseFormat?: { name?: string; description?: string; schema: Record<string, unknown> };
  /** With tools: that their arguments fit the schema strictly. */
  strict?: boolean;
}

export interface BedrockStructuredOutputOptions<IncludeRaw extends boolean = boolean>
  extends Omit<StructuredOutputMethodOptions<IncludeRaw>, "method"> {
  /** Defaults to a tool that the model is made to call, else to its JSON Schema mode, else to a request in the prompt. */
  method?: "functionCalling" | "jsonSchema" | "jsonMode";
}

/**
 * Chat with every model on Amazon Bedrock: a drop-in for `BedrockChat` of
 * `@langchain/community/chat_models/bedrock/web`.
 *
 * The reason why a model stopped is in `response_metadata.stop_reason`, of a
 * reply and of an aggregated stream alike.
 *
 * ```ts
 * import { BedrockChat } from "bedrock-chat/langchain";
 *
 * const llm = new BedrockChat({ model: "anthropic.claude-3-5-sonnet-20240620-v1:0", region: "us-east-1" });
 * const reply = await llm.invoke([["system", "Answer in French."], ["human", "Hello!"]]);
 * console.log(reply.text, reply.usage_metadata);
 * ```
 */
export declare class BedrockChat extends BaseChatModel<BedrockChatCallOptions, AIMessageChunk> {
  static lc_name(): string;
  lc_serializable: boolean;
  model: string;
  /** The vendor in the model's id; `undefined` where the id does not say. */
  modelProvider?: string;
  region?: string;
  endpointHost?: string;
  streaming: boolean;
  temperature?: number;
  maxTokens?: number;
  topP?: number;
  topK?: number;
  stop?: string[];
  modelKwargs?: Record<string, unknown>;
  guardrailIdentifier?: string;
  guardrailVersion?: string;
  guardrailConfig?: GuardrailConfig;
  trace?: "ENABLED" | "DISABLED" | "ENABLED_FULL";
  get credentials(): BedrockChatFields["credentials"];
  get lc_aliases(): Record<string, string>;
  get lc_secrets(): Record<string, string>;
  get lc_attributes(): Record<string, any>;

  /** @throws {BedrockChatError} of kind `config` or `credentials`, where a field is missing or wrong. */
  constructor(fields: BedrockChatFields);

  _llmType(): string;
  _identifyingParams(): Record<string, unknown>;
  invocationParams(options?: Partial<this["ParsedCallOptions"]>): {
    tools: NativeTool[] | undefined;
    tool_choice?: BedrockToolChoice;
    temperature: number | undefined;
    max_tokens: number | undefined;
    stop: string[] | undefined;
    modelKwargs: Record<string, unknown> | undefined;
    guardrailConfig: GuardrailConfig | undefined;
  };
  getLsParams(options: this["ParsedCallOptions"]): LangSmithParams;

  /** The same model with tools that it may call: LangChain's, OpenAI's, Anthropic's, in any mixture. */
  bindTools(
    tools: BedrockChatTool[],
    kwargs?: Partial<BedrockChatCallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, BedrockChatCallOptions>;

  /**
   * The same model, answering with values of a schema. With `includeRaw`, `parsingError` says why `parsed` is null;
   * streamed, the pieces of the answer come as `{ raw }`, and at the end `{ parsed }`.
   */
  withStructuredOutput<T extends Record<string, any> = Record<string, any>>(
    schema: InteropZodType<T> | Record<string, any>,
    config?: BedrockStructuredOutputOptions<false>,
  ): Runnable<BaseLanguageModelInput, T>;
  withStructuredOutput<T extends Record<string, any> = Record<string, any>>(
    schema: InteropZodType<T> | Record<string, any>,
    config: BedrockStructuredOutputOptions<true>,
  ): Runnable<BaseLanguageModelInput, { raw: BaseMessage; parsed: T; parsingError?: Error }>;
  withStructuredOutput<T extends Record<string, any> = Record<string, any>>(
    schema: InteropZodType<T> | Record<string, any>,
    config?: BedrockStructuredOutputOptions<boolean>,
  ):
    | Runnable<BaseLanguageModelInput, T>
    | Runnable<BaseLanguageModelInput, { raw: BaseMessage; parsed: T; parsingError?: Error }>;

  _generate(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult>;
  _streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk>;
}

/** A conversation as the prompt of Claude 2 and older; the chat model itself never needs it. */
export declare function convertMessagesToPromptAnthropic(
  messages: BaseMessage[],
  humanPrompt?: string,
  aiPrompt?: string,
): string;

/** The same for a provider by name; throws for all but `"anthropic"`. */
export declare function convertMessagesToPrompt(messages: BaseMessage[], provider: string): string;
