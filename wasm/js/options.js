import { problem } from "./error.js";
import { jsonSchema } from "./schema.js";
import { toolJson } from "./tools.js";

/** Options that the module reads as they are. */
const PASSED = [
  "maxTokens", "temperature", "topP", "topK", "stop", "modelKwargs", "parallelToolCalls", "promptCaching", "latency",
  "fillMissingToolResults", "serviceTier", "anthropicBeta", "requestMetadata", "responseFieldPaths", "capabilities",
];

/** The members of Anthropic's `thinking`, and of `reasoning`. */
const THINKING = ["type", "budget_tokens", "display"];
const REASONING = ["type", "budgetTokens", "effort"];

/** What makes a guardrail. Without one, a trace has nothing to say. */
const GUARD = ["guardrailIdentifier", "guardrailVersion", "guardrailConfig"];

/** Options over options: what is not set does not count, and modelKwargs are merged. */
export function merged(base, over) {
  const all = { ...base };
  for (const [name, value] of Object.entries(over ?? {})) {
    if (value === undefined || value === null) continue;
    all[name] = name === "modelKwargs" ? { ...all[name], ...value } : value;
  }
  return all;
}

/** The options of a call as the module reads them. */
export function coreOptions(options) {
  const core = {};
  // JSON has no member of an undefined value.
  for (const name of PASSED) core[name] = options[name] ?? undefined;
  const { tools, thinking } = options;
  if (tools) core.tools = tools.map(toolJson);
  const choice = options.toolChoice ?? options.tool_choice;
  if (choice !== undefined && choice !== null) core.toolChoice = toolChoice(choice);
  if (options.reasoning !== undefined && options.reasoning !== null && thinking) {
    throw problem("config", "reasoning and thinking say the same: set one of them");
  }
  if (thinking) onlyMembers("thinking", thinking, THINKING);
  const reasoning = options.reasoning ?? (thinking && { type: thinking.type, budgetTokens: thinking.budget_tokens });
  if (reasoning !== undefined && reasoning !== null) core.reasoning = checkedReasoning(reasoning);
  core.reasoningDisplay = options.reasoningDisplay ?? thinking?.display ?? undefined;
  const format = options.responseFormat ?? options.response_format;
  if (format) core.responseFormat = responseFormat(format);
  core.structured = options.structured;
  if (GUARD.some((name) => options[name])) core.guardrail = guardrail(options);
  return core;
}

function guardrail({ guardrailIdentifier, guardrailVersion, guardrailConfig, trace }) {
  if (!guardrailIdentifier || !guardrailVersion) {
    const missing = [!guardrailIdentifier && "guardrailIdentifier", !guardrailVersion && "guardrailVersion"].filter(Boolean);
    throw problem("config", `${missing.join(" and ")} must be set too: without both, no guardrail would watch the call`);
  }
  return { identifier: guardrailIdentifier, version: guardrailVersion, trace, ...guardrailConfig };
}

function toolChoice(choice) {
  if (typeof choice === "string") return choice;
  if (choice === true) return "any";
  if (choice === false) return "none";
  const name = choice.name ?? choice.function?.name ?? choice.tool?.name;
  if (name) return { type: "tool", name };
  const kind = choice.type ?? Object.keys(choice)[0];
  if (["auto", "any", "none", "required"].includes(kind)) return kind;
  throw problem("config", 'toolChoice must be "auto", "any", "none", the name of a tool, or { type: "tool", name }');
}

/** Refuses a member that would not be sent. */
function onlyMembers(name, value, known) {
  const other = Object.keys(value).find((key) => !known.includes(key) && value[key] !== undefined && value[key] !== null);
  if (other) throw problem("config", `${name} has no member ${other}: it has ${known.join(", ")}; put others into modelKwargs`);
}

function checkedReasoning(value) {
  if (value && typeof value === "object") onlyMembers("reasoning", value, REASONING);
  const of = typeof value;
  const word = of === "string" && value;
  const budget = of === "number" ? value : value.budgetTokens;
  if (word || value === false || (Number.isSafeInteger(budget) && budget > 0) || (value.effort && typeof value.effort === "string") || ["adaptive", "disabled", "between_tools"].includes(value.type)) {
    return value;
  }
  throw problem("config", 'reasoning must be a budget in tokens, an effort such as "low", both in an object, "adaptive", "between_tools", or false');
}

function responseFormat(format) {
  const { name, description, schema } = format.json_schema ?? format;
  if (schema) return { name: name ?? "answer", description, schema: jsonSchema(schema) };
  throw problem("config", "responseFormat must have a schema, as in { name, schema }; without one, ask for JSON in the prompt");
}

