// The AI SDK's call options as the core's, with a warning for each that a model does not support.
import type { LanguageModelV3CallOptions, LanguageModelV4CallOptions, SharedV4Warning } from "@ai-sdk/provider";
import type { AmazonBedrockLanguageModelChatOptions } from "./ai-sdk-fields.js";
import { ours } from "./ai-sdk-prompt.js";
import { problem } from "./error.js";
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

/** The core's chat model, with the plan for a schema. */
type Planner = BedrockChat & { structuredPlan(spec: StructuredSpec, options?: CallOptions): StructuredPlan };

const METHODS: { readonly [mode: string]: StructuredMethod } = { outputFormat: "jsonSchema", jsonTool: "functionCalling" };

/** Returns the options of a call as the core's. */
export function prepared(chat: BedrockChat, call: AnyCallOptions): Prepared {
  const warnings: SharedV4Warning[] = [];
  const warn = (feature: string, details?: string) => void warnings.push({ type: "unsupported", feature, ...(details ? { details } : {}) });
  const can = chat.capabilities();
  const given = ours(call as object) as Members & AmazonBedrockLanguageModelChatOptions;
  const options = fromProvider(given);
  const { maxOutputTokens, stopSequences, abortSignal, responseFormat } = call;
  for (const name of ["frequencyPenalty", "presencePenalty", "seed"] as const) if (isSet(call[name])) warn(name);
  setReasoning(options, call, chat, can, warnings);
  setSampling(options, call, chat, can, warn);
  const budget = budgetOf(options);
  // In the AI SDK the limit is on the answer alone. Models count their reasoning, too.
  if (isSet(maxOutputTokens)) options.maxTokens = maxOutputTokens! + (budget ?? 0);
  if (isSet(maxOutputTokens) && isUnlimited(options, chat)) {
    delete options.maxTokens;
    warn("maxOutputTokens", `${chat.model} accepts no limit with this effort of reasoning; the limit is not sent`);
  }
  if (stopSequences?.length) options.stop = stopSequences;
  if (abortSignal) options.signal = abortSignal;
  setTools(options, call, can, warn, warnings);
  const { structuredOutputMode: mode = (call.providerOptions?.["anthropic"] as Members | undefined)?.structuredOutputMode } = given;
  const method = METHODS[mode as string];
  if (responseFormat?.type !== "json") return { options, held: undefined, warnings };
  const { schema, name, description } = responseFormat;
  if (!schema) {
    warn("responseFormat", "JSON without a schema is not enforced; ask for it in the prompt");
    return { options, held: undefined, warnings };
  }
  const { $schema, ...plain } = schema as Members;
  const named = { name: name ?? "json", ...(description ? { description } : {}), input_schema: plain };
  const plan = (spec: StructuredSpec): StructuredPlan => (chat as Planner).structuredPlan(spec, options);
  const others = options.tools as readonly unknown[] | undefined;
  if (!others?.length) {
    const held = hold(named, { method }, plan);
    return { options: { ...options, ...(held.options as object) }, held, warnings };
  }
  // The core would force a call of the schema's tool, and the model could never call the other tools.
  const used = method ?? (can.jsonSchema ? "jsonSchema" : can.forcedTools ? "functionCalling" : "jsonMode");
  const held = hold(named, { method: used }, plan);
  if (used !== "functionCalling" || held.isMember) return { options: { ...options, ...(held.options as object) }, held, warnings };
  const tool = { name: held.name, description: description ?? "Gives the answer.", input_schema: plain };
  return { options: { ...options, tools: [...others, tool] as NonNullable<CallOptions["tools"]>, toolChoice: "any" }, held, warnings };
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/** Returns the provider's options as the core's. Options that neither knows are an error, as they would be ignored. */
function fromProvider(given: Members & AmazonBedrockLanguageModelChatOptions): Core {
  const { additionalModelRequestFields, reasoningConfig, structuredOutputMode, guardrailConfig, performanceConfig, additionalModelResponseFieldPaths, ...own } = given;
  for (const name of Object.keys(own)) {
    if (!Object.hasOwn(SETTINGS, name) || Object.hasOwn(CALL, name)) throw problem("config", `unknown option in \`providerOptions.bedrock\`: \`${name}\`; put a field of the model into \`additionalModelRequestFields\``, { field: name });
  }
  const options: Core = { ...own };
  if (additionalModelRequestFields) options.modelKwargs = { ...additionalModelRequestFields, ...own.modelKwargs };
  if (additionalModelResponseFieldPaths) options.responseFieldPaths = additionalModelResponseFieldPaths;
  if (performanceConfig) options.latency = performanceConfig.latency;
  if (guardrailConfig) {
    const { guardrailIdentifier, guardrailVersion, trace, ...rest } = guardrailConfig;
    if (guardrailIdentifier) options.guardrailIdentifier = guardrailIdentifier;
    if (guardrailVersion) options.guardrailVersion = guardrailVersion;
    if (trace) options.trace = trace.toUpperCase() as NonNullable<CallOptions["trace"]>;
    if (Object.keys(rest).length) options.guardrailConfig = rest;
  }
  if (reasoningConfig) {
    const { type, budgetTokens, maxReasoningEffort: effort, display } = reasoningConfig;
    if (type === "disabled") options.reasoning = false;
    else if (type || isSet(budgetTokens) || effort) options.reasoning = { ...(type === "adaptive" ? { type } : {}), ...(isSet(budgetTokens) ? { budgetTokens } : {}), ...(effort ? { effort } : {}) };
    if (display) options.reasoningDisplay = display;
  }
  return options;
}

/** Sets the reasoning that the AI SDK's own option asks for. The provider's option overrides it. */
function setReasoning(options: Core, call: AnyCallOptions, { model }: BedrockChat, can: Capabilities, warnings: SharedV4Warning[]): void {
  const { reasoning } = call as LanguageModelV4CallOptions;
  if (!reasoning || reasoning === "provider-default" || isSet(options.reasoning) || isSet(options.thinking)) return;
  if (reasoning === "none") {
    // Models that do not reason by default need no option.
    if (can.reasoningOff && can.reasoningByDefault !== false) options.reasoning = false;
    return;
  }
  // The service decides which models of these vendors reason.
  const isKnown = can.reasoningEffort || can.reasoningBudget || can.adaptiveReasoning || (can.reasoningEffort === undefined && /(^|[./])(openai|xai)\./.test(model));
  if (!isKnown) {
    warnings.push({ type: "unsupported", feature: "reasoning", details: "the model is not known to reason; set `capabilities` or `reasoningConfig` in `providerOptions.bedrock`" });
    return;
  }
  if (reasoning === "minimal") warnings.push({ type: "compatibility", feature: "reasoning", details: 'reasoning "minimal" is sent as "low"' });
  const effort = reasoning === "minimal" ? "low" : reasoning;
  // The core sends a budget instead of an effort to these models. The limit of the answer must have room for it.
  const isBudget = can.reasoningBudget && !can.adaptiveReasoning && !can.reasoningEffort;
  options.reasoning = isBudget && isSet(call.maxOutputTokens) ? { budgetTokens: BUDGETS[effort] ?? BUDGETS.high! } : effort;
}

/** The core's budgets of reasoning by effort, in src/provider/anthropic/thinking.rs. */
const BUDGETS: { readonly [effort: string]: number } = { low: 1024, medium: 4096, high: 16_384 };

/** Whether Amazon Nova 2 refuses a limit of tokens, as it does with a high effort. */
function isUnlimited({ reasoning }: Core, { model }: BedrockChat): boolean {
  const effort = (reasoning as { effort?: string } | undefined)?.effort ?? reasoning;
  return /amazon\.nova-2/.test(model) && ["high", "xhigh", "max"].includes(effort as string);
}

/** Returns the budget of reasoning in tokens, if the options have one. */
function budgetOf({ reasoning, thinking }: Core): number | undefined {
  if (typeof reasoning === "number") return reasoning;
  return (reasoning as { budgetTokens?: number } | undefined)?.budgetTokens ?? (thinking as { budget_tokens?: number } | undefined)?.budget_tokens;
}

type Warn = (feature: string, details?: string) => void;

/** Sets the options of sampling, with a warning for each that the model refuses. */
function setSampling(options: Core, call: AnyCallOptions, { model }: BedrockChat, can: Capabilities, warn: Warn): void {
  const reasons = options.reasoning || (options.thinking && (options.thinking as { type: string }).type !== "disabled");
  const isClaude = can.signedReasoning === true;
  for (const name of ["temperature", "topP", "topK"] as const) {
    const value = call[name];
    if (!isSet(value)) continue;
    if (can.sampling === false) warn(name, `${name} is not supported by ${model} and is not sent`);
    else if (reasons && isClaude) warn(name, `${name} is not supported while the model reasons and is not sent`);
    else options[name] = value;
  }
  const { temperature } = options;
  // Claude, Nova and most other models accept values from 0 to 1. The AI SDK's range is larger.
  if (typeof temperature === "number" && can.sampling && (temperature > 1 || temperature < 0)) {
    options.temperature = Math.min(1, Math.max(0, temperature));
    warn("temperature", `temperature ${temperature} is outside of the range from 0 to 1; ${options.temperature} is sent`);
  }
}

function setTools(options: Core, { tools, toolChoice, providerOptions }: AnyCallOptions, can: Capabilities, warn: Warn, warnings: SharedV4Warning[]): void {
  const isSerial = (providerOptions?.["anthropic"] as Members | undefined)?.disableParallelToolUse;
  if (!tools?.length) return;
  let list: readonly Tool[] = tools;
  let choice: Members | string | undefined = toolChoice?.type === "tool" ? { type: "tool", name: toolChoice.toolName } : toolChoice?.type === "required" ? "any" : toolChoice?.type;
  if ((toolChoice?.type === "required" && can.forcedTools === false) || (toolChoice?.type === "tool" && (can.forcedTools === false || can.namedTools === false) && !can.askedTools)) {
    // One tool alone can be called if no other one is sent.
    if (toolChoice.type === "tool") list = tools.filter(({ name }) => name === toolChoice.toolName);
    warn("toolChoice", `the model cannot be forced to call a tool; "auto" is sent instead of "${toolChoice.type}"`);
    choice = "auto";
  }
  const sent = list.map((tool) => toolOf(tool, can, warn)).filter((tool) => tool !== undefined);
  if (!sent.length) return;
  options.tools = sent as unknown as NonNullable<CallOptions["tools"]>;
  if (choice !== undefined) options.toolChoice = choice as NonNullable<CallOptions["toolChoice"]>;
  if (isSerial === true && !isSet(options.parallelToolCalls)) {
    if (can.serialTools === false) warnings.push({ type: "unsupported", feature: "disableParallelToolUse", details: "the model cannot be limited to one tool call in a turn" });
    else options.parallelToolCalls = false;
  }
}

/** Returns a tool in Anthropic's form, or `undefined` with a warning. */
function toolOf(tool: Tool, can: Capabilities, warn: Warn): Members | undefined {
  if (tool.type !== "function") {
    warn(`tool ${tool.id}`, "tools of providers are not supported; use a function tool");
    return undefined;
  }
  const { name, description, inputSchema, strict, inputExamples } = tool;
  if (isSet(strict) && can.strictTools !== true) warn("strict", `the model is not known to support strict tools; \`strict\` of the tool ${name} is not sent`);
  if (inputExamples?.length) warn("inputExamples", `the examples of the tool ${name} are not sent; put them into its description`);
  const { $schema, ...schema } = inputSchema as Members;
  const { cachePoint } = ours(tool as object) as { cachePoint?: { ttl?: string } };
  return {
    name,
    ...(description?.trim() ? { description } : {}),
    input_schema: schema,
    ...(isSet(strict) && can.strictTools === true ? { strict } : {}),
    ...(cachePoint ? { cache_control: { type: "ephemeral", ...(cachePoint.ttl ? { ttl: cachePoint.ttl } : {}) } } : {}),
  };
}
