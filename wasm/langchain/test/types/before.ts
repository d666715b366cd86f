// The declarations of earlier versions, compared with the current ones: programs that compiled must still compile.
// Only the compiler reads this file.
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import type { Runnable } from "@langchain/core/runnables";
import type { InteropZodType } from "@langchain/core/utils/types";
import type * as Before from "bedrock-chat-before/langchain";
import type * as Now from "bedrock-chat/langchain";
import {
  BedrockChat,
  type BedrockChatCallOptions,
  type BedrockChatFields,
  type BedrockChatSettings,
  type BedrockChatTool,
  type BedrockCredentials,
  type BedrockCredentialsProvider,
  type BedrockStructuredOutputOptions,
  type BedrockToolChoice,
  type Capabilities,
  type FetchLike,
  type GuardrailConfig,
  type NativeTool,
  type Reasoning,
  type ResponseFormat,
} from "bedrock-chat/langchain";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only if the type is `true`. */
const holds = <T extends true>(): T | undefined => undefined;

type Is<Value, Type> = [Value] extends [Type] ? true : false;
/** The members of `A` that `B` does not have. */
type Missing<A, B> = Exclude<keyof A, keyof B>;
/** Whether all arguments that were accepted are still accepted, and no member's name is gone. */
type Accepts<Today, Earlier> = [Is<Earlier, Today>, Is<Missing<Earlier, Today>, never>] extends [true, true] ? true : false;

// The arguments, each by its name.
holds<Accepts<BedrockChatFields, Before.BedrockChatFields>>();
holds<Accepts<BedrockChatSettings, Before.BedrockChatSettings>>();
holds<Accepts<BedrockChatCallOptions, Before.BedrockChatCallOptions>>();
holds<Accepts<Partial<BedrockChatCallOptions>, Partial<Before.BedrockChatCallOptions>>>();
holds<Accepts<BedrockStructuredOutputOptions, Before.BedrockStructuredOutputOptions>>();
holds<Accepts<BedrockStructuredOutputOptions<true>, Before.BedrockStructuredOutputOptions<true>>>();
holds<Accepts<BedrockStructuredOutputOptions<false>, Before.BedrockStructuredOutputOptions<false>>>();
holds<Same<BedrockChatTool, Before.BedrockChatTool>>();
holds<Same<BedrockToolChoice, Before.BedrockToolChoice>>();
holds<Same<NativeTool, Before.NativeTool>>();
holds<Is<Before.BedrockCredentials, BedrockCredentials>>();
holds<Is<Before.BedrockCredentialsProvider, BedrockCredentialsProvider>>();
holds<Accepts<Capabilities, Before.Capabilities>>();
holds<Accepts<GuardrailConfig, Before.GuardrailConfig>>();
holds<Is<Before.FetchLike, FetchLike>>();
holds<Is<Before.Reasoning, Reasoning>>();
holds<Is<Before.ResponseFormat, ResponseFormat>>();

// The values that the entry exports. `BedrockChatError` and the core's functions are tested with the core.
holds<Is<Missing<typeof Before, typeof Now>, never>>();
holds<Is<typeof Now.convertMessagesToPrompt, typeof Before.convertMessagesToPrompt>>();
holds<Is<typeof Now.convertMessagesToPromptAnthropic, typeof Before.convertMessagesToPromptAnthropic>>();

// The chat model: its members, what they return, and what they accept. Parameters of methods are compared one by one,
// because TypeScript also accepts a method whose parameters are narrower.
type Chat = Before.BedrockChat;
type MethodName = { [name in keyof Chat]-?: Chat[name] extends (...args: never[]) => unknown ? name : never }[keyof Chat];
type PropertyName = Exclude<keyof Chat, MethodName>;
type Arguments<Method> = Method extends (...args: infer List) => unknown ? List : never;
type Narrower = { [name in MethodName]: Is<Arguments<Chat[name]>, Arguments<BedrockChat[name]>> extends true ? never : name }[MethodName];
holds<Is<Missing<Chat, BedrockChat>, never>>();
holds<Is<BedrockChat, Chat>>();
holds<Is<Narrower, never>>();
// A project may contain the package twice: the other copy's models are accepted, also those of an earlier version.
holds<Is<Chat & Pick<BedrockChat, Missing<BedrockChat, Chat>>, BedrockChat>>();
holds<Is<Pick<Chat, PropertyName>, Pick<BedrockChat, PropertyName>>>();
holds<Is<typeof BedrockChat, typeof Before.BedrockChat>>();
holds<Is<ConstructorParameters<typeof Before.BedrockChat>, ConstructorParameters<typeof BedrockChat>>>();
holds<Same<"bindTools" | "withStructuredOutput" | "_generate" | "getNumTokens", Extract<MethodName, "bindTools" | "withStructuredOutput" | "_generate" | "getNumTokens">>>();
holds<Same<"model" | "temperature" | "stop", Extract<PropertyName, "model" | "temperature" | "stop">>>();

// Programs.
export function create(fields: Before.BedrockChatFields): Before.BedrockChat {
  const chat = new BedrockChat(fields);
  chat.temperature = 0.5;
  chat.stop = ["END"];
  return chat;
}

export function withTools(chat: BedrockChat, tools: Before.BedrockChatTool[], options: Partial<Before.BedrockChatCallOptions>): Runnable<BaseLanguageModelInput, AIMessageChunk, Before.BedrockChatCallOptions> {
  return chat.bindTools(tools, options);
}

export async function calls(chat: BedrockChat): Promise<void> {
  const count = await chat.countTokens([["human", "Hi"]], { maxTokens: 5, timeout: 10, tags: ["a"] });
  holds<Same<typeof count, number>>();
  await chat.bindTools([], { temperature: 0, tool_choice: "any", parallelToolCalls: false }).invoke("Hi", { stop: ["."], signal: AbortSignal.timeout(1) });
  await chat.withConfig({ runName: "a", topK: 5, stop: ["."] }).stream("Hi");
  await chat.batch([[["system", "Be brief."], ["human", "Hi"]]], { maxConcurrency: 2, reasoning: "low" });
}

export function values<T extends Record<string, unknown>>(chat: BedrockChat, schema: InteropZodType<T>): Runnable<BaseLanguageModelInput, T> {
  return chat.withStructuredOutput(schema, { name: "value", strict: true } satisfies Before.BedrockStructuredOutputOptions<false>);
}

export function rawValues<T extends Record<string, unknown>>(chat: BedrockChat, schema: InteropZodType<T>, config: Before.BedrockStructuredOutputOptions<true>): Runnable<BaseLanguageModelInput, { raw: BaseMessage; parsed: T; parsingError?: Error }> {
  return chat.withStructuredOutput(schema, config);
}

export function someValues(chat: BedrockChat, config: Before.BedrockStructuredOutputOptions<boolean>): void {
  const either = chat.withStructuredOutput<{ name: string }>({ type: "object" }, config);
  holds<Same<typeof either, Runnable<BaseLanguageModelInput, { name: string }> | Runnable<BaseLanguageModelInput, { raw: BaseMessage; parsed: { name: string }; parsingError?: Error }>>>();
  const loose = chat.withStructuredOutput({ type: "object" });
  holds<Same<typeof loose, Runnable<BaseLanguageModelInput, Record<string, any>>>>();
}

export const general: BaseChatModel<BedrockChatCallOptions, AIMessageChunk> = new BedrockChat({ model: "m" });

export class Subclass extends BedrockChat {
  readonly calls: string[] = [];

  static override lc_name(): string {
    return "Subclass";
  }

  constructor(fields: BedrockChatFields & { label?: string }) {
    super(fields);
    this.calls.push(fields.label ?? this._llmType());
  }

  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"]): Promise<ChatResult> {
    return super._generate(messages, { ...options, maxTokens: 5 });
  }

  override async *_streamResponseChunks(...given: Parameters<BedrockChat["_streamResponseChunks"]>): AsyncGenerator<ChatGenerationChunk> {
    yield* super._streamResponseChunks(...given);
  }

  override _identifyingParams(): Record<string, unknown> {
    const { temperature, max_tokens } = this.invocationParams({ maxTokens: 5 });
    return { ...super._identifyingParams(), temperature, max_tokens, calls: this.calls };
  }
}
