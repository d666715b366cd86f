// The event stream of the service, written by hand, to test its reader independently.

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}

export const utf8 = (text) => new TextEncoder().encode(text);

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function frame(headers, payload) {
  const written = Object.entries(headers).map(([name, value]) => {
    const [key, text] = [utf8(name), utf8(value)];
    return joined(Uint8Array.of(key.length), key, Uint8Array.of(7, text.length >> 8, text.length & 255), text);
  });
  const head = joined(...written);
  const bytes = new Uint8Array(16 + head.length + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(4, head.length);
  view.setUint32(8, crc32(bytes.subarray(0, 8)));
  bytes.set(head, 12);
  bytes.set(payload, 12 + head.length);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, bytes.length - 4)));
  return bytes;
}

/** A chunk of InvokeModelWithResponseStream, with the padding that the service adds. */
export function chunk(json) {
  const text = String.fromCharCode(...utf8(JSON.stringify(json)));
  const payload = utf8(JSON.stringify({ bytes: btoa(text), p: "abcdefghij" }));
  return frame({ ":event-type": "chunk", ":content-type": "application/json", ":message-type": "event" }, payload);
}

export const exception = (type, message) =>
  frame({ ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" }, utf8(JSON.stringify({ message })));

const delta = (index, inner) => ({ type: "content_block_delta", index, delta: inner });

/** Claude's events, in short. */
export const claude = {
  start: (usage = { input_tokens: 3, output_tokens: 1 }) => ({
    type: "message_start",
    message: { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [], stop_reason: null, usage },
  }),
  block: (index, content_block) => ({ type: "content_block_start", index, content_block }),
  text: (index, text) => delta(index, { type: "text_delta", text }),
  args: (index, partial_json) => delta(index, { type: "input_json_delta", partial_json }),
  delta,
  end: (index) => ({ type: "content_block_stop", index }),
  stop: (stop_reason = "end_turn", usage = { output_tokens: 5 }) => ({ type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage }),
  over: (metrics) => ({ type: "message_stop", ...(metrics ? { "amazon-bedrock-invocationMetrics": metrics } : {}) }),
};

/** A whole answer of one text. */
export const answer = (...texts) => [
  claude.start(),
  claude.block(0, { type: "text", text: "" }),
  ...texts.map((text) => claude.text(0, text)),
  claude.end(0),
  claude.stop(),
  claude.over(),
];

/** Returns a response whose body arrives in these pieces. */
export function response(pieces, { status = 200, type = "application/vnd.amazon.eventstream", headers } = {}) {
  const left = [...pieces];
  const body = new ReadableStream({
    pull(controller) {
      if (left.length) controller.enqueue(left.shift());
      else controller.close();
    },
  });
  return new Response(body, { status, headers: { "content-type": type, "x-amzn-requestid": "r-1", ...headers } });
}

/** Returns bytes in pieces of this size. */
export function cut(bytes, size) {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
  return pieces;
}

/** A `fetch` that answers with Claude's events, and records its requests. */
export function speaks(events, size = Infinity) {
  const bytes = joined(...events.map((event) => (event instanceof Uint8Array ? event : chunk(event))));
  const fetch = async (url, init) => {
    fetch.calls.push({ url: String(url), init });
    return response(cut(bytes, Math.min(size, bytes.length)));
  };
  fetch.calls = [];
  return fetch;
}
