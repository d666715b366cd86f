// Recorded streams in the format of the service: frames with checksums, read in pieces of 16 KiB.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

const utf8 = new TextEncoder();

/** Returns a frame of an event stream with an event type and a JSON payload. */
function frame(type, payload) {
  const headers = [];
  for (const [name, value] of Object.entries({ ":event-type": type, ":content-type": "application/json", ":message-type": "event" })) {
    const [key, text] = [utf8.encode(name), utf8.encode(value)];
    headers.push(key.length, ...key, 7, text.length >> 8, text.length & 255, ...text);
  }
  const body = utf8.encode(JSON.stringify(payload));
  const bytes = new Uint8Array(16 + headers.length + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(4, headers.length);
  view.setUint32(8, crc32(bytes.subarray(0, 8)));
  bytes.set(headers, 12);
  bytes.set(body, 12 + headers.length);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)));
  return bytes;
}

function joined(frames) {
  const bytes = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const each of frames) {
    bytes.set(each, at);
    at += each.length;
  }
  return bytes;
}

const WORDS = "The quick brown fox jumps over the lazy dog while seven wizards brew potions quietly".split(" ");
export const text = (count) => Array.from({ length: count }, (_, at) => ` ${WORDS[at % WORDS.length]}`);

/** Returns padding as the service adds it, so that lengths reveal nothing about the text. */
const padding = (at) => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".slice(0, 4 + ((at * 7) % 40));

/** Returns a response of InvokeModelWithResponseStream from Claude with `count` frames. */
export function invokeStream(count) {
  const usage = { input_tokens: 25, output_tokens: count };
  const events = [
    { type: "message_start", message: { id: "msg_bdrk_1", type: "message", role: "assistant", model: "claude-3-5-sonnet-20240620", content: [], stop_reason: null, stop_sequence: null, usage } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...text(count - 5).map((word) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: word } })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: count } },
    { type: "message_stop", "amazon-bedrock-invocationMetrics": { inputTokenCount: 25, outputTokenCount: count, invocationLatency: 900, firstByteLatency: 300 } },
  ];
  return joined(events.map((event, at) => frame("chunk", { bytes: Buffer.from(JSON.stringify(event)).toString("base64"), p: padding(at) })));
}

/** Returns a response of ConverseStream with `count` frames. */
export function converseStream(count) {
  const frames = [
    frame("messageStart", { role: "assistant", p: padding(0) }),
    ...text(count - 4).map((word, at) => frame("contentBlockDelta", { contentBlockIndex: 0, delta: { text: word }, p: padding(at) })),
    frame("contentBlockStop", { contentBlockIndex: 0, p: padding(1) }),
    frame("messageStop", { stopReason: "end_turn", p: padding(2) }),
    frame("metadata", { usage: { inputTokens: 25, outputTokens: count, totalTokens: count + 25 }, metrics: { latencyMs: 900 }, p: padding(3) }),
  ];
  return joined(frames);
}

const READ = 16 * 1024;

export function* reads(bytes) {
  for (let at = 0; at < bytes.length; at += READ) yield bytes.slice(at, at + READ);
}

export const HEADERS = { "content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "10ca1bed-494d-4000-8000-000000000001" };

/** Returns a response whose body yields one piece for each read. */
export function response(bytes) {
  const pieces = reads(bytes);
  const body = new ReadableStream(
    {
      pull(controller) {
        const { value, done } = pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: HEADERS });
}
