import type { Members } from "./schema.js";
import { toolJson } from "./tools.js";

/**
 * Returns a tool of any form in the form that LangSmith shows and that cache keys are made from: `{ name,
 * description, input_schema }`. A tool in a model's native format is unchanged.
 */
export function formatTool(tool: unknown): Members {
  const json = toolJson(tool);
  const { type, function: named, ...outside } = json;
  const { schema, parameters, ...rest } = (named ?? json) as Members;
  const input_schema = schema ?? parameters;
  if (!rest.name || !input_schema) return json;
  const { type: kind, ...known } = rest;
  return { ...(named ? outside : {}), ...known, ...(kind && kind !== "function" ? { type: kind } : {}), input_schema };
}
