// Types of the arguments of LangChain's chat model.
import type { StructuredOutputMethodOptions } from "@langchain/core/language_models/base";
import type { BaseChatModelCallOptions, BaseChatModelParams, BindToolsInput, ToolChoice } from "@langchain/core/language_models/chat_models";
import type { BedrockChatFields as CoreFields, BedrockChatSettings as CoreSettings, LangChainCallOption, ResponseFormat, StructuredMethod } from "./index.js";

/** A tool in Anthropic's form, or in another form that is native to a model. */
export type NativeTool = Record<string, unknown>;

/** A tool of LangChain, of OpenAI or of Anthropic. */
export type BedrockChatTool = BindToolsInput | NativeTool;

/**
 * The tool that the model must call: `"auto"`, `"any"`, `"none"`, one by name, `{ type: "tool", name }`
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
  /** Whether `invoke` streams, so that callbacks receive tokens. Default: `false`. */
  streaming?: boolean | undefined;
  /** Maximum number of concurrent calls. Default: no limit. */
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
  /** Tools that the model may call: LangChain's, OpenAI's, Anthropic's, in any mixture. */
  tools?: BedrockChatTool[] | undefined;
  // The tool that the model must call. `undefined` is not in the type, as in LangChain: with exact optional types,
  // LangChain would not accept the model. */
  tool_choice?: BedrockToolChoice;
  /** Whether the model may call several tools in one turn. */
  parallelToolCalls?: boolean | undefined;
  /** OpenAI's name for `parallelToolCalls`. */
  parallel_tool_calls?: boolean | undefined;
  /** A JSON Schema that the answer must fit, for models with such a mode. */
  responseFormat?: ResponseFormat | undefined;
  /** OpenAI's name for `responseFormat`. */
  response_format?: ResponseFormat | undefined;
  /** Whether the arguments of tools must match the schema strictly. A tool's own `strict` takes precedence. */
  strict?: boolean | undefined;
}

/** The options of `withStructuredOutput`. */
export interface BedrockStructuredOutputOptions<IncludeRaw extends boolean = boolean>
  extends Omit<StructuredOutputMethodOptions<IncludeRaw>, "method"> {
  /**
   * The method. Default: a tool that the model must call, or else its JSON Schema mode, or else a request in the
   * prompt.
   */
  method?: StructuredMethod;
}
