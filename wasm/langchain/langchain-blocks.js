// LangChain's standard content blocks (`message.contentBlocks`, `outputVersion: "v1"`) of our messages.
import { AIMessage } from "@langchain/core/messages";

/**
 * Tells LangChain how to read the blocks of messages whose `response_metadata.model_provider` is
 * `bedrock-chat`. They have Anthropic's form, which it knows; it only would lose the calls of tools
 * that are not among the blocks. A version of LangChain without such a list shows blocks as they are.
 */
export function registerBlocks() {
  const known = globalThis.lc_block_translators_registry;
  if (!known?.get("anthropic")) return;
  known.set("bedrock-chat", { translateContent, translateContentChunk: translateContent });
}

function translateContent(message) {
  const translate = globalThis.lc_block_translators_registry.get("anthropic").translateContent;
  const blocks = translate(message).map((block) => (block.type === "non_standard" && block.value?.citations ? cited(block.value, translate) : block));
  const calls = new Set(blocks.filter(({ type }) => type === "tool_call").map(({ id }) => id));
  const pieces = message.tool_call_chunks ?? [];
  // In a stream, a call that is not complete is a chunk; only with the later chunks it is a call.
  if (pieces.some(({ id }) => !calls.has(id))) {
    return [...blocks, ...pieces.filter(({ id }) => !calls.has(id)).map((piece) => ({ ...piece, type: "tool_call_chunk" }))];
  }
  const missing = (message.tool_calls ?? []).filter(({ id }) => !calls.has(id));
  return [...blocks, ...missing.map(({ id, name, args }) => ({ type: "tool_call", id, name, args }))];
}

/** The citations of a stream that arrive before their text. */
function cited(value, translate) {
  const [{ text, ...block }] = translate(new AIMessage({ content: [{ ...value, text: "" }] }));
  return block;
}
