import { equal, fails, includes, ok } from "./check.js";
import { answer, chunk, claude, cut, exception, frame, joined, response, speaks, utf8 } from "./frames.js";

/** The texts of a stream, and the error at its end. */
async function read(model) {
  const texts = [];
  const stream = await model.stream("hello");
  const error = await fails(async () => {
    for await (const { text } of stream) if (text) texts.push(text);
  });
  equal(await stream.next(), { value: undefined, done: true }, "after the error comes nothing");
  equal((await fails(() => stream.message())).message, error.message);
  return { texts, error };
}

const begun = (...texts) => [claude.start(), claude.block(0, { type: "text", text: "" }), ...texts.map((text) => claude.text(0, text))];

export const events = [
  ["stream exception is a typed error after earlier chunks, with the partial message", async ({ mock, BedrockChatError }) => {
    for (const [type, kind, transient] of [
      ["throttlingException", "throttled", true], ["modelStreamErrorException", "service", true], ["validationException", "validation", false],
      ["internalServerException", "service", true], ["serviceUnavailableException", "service", true],
    ]) {
      const { texts, error } = await read(mock(speaks([...begun("Bon", "jour"), exception(type, "Too many tokens")])));
      equal(texts, ["Bon", "jour"]);
      ok(error instanceof BedrockChatError && error instanceof Error);
      // The model has worked for the text: to send the call again may cost as much again.
      equal([error.kind, error.retryable, error.transient, error.requestId], [kind, false, transient, "r-1"], type);
      includes(error.message, "Too many tokens");
      equal(error.awsType.toLowerCase(), type.toLowerCase());
      equal(error.partial.content, "Bonjour");
      ok(!JSON.stringify(error).includes("Bonjour"), "what is printed has no content");
    }
  }],

  ["stream error frame and error in a chunk are errors", async ({ mock }) => {
    const frame_ = frame({ ":message-type": "error", ":error-code": "InternalFailure", ":error-message": "boom" }, utf8(""));
    includes((await read(mock(speaks([...begun("a"), frame_])))).error.message, "boom");
    const inner = { type: "error", error: { type: "overloaded_error", message: "busy" } };
    includes((await read(mock(speaks([...begun("a"), inner])))).error.message, "busy");
  }],

  ["unknown stream events are kept", async ({ mock }) => {
    const unknown = frame({ ":event-type": "newThing", ":content-type": "application/json", ":message-type": "event" }, utf8('{"a":1}'));
    const [start, ...rest] = answer("ok");
    const bare = frame({ ":event-type": "chunk", ":message-type": "event" }, utf8(JSON.stringify({ bytes: btoa('{"type":"ping"}') })));
    const strange = claude.delta(0, { type: "new_delta", value: 1 });
    const stream = await mock(speaks([start, unknown, bare, { type: "ping" }, ...rest.slice(0, 1), strange, ...rest.slice(1)])).stream("hello");
    equal((await stream.message()).text, "ok");
    const other = await mock(speaks([...begun("x"), claude.end(0), claude.stop("a_new_reason"), claude.over()])).stream("hello");
    equal((await other.message()).response_metadata.stop_reason, "a_new_reason");
  }],

  ["stream that ends early or inside a frame is truncated, with the partial message", async ({ mock }) => {
    const early = await read(mock(speaks(begun("Bon", "jour"))));
    equal([early.error.kind, early.error.partial.text], ["truncated", "Bonjour"]);
    const bytes = joined(...answer("Bon", "jour").map((event) => chunk(event)));
    const last = chunk(claude.over()).length;
    for (let missing = 1; missing <= last; missing += 9) {
      const { error } = await read(mock(async () => response([bytes.slice(0, bytes.length - missing)])));
      equal(error.kind, "truncated", `${missing} bytes missing`);
      equal(error.partial.text, "Bonjour");
    }
  }],

  ["stream with damaged bytes is an error at once", async ({ mock }) => {
    const bytes = joined(...answer("Bon", "jour").map((event) => chunk(event)));
    const flips = [0, 5, 9, 20, 60, 150, bytes.length - 1];
    for (const at of flips) {
      const damaged = bytes.slice();
      damaged[at] ^= 1;
      const error = await fails(async () => (await mock(async () => response([damaged])).stream("hello")).message());
      ok(["frame", "truncated"].includes(error.kind), `${at}: ${error.kind} ${error.message}`);
    }
  }],

  ["broken connection is an error with the partial message", async ({ chat, bedrock }) => {
    await bedrock.faults({ cut_after_frames: 5 });
    const { texts, error } = await read(chat({ maxRetries: 0 }));
    equal(error.kind, "truncated");
    equal(error.partial.text, texts.join(""));
  }],

  ["answer that is not an event stream is an error with its content type", async ({ mock }) => {
    const html = async () => response([utf8("<html>maintenance</html>")], { type: "text/html" });
    const error = await fails(async () => (await mock(html).stream("hello")).message());
    includes(error.message, "text/html");
    await fails(() => mock(async () => response([utf8("{")], { type: "application/json" })).invoke("hello"), "truncated");
    await fails(() => mock(async () => response(cut(utf8("<p>no</p>"), 2), { type: "text/html" })).invoke("hello"), "decode");
    const empty = await fails(() => mock(async () => new Response()).invoke("hello"));
    ok(empty.kind);
  }],
];
