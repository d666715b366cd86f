import type { StreamEvent } from "./events.js";
import type { UsageMetadata } from "./reply.js";
import type { SseError, SseReason, SseWriter } from "./sse.js";
import { problem } from "./sse-openai.js";

/** The reason why an answer is incomplete, by the stop reason. */
const INCOMPLETE: { readonly [reason: string]: string } = {
  max_tokens: "max_output_tokens", model_context_window_exceeded: "max_output_tokens",
  refusal: "content_filter", content_filtered: "content_filter", guardrail_intervened: "content_filter",
};

/** The codes of a failed response that differ from those of an error. */
const FAILED: { readonly [reason in SseReason]?: string } = { invalid: "invalid_prompt", timeout: "server_error" };

/** A block of the reply while it arrives: one item of the output. */
interface OpenItem {
  kind: "message" | "reasoning" | "function_call";
  at: number;
  id: string;
  text: string;
  /** The members of an item other than its text. */
  more: { [key: string]: unknown };
}

/** Writes events as OpenAI's Responses API streams them. */
export class ResponsesEvents implements SseWriter {
  #id = `resp_${Math.random().toString(36).slice(2)}`;
  #model: string | null = null;
  #created = Math.floor(Date.now() / 1000);
  #sequence = 0;
  #begun = false;
  #open = new Map<number, OpenItem>();
  #output: object[] = [];
  #items = 0;
  #stop = "";

  event(event: StreamEvent): string {
    const [name, first, second, third] = event;
    switch (name) {
      case "start":
        this.#id = first ?? this.#id;
        this.#model = second;
        return this.#begin();
      case "text":
        return this.#delta(first, "message", second);
      case "thinking":
        return this.#delta(first, "reasoning", second);
      case "signature": {
        const [item, begun] = this.#item(first, "reasoning");
        item.more.encrypted_content = `${item.more.encrypted_content ?? ""}${second}`;
        return begun;
      }
      case "tool": {
        const [item, begun] = this.#item(first, "function_call", { call_id: second, name: third });
        return item.kind === "function_call" ? begun : "";
      }
      case "args":
        // Arguments of a call that never began are dropped, as they do not belong to another call.
        return this.#open.get(first)?.kind === "function_call" ? this.#delta(first, "function_call", second) : "";
      case "end":
        return this.#close(first);
      case "stop":
        this.#stop = first;
        return "";
      default:
        return "";
    }
  }

  #line(type: string, data: object): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence++, ...data })}\n\n`;
  }

  #response(status: string, more: object): object {
    return {
      id: this.#id, object: "response", created_at: this.#created, status, model: this.#model, output: this.#output,
      error: null, incomplete_details: null, parallel_tool_calls: true, tool_choice: "auto", tools: [], usage: null, ...more,
    };
  }

  #begin(): string {
    if (this.#begun) return "";
    this.#begun = true;
    const response = this.#response("in_progress", {});
    return this.#line("response.created", { response }) + this.#line("response.in_progress", { response });
  }

  /** Returns the item of a block, and the events that begin it. */
  #item(block: number, kind: OpenItem["kind"], more: { [key: string]: unknown } = {}): [OpenItem, string] {
    const known = this.#open.get(block);
    if (known?.kind === kind) return [known, ""];
    let text = this.#begin() + this.#close(block);
    const at = this.#items++;
    const prefix = { message: "msg", reasoning: "rs", function_call: "fc" }[kind];
    const item: OpenItem = { kind, at, id: `${prefix}_${this.#id}_${at}`, text: "", more };
    this.#open.set(block, item);
    text += this.#line("response.output_item.added", { output_index: at, item: whole(item, "in_progress") });
    if (kind !== "function_call") text += this.#part(item, "added");
    return [item, text];
  }

  /** Returns the event about the single part of a message or a reasoning item. */
  #part(item: OpenItem, when: "added" | "done"): string {
    const place = { item_id: item.id, output_index: item.at };
    if (item.kind === "message") return this.#line(`response.content_part.${when}`, { ...place, content_index: 0, part: textPart(item.text) });
    return this.#line(`response.reasoning_summary_part.${when}`, { ...place, summary_index: 0, part: { type: "summary_text", text: item.text } });
  }

  #delta(block: number, kind: OpenItem["kind"], delta: string): string {
    const [item, begun] = this.#item(block, kind);
    item.text += delta;
    return begun + this.#text(item, "delta", { delta });
  }

  #text(item: OpenItem, when: "delta" | "done", more: object): string {
    const place = { item_id: item.id, output_index: item.at };
    if (item.kind === "message") return this.#line(`response.output_text.${when}`, { ...place, content_index: 0, ...more });
    if (item.kind === "reasoning") return this.#line(`response.reasoning_summary_text.${when}`, { ...place, summary_index: 0, ...more });
    return this.#line(`response.function_call_arguments.${when}`, { ...place, ...more });
  }

  #close(block: number): string {
    const item = this.#open.get(block);
    if (!item) return "";
    this.#open.delete(block);
    const done = whole(item, "completed");
    this.#output[item.at] = done;
    const text = this.#text(item, "done", item.kind === "function_call" ? { arguments: item.text || "{}" } : { text: item.text });
    const part = item.kind === "function_call" ? "" : this.#part(item, "done");
    return text + part + this.#line("response.output_item.done", { output_index: item.at, item: done });
  }

  #closeAll(): string {
    return [...this.#open.keys()].map((block) => this.#close(block)).join("");
  }

  end(usage: UsageMetadata | undefined): string {
    const reason = INCOMPLETE[this.#stop];
    const counted = {
      input_tokens: usage?.input_tokens ?? 0,
      input_tokens_details: { cached_tokens: usage?.input_token_details?.cache_read ?? 0 },
      output_tokens: usage?.output_tokens ?? 0,
      output_tokens_details: { reasoning_tokens: usage?.output_token_details?.reasoning ?? 0 },
      total_tokens: usage?.total_tokens ?? 0,
    };
    const status = reason ? "incomplete" : "completed";
    const last = this.#begin() + this.#closeAll();
    const response = this.#response(status, { usage: counted, incomplete_details: reason ? { reason } : null });
    return `${last}${this.#line(`response.${status}`, { response })}`;
  }

  problem(told: SseError): object {
    return { error: problem(told) };
  }

  /** Returns two events. OpenAI's SDKs raise the first as an error. Codex ignores it, and reads the second. */
  error(told: SseError): string {
    const last = this.#begin() + this.#closeAll();
    const error = problem(told);
    const { message, code, param } = error;
    const first = this.#line("error", { message, code, param, error });
    const failed = { code: FAILED[told.reason] ?? code, message };
    return last + first + this.#line("response.failed", { response: this.#response("failed", { error: failed }) });
  }
}

const textPart = (text: string): object => ({ type: "output_text", text, annotations: [] });

/** Returns an item as far as it has arrived. */
function whole({ kind, id, text, more }: OpenItem, status: string): object {
  const begun = status === "in_progress";
  switch (kind) {
    case "message":
      return { type: "message", id, status, role: "assistant", content: begun ? [] : [textPart(text)] };
    case "reasoning":
      return { type: "reasoning", id, summary: begun || !text ? [] : [{ type: "summary_text", text }], ...more };
    default:
      return { type: "function_call", id, status, ...more, arguments: begun ? "" : text || "{}" };
  }
}
