const REASONS = {
  end_turn: "stop", stop_sequence: "stop", max_tokens: "length", model_context_window_exceeded: "length", tool_use: "tool_calls",
  refusal: "content_filter", content_filtered: "content_filter", guardrail_intervened: "content_filter",
};

/** OpenAI's names of errors, by their HTTP status. */
const TYPES = { 400: "invalid_request_error", 429: "rate_limit_exceeded" };

const line = (data) => `data: ${JSON.stringify(data)}\n\n`;

/** Events as OpenAI's chat completions stream them. */
export class OpenAiEvents {
  #id = `chatcmpl-${Math.random().toString(36).slice(2)}`;
  #model = null;
  #created = Math.floor(Date.now() / 1000);
  #calls = new Map();
  #begun = false;
  #reason = "stop";

  event([name, first, second, third]) {
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
        // Arguments of a call that never began are dropped: they do not belong to another call.
        return this.#calls.has(first) ? this.#call(first, { function: { arguments: second } }) : "";
      case "stop":
        this.#reason = REASONS[first] ?? "stop";
        return "";
      default:
        return "";
    }
  }

  #call(block, call) {
    return this.#delta({ tool_calls: [{ index: this.#calls.get(block), ...call }] });
  }

  #delta(delta) {
    const role = this.#begun ? {} : { role: "assistant", content: "" };
    this.#begun = true;
    return this.#chunk({ ...role, ...delta }, null);
  }

  #chunk(delta, finish_reason, more) {
    const choices = [{ index: 0, delta, finish_reason }];
    return line({ id: this.#id, object: "chat.completion.chunk", created: this.#created, model: this.#model, choices, ...more });
  }

  end(usage) {
    const counted = {
      prompt_tokens: usage?.input_tokens ?? 0,
      completion_tokens: usage?.output_tokens ?? 0,
      total_tokens: usage?.total_tokens ?? 0,
      prompt_tokens_details: { cached_tokens: usage?.input_token_details?.cache_read ?? 0 },
    };
    return `${this.#begun ? "" : this.#delta({})}${this.#chunk({}, this.#reason, { usage: counted })}data: [DONE]\n\n`;
  }

  problem({ status, kind, message }) {
    return { error: { message, type: TYPES[status] ?? "server_error", param: null, code: kind } };
  }

  error(told) {
    return line(this.problem(told));
  }
}
