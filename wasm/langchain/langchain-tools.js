import { toolJson } from "./tools.js";

/**
 * A tool in any form in the one that LangSmith shows and the cache keys on: `{ name, description,
 * input_schema }`. A tool in a model's native format is not changed.
 */
export function formatTool(tool) {
  const json = toolJson(tool);
  const { type, function: named, ...outside } = json;
  const { schema, parameters, ...rest } = named ?? json;
  const input_schema = schema ?? parameters;
  if (!rest.name || !input_schema) return json;
  const { type: kind, ...known } = rest;
  return { ...(named ? outside : {}), ...known, ...(kind && kind !== "function" ? { type: kind } : {}), input_schema };
}
