import { isSet, problem } from "./error.js";
import type { BatchOptions, Removable, ResponseFormat, Thinking, ToolChoice } from "./fields.js";
import type { StructuredSpec } from "./hold.js";
import { type Members, jsonSchema } from "./schema.js";
import { MERGED, PASSED_SETTINGS, SAME_SETTINGS, SETTINGS } from "./table.js";
import { toolJson } from "./tools.js";

/** The names of the options that are removed from lower levels, also from the constructor's. */
const REMOVED = Symbol("removed");

/** The options of a level, or of several that are merged. */
export type Options = BatchOptions & { structured?: StructuredSpec | undefined; [REMOVED]?: readonly string[] };

/** The members of Anthropic's `thinking`, and of `reasoning`. */
const THINKING = ["type", "budget_tokens", "display"];
const REASONING = ["type", "budgetTokens", "effort"];
const TYPES = ["enabled", "adaptive", "disabled", "between_tools"];

/** The options that set a guardrail. A trace without a guardrail has no effect. */
const GUARD = ["guardrailIdentifier", "guardrailVersion", "guardrailConfig"] as const;

/** Advice for a member that the service does not accept either. */
const DIRECT = "leave others out";

/** The checks of options that are lists, or names with their values. */
const LISTS: readonly unknown[] = ["list", "lines", "texts", "pairs"];

/** Returns whether a value removes its option: null, an empty list, or a value that the module does not know. */
function removes(name: string, value: unknown): boolean {
  if (value === null || (name === "promptCaching" && value === false)) return true;
  const isList = LISTS.includes((SETTINGS as { readonly [name: string]: unknown })[name]);
  return isList && typeof value === "object" && Object.keys(value).length === 0;
}

/** Merges options over others. Undefined options are ignored. An option also replaces its other name. */
export function merged(base: Options, over: Removable<Options> | null | undefined): Options {
  const all: Members = { ...base };
  const given = Object.entries(over ?? {});
  const removed = new Set(over?.[REMOVED]);
  for (const [name, value] of given) if (removes(name, value)) removed.add(name);
  // The display is a part of `thinking`. The identifier and the version together are the guardrail.
  if (removed.has("thinking")) removed.add("reasoningDisplay");
  if (removed.has("guardrailIdentifier") && removed.has("guardrailVersion")) removed.add("guardrailConfig").add("trace");
  for (const [one, other] of SAME_SETTINGS) {
    if (removed.has(other)) removed.add(one);
    if (removed.has(one) || isSet(over?.[one]) || isSet(over?.[other])) delete all[one], delete all[other];
  }
  for (const name of removed) delete all[name];
  for (const [name, value] of given) {
    if (value !== undefined && !removes(name, value)) {
      all[name] = (MERGED as readonly string[]).includes(name) ? { ...(all[name] as Members | undefined), ...(value as Members) } : value;
    }
  }
  const names = new Set([...(base[REMOVED] ?? []), ...removed]);
  return names.size ? { ...all, [REMOVED]: [...names] } : all;
}

/** Returns options of which a guardrail that is changed in part keeps the rest of the constructor's. */
export function guarded(fields: Options, options: Options): Options {
  const names = [...GUARD, "trace"] as const;
  const isChanged = names.some((name) => isSet(options[name]) || options[REMOVED]?.includes(name));
  // Without a change, each target keeps its own guardrail.
  return isChanged ? merged(Object.fromEntries(names.map((name) => [name, fields[name]])), options) : options;
}

/** Refuses options that are set by both of their names, to different values. */
export function onlyOne(options: object, names: readonly (readonly [string, string])[]): void {
  for (const [one, other] of names) {
    const [left, right] = [(options as Members)[one], (options as Members)[other]];
    // Variables of the environment may be empty, and so may lists.
    const says = (value: unknown) => isSet(value) && value !== "" && !(Array.isArray(value) && value.length === 0);
    const differ = says(left) && says(right) && left !== right;
    if (differ) throw problem("config", `\`${one}\` and \`${other}\` set the same option; use one of them`, { field: one });
  }
}

/** Returns the options of a call as the module reads them. It removes options by name before it sets the others. */
export function coreOptions(options: Options): Members {
  const core: Members = {};
  // JSON has no member of an undefined value.
  for (const name of PASSED_SETTINGS) core[name] = options[name] ?? undefined;
  core.removed = options[REMOVED];
  onlyOne(options, SAME_SETTINGS);
  const { tools, thinking, reasoningDisplay } = options;
  if (tools) core.tools = tools.map(toolJson);
  const choice = options.toolChoice ?? options.tool_choice;
  if (isSet(choice)) setToolChoice(core, choice!);
  if (thinking) onlyMembers("thinking", thinking, THINKING);
  const { type, budget_tokens, display } = (thinking ?? {}) as Partial<Extract<Thinking, { budget_tokens: number }>>;
  const reasoning = options.reasoning ?? (thinking && { type, budgetTokens: budget_tokens });
  if (isSet(reasoning)) core.reasoning = checkedReasoning(reasoning);
  if (reasoningDisplay && display && reasoningDisplay !== display) {
    throw problem("config", "`reasoningDisplay` and `thinking.display` differ; set one of them", { field: "reasoningDisplay" });
  }
  core.reasoningDisplay = reasoningDisplay ?? display ?? undefined;
  const format = options.responseFormat ?? options.response_format;
  if (format) core.responseFormat = responseFormat(format);
  core.structured = options.structured;
  if (GUARD.some((name) => options[name])) core.guardrail = guardrail(options);
  return core;
}

function guardrail({ guardrailIdentifier, guardrailVersion, guardrailConfig, trace }: Options): Members {
  if (!guardrailIdentifier || !guardrailVersion) {
    const missing = [!guardrailIdentifier && "guardrailIdentifier", !guardrailVersion && "guardrailVersion"].filter((name) => name !== false);
    throw problem("config", `the call would run without the guardrail; set \`${missing.join("` and `")}\` too`, { field: missing[0]! });
  }
  const { trace: inner } = (guardrailConfig ?? {}) as Members;
  onlyOne({ trace, "guardrailConfig.trace": inner }, [["trace", "guardrailConfig.trace"]]);
  return { identifier: guardrailIdentifier, version: guardrailVersion, ...guardrailConfig, trace: inner ?? trace };
}

/** Sets which tool the model calls, and Anthropic's form of `parallelToolCalls`, which is a member of the choice. */
function setToolChoice(core: Members, choice: ToolChoice): void {
  if (!choice || typeof choice !== "object") {
    core.toolChoice = typeof choice === "boolean" ? (choice ? "any" : "none") : choice;
    if (typeof core.toolChoice !== "string") throw problem("config", CHOICE, { field: "toolChoice" });
    return;
  }
  const { disable_parallel_tool_use: isSerial, ...form } = choice;
  core.toolChoice = chosen(form);
  if (!isSet(isSerial)) return;
  if (typeof isSerial !== "boolean") throw problem("config", "`disable_parallel_tool_use` of `toolChoice` must be true or false", { field: "toolChoice" });
  if (core.parallelToolCalls === isSerial) {
    throw problem("config", "`parallelToolCalls` and `disable_parallel_tool_use` of `toolChoice` contradict each other; set one of them", { field: "parallelToolCalls" });
  }
  core.parallelToolCalls = !isSerial;
}

const CHOICE = '`toolChoice` must be "auto", "any", "none", the name of a tool, or { type: "tool", name }';
const KINDS: readonly unknown[] = ["auto", "any", "none", "required"];

/**
 * Reads a tool choice that is an object: `{ type, name }`, or an object under the kind, as in `{ function: { name }
 * }`.
 */
function chosen(form: Members): unknown {
  const holder = ["function", "tool", ...(KINDS as string[])].find((key) => isSet(form[key]));
  const { type, ...own } = form;
  const inside = (holder ? form[holder] : own) as Members;
  if (holder) onlyMembers("toolChoice", form, ["type", holder], DIRECT);
  const isNamed = holder ? !KINDS.includes(holder) : !KINDS.includes(type);
  const isKnown = holder ? !isSet(type) || type === holder : !isSet(type) || isNamed === ["tool", "function"].includes(type as string);
  if (!isKnown || typeof inside !== "object") throw problem("config", CHOICE, { field: "toolChoice" });
  onlyMembers(holder ? `toolChoice.${holder}` : "toolChoice", inside, isNamed ? ["name"] : [], DIRECT);
  if (!isNamed) return holder ?? type;
  if (typeof inside.name !== "string" || !inside.name) throw problem("config", CHOICE, { field: "toolChoice" });
  return { type: "tool", name: inside.name };
}

/** Refuses a member that would not be sent. */
function onlyMembers(name: string, value: object, known: readonly string[], advice = "put others into `modelKwargs`"): void {
  const other = Object.keys(value).filter((key) => !known.includes(key) && isSet((value as Members)[key]));
  if (other.length) throw problem("config", `unknown member of \`${name}\`: \`${other.join("`, `")}\`; ${known.length ? `use only \`${known.join("`, `")}\`, and ` : ""}${advice}`, { field: `${name}.${other[0]}` });
}

function checkedReasoning(value: unknown): unknown {
  if (value === false || (typeof value === "string" && value)) return value;
  const given = typeof value === "number" ? { budgetTokens: value } : value;
  if (given && typeof given === "object") {
    onlyMembers("reasoning", given, REASONING);
    const { type, budgetTokens, effort } = given as { type?: string; budgetTokens?: number; effort?: unknown };
    const isBudget = Number.isSafeInteger(budgetTokens) && budgetTokens! > 0;
    const isEffort = typeof effort === "string" && effort !== "";
    if (isSet(type) && !TYPES.includes(type!)) throw problem("config", `unknown type of \`reasoning\`: ${JSON.stringify(type)}; use one of ${TYPES.join(", ")}`, { field: "reasoning" });
    const isAlone = ["adaptive", "disabled", "between_tools"].includes(type!);
    if (isAlone && (isSet(budgetTokens) || (isSet(effort) && type !== "adaptive"))) {
      throw problem("config", `\`reasoning\` of type ${type} does not accept ${isSet(budgetTokens) ? "a budget" : "an effort"}; leave one of them out`, { field: "reasoning" });
    }
    if ((isBudget || !isSet(budgetTokens)) && (isEffort || !isSet(effort)) && (isBudget || isEffort || isAlone)) return value;
  }
  throw problem("config", '`reasoning` must be a budget in tokens, an effort such as "low", both in an object, "adaptive", "between_tools", or false', { field: "reasoning" });
}

function responseFormat(format: ResponseFormat): Members {
  const { json_schema: wrapped, ...outer } = format as { json_schema?: Members; [name: string]: unknown };
  const given: Members = wrapped ?? outer;
  const known = ["name", "description", "schema", "strict"];
  if (!given.schema) throw problem("config", "`responseFormat` must have a schema, as in { name, schema }; without one, ask for JSON in the prompt", { field: "responseFormat" });
  if (wrapped) onlyMembers("responseFormat", outer, ["type"], DIRECT);
  onlyMembers(wrapped ? "responseFormat.json_schema" : "responseFormat", given, wrapped ? known : ["type", ...known], DIRECT);
  if (isSet(outer.type) && outer.type !== "json_schema") throw problem("config", `unknown type of \`responseFormat\`: ${JSON.stringify(outer.type)}; use "json_schema", or leave it out`, { field: "responseFormat" });
  const { name, description, schema, strict } = given;
  if (isSet(strict) && strict !== true) {
    throw problem("config", `\`strict\` of \`responseFormat\` is ${strict}, but the service always enforces the schema; leave it out, or ask for JSON in the prompt`, { field: "responseFormat.strict" });
  }
  return { name: name ?? "answer", description, schema: jsonSchema(schema) };
}
