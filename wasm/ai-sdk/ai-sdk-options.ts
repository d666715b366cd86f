// The AI SDK's call options as the core's, with a warning for each that a model does not support.
import type { LanguageModelV3CallOptions, LanguageModelV4CallOptions, SharedV4Warning } from "@ai-sdk/provider";
import type { AmazonBedrockLanguageModelChatOptions } from "./ai-sdk-fields.js";
import { ours } from "./ai-sdk-prompt.js";
import { type IsOf, setReasoning } from "./ai-sdk-reasoning.js";
import { anthropicTool } from "./ai-sdk-tools.js";
import { isSet, problem } from "./error.js";
import { type Held, type StructuredMethod, type StructuredPlan, type StructuredSpec, hold } from "./hold.js";
import type { BedrockChat, Capabilities, CallOptions } from "./index.js";
import type { Members } from "./schema.js";
import { CALL, SETTINGS } from "./table.js";

/** The options of a call of either specification. */
export type AnyCallOptions = LanguageModelV3CallOptions | LanguageModelV4CallOptions;
type Tool = NonNullable<AnyCallOptions["tools"]>[number];
type Core = Members & CallOptions;

/** The core's options, the plan for a value of a schema, and warnings. */
export interface Prepared {
  options: CallOptions;
  held: Held | undefined;
  warnings: SharedV4Warning[];
}

const METHODS: { readonly [mode: string]: StructuredMethod } = { outputFormat: "jsonSchema", jsonTool: "functionCalling" };

/** Returns the options of a call as the core's. `isConverse` says whether the call uses Converse. */
export function prepared(chat: BedrockChat, call: AnyCallOptions, isOf: IsOf, isConverse: boolean): Prepared {
  const warnings: SharedV4Warning[] = [];
  const warn = (feature: string, details?: string) => void warnings.push({ type: "unsupported", feature, ...(details ? { details } : {}) });
  const can = chat.capabilities();
  const given = ours(call) as Members & AmazonBedrockLanguageModelChatOptions;
  const options = fromProvider(given);
  const { maxOutputTokens, stopSequences, abortSignal, responseFormat } = call;
  for (const name of ["frequencyPenalty", "presencePenalty", "seed"] as const) if (isSet(call[name])) warn(name);
  setReasoning(options, given.reasoningConfig, (call as LanguageModelV4CallOptions).reasoning, { isOf, can, warnings });
  const isHigh = isOf("amazon.nova-2") && hasHighEffort(options);
  setSampling(options, call, chat, can, { isHigh, isConverse }, warn);
  const budget = budgetOf(options);
  // In the AI SDK the limit is on the answer alone. Models count their reasoning, too.
  if (isSet(maxOutputTokens)) {
    if (isHigh) warn("maxOutputTokens", `${chat.model} accepts no limit with this effort of reasoning; the limit is not sent`);
    else options.maxTokens = maxOutputTokens + (budget ?? 0);
  }
  if (stopSequences?.length) {
    if (can.stopSequences === false) warn("stopSequences", `stop sequences are not supported by ${chat.model} over Converse and are not sent`);
    else options.stop = stopSequences;
  }
  if (abortSignal) options.signal = abortSignal;
  setTools(options, call, can, isOf, warn);
  const { structuredOutputMode: mode = call.providerOptions?.["anthropic"]?.["structuredOutputMode"] } = given;
  const method = METHODS[String(mode)];
  if (responseFormat?.type !== "json") return { options, held: undefined, warnings };
  const { schema, name, description } = responseFormat;
  if (!schema) {
    warn("responseFormat", "JSON without a schema is not enforced; ask for it in the prompt");
    return { options, held: undefined, warnings };
  }
  const { $schema, ...plain } = schema;
  const named = { name: name ?? "json", ...(description ? { description } : {}), input_schema: plain };
  const plan = (spec: StructuredSpec): StructuredPlan => chat.structuredPlan(spec, options);
  const others = options.tools;
  if (!others?.length) {
    const held = hold(named, { method }, plan);
    return { options: { ...options, ...held.options }, held, warnings };
  }
  // The core would force a call of the schema's tool, and the model could never call the other tools.
  const used = method ?? (can.jsonSchema ? "jsonSchema" : can.forcedTools ? "functionCalling" : "jsonMode");
  const held = hold(named, { method: used }, plan);
  if (used !== "functionCalling" || held.isMember) return { options: { ...options, ...held.options }, held, warnings };
  const tool = { name: held.name, description: description ?? "Returns the answer.", input_schema: plain };
  return { options: { ...options, tools: [...others, tool], toolChoice: "any" }, held, warnings };
}

/** Returns the provider's options as the core's. Options that neither has are an error, as they would be ignored. */
function fromProvider(given: Members & AmazonBedrockLanguageModelChatOptions): Core {
  const { additionalModelRequestFields, reasoningConfig, structuredOutputMode, guardrailConfig, performanceConfig, additionalModelResponseFieldPaths, promptVariables, ...own } = given;
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined) delete own[name];
    else if (!Object.hasOwn(SETTINGS, name) || Object.hasOwn(CALL, name)) throw problem("config", `unknown option in \`providerOptions.bedrock\`: \`${name}\`; put a field of the model into \`additionalModelRequestFields\``, { field: name });
  }
  const options: Core = { ...own };
  if (additionalModelRequestFields) options.modelKwargs = { ...additionalModelRequestFields, ...own.modelKwargs };
  if (additionalModelResponseFieldPaths) options.responseFieldPaths = additionalModelResponseFieldPaths;
  if (promptVariables) options.promptVariables = Object.fromEntries(Object.entries(promptVariables).map(([name, value]) => [name, textOf(value)]));
  if (performanceConfig) options.latency = performanceConfig.latency;
  if (guardrailConfig) {
    const { guardrailIdentifier, guardrailVersion, trace, ...rest } = guardrailConfig;
    if (guardrailIdentifier) options.guardrailIdentifier = guardrailIdentifier;
    if (guardrailVersion) options.guardrailVersion = guardrailVersion;
    if (trace) options.trace = trace.toUpperCase() as NonNullable<CallOptions["trace"]>;
    if (Object.keys(rest).length) options.guardrailConfig = rest;
  }
  return options;
}

/** Returns the text of a prompt's variable. Converse's form of it has the text as a member. */
const textOf = (value: string | { text: string }): string => (isSet(value) && typeof value === "object" && Object.keys(value).join() === "text" ? value.text : (value as string));

/** Returns whether reasoning has a high effort. With it, Amazon Nova 2 accepts neither a limit of tokens nor sampling. */
function hasHighEffort({ reasoning }: Core): boolean {
  const effort = typeof reasoning === "object" ? reasoning?.effort : reasoning;
  return effort === "high" || effort === "xhigh" || effort === "max";
}

/** Returns the budget of reasoning in tokens, if the options have one. */
function budgetOf({ reasoning, thinking }: Core): number | undefined {
  if (typeof reasoning === "number") return reasoning;
  return (typeof reasoning === "object" ? reasoning?.budgetTokens : undefined) ?? (thinking?.type === "enabled" ? thinking.budget_tokens : undefined);
}

type Warn = (feature: string, details?: string) => void;

/** Sets the options of sampling, with a warning for each that the model refuses. */
function setSampling(options: Core, call: AnyCallOptions, { model }: BedrockChat, can: Capabilities, { isHigh, isConverse }: { isHigh: boolean; isConverse: boolean }, warn: Warn): void {
  const reasons = options.reasoning || (options.thinking && options.thinking.type !== "disabled");
  const isClaude = can.signedReasoning === true;
  for (const name of ["temperature", "topP", "topK"] as const) {
    const value = call[name];
    if (!isSet(value)) continue;
    if (can.sampling === false) warn(name, `${name} is not supported by ${model} and is not sent`);
    else if (isHigh || (reasons && isClaude)) warn(name, `${name} is not supported while the model reasons and is not sent`);
    else options[name] = value;
  }
  const { temperature } = options;
  // Converse and Claude accept values from 0 to 1. The AI SDK's range is larger.
  if (typeof temperature === "number" && (isConverse || can.sampling) && (temperature > 1 || temperature < 0)) {
    options.temperature = Math.min(1, Math.max(0, temperature));
    warn("temperature", `temperature ${temperature} is outside of the range from 0 to 1; ${options.temperature} is sent`);
  }
}

function setTools(options: Core, { tools, toolChoice, providerOptions }: AnyCallOptions, can: Capabilities, isOf: IsOf, warn: Warn): void {
  const isSerial = providerOptions?.["anthropic"]?.["disableParallelToolUse"];
  if (!tools?.length) return;
  let list: readonly Tool[] = tools;
  let choice: CallOptions["toolChoice"] = toolChoice?.type === "tool" ? { type: "tool", name: toolChoice.toolName } : toolChoice?.type === "required" ? "any" : toolChoice?.type;
  if ((toolChoice?.type === "required" && can.forcedTools === false) || (toolChoice?.type === "tool" && (can.forcedTools === false || can.namedTools === false) && !can.askedTools)) {
    // One tool alone can be called if no other one is sent.
    if (toolChoice.type === "tool") list = tools.filter(({ name }) => name === toolChoice.toolName);
    warn("toolChoice", `the model cannot be forced to call a tool; "auto" is sent instead of "${toolChoice.type}"`);
    choice = "auto";
  }
  const betas: string[] = [];
  const sent = list.map((tool) => (tool.type === "function" ? toolOf(tool, can, warn) : providerTool(tool, isOf, betas, warn))).filter((tool) => tool !== undefined);
  if (!sent.length) return;
  options.tools = sent;
  if (betas.length) options.anthropicBeta = [...new Set([...(options.anthropicBeta ?? []), ...betas])];
  if (choice !== undefined) options.toolChoice = choice;
  if (isSerial === true && !isSet(options.parallelToolCalls)) {
    if (can.serialTools === false) warn("disableParallelToolUse", "the model cannot be limited to one tool call in a turn");
    else options.parallelToolCalls = false;
  }
}

type CoreTool = NonNullable<CallOptions["tools"]>[number];

/** Returns a tool that Anthropic defines in the core's form, or `undefined` with a warning. Adds its beta feature. */
function providerTool(tool: Extract<Tool, { type: "provider" }>, isOf: IsOf, betas: string[], warn: Warn): CoreTool | undefined {
  const known = isOf("anthropic") ? anthropicTool(tool) : undefined;
  if (!known) warn(`tool ${tool.id}`, "the model does not have this tool of a provider, and it is not sent; use a function tool");
  if (known?.beta) betas.push(known.beta);
  return known?.tool;
}

/** Returns a tool in Anthropic's form. */
function toolOf(tool: Extract<Tool, { type: "function" }>, can: Capabilities, warn: Warn): CoreTool {
  const { name, description, inputSchema, strict, inputExamples } = tool;
  if (isSet(strict) && can.strictTools !== true) warn("strict", `the model is not known to support strict tools; \`strict\` of the tool ${name} is not sent`);
  if (inputExamples?.length) warn("inputExamples", `the examples of the tool ${name} are not sent; put them into its description`);
  const { $schema, ...schema } = inputSchema;
  const { cachePoint } = ours(tool) as { cachePoint?: { ttl?: string } };
  return {
    name,
    ...(description?.trim() ? { description } : {}),
    input_schema: schema,
    ...(isSet(strict) && can.strictTools === true ? { strict } : {}),
    ...(cachePoint ? { cache_control: { type: "ephemeral", ...(cachePoint.ttl ? { ttl: cachePoint.ttl } : {}) } } : {}),
  };
}
