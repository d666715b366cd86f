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
import type { AIMessageChunk, BaseMessage, MessageContent } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import type { Runnable } from "@langchain/core/runnables";
import type { InteropZodType } from "@langchain/core/utils/types";
import type { BedrockChatFields as CoreFields, BedrockChatSettings as CoreSettings, GuardrailConfig, LangChainCallOption, ResponseFormat, StructuredMethod } from "./index.js";

export { BedrockChatError, capabilities, mintApiKey } from "./index.js";
export type { BedrockCredentials, BedrockCredentialsProvider, Capabilities, FetchLike, GuardrailConfig, Reasoning, ResponseFormat } from "./index.js";

/** A tool as Anthropic has it, and what else is native to a model. */
export type NativeTool = Record<string, unknown>;

export type BedrockChatTool = BindToolsInput | NativeTool;

/**
 * Which tool the model is to call: `"auto"`, `"any"`, `"none"`, one by name, `{ type: "tool", name }`
 * or OpenAI's form.
 */
export type BedrockToolChoice = ToolChoice;

/** The settings of a model that every call may change. */
export interface BedrockChatSettings
  extends Omit<CoreSettings, "stop" | "timeout" | LangChainCallOption> {}

/** The fields of the constructor. */
export interface BedrockChatFields
  extends BedrockChatSettings,
    Omit<CoreFields, Exclude<keyof CoreSettings, "timeout"> | "streaming" | "maxConcurrency">,
    Omit<BaseChatModelParams, "maxRetries" | "maxConcurrency" | "onFailedAttempt"> {
  /** Whether `invoke` streams, so that callbacks get tokens. Default: `false`. */
  streaming?: boolean | undefined;
  /** How many calls are under way at a time. Default: as many as are made. */
  maxConcurrency?: number | undefined;
  /** Called once for a call that failed, after all `maxRetries` retries. An error that it throws is thrown by the call. */
  onFailedAttempt?: BaseChatModelParams["onFailedAttempt"] | undefined;
  /** Texts at which the model stops. */
  stop?: string[] | undefined;
  /** Other chat models' name for `stop`. */
  stopSequences?: string[] | undefined;
}

/** The options of a call. */
export interface BedrockChatCallOptions
  extends Omit<BaseChatModelCallOptions, "tool_choice">,
    BedrockChatSettings {
  tools?: BedrockChatTool[] | undefined;
  // No `undefined`, as LangChain has it: exact types would not take the model for one of LangChain's.
  tool_choice?: BedrockToolChoice;
  /** Whether the model may call several tools in one turn. */
  parallelToolCalls?: boolean | undefined;
  parallel_tool_calls?: boolean | undefined;
  /** A JSON Schema that the answer is held to, where the model can be. */
  responseFormat?: ResponseFormat | undefined;
  response_format?: ResponseFormat | undefined;
  /** With tools: whether their arguments must match the schema strictly. A tool's own `strict` takes precedence. */
  strict?: boolean | undefined;
}

export interface BedrockStructuredOutputOptions<IncludeRaw extends boolean = boolean>
  extends Omit<StructuredOutputMethodOptions<IncludeRaw>, "method"> {
  /** Default: a tool that the model is made to call, else its JSON Schema mode, else a request in the prompt. */
  method?: StructuredMethod;
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
 * const llm = new BedrockChat({ model: "us.anthropic.claude-sonnet-4-6", region: "us-east-1" });
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
   * Estimates the tokens of a message's content at once, without asking anybody: a token for 3.5 bytes of UTF-8, 1600 for
   * an image or a file. `trimMessages` uses it for each message, many times. {@link countTokens} is exact.
   */
  getNumTokens(content: MessageContent): Promise<number>;

  /** Has the service count the tokens of a conversation, without a bill. Not every model can. */
  countTokens(messages: BaseLanguageModelInput, options?: Partial<BedrockChatCallOptions>): Promise<number>;

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
