// Converts LangChain's options and blocks to those of the core.
import { onlyOne } from "./options.js";

/** Fields and options that are LangChain's own. */
const LANGCHAIN = new Set([
  "cache", "callbacks", "callbackManager", "tags", "metadata", "verbose", "disableStreaming", "outputVersion", "onFailedAttempt",
  "maxConcurrency", "name", "runId", "runName", "configurable", "recursionLimit", "store", "context", "interrupts", "promptIndex",
  "ls_structured_output_format", "options", "strict", "version",
]);

/** Names of options in other chat models of LangChain, and ours. */
const ALIASES = { stopSequences: "stop", parallel_tool_calls: "parallelToolCalls" };

/** Two names of one option. */
const SAME = Object.entries(ALIASES);

/** Fields or options without LangChain's own, by our names. */
export function ours(given) {
  const own = {};
  if (given) onlyOne(given, SAME);
  for (const [name, value] of Object.entries(given ?? {})) {
    if (LANGCHAIN.has(name) || value === undefined || value === null) continue;
    const key = ALIASES[name] ?? name;
    // An empty list does not replace what the option's other name says.
    if (!Object.hasOwn(own, key) || value.length !== 0) own[key] = value;
  }
  return own;
}

/** A message without what only LangChain needs. */
export function plainMessage(message) {
  const { content, name, role, tool_calls, invalid_tool_calls, tool_call_id, status, additional_kwargs, response_metadata } = message;
  const model = response_metadata?.model_name ?? response_metadata?.model;
  return {
    type: message.getType(),
    content: Array.isArray(content) ? content.filter(isContent).map(plainBlock) : content,
    name,
    role: message.getType() === "generic" ? role : undefined,
    tool_calls: tool_calls?.length ? tool_calls : undefined,
    invalid_tool_calls: invalid_tool_calls?.length ? invalid_tool_calls : undefined,
    tool_call_id,
    status,
    // Signed reasoning is worth something only to the vendor that signed it.
    response_metadata: typeof model === "string" ? { model_name: model } : undefined,
    additional_kwargs: additional_kwargs?.tool_calls && !tool_calls?.length ? { tool_calls: additional_kwargs.tool_calls } : undefined,
  };
}

/**
 * Blocks that say again what `tool_calls` and `invalid_tool_calls` say, as a stream with `outputVersion: "v1"`
 * leaves them, or what the tools of another vendor's service did. No model on Bedrock takes them back.
 */
const NO_CONTENT = new Set([
  "tool_call_chunk", "invalid_tool_call", "server_tool_call", "server_tool_call_chunk", "server_tool_call_result", "citation",
  "function_call", "functionCall", "executableCode", "codeExecutionResult",
]);

/** Whether a block is to be sent. The reasoning of other vendors may come without its words. */
const isContent = (block) => !NO_CONTENT.has(block?.type) && (block?.type !== "reasoning" || typeof block.reasoning === "string");

/** LangChain's standard blocks wrap what only one provider knows, and have a separate type for documents of text. */
function plainBlock(block) {
  if (block?.type === "non_standard" && block.value) return block.value;
  if (block?.type !== "text-plain" || typeof block.text !== "string") return block;
  const { text, title, context } = block;
  return { type: "document", source: { type: "text", media_type: "text/plain", data: text }, ...(title && { title }), ...(context && { context }) };
}
