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
import type { AIMessageChunk, BaseMessage, MessageContent } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import type { Runnable } from "@langchain/core/runnables";
import type { InteropZodType } from "@langchain/core/utils/types";
import type { BedrockChatFields as CoreFields, BedrockChatSettings as CoreSettings, GuardrailConfig, LangChainCallOption, ResponseFormat, StructuredMethod } from "./index.js";

export { BedrockChatError, capabilities, mintApiKey } from "./index.js";
export type { BedrockCredentials, BedrockCredentialsProvider, Capabilities, FetchLike, GuardrailConfig, Reasoning, ResponseFormat } from "./index.js";

export type NativeTool = Record<string, unknown>;

export type BedrockChatTool = BindToolsInput | NativeTool;

export type BedrockToolChoice = ToolChoice;

export interface BedrockChatSettings
  extends Omit<CoreSettings, "stop" | "timeout" | LangChainCallOption> {}

export interface BedrockChatFields
  extends BedrockChatSettings,
    Omit<CoreFields, Exclude<keyof CoreSettings, "timeout"> | "streaming" | "maxConcurrency">,
    Omit<BaseChatModelParams, "maxRetries" | "maxConcurrency" | "onFailedAttempt"> {
  streaming?: boolean | undefined;
  maxConcurrency?: number | undefined;
  onFailedAttempt?: BaseChatModelParams["onFailedAttempt"] | undefined;
  stop?: string[] | undefined;
  stopSequences?: string[] | undefined;
}

export interface BedrockChatCallOptions
  extends Omit<BaseChatModelCallOptions, "tool_choice">,
    BedrockChatSettings {
  tools?: BedrockChatTool[] | undefined;
  tool_choice?: BedrockToolChoice;
  parallelToolCalls?: boolean | undefined;
  parallel_tool_calls?: boolean | undefined;
  responseFormat?: ResponseFormat | undefined;
  response_format?: ResponseFormat | undefined;
  strict?: boolean | undefined;
}

export interface BedrockStructuredOutputOptions<IncludeRaw extends boolean = boolean>
  extends Omit<StructuredOutputMethodOptions<IncludeRaw>, "method"> {
  method?: StructuredMethod;
}

export declare class BedrockChat extends BaseChatModel<BedrockChatCallOptions, AIMessageChunk> {
  static lc_name(): string;
  lc_serializable: boolean;
  model: string;
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

  bindTools(
    tools: BedrockChatTool[],
    kwargs?: Partial<BedrockChatCallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, BedrockChatCallOptions>;

  getNumTokens(content: MessageContent): Promise<number>;

  countTokens(messages: BaseLanguageModelInput, options?: Partial<BedrockChatCallOptions>): Promise<number>;

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

export declare function convertMessagesToPromptAnthropic(
  messages: BaseMessage[],
  humanPrompt?: string,
  aiPrompt?: string,
): string;

export declare function convertMessagesToPrompt(messages: BaseMessage[], provider: string): string;
