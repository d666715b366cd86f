// Compares the declarations with those before the sources were TypeScript: programs for those must still compile. Only
// the compiler reads this file.
import type * as Now from "bedrock-chat";
import type * as NowManual from "bedrock-chat/manual";
import type { z } from "zod";
import type { z as z3 } from "zod3";
import type * as Before from "./before/index.js";
import type * as BeforeManual from "./before/manual.js";

/** Compiles only if there is no name. Its error has the names. */
declare function none<Name extends never>(): Name;

/** Types. Programs create values of some and read values of others, so each must fit the other. */
interface Types {
  AIMessage: [Before.AIMessage, Now.AIMessage];
  AIMessageChunk: [Before.AIMessageChunk, Now.AIMessageChunk];
  BatchOptions: [Before.BatchOptions, Now.BatchOptions];
  BedrockChat: [Before.BedrockChat, Now.BedrockChat];
  BedrockChatError: [Before.BedrockChatError, Now.BedrockChatError];
  BedrockChatErrorKind: [Before.BedrockChatErrorKind, Now.BedrockChatErrorKind];
  BedrockChatFields: [Before.BedrockChatFields, Now.BedrockChatFields];
  BedrockChatSettings: [Before.BedrockChatSettings, Now.BedrockChatSettings];
  BedrockCredentials: [Before.BedrockCredentials, Now.BedrockCredentials];
  BedrockCredentialsProvider: [Before.BedrockCredentialsProvider, Now.BedrockCredentialsProvider];
  BoundOptions: [Before.BoundOptions, Now.BoundOptions];
  CallOptions: [Before.CallOptions, Now.CallOptions];
  Capabilities: [Before.Capabilities, Now.Capabilities];
  ChatStream: [Before.ChatStream, Now.ChatStream];
  ContentBlock: [Before.ContentBlock, Now.ContentBlock];
  FetchLike: [Before.FetchLike, Now.FetchLike];
  GuardrailConfig: [Before.GuardrailConfig, Now.GuardrailConfig];
  InvalidToolCall: [Before.InvalidToolCall, Now.InvalidToolCall];
  JsonSchema: [Before.JsonSchema, Now.JsonSchema];
  LangChainCallOption: [Before.LangChainCallOption, Now.LangChainCallOption];
  MessageContent: [Before.MessageContent, Now.MessageContent];
  MessageLike: [Before.MessageLike, Now.MessageLike];
  MessageRole: [Before.MessageRole, Now.MessageRole];
  Messages: [Before.Messages, Now.Messages];
  Reasoning: [Before.Reasoning, Now.Reasoning];
  ResponseFormat: [Before.ResponseFormat, Now.ResponseFormat];
  ResponseMetadata: [Before.ResponseMetadata, Now.ResponseMetadata];
  Schema: [Before.Schema, Now.Schema];
  SseOptions: [Before.SseOptions, Now.SseOptions];
  StructuredMethod: [Before.StructuredMethod, Now.StructuredMethod];
  Thinking: [Before.Thinking, Now.Thinking];
  Tool: [Before.Tool, Now.Tool];
  ToolCall: [Before.ToolCall, Now.ToolCall];
  ToolCallChunk: [Before.ToolCallChunk, Now.ToolCallChunk];
  ToolChoice: [Before.ToolChoice, Now.ToolChoice];
  UsageMetadata: [Before.UsageMetadata, Now.UsageMetadata];
  "StandardSchema<{ a: 1 }>": [Before.StandardSchema<{ a: 1 }>, Now.StandardSchema<{ a: 1 }>];
  "ZodLike<{ a: 1 }>": [Before.ZodLike<{ a: 1 }>, Now.ZodLike<{ a: 1 }>];
  "StructuredChat<{ a: 1 }>": [Before.StructuredChat<{ a: 1 }>, Now.StructuredChat<{ a: 1 }>];
  "WithRaw<{ a: 1 }>": [Before.WithRaw<{ a: 1 }>, Now.WithRaw<{ a: 1 }>];
  "StructuredConfig<true>": [Before.StructuredConfig<true>, Now.StructuredConfig<true>];
  "StructuredConfig<false>": [Before.StructuredConfig<false>, Now.StructuredConfig<false>];
  "SchemaOutput<z.ZodObject<{ a: z.ZodNumber }>>": [Before.SchemaOutput<z.ZodObject<{ a: z.ZodNumber }>>, Now.SchemaOutput<z.ZodObject<{ a: z.ZodNumber }>>];
  "SchemaOutput<z3.ZodNumber>": [Before.SchemaOutput<z3.ZodNumber>, Now.SchemaOutput<z3.ZodNumber>];
  "SchemaOutput<{ type: 'object' }>": [Before.SchemaOutput<{ type: "object" }>, Now.SchemaOutput<{ type: "object" }>];
  ModuleExports: [BeforeManual.ModuleExports, NowManual.ModuleExports];
  ModuleSource: [BeforeManual.ModuleSource, NowManual.ModuleSource];
  WasmModule: [BeforeManual.WasmModule, NowManual.WasmModule];
}

/** Functions, methods and constructors. Calls may get more parameters than before, not fewer, and return more. */
interface Functions {
  "BedrockChat.batch": [Before.BedrockChat["batch"], Now.BedrockChat["batch"]];
  "BedrockChat.bindTools": [Before.BedrockChat["bindTools"], Now.BedrockChat["bindTools"]];
  "BedrockChat.complete": [Before.BedrockChat["complete"], Now.BedrockChat["complete"]];
  "BedrockChat.countTokens": [Before.BedrockChat["countTokens"], Now.BedrockChat["countTokens"]];
  "BedrockChat.invoke": [Before.BedrockChat["invoke"], Now.BedrockChat["invoke"]];
  "BedrockChat.stream": [Before.BedrockChat["stream"], Now.BedrockChat["stream"]];
  "BedrockChat.withConfig": [Before.BedrockChat["withConfig"], Now.BedrockChat["withConfig"]];
  "BedrockChat.withOptions": [Before.BedrockChat["withOptions"], Now.BedrockChat["withOptions"]];
  "BedrockChat.withStructuredOutput": [Before.BedrockChat["withStructuredOutput"], Now.BedrockChat["withStructuredOutput"]];
  "ChatStream.return": [Before.ChatStream["return"], Now.ChatStream["return"]];
  "ChatStream.throw": [Before.ChatStream["throw"], Now.ChatStream["throw"]];
  "AIMessageChunk.concat": [Before.AIMessageChunk["concat"], Now.AIMessageChunk["concat"]];
  "new BedrockChat": [typeof Before.BedrockChat, typeof Now.BedrockChat];
  "new AIMessage": [typeof Before.AIMessage, typeof Now.AIMessage];
  "new AIMessageChunk": [typeof Before.AIMessageChunk, typeof Now.AIMessageChunk];
  "new BedrockChatError": [typeof Before.BedrockChatError, typeof Now.BedrockChatError];
  capabilities: [typeof Before.capabilities, typeof Now.capabilities];
  mintApiKey: [typeof Before.mintApiKey, typeof Now.mintApiKey];
  sseResponse: [typeof Before.sseResponse, typeof Now.sseResponse];
  toSSE: [typeof Before.toSSE, typeof Now.toSSE];
  init: [typeof BeforeManual.init, typeof NowManual.init];
  initSync: [typeof BeforeManual.initSync, typeof NowManual.initSync];
}

type Fits<Source, Target> = [Source] extends [Target] ? true : false;

none<{ [Name in keyof Types]: Fits<Types[Name][0], Types[Name][1]> extends true ? never : Name }[keyof Types]>();
none<{ [Name in keyof Types]: Fits<Types[Name][1], Types[Name][0]> extends true ? never : Name }[keyof Types]>();
// An optional member that is gone fits, but literals with it do not compile.
none<{ [Name in keyof Types]: Fits<Keys<Types[Name][0]>, Keys<Types[Name][1]>> extends true ? never : Name }[keyof Types]>();
none<{ [Name in keyof Functions]: Fits<Functions[Name][1], Functions[Name][0]> extends true ? never : Name }[keyof Functions]>();
// Parameters of methods are compared in one direction only: a method that takes less would fit.
none<{ [Name in keyof Functions]: Fits<Given<Functions[Name][0]>, Given<Functions[Name][1]>> extends true ? never : Name }[keyof Functions]>();

/** The names of all members, also those of one type of a union. */
type Keys<Value> = Value extends unknown ? keyof Value : never;

/** The parameters of a function or constructor; with overloads, those of the last one. */
type Given<Callee> = Callee extends (...given: infer Parameters) => unknown ? Parameters : Callee extends new (...given: infer Parameters) => unknown ? Parameters : never;
