// LangChain's standard content blocks (`message.contentBlocks`, `outputVersion: "v1"`) for messages of this package.
import { AIMessage, type AIMessageChunk, type ContentBlock } from "@langchain/core/messages";

/** A reader of the blocks of one provider's messages. */
type Translate = (message: AIMessage | AIMessageChunk) => ContentBlock[];

/** LangChain's readers of blocks, by provider. LangChain does not declare this variable. */
type Registry = Map<string, { translateContent: Translate; translateContentChunk: Translate }>;

/**
 * Registers a reader for the blocks of messages whose `response_metadata.model_provider` is `bedrock-chat`. They have
 * Anthropic's form, which LangChain can read; its own reader would only lose the calls of tools that are not among
 * the blocks. A version of LangChain without such a registry returns blocks unchanged.
 */
export function registerBlocks(): void {
  const known = (globalThis as { lc_block_translators_registry?: Registry }).lc_block_translators_registry;
  const anthropic = known?.get("anthropic");
  if (!known || !anthropic) return;
  const translateContent: Translate = (message) => translated(message, anthropic.translateContent);
  known.set("bedrock-chat", { translateContent, translateContentChunk: translateContent });
}

function translated(message: AIMessage | AIMessageChunk, translate: Translate): ContentBlock[] {
  const blocks = translate(message).map((block) => {
    const value = block["value"] as ContentBlock | null | undefined;
    return block.type === "non_standard" && value?.["citations"] ? cited(value, translate) : block;
  });
  const calls = new Set(blocks.filter(({ type }) => type === "tool_call").map(({ id }) => id));
  const pieces = (message as Partial<AIMessageChunk>).tool_call_chunks ?? [];
  // In a stream, a call that is not complete is a chunk. Later chunks complete it.
  if (pieces.some(({ id }) => !calls.has(id))) {
    return [...blocks, ...pieces.filter(({ id }) => !calls.has(id)).map((piece) => ({ ...piece, type: "tool_call_chunk" }) as ContentBlock)];
  }
  const missing = (message.tool_calls ?? []).filter(({ id }) => !calls.has(id));
  return [...blocks, ...missing.map(({ id, name, args }) => ({ type: "tool_call", id, name, args }) as ContentBlock)];
}

/** Returns the citations of a stream that arrive before their text. */
function cited(value: ContentBlock, translate: Translate): ContentBlock {
  const [first] = translate(new AIMessage({ content: [{ ...value, text: "" }] }));
  const { text, ...block } = first!;
  return block as ContentBlock;
}
