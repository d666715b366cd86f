import { equal, fails, includes, ok, pause, until } from "./check.js";
import { chunk, claude, exception, speaks } from "./frames.js";

/** The data of an SSE text, and the names of its events. */
function parsed(text) {
  return text.trim().split("\n\n").map((block) => {
    const lines = block.split("\n");
    const event = lines.find((line) => line.startsWith("event: "))?.slice(7);
    const data = lines.find((line) => line.startsWith("data: ")).slice(6);
    return { event, data: data === "[DONE]" ? data : JSON.parse(data) };
  });
}

const rich = [
  claude.start({ input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 }), claude.block(0, { type: "thinking", thinking: "", signature: "" }),
  claude.delta(0, { type: "thinking_delta", thinking: "Hm." }), claude.delta(0, { type: "signature_delta", signature: "c2ln" }), claude.end(0),
  claude.block(1, { type: "text", text: "" }), claude.text(1, "I "), claude.text(1, "look."), claude.end(1),
  claude.block(2, { type: "tool_use", id: "t1", name: "get_weather", input: {} }), claude.args(2, '{"city":'), claude.args(2, '"Paris"}'), claude.end(2),
  claude.stop("tool_use", { output_tokens: 20 }), claude.over(),
];

export const sse = [
  ["unknown SSE format is refused for any stream", async ({ toSSE }) => {
    // An unhandled rejection would end Node.
    for (const stream of [undefined, Promise.resolve(), {}]) await fails(async () => toSSE(stream, { format: "xml" }), "config");
  }],

  ["SSE options may be missing, and unknown ones are refused by name", async ({ mock, toSSE, sseResponse }) => {
    for (const none of [undefined, null, { format: null, onError: null, headers: null }]) {
      equal(parsed(await new Response(toSSE(mock(speaks(rich)).stream("hello"), none)).text()).at(-1).event, "message_stop");
      equal(parsed(await (await sseResponse(mock(speaks(rich)).stream("hello"), none)).text()).at(-1).event, "message_stop");
    }
    for (const [given, part] of [[console.error, "onError"], [{ onError: "log" }, "function"], [{ onerror: console.error }, "onError"], [{ headers: "x" }, "object"]]) {
      includes((await fails(async () => toSSE(mock(speaks(rich)).stream("hello"), given), "config")).message, part);
    }
  }],

  ["sseResponse headers of the caller override its own, in an object or Headers", async ({ mock, sseResponse }) => {
    const own = { "x-team": "blue", "Cache-Control": "no-store" };
    for (const headers of [own, new Headers(own)]) {
      const response = await sseResponse(mock(speaks(rich)).stream("hello"), { headers });
      equal(["x-team", "cache-control", "content-type"].map((name) => response.headers.get(name)), ["blue", "no-store", "text/event-stream; charset=utf-8"]);
      await response.body.cancel();
    }
  }],

  ["stream becomes Anthropic's events", async ({ mock, sseResponse }) => {
    const response = await sseResponse(mock(speaks(rich)).stream("hello"));
    equal([response.status, response.headers.get("content-type")], [200, "text/event-stream; charset=utf-8"]);
    const events = parsed(await response.text());
    for (const { event, data } of events) equal(data.type, event);
    equal(events.map(({ event }) => event).filter((name) => name !== "content_block_delta"), [
      "message_start", "content_block_start", "content_block_stop", "content_block_start", "content_block_stop", "content_block_start", "content_block_stop",
      "message_delta", "message_stop",
    ]);
    const deltas = events.filter(({ event }) => event === "content_block_delta").map(({ data: { index, delta } }) => [index, delta]);
    equal(deltas, rich.filter(({ type }) => type === "content_block_delta").map(({ index, delta }) => [index, delta]));
    equal(events.filter(({ event }) => event === "content_block_start").map(({ data }) => data.content_block.type), ["thinking", "text", "tool_use"]);
    const { delta, usage } = events.at(-2).data;
    equal(delta, { stop_reason: "tool_use", stop_sequence: null });
    equal([usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens], [10, 5, 20]);
    const { message } = events[0].data;
    equal([message.id, message.role, message.model, message.content], ["msg_1", "assistant", "claude", []]);
  }],

  ["stream becomes OpenAI's events", async ({ mock, toSSE }) => {
    const events = parsed(await new Response(toSSE(mock(speaks(rich)).stream("hello"), { format: "openai" })).text());
    equal(events.at(-1).data, "[DONE]");
    const chunks = events.slice(0, -1).map(({ data }) => data);
    ok(chunks.every(({ object, id, choices }) => object === "chat.completion.chunk" && id === "msg_1" && choices.length === 1));
    equal(chunks[0].choices[0].delta, { role: "assistant", content: "" });
    const deltas = chunks.map(({ choices: [{ delta }] }) => delta);
    equal(deltas.map(({ content }) => content ?? "").join(""), "I look.");
    equal(deltas.map(({ reasoning_content }) => reasoning_content ?? "").join(""), "Hm.");
    const calls = deltas.flatMap(({ tool_calls }) => tool_calls ?? []);
    equal(calls[0], { index: 0, id: "t1", type: "function", function: { name: "get_weather", arguments: "" } });
    equal(calls.map((call) => call.function.arguments).join(""), '{"city":"Paris"}');
    const last = chunks.at(-1);
    equal(last.choices[0].finish_reason, "tool_calls");
    equal([last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.total_tokens], [15, 20, 35]);
  }],

  ["stream becomes the events of the Responses API", async ({ mock, toSSE }) => {
    const events = parsed(await new Response(toSSE(mock(speaks(rich)).stream("hello"), { format: "responses" })).text());
    for (const { event, data } of events) equal(data.type, event);
    equal(events.map(({ data }) => data.sequence_number), events.map((_, at) => at));
    equal([events[0].event, events[1].event, events.at(-1).event], ["response.created", "response.in_progress", "response.completed"]);
    const { response } = events.at(-1).data;
    equal(response.output.map(({ type }) => type), ["reasoning", "message", "function_call"]);
    const [reasoning, message, call] = response.output;
    equal([reasoning.summary[0].text, reasoning.encrypted_content, message.content[0].text], ["Hm.", "c2ln", "I look."]);
    equal([call.call_id, call.name, JSON.parse(call.arguments)], ["t1", "get_weather", { city: "Paris" }]);
    equal([response.usage.input_tokens, response.usage.input_tokens_details.cached_tokens, response.usage.output_tokens], [15, 5, 20]);
    const deltas = (type) => events.filter(({ event }) => event === type).map(({ data }) => data.delta).join("");
    equal(deltas("response.output_text.delta"), "I look.");
    equal(deltas("response.function_call_arguments.delta"), '{"city":"Paris"}');
    const added = events.filter(({ event }) => event === "response.output_item.added").map(({ data }) => data.output_index);
    const done = events.filter(({ event }) => event === "response.output_item.done").map(({ data }) => data.output_index);
    equal([added, done], [[0, 1, 2], [0, 1, 2]]);
  }],

  ["SSE answer that is cut or fails ends as in the Responses API", async ({ mock, toSSE }) => {
    const last = async (chunks) => parsed(await new Response(toSSE(mock(speaks(chunks)).stream("hello"), { format: "responses" })).text()).at(-1).data;
    const begun = [claude.start({ input_tokens: 1 }), claude.block(0, { type: "text", text: "" }), claude.text(0, "I ")];
    const cut = await last([...begun, claude.end(0), claude.stop("max_tokens", { output_tokens: 2 }), claude.over()]);
    equal([cut.type, cut.response.incomplete_details.reason], ["response.incomplete", "max_output_tokens"]);
    const failed = await last([...begun, exception("throttlingException", "slow")]);
    equal([failed.type, failed.response.error.code, failed.response.output[0].content[0].text], ["response.failed", "rate_limit_exceeded", "I "]);
  }],

  ["SSE events of every family are complete", async ({ chat, toSSE }) => {
    for (const model of ["amazon.nova-lite-v1:0", "cohere.command-r-v1:0", "mistral.mistral-7b-instruct-v0:2", "openai.gpt-oss-20b-1:0"]) {
      const events = parsed(await new Response(toSSE(chat({ model, maxTokens: 500 }).stream("hello"))).text());
      equal([events[0].event, events.at(-2).event, events.at(-1).event], ["message_start", "message_delta", "message_stop"], model);
      const open = events.filter(({ event }) => event === "content_block_start").length;
      equal(events.filter(({ event }) => event === "content_block_stop").length, open, model);
      includes(events.map(({ data }) => data.delta?.text ?? "").join(""), "hello");
    }
  }],

  ["SSE error in the middle is the last event, in the form of the format", async ({ mock, toSSE }) => {
    const failing = () => mock(speaks([...rich.slice(0, 7), exception("throttlingException", "Too many tokens")])).stream("hello");
    let seen;
    const events = parsed(await new Response(toSSE(failing(), { onError: (error) => (seen = error) })).text());
    equal(events.at(-1).data.error.type, "rate_limit_error");
    includes(events.at(-1).data.error.message, "Too many tokens");
    equal(seen.kind, "throttled");
    const chunks = parsed(await new Response(toSSE(failing(), { format: "openai" })).text());
    equal(chunks.at(-1).data.error.code, "rate_limit_exceeded");
  }],

  ["onError is not called when the signal of the call cancels it", async ({ chat, bedrock, toSSE, sseResponse }) => {
    const told = [];
    const onError = (error) => told.push(error.kind);
    const [before, during] = [AbortSignal.abort(), new AbortController()];
    const refused = await sseResponse(chat().stream("hello", { signal: before }), { onError });
    equal([refused.status, (await refused.json()).error.message.includes("cancelled")], [499, true]);
    await bedrock.faults({ path_contains: "stream", hang_after_frames: 6 });
    const reader = toSSE(chat().stream("hello", { signal: during.signal }), { onError }).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
      if (text.includes("text_delta")) during.abort();
    }
    includes(text, "event: error");
    equal(told, []);
  }],

  ["onError that fails does not affect the reader, and is logged", async ({ mock, toSSE, sseResponse }) => {
    const failing = () => mock(speaks([...rich.slice(0, 7), exception("throttlingException", "Too many tokens")])).stream("hello");
    const refused = () => mock(async () => { throw new Error("no network"); }).stream("hello");
    const before = console.error;
    const told = [];
    console.error = (...words) => told.push(words);
    try {
      for (const onError of [() => { throw new Error("the log is full"); }, async () => { throw new Error("the log is full"); }]) {
        equal(parsed(await new Response(toSSE(failing(), { onError })).text()).at(-1).data.error.type, "rate_limit_error");
        equal((await sseResponse(refused(), { onError })).status, 502);
      }
      await until(() => told.length === 4, "all are told");
    } finally {
      console.error = before;
    }
    for (const words of told) equal([words[1].message, words[3].name], ["the log is full", "BedrockChatError"]);
  }],

  ["SSE of a value that is not a stream is an error for the operator", async ({ chat, toSSE }) => {
    for (const given of [undefined, null, chat().invoke("hello"), [], "hello"]) {
      let seen;
      const events = parsed(await new Response(toSSE(given, { onError: (error) => (seen = error) })).text());
      equal(events.map(({ data }) => data.error.message), ["the model could not be called"]);
      equal(seen.kind, "config");
      includes(seen.message, "chat.stream()");
    }
  }],

  ["SSE error shows the cause to the operator, and a general message to the reader", async ({ mock, chat, bedrock, toSSE }) => {
    const last = async (stream) => parsed(await new Response(toSSE(stream)).text()).at(-1).data.error;
    equal(await last(mock(speaks(rich.slice(0, 7))).stream("hello")), { type: "api_error", message: "the answer could not be completed" });
    await bedrock.faults({ status: 403, error_type: "AccessDeniedException", message: "arn:aws:iam::1:user/me is not authorized" });
    equal(await last(chat().stream("hello")), { type: "api_error", message: "the model could not be called" });
  }],

  ["call that fails before the first read is reported at that read, without an unhandled rejection", async ({ mock, toSSE }) => {
    const refused = mock(async () => new Response("{}", { status: 403 }));
    const events = toSSE(refused.stream("hello"));
    const unread = toSSE(refused.stream("hello"));
    await pause(30);
    equal(parsed(await new Response(events).text()).map(({ data }) => data.error.message), ["the model could not be called"]);
    await unread.cancel();
  }],

  ["SSE arguments of a call that never began are dropped", async ({ mock, toSSE }) => {
    const model = mock(speaks([claude.start(), claude.block(0, { type: "tool_use", id: "t", name: "f", input: {} }), claude.args(1, '{"x":1}'), claude.stop("tool_use"), claude.over()]));
    const events = parsed(await new Response(toSSE(model.stream("hello"), { format: "openai" })).text()).slice(0, -1);
    equal(events.flatMap(({ data }) => data.choices[0].delta.tool_calls ?? []).map(({ index, function: { arguments: text } }) => [index, text]), [[0, ""]]);
  }],

  ["sseResponse of a stream that does not begin has the error's status, without operator details", async ({ chat, mock, bedrock, sseResponse }) => {
    for (const [fault, status, told] of [
      [{ status: 429, error_type: "ThrottlingException", message: "Too many tokens", headers: { "retry-after": "3" } }, 429, true],
      [{ status: 400, error_type: "ValidationException", message: "prompt is too long" }, 400, true],
      [{ status: 403, error_type: "AccessDeniedException", message: "arn:aws:iam::123456789012:user/x is not authorized" }, 502, false],
    ]) {
      await bedrock.clear();
      await bedrock.faults(fault);
      const response = await sseResponse(chat({ maxRetries: 0 }).stream("hello"), { headers: { "access-control-allow-origin": "*" } });
      equal([response.status, response.headers.get("access-control-allow-origin")], [status, "*"]);
      const text = await response.text();
      equal(text.includes(fault.message), told, text);
      if (status === 429) equal(response.headers.get("retry-after"), "3");
    }
    // A mock instead of the server: the call is not awaited, and would be counted in the next test.
    await fails(() => sseResponse(mock(speaks(rich)).stream("hello"), { format: "xml" }), "config");
  }],

  ["SSE cancelled before the stream begins cancels the call", async ({ mock, toSSE }) => {
    for (const wait of [() => undefined, () => pause(20)]) {
      let over = false;
      let calls = 0;
      const model = mock((_, { signal }) => {
        calls++;
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason, (over = true))));
      });
      const told = [];
      const call = model.stream("hello");
      const reader = toSSE(call, { onError: (error) => told.push(error) }).getReader();
      const reading = reader.read();
      await wait();
      await reader.cancel();
      equal((await reading).done, true);
      equal((await fails(() => call, "cancelled")).retryable, false);
      ok(over || !calls, "the call is given up");
      equal(told, []);
    }
  }],

  ["keep_alive comments are sent before and between events while the model is silent", async ({ mock, toSSE, sseResponse }) => {
    for (const format of ["anthropic", "openai"]) {
      for (const open of [(call, options) => toSSE(call, options), async (call, options) => (await sseResponse(call, options)).body]) {
        let begin, goOn;
        const begun = new Promise((resolve) => (begin = resolve));
        const gone = new Promise((resolve) => (goOn = resolve));
        const events = rich.map((event) => chunk(event));
        let at = 0;
        const body = new ReadableStream({
          async pull(controller) {
            if (at === 3) await gone;
            if (at < events.length) controller.enqueue(events[at++]);
            else controller.close();
          },
        });
        const model = mock(async () => {
          await begun;
          return new Response(body, { headers: { "content-type": "application/vnd.amazon.eventstream" } });
        });
        const reader = (await open(model.stream("hello"), { format, keepAlive: 5 })).getReader();
        const pieces = [];
        const next = async () => pieces.push(new TextDecoder().decode((await reader.read()).value)) && pieces.at(-1);
        equal(await next(), ": keep-alive\n\n");
        begin();
        while (!(await next()).includes("Hm."));
        while ((await next()) !== ": keep-alive\n\n");
        goOn();
        for (let piece; !(piece = await reader.read()).done; ) pieces.push(new TextDecoder().decode(piece.value));
        const said = pieces.filter((piece) => !piece.startsWith(":")).join("");
        equal(parsed(said).map(({ event }) => event), parsed(await new Response(toSSE(mock(speaks(rich)).stream("hello"), { format })).text()).map(({ event }) => event));
      }
    }
  }],

  ["keep_alive of 0 sends no comment, and the status of a late error is kept", async ({ mock, sseResponse, toSSE }) => {
    const late = () => mock(async () => {
      await pause(30);
      return new Response("{}", { status: 429 });
    }).stream("hello");
    equal((await sseResponse(late(), { keepAlive: 0 })).status, 429);
    const response = await sseResponse(late(), { keepAlive: 5 });
    equal(response.status, 200);
    includes(await response.text(), "rate_limit_error");
    ok(!(await new Response(toSSE(late(), { keepAlive: 0 })).text()).includes("keep-alive"));
    for (const keepAlive of [-1, 1.5, "5s", Infinity]) includes((await fails(async () => toSSE(mock(speaks(rich)).stream("hello"), { keepAlive }), "config")).message, "keepAlive");
  }],

  ["SSE reader that cancels also cancels the call", async ({ chat, bedrock, toSSE }) => {
    await bedrock.faults({ drip_ms: 40 });
    const reader = toSSE(await chat().stream("hello there. ".repeat(200))).getReader();
    ok((await reader.read()).value instanceof Uint8Array);
    await reader.cancel();
    await until(async () => (await bedrock.requests())[0].outcome === "closed_by_client", "the server sees the close");
  }],

  ["SSE events are sent while the model answers", async ({ chat, bedrock, toSSE }) => {
    // The service falls silent in the middle, so the events cannot have waited for the rest.
    await bedrock.faults({ hang_after_frames: 8 });
    const reader = toSSE(await chat().stream("hello there, how are you today?")).getReader();
    const decoder = new TextDecoder();
    for (let text = ""; text.split("text_delta").length < 3; ) text += decoder.decode((await reader.read()).value, { stream: true });
    await reader.cancel();
  }],
];
