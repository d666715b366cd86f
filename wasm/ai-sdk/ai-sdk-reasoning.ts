// Reasoning of the AI SDK's calls: its own option, the provider's `reasoningConfig`, and what a model accepts of them.
import type { LanguageModelV4CallOptions, SharedV4Warning } from "@ai-sdk/provider";
import type { AmazonBedrockLanguageModelChatOptions } from "./ai-sdk-fields.js";
import { isSet, problem } from "./error.js";
import type { Capabilities, CallOptions } from "./index.js";
import type { Members } from "./schema.js";

/** Returns whether a model is of a vendor or a family, such as `xai.` or `amazon.nova-2`. */
export type IsOf = (...names: string[]) => boolean;
type Config = NonNullable<AmazonBedrockLanguageModelChatOptions["reasoningConfig"]>;
type Effort = NonNullable<LanguageModelV4CallOptions["reasoning"]>;

/** The core's budgets of reasoning by effort, in src/provider/anthropic/thinking.rs. */
const BUDGETS: { readonly [effort: string]: number } = { low: 1024, medium: 4096, high: 16_384 };
const budgetOf = (effort = "high"): number => BUDGETS[effort] ?? BUDGETS.high!;

/** The model of a call: its vendor, its capabilities, and where warnings about it go. */
interface Target {
  isOf: IsOf;
  can: Capabilities;
  warnings: SharedV4Warning[];
}

/** The beta feature for an effort on Claude Opus 4.5. */
const EFFORT_BETA = "effort-2025-11-24";

/**
 * Sets the reasoning that a call asks for. A part that the model does not accept is a warning, as applications share their
 * options over several models.
 */
export function setReasoning(options: Members & CallOptions, given: Config | undefined, asked: Effort | undefined, target: Target): void {
  const config = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => isSet(value))) as Config;
  const isGiven = Object.keys(config).length > 0;
  if (isSet(options.reasoning) || isSet(options.thinking)) {
    if (isGiven) throw problem("config", "`reasoningConfig` and `reasoning` or `thinking` set the same option; use one of them", { field: "reasoningConfig" });
    return;
  }
  const isAsked = asked && asked !== "provider-default";
  const all = isAsked ? { ...ofEffort(asked, isGiven, target), ...config } : config;
  const { type, display } = all;
  const warn = (feature: string, details: string) => void target.warnings.push({ type: "unsupported", feature, details });
  const isClaude = target.isOf("anthropic");
  if (type === "disabled") {
    switchOff(options, config.type === type, target, warn);
    return;
  }
  if (isClaude) setThinking(options, all, target, warn);
  else setEffort(options, all, target, warn);
  if (!display) return;
  if (isClaude && (options.reasoning || target.can.reasoningByDefault)) options.reasoningDisplay = display;
  else warn("display", "the display of reasoning is for Claude that reasons, and is not sent");
}

/** Returns the settings for the AI SDK's own option. */
function ofEffort(asked: Exclude<Effort, "provider-default">, isGiven: boolean, { isOf, can, warnings }: Target): Config {
  if (asked === "none") return { type: "disabled" };
  // The service decides which models of these vendors reason.
  const isKnown = can.reasoningEffort || can.reasoningBudget || can.adaptiveReasoning || (can.reasoningEffort === undefined && isOf("openai", "xai"));
  if (!isKnown && !isGiven) {
    warnings.push({ type: "unsupported", feature: "reasoning", details: "the model is not known to reason; set `capabilities` or `reasoningConfig` in `providerOptions.bedrock`" });
    return {};
  }
  if (asked === "minimal") warnings.push({ type: "compatibility", feature: "reasoning", details: 'reasoning "minimal" is sent as "low"' });
  const effort = asked === "minimal" ? "low" : asked;
  if (!isOf("anthropic")) return { type: "enabled", maxReasoningEffort: effort };
  if (can.adaptiveReasoning) return { type: "adaptive", maxReasoningEffort: effort };
  return { type: "enabled", budgetTokens: budgetOf(effort), ...(can.reasoningEffort ? { maxReasoningEffort: effort } : {}) };
}

type Warn = (feature: string, details: string) => void;

/** Switches reasoning off. Models that do not reason by default need no option. */
function switchOff(options: CallOptions, isGiven: boolean, { can }: Target, warn: Warn): void {
  if (can.reasoningByDefault === false) return;
  if (can.reasoningOff || can.reasoningBetweenTools || (isGiven && can.reasoningOff === undefined)) options.reasoning = false;
  else if (can.reasoningByDefault) warn("reasoning", "the reasoning of the model cannot be switched off");
}

/** Sets Claude's reasoning. */
function setThinking(options: Members & CallOptions, { type, budgetTokens, maxReasoningEffort: effort }: Config, { can, warnings }: Target, warn: Warn): void {
  const takesEffort = can.reasoningEffort !== false;
  if (effort && !takesEffort) warn("maxReasoningEffort", "the model accepts no effort, and it is not sent");
  const accepted = effort && takesEffort ? { effort } : {};
  const isBudget = type === "enabled" && isSet(budgetTokens);
  const isOn = isBudget || type === "adaptive";
  if (type === "enabled" && !isBudget) warn("reasoningConfig", "reasoning of type `enabled` needs `budgetTokens`, and is not sent");
  if (type !== "enabled" && isSet(budgetTokens)) warn("budgetTokens", "a budget needs the type `enabled`, and is not sent");
  if (isOn && can.reasoningBudget === false && can.adaptiveReasoning === false) {
    warn("reasoning", "the model does not reason");
  } else if (isBudget && can.reasoningBudget === false) {
    warnings.push({ type: "compatibility", feature: "budgetTokens", details: "the model accepts no budget; its reasoning is adaptive" });
    options.reasoning = { type: "adaptive", ...accepted };
  } else if (isBudget) {
    options.reasoning = { budgetTokens, ...accepted };
  } else if (isOn && can.adaptiveReasoning === false) {
    const budget = budgetOf(effort);
    warnings.push({ type: "compatibility", feature: "adaptive thinking", details: `the model has no adaptive reasoning; a budget of ${budget} tokens is sent` });
    options.reasoning = { budgetTokens: budget, ...accepted };
  } else if (isOn) {
    options.reasoning = { type: "adaptive", ...accepted };
  } else if (effort && takesEffort) {
    // An effort also applies to a reply without reasoning, and does not switch reasoning on.
    const { modelKwargs: fields } = options;
    options.modelKwargs = { ...fields, output_config: { ...(fields?.["output_config"] as Members | undefined), effort } };
    if (can.adaptiveReasoning === false) options.anthropicBeta = [...new Set([...(options.anthropicBeta ?? []), EFFORT_BETA])];
  }
}

/** Sets the reasoning of other models, which accept an effort at most. */
function setEffort(options: CallOptions, { type, budgetTokens, maxReasoningEffort: effort }: Config, { can }: Target, warn: Warn): void {
  if (isSet(budgetTokens)) warn("budgetTokens", "the budget of reasoning is not sent, as only Claude accepts one");
  if (type === "adaptive") warn("adaptive thinking", "adaptive reasoning is not sent, as only Claude has it");
  if (effort && can.reasoningEffort === false) warn("maxReasoningEffort", "the model accepts no effort, and it is not sent");
  else if (effort) options.reasoning = { effort };
  if (type === "enabled" && !effort) warn("reasoningConfig", "reasoning of this model needs `maxReasoningEffort`, and is not sent");
}
