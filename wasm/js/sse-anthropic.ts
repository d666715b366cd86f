import type { StreamEvent } from "./events.js";
import type { UsageMetadata } from "./reply.js";
import type { SseError, SseReason, SseWriter } from "./sse.js";

/** Anthropic's names of errors. The others are `api_error`. */
const TYPES: { readonly [reason in SseReason]?: string } = {
  invalid: "invalid_request_error", overflow: "invalid_request_error", throttled: "rate_limit_error", timeout: "timeout_error", overloaded: "overloaded_error",
};

const line = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

/** Returns usage in Anthropic's form, whose input tokens exclude the cache. */
function written(usage: UsageMetadata | undefined): object {
  const { cache_read = 0, cache_creation = 0 }: Partial<UsageMetadata["input_token_details"]> = usage?.input_token_details ?? {};
  return {
    input_tokens: Math.max(0, (usage?.input_tokens ?? 0) - cache_read - cache_creation),
    cache_creation_input_tokens: cache_creation,
    cache_read_input_tokens: cache_read,
    output_tokens: usage?.output_tokens ?? 0,
  };
}

/** Writes events as Anthropic's Messages API streams them. */
export class AnthropicEvents implements SseWriter {
  // Nova and others give their replies no id. Clients require one.
  #start: { id: string; model: string | null } = { id: `msg_${Math.random().toString(36).slice(2)}`, model: null };
  #begun = false;
  #open = new Set<number>();
  #stop: { stop_reason: string | null; stop_sequence: string | null } = { stop_reason: null, stop_sequence: null };

  event(event: StreamEvent, usage: UsageMetadata | undefined): string {
    const [name, first, second, third] = event;
    switch (name) {
      // The start is written with the next event, as it contains the number of input tokens.
      case "start":
        this.#start = { id: first ?? this.#start.id, model: second };
        return "";
      case "usage":
        return this.#begin(usage);
      case "text":
        return this.#delta(first, { type: "text", text: "" }, { type: "text_delta", text: second }, usage);
      case "thinking":
        return this.#delta(first, { type: "thinking", thinking: "", signature: "" }, { type: "thinking_delta", thinking: second }, usage);
      case "signature":
        return this.#delta(first, { type: "thinking", thinking: "", signature: "" }, { type: "signature_delta", signature: second }, usage);
      case "citation":
        return this.#delta(first, { type: "text", text: "" }, { type: "citations_delta", citation: second }, usage);
      case "args":
        return this.#delta(first, { type: "tool_use", id: "", name: "", input: {} }, { type: "input_json_delta", partial_json: second }, usage);
      case "tool":
        return this.#begin(usage) + this.#block(first, { type: "tool_use", id: second, name: third, input: {} });
      case "block":
        return this.#begin(usage) + this.#block(first, second);
      case "end":
        return this.#close(first);
      case "stop":
        this.#stop = { stop_reason: first, stop_sequence: second };
        return "";
      default:
        return "";
    }
  }

  #begin(usage: UsageMetadata | undefined): string {
    if (this.#begun) return "";
    this.#begun = true;
    const { id, model } = this.#start;
    const message = { id, type: "message", role: "assistant", model, content: [], stop_reason: null, stop_sequence: null, usage: written(usage) };
    return line("message_start", { message });
  }

  #block(index: number, content_block: object): string {
    this.#open.add(index);
    return line("content_block_start", { index, content_block });
  }

  #delta(index: number, block: object, delta: object, usage: UsageMetadata | undefined): string {
    const start = this.#begin(usage) + (this.#open.has(index) ? "" : this.#block(index, block));
    return start + line("content_block_delta", { index, delta });
  }

  #close(index: number): string {
    return this.#open.delete(index) ? line("content_block_stop", { index }) : "";
  }

  end(usage: UsageMetadata | undefined): string {
    const begun = this.#begin(usage);
    const blocks = [...this.#open].map((index) => this.#close(index)).join("");
    return begun + blocks + line("message_delta", { delta: this.#stop, usage: written(usage) }) + line("message_stop", {});
  }

  problem({ reason, message }: SseError): object {
    return { type: "error", error: { type: TYPES[reason] ?? "api_error", message } };
  }

  error(told: SseError): string {
    return line("error", this.problem(told));
  }
}
