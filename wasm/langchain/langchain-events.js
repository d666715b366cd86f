import { joinUsage } from "./reply.js";

const FINISH = { max_tokens: "length", length: "length", tool_use: "tool_use", tool_calls: "tool_use", guardrail_intervened: "content_filter", content_filtered: "content_filter", content_filter: "content_filter", refusal: "content_filter" };

/** The core's stream as LangChain's events by content block (`streamEvents` without a version). */
export async function* streamEvents(stream) {
  const open = new Map();
  const metadata = stream.requestId ? { request_id: stream.requestId } : {};
  let usage;
  let reason;
  let begun = false;
  const begin = (id) => {
    begun = true;
    return { event: "message-start", id: id ?? undefined };
  };
  for await (const [name, first, second, third] of stream.events()) {
    if (name === "start") {
      if (second) Object.assign(metadata, { model: second, model_name: second });
      if (!begun) yield begin(first);
      continue;
    }
    if (!begun) yield begin();
    if (name === "usage") {
      usage = joinUsage(usage, first);
      yield { event: "usage", usage };
    } else if (name === "stop") {
      reason = first;
      Object.assign(metadata, { stop_reason: first, stop_sequence: second });
    } else if (name === "metadata") {
      metadata[first] = second;
    } else if (name === "end") {
      if (open.has(first)) yield finish(first, open);
    } else if (name !== "unknown") {
      const initial = BEGINNINGS[name](second, third);
      if (!open.has(first)) {
        open.set(first, initial);
        yield { event: "content-block-start", index: first, content: { ...initial, index: first } };
      }
      const delta = grown(open.get(first), name, second);
      if (delta) yield { event: "content-block-delta", index: first, delta };
    }
  }
  if (!begun) yield begin();
  for (const index of [...open.keys()]) yield finish(index, open);
  yield { event: "message-finish", reason: FINISH[reason] ?? "stop", ...(usage ? { usage } : {}), responseMetadata: metadata };
}

const reasoning = () => ({ type: "reasoning", reasoning: "" });
const text = () => ({ type: "text", text: "" });

/** How a block begins, by the event that is the first of it. */
const BEGINNINGS = {
  text,
  citation: text,
  thinking: reasoning,
  signature: reasoning,
  tool: (id, name) => ({ type: "tool_call_chunk", id, name, args: "" }),
  args: () => ({ type: "tool_call_chunk", args: "" }),
  block: (value) => ({ type: "non_standard", value }),
};

/** Adds an event to its block, and returns the events for LangChain. */
function grown(block, name, value) {
  switch (name) {
    case "text":
      block.text += value;
      return { type: "text-delta", text: value };
    case "thinking":
      block.reasoning += value;
      return { type: "reasoning-delta", reasoning: value };
    case "signature":
      block.signature = (block.signature ?? "") + value;
      return { type: "block-delta", fields: { type: "reasoning", signature: block.signature } };
    case "citation":
      block.annotations = [...(block.annotations ?? []), { type: "non_standard", value }];
      return { type: "block-delta", fields: { type: "text", annotations: block.annotations } };
    case "args":
      block.args += value;
      return { type: "tool-call-delta", args: value };
  }
}

function finish(index, open) {
  const block = open.get(index);
  open.delete(index);
  return { event: "content-block-finish", index, content: block.type === "tool_call_chunk" ? call(block) : block };
}

function call({ id, name, args }) {
  try {
    return { type: "tool_call", id, name, args: JSON.parse(args || "{}") };
  } catch (error) {
    return { type: "invalid_tool_call", id, name, args, error: error.message };
  }
}
