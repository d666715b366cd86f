import type { StreamEvent } from "./events.js";
import { OPENAI_REASONS, type UsageMetadata } from "./reply.js";
import type { SseError, SseReason, SseWriter } from "./sse.js";

/** OpenAI's types and codes of errors. Clients decide by the code whether they send a request again. */
const NAMES: { readonly [reason in SseReason]?: readonly [type: string, code: string | null] } = {
  invalid: ["invalid_request_error", null], overflow: ["invalid_request_error", "context_length_exceeded"],
  throttled: ["rate_limit_error", "rate_limit_exceeded"], timeout: ["server_error", "timeout"], overloaded: ["server_error", "server_is_overloaded"],
};

/** Returns the error of OpenAI's APIs. */
export function problem({ reason, message }: SseError): { message: string; type: string; param: null; code: string | null } {
  const [type, code] = NAMES[reason] ?? ["server_error", "server_error"];
  return { message, type, param: null, code };
}

const line = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

/** Writes events as OpenAI's chat completions stream them. */
export class OpenAiEvents implements SseWriter {
  #id = `chatcmpl-${Math.random().toString(36).slice(2)}`;
  #model: string | null = null;
  #created = Math.floor(Date.now() / 1000);
  #calls = new Map<number, number>();
  #begun = false;
  #reason = "stop";

  event(event: StreamEvent): string {
    const [name, first, second, third] = event;
    switch (name) {
      case "start":
        this.#id = first ?? this.#id;
        this.#model = second;
        return this.#delta({});
      case "text":
        return this.#delta({ content: second });
      case "thinking":
        return this.#delta({ reasoning_content: second });
      case "tool":
        this.#calls.set(first, this.#calls.size);
        return this.#call(first, { id: second, type: "function", function: { name: third, arguments: "" } });
      case "args":
        // Arguments of a call that never began are dropped, as they do not belong to another call.
        return this.#calls.has(first) ? this.#call(first, { function: { arguments: second } }) : "";
      case "stop":
        this.#reason = OPENAI_REASONS[first] ?? "stop";
        return "";
      default:
        return "";
    }
  }

  #call(block: number, call: object): string {
    return this.#delta({ tool_calls: [{ index: this.#calls.get(block), ...call }] });
  }

  #delta(delta: object): string {
    const role = this.#begun ? {} : { role: "assistant", content: "" };
    this.#begun = true;
    return this.#chunk({ ...role, ...delta }, null);
  }

  #chunk(delta: object, finish_reason: string | null, more?: object): string {
    const choices = [{ index: 0, delta, finish_reason }];
    return line({ id: this.#id, object: "chat.completion.chunk", created: this.#created, model: this.#model, choices, ...more });
  }

  end(usage: UsageMetadata | undefined): string {
    const counted = {
      prompt_tokens: usage?.input_tokens ?? 0,
      completion_tokens: usage?.output_tokens ?? 0,
      total_tokens: usage?.total_tokens ?? 0,
      prompt_tokens_details: { cached_tokens: usage?.input_token_details?.cache_read ?? 0 },
    };
    return `${this.#begun ? "" : this.#delta({})}${this.#chunk({}, this.#reason, { usage: counted })}data: [DONE]\n\n`;
  }

  problem(told: SseError): object {
    return { error: problem(told) };
  }

  error(told: SseError): string {
    return line(this.problem(told));
  }
}
