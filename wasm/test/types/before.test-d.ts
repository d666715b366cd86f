// Compares the declarations with those before the sources were TypeScript: earlier programs must still compile. Only
// the compiler reads this file.
import type * as Now from "bedrock-chat";
import type * as NowManual from "bedrock-chat/manual";
import type { z } from "zod";
import type { z as z3 } from "zod3";
import type * as Before from "./before/index.js";
import type * as BeforeManual from "./before/manual.js";

/** Compiles only if there are no names. The error lists the names. */
declare function none<Name extends never>(): Name;

/** Types of arguments. They may accept more than before. */
interface Arguments {
  BatchOptions: [Before.BatchOptions, Now.BatchOptions];
  BedrockChatFields: [Before.BedrockChatFields, Now.BedrockChatFields];
  BedrockChatSettings: [Before.BedrockChatSettings, Now.BedrockChatSettings];
  BedrockCredentials: [Before.BedrockCredentials, Now.BedrockCredentials];
  BedrockCredentialsProvider: [Before.BedrockCredentialsProvider, Now.BedrockCredentialsProvider];
  BoundOptions: [Before.BoundOptions, Now.BoundOptions];
  CallOptions: [Before.CallOptions, Now.CallOptions];
  FetchLike: [Before.FetchLike, Now.FetchLike];
  GuardrailConfig: [Before.GuardrailConfig, Now.GuardrailConfig];
  JsonSchema: [Before.JsonSchema, Now.JsonSchema];
  LangChainCallOption: [Before.LangChainCallOption, Now.LangChainCallOption];
  MessageContent: [Before.MessageContent, Now.MessageContent];
  MessageLike: [Before.MessageLike, Now.MessageLike];
  MessageRole: [Before.MessageRole, Now.MessageRole];
  Messages: [Before.Messages, Now.Messages];
  Reasoning: [Before.Reasoning, Now.Reasoning];
  ResponseFormat: [Before.ResponseFormat, Now.ResponseFormat];
  Schema: [Before.Schema, Now.Schema];
  SseOptions: [Before.SseOptions, Now.SseOptions];
  StructuredMethod: [Before.StructuredMethod, Now.StructuredMethod];
  Thinking: [Before.Thinking, Now.Thinking];
  Tool: [Before.Tool, Now.Tool];
  ToolChoice: [Before.ToolChoice, Now.ToolChoice];
  "StandardSchema<{ a: 1 }>": [Before.StandardSchema<{ a: 1 }>, Now.StandardSchema<{ a: 1 }>];
  "ZodLike<{ a: 1 }>": [Before.ZodLike<{ a: 1 }>, Now.ZodLike<{ a: 1 }>];
  "StructuredConfig<true>": [Before.StructuredConfig<true>, Now.StructuredConfig<true>];
  "StructuredConfig<false>": [Before.StructuredConfig<false>, Now.StructuredConfig<false>];
  ModuleSource: [BeforeManual.ModuleSource, NowManual.ModuleSource];
}

/** Types that programs read, and may also pass as arguments: each must fit the other. */
interface Values {
  AIMessage: [Before.AIMessage, Now.AIMessage];
  AIMessageChunk: [Before.AIMessageChunk, Now.AIMessageChunk];
  BedrockChatError: [Before.BedrockChatError, Now.BedrockChatError];
  BedrockChatErrorKind: [Before.BedrockChatErrorKind, Now.BedrockChatErrorKind];
  Capabilities: [Before.Capabilities, Now.Capabilities];
  ChatStream: [Before.ChatStream, Now.ChatStream];
  ContentBlock: [Before.ContentBlock, Now.ContentBlock];
  InvalidToolCall: [Before.InvalidToolCall, Now.InvalidToolCall];
  ResponseMetadata: [Before.ResponseMetadata, Now.ResponseMetadata];
  ToolCall: [Before.ToolCall, Now.ToolCall];
  ToolCallChunk: [Before.ToolCallChunk, Now.ToolCallChunk];
  UsageMetadata: [Before.UsageMetadata, Now.UsageMetadata];
  "StructuredChat<{ a: 1 }>": [Before.StructuredChat<{ a: 1 }>, Now.StructuredChat<{ a: 1 }>];
  "WithRaw<{ a: 1 }>": [Before.WithRaw<{ a: 1 }>, Now.WithRaw<{ a: 1 }>];
  "SchemaOutput<z.ZodObject<{ a: z.ZodNumber }>>": [Before.SchemaOutput<z.ZodObject<{ a: z.ZodNumber }>>, Now.SchemaOutput<z.ZodObject<{ a: z.ZodNumber }>>];
  "SchemaOutput<z3.ZodNumber>": [Before.SchemaOutput<z3.ZodNumber>, Now.SchemaOutput<z3.ZodNumber>];
  "SchemaOutput<{ type: 'object' }>": [Before.SchemaOutput<{ type: "object" }>, Now.SchemaOutput<{ type: "object" }>];
  ModuleExports: [BeforeManual.ModuleExports, NowManual.ModuleExports];
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

none<{ [Name in keyof Arguments]: Fits<Arguments[Name][0], Arguments[Name][1]> extends true ? never : Name }[keyof Arguments]>();
none<{ [Name in keyof Values]: Fits<Values[Name][0], Values[Name][1]> extends true ? never : Name }[keyof Values]>();
none<{ [Name in keyof Values]: Fits<Values[Name][1], Values[Name][0]> extends true ? never : Name }[keyof Values]>();
// The class may have more methods than before.
none<Fits<Now.BedrockChat, Before.BedrockChat> extends true ? never : "BedrockChat">();
none<Exclude<keyof Before.BedrockChat, keyof Now.BedrockChat>>();
// An optional member may be missing in an assignment, but literals with it would not compile.
none<{ [Name in keyof (Arguments & Values)]: Fits<Keys<(Arguments & Values)[Name][0]>, Keys<(Arguments & Values)[Name][1]>> extends true ? never : Name }[keyof (Arguments & Values)]>();
none<{ [Name in keyof Functions]: Fits<Functions[Name][1], Functions[Name][0]> extends true ? never : Name }[keyof Functions]>();
// Parameters of methods are compared in one direction only: a method that accepts less would fit.
none<{ [Name in keyof Functions]: Fits<Given<Functions[Name][0]>, Given<Functions[Name][1]>> extends true ? never : Name }[keyof Functions]>();

/** The names of all members, also those of one type of a union. */
type Keys<Value> = Value extends unknown ? keyof Value : never;

/** The parameters of a function or constructor; with overloads, those of the last one. */
type Given<Callee> = Callee extends (...given: infer Parameters) => unknown ? Parameters : Callee extends new (...given: infer Parameters) => unknown ? Parameters : never;
