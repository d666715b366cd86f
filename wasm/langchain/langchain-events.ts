import type { ChatModelStreamEvent, ContentBlockDelta, FinishReason } from "@langchain/core/language_models/event";
import type { ContentBlock } from "@langchain/core/messages";
import type { StreamEvent } from "./events.js";
import { OPENAI_REASONS, type UsageMetadata, joinUsage } from "./reply.js";
import type { Members } from "./schema.js";
import type { ChatStream } from "./stream.js";

/** A content block that is not complete. Its type is that of its first event. */
type OpenBlock = {
  readonly type: "text" | "reasoning" | "tool_call_chunk" | "non_standard";
  text?: string;
  reasoning?: string;
  signature?: string;
  annotations?: ContentBlock[];
  id?: string;
  name?: string;
  args?: string;
  value?: unknown;
};

/** Returns the core's stream as LangChain's events by content block (`streamEvents` without a version). */
export async function* streamEvents(stream: ChatStream): AsyncGenerator<ChatModelStreamEvent> {
  const open = new Map<number, OpenBlock>();
  const metadata: Members = stream.requestId ? { request_id: stream.requestId } : {};
  let usage: UsageMetadata | undefined;
  let reason = "";
  let begun = false;
  const begin = (id?: string | null): ChatModelStreamEvent => {
    begun = true;
    return { event: "message-start", ...(typeof id === "string" ? { id } : {}) };
  };
  for await (const event of stream.events()) {
    const [name, first, second, third] = event;
    if (name === "start") {
      if (second) Object.assign(metadata, { model: second, model_name: second });
      if (!begun) yield begin(first);
      continue;
    }
    if (!begun) yield begin();
    if (name === "usage") {
      usage = joinUsage(usage, first)!;
      yield { event: "usage", usage };
    } else if (name === "stop") {
      reason = first;
      Object.assign(metadata, { stop_reason: first, stop_sequence: second });
    } else if (name === "metadata") {
      metadata[first] = second;
    } else if (name === "end") {
      if (open.has(first)) yield finish(first, open);
    } else if (name !== "unknown" && name !== "member") {
      let block = open.get(first);
      if (!block) {
        block = beginning(event);
        open.set(first, block);
        yield { event: "content-block-start", index: first, content: { ...block, index: first } };
      }
      const delta = grown(block, event);
      if (delta) yield { event: "content-block-delta", index: first, delta };
    }
  }
  if (!begun) yield begin();
  for (const index of [...open.keys()]) yield finish(index, open);
  yield { event: "message-finish", reason: finishReason(reason), ...(usage ? { usage } : {}), responseMetadata: metadata };
}

function finishReason(reason: string): FinishReason {
  const finish = OPENAI_REASONS[reason] ?? "stop";
  return finish === "tool_calls" ? "tool_use" : finish;
}

/** An event that belongs to a content block. */
type BlockEvent = Exclude<StreamEvent, readonly [name: "start" | "stop" | "usage" | "metadata" | "unknown" | "member" | "end", ...rest: unknown[]]>;

/** Returns the block that begins with an event. */
function beginning([name, , second, third]: BlockEvent): OpenBlock {
  switch (name) {
    case "thinking":
    case "signature":
      return { type: "reasoning", reasoning: "" };
    case "tool":
      return { type: "tool_call_chunk", id: second, name: third, args: "" };
    case "args":
      return { type: "tool_call_chunk", args: "" };
    case "block":
      return { type: "non_standard", value: second };
    default:
      return { type: "text", text: "" };
  }
}

/** Adds an event to its block, and returns the delta for LangChain. */
function grown(block: OpenBlock, [name, , value]: BlockEvent): ContentBlockDelta | undefined {
  switch (name) {
    case "text":
      block.text = (block.text ?? "") + value;
      return { type: "text-delta", text: value };
    case "thinking":
      block.reasoning = (block.reasoning ?? "") + value;
      return { type: "reasoning-delta", reasoning: value };
    case "signature":
      block.signature = (block.signature ?? "") + value;
      return { type: "block-delta", fields: { type: "reasoning", signature: block.signature } };
    case "citation":
      block.annotations = [...(block.annotations ?? []), { type: "non_standard", value }];
      return { type: "block-delta", fields: { type: "text", annotations: block.annotations } };
    case "args":
      block.args = (block.args ?? "") + value;
      return { type: "tool-call-delta", args: value };
    default:
      return undefined;
  }
}

/** Ends a block. */
function finish(index: number, open: Map<number, OpenBlock>): ChatModelStreamEvent {
  const block = open.get(index)!;
  open.delete(index);
  return { event: "content-block-finish", index, content: block.type === "tool_call_chunk" ? call(block) : block };
}

/** Returns the call of a tool whose arguments have arrived. */
function call({ id, name, args = "" }: OpenBlock): ContentBlock {
  const named = { ...(id === undefined ? {} : { id }), name };
  try {
    return { type: "tool_call", ...named, args: JSON.parse(args || "{}") };
  } catch (error) {
    return { type: "invalid_tool_call", ...named, args, error: (error as Error).message };
  }
}
