import { problem } from "./error.js";
import { type Loose, jsonSchema } from "./schema.js";
import { MERGED, PASSED_SETTINGS, SAME_SETTINGS } from "./table.js";
import { toolJson } from "./tools.js";

/** The members of Anthropic's `thinking`, and of `reasoning`. */
const THINKING = ["type", "budget_tokens", "display"];
const REASONING = ["type", "budgetTokens", "effort"];
const TYPES = ["enabled", "adaptive", "disabled", "between_tools"];

/** The options that set a guardrail. A trace without a guardrail has no effect. */
const GUARD = ["guardrailIdentifier", "guardrailVersion", "guardrailConfig"];

/** Advice for a member that the service does not accept either. */
const DIRECT = "leave others out";

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/** Merges options over others. Unset options are ignored. An option also replaces its other name. */
export function merged(base: Loose, over: Loose | null | undefined): Loose {
  const all: Loose = { ...base };
  for (const [one, other] of SAME_SETTINGS) if (isSet(over?.[one]) || isSet(over?.[other])) delete all[one], delete all[other];
  for (const [name, value] of Object.entries(over ?? {})) {
    if (isSet(value)) all[name] = (MERGED as readonly string[]).includes(name) ? { ...all[name], ...value } : value;
  }
  return all;
}

/** Refuses options that are set by both of their names, to different values. */
export function onlyOne(options: Loose, names: readonly (readonly [string, string])[]): void {
  for (const [one, other] of names) {
    const [left, right] = [options[one], options[other]];
    // Variables of the environment may be empty, and so may lists.
    const says = (value: unknown) => isSet(value) && value !== "" && !(Array.isArray(value) && value.length === 0);
    const differ = says(left) && says(right) && left !== right;
    if (differ) throw problem("config", `${one} and ${other} set the same: use one of them`, { field: one });
  }
}

/** The options of a call as the module reads them. */
export function coreOptions(options: Loose): Loose {
  const core: Loose = {};
  // JSON has no member of an undefined value.
  for (const name of PASSED_SETTINGS) core[name] = options[name] ?? undefined;
  onlyOne(options, SAME_SETTINGS);
  const { tools, thinking, reasoningDisplay } = options;
  if (tools) core.tools = tools.map(toolJson);
  const choice = options.toolChoice ?? options.tool_choice;
  if (isSet(choice)) setToolChoice(core, choice);
  if (thinking) onlyMembers("thinking", thinking, THINKING);
  const reasoning = options.reasoning ?? (thinking && { type: thinking.type, budgetTokens: thinking.budget_tokens });
  if (isSet(reasoning)) core.reasoning = checkedReasoning(reasoning);
  if (reasoningDisplay && thinking?.display && reasoningDisplay !== thinking.display) {
    throw problem("config", "reasoningDisplay and thinking.display differ: set one of them", { field: "reasoningDisplay" });
  }
  core.reasoningDisplay = reasoningDisplay ?? thinking?.display ?? undefined;
  const format = options.responseFormat ?? options.response_format;
  if (format) core.responseFormat = responseFormat(format);
  core.structured = options.structured;
  if (GUARD.some((name) => options[name])) core.guardrail = guardrail(options);
  return core;
}

function guardrail({ guardrailIdentifier, guardrailVersion, guardrailConfig, trace }: Loose): Loose {
  if (!guardrailIdentifier || !guardrailVersion) {
    const missing = [!guardrailIdentifier && "guardrailIdentifier", !guardrailVersion && "guardrailVersion"].filter((name) => name !== false);
    throw problem("config", `${missing.join(" and ")} must be set too: without both, no guardrail would watch the call`, { field: missing[0]! });
  }
  onlyOne({ trace, "guardrailConfig.trace": guardrailConfig?.trace }, [["trace", "guardrailConfig.trace"]]);
  return { identifier: guardrailIdentifier, version: guardrailVersion, ...guardrailConfig, trace: guardrailConfig?.trace ?? trace };
}

/** Sets which tool the model calls, and what Anthropic's form of it says of parallel calls. */
function setToolChoice(core: Loose, choice: any): void {
  if (!choice || typeof choice !== "object") {
    core.toolChoice = typeof choice === "boolean" ? (choice ? "any" : "none") : choice;
    if (typeof core.toolChoice !== "string") throw problem("config", CHOICE, { field: "toolChoice" });
    return;
  }
  const { disable_parallel_tool_use: isSerial, ...form } = choice;
  core.toolChoice = chosen(form);
  if (!isSet(isSerial)) return;
  if (typeof isSerial !== "boolean") throw problem("config", "disable_parallel_tool_use of toolChoice must be true or false", { field: "toolChoice" });
  if (core.parallelToolCalls === isSerial) {
    throw problem("config", "parallelToolCalls and disable_parallel_tool_use of toolChoice contradict each other: set one of them", { field: "parallelToolCalls" });
  }
  core.parallelToolCalls = !isSerial;
}

const CHOICE = 'toolChoice must be "auto", "any", "none", the name of a tool, or { type: "tool", name }';
const KINDS = ["auto", "any", "none", "required"];

/** A choice that is an object: `{ type, name }`, or its kind holds the name, as in `{ function: { name } }`. */
function chosen(form: Loose): unknown {
  const holder = ["function", "tool", ...KINDS].find((key) => isSet(form[key]));
  const { type, ...own } = form;
  const inside = holder ? form[holder] : own;
  if (holder) onlyMembers("toolChoice", form, ["type", holder], DIRECT);
  const isNamed = holder ? !KINDS.includes(holder) : !KINDS.includes(type);
  const isKnown = holder ? !isSet(type) || type === holder : !isSet(type) || isNamed === ["tool", "function"].includes(type);
  if (!isKnown || typeof inside !== "object") throw problem("config", CHOICE, { field: "toolChoice" });
  onlyMembers(holder ? `toolChoice.${holder}` : "toolChoice", inside, isNamed ? ["name"] : [], DIRECT);
  if (!isNamed) return holder ?? type;
  if (typeof inside.name !== "string" || !inside.name) throw problem("config", CHOICE, { field: "toolChoice" });
  return { type: "tool", name: inside.name };
}

/** Refuses a member that would not be sent. */
function onlyMembers(name: string, value: Loose, known: readonly string[], advice = "put others into modelKwargs") {
  const other = Object.keys(value).filter((key) => !known.includes(key) && isSet(value[key]));
  if (other.length) throw problem("config", `${name} has no member ${other.join(", ")}: it has ${known.join(", ") || "no members"}; ${advice}`, { field: `${name}.${other[0]}` });
}

function checkedReasoning(value: any): unknown {
  if (value === false || (typeof value === "string" && value)) return value;
  const given = typeof value === "number" ? { budgetTokens: value } : value;
  if (given && typeof given === "object") {
    onlyMembers("reasoning", given, REASONING);
    const { type, budgetTokens, effort } = given;
    const isBudget = Number.isSafeInteger(budgetTokens) && budgetTokens > 0;
    const isEffort = typeof effort === "string" && effort !== "";
    if (isSet(type) && !TYPES.includes(type)) throw problem("config", `${type} is not a type of reasoning: use one of ${TYPES.join(", ")}`, { field: "reasoning" });
    const isAlone = ["adaptive", "disabled", "between_tools"].includes(type);
    if (isAlone && (isSet(budgetTokens) || (isSet(effort) && type !== "adaptive"))) {
      throw problem("config", `reasoning of type ${type} takes no ${isSet(budgetTokens) ? "budget" : "effort"}: leave one of them out`, { field: "reasoning" });
    }
    if ((isBudget || !isSet(budgetTokens)) && (isEffort || !isSet(effort)) && (isBudget || isEffort || isAlone)) return value;
  }
  throw problem("config", 'reasoning must be a budget in tokens, an effort such as "low", both in an object, "adaptive", "between_tools", or false', { field: "reasoning" });
}

function responseFormat(format: Loose): Loose {
  const { json_schema: wrapped, ...outer } = format;
  const given = wrapped ?? outer;
  const known = ["name", "description", "schema", "strict"];
  if (!given.schema) throw problem("config", "responseFormat must have a schema, as in { name, schema }; without one, ask for JSON in the prompt", { field: "responseFormat" });
  if (wrapped) onlyMembers("responseFormat", outer, ["type"], DIRECT);
  onlyMembers(wrapped ? "responseFormat.json_schema" : "responseFormat", given, wrapped ? known : ["type", ...known], DIRECT);
  if (isSet(outer.type) && outer.type !== "json_schema") throw problem("config", `responseFormat has no type ${outer.type}: use json_schema, or leave it out`, { field: "responseFormat" });
  const { name, description, schema, strict } = given;
  if (isSet(strict) && strict !== true) {
    throw problem("config", `responseFormat cannot be strict: ${strict}, as the service holds every answer to the schema; leave strict out, or ask for JSON in the prompt`, { field: "responseFormat.strict" });
  }
  return { name: name ?? "answer", description, schema: jsonSchema(schema) };
}
