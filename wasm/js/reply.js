import { kindOf, problem } from "./error.js";

/** Names of a stream's metadata that its chunks have in other members. */
export const SAID = new Set(["stop_reason", "stop_sequence", "model", "model_name"]);

/** A reply, with LangChain's names. Its JSON can be given back as a message. */
export class AIMessage {
  constructor(fields) {
    this.type = "ai";
    this.content = "";
    this.tool_calls = [];
    this.invalid_tool_calls = [];
    this.response_metadata = {};
    this.additional_kwargs = {};
    // LangChain's takes a text alone, too.
    Object.assign(this, typeof fields === "string" ? { content: fields } : fields);
  }

  /** The text alone. */
  get text() {
    return textOf(this.content);
  }

  getType() {
    return "ai";
  }
}

/** A reply as the module reports it. Not enumerable: a reply that is stored or sent back is what was said, no more. */
export function replyOf(text) {
  const [fields, responseHeaders] = JSON.parse(text);
  return Object.defineProperty(new AIMessage(fields), "responseHeaders", { value: responseHeaders, writable: true, configurable: true });
}

export function textOf(content) {
  if (typeof content === "string") return content;
  let text = "";
  // Converse's blocks of text have no type, and OpenAI's messages of tool calls no content.
  for (const block of content ?? []) if (typeof block?.text === "string" && isText(block.type ?? "text")) text += block.text;
  return text;
}

// A model's blocks have types of any type.
const isText = (type) => typeof type === "string" && type.startsWith("text");

/** A piece of a reply. Pieces add up with `concat`. */
export class AIMessageChunk {
  constructor({ content = "", tool_call_chunks = [], response_metadata = {}, additional_kwargs = {}, usage_metadata, id } = {}) {
    this.type = "ai";
    this.content = content;
    this.tool_call_chunks = tool_call_chunks;
    this.response_metadata = response_metadata;
    this.additional_kwargs = additional_kwargs;
    if (usage_metadata) this.usage_metadata = usage_metadata;
    if (id) this.id = id;
  }

  get text() {
    return textOf(this.content);
  }

  getType() {
    return "ai";
  }

  /** The calls whose arguments are whole. */
  get tool_calls() {
    return calls(this).tool_calls;
  }

  /** The calls whose arguments are not JSON, or not yet. */
  get invalid_tool_calls() {
    return calls(this).invalid_tool_calls;
  }

  concat(other) {
    if (!Array.isArray(other?.tool_call_chunks)) {
      throw problem("encode", `concat takes the chunk that follows; this is ${kindOf(other)}: let the sum begin with the first chunk`);
    }
    return new AIMessageChunk({
      content: joinContent(this.content, other.content),
      tool_call_chunks: joinCalls(this.tool_call_chunks, other.tool_call_chunks),
      response_metadata: { ...this.response_metadata, ...other.response_metadata },
      additional_kwargs: { ...this.additional_kwargs, ...other.additional_kwargs },
      usage_metadata: joinUsage(this.usage_metadata, other.usage_metadata),
      id: this.id ?? other.id,
    });
  }

  toJSON() {
    return { ...this, ...calls(this) };
  }
}

/** The calls, by the rules by which the module makes those of the whole message. */
function calls({ tool_call_chunks, content, response_metadata }) {
  const tool_calls = [];
  const invalid_tool_calls = [];
  // A limit cuts the last block.
  const cut = CUT.test(response_metadata?.stop_reason) && content?.at?.(-1)?.index;
  for (const { name = "", args = "", id = "", index } of tool_call_chunks) {
    try {
      if (!name && !id) throw new TypeError("the tool call has neither id nor name");
      tool_calls.push({ name, args: argumentsOf(args.trim(), cut === index), id, type: "tool_call" });
    } catch (error) {
      invalid_tool_calls.push({ name, args, id, error: error.message, type: "invalid_tool_call" });
    }
  }
  return { tool_calls, invalid_tool_calls };
}

const CUT = /^(max_tokens|model_context_window_exceeded)$/;

function argumentsOf(text, cut) {
  const value = text ? JSON.parse(text) : null;
  if (value && typeof value === "object" && !Array.isArray(value)) return value;
  if (cut) throw new TypeError("the response ended before the arguments were complete");
  // `""` is how some models write "no arguments".
  if (value === null || value.trim?.() === "") return {};
  throw new TypeError("the arguments are not an object");
}

function joinContent(left, right) {
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (left === "") return right;
  if (right === "") return left;
  const blocks = typeof left === "string" ? [{ type: "text", text: left }] : [...left];
  for (const block of typeof right === "string" ? [{ type: "text", text: right }] : right) {
    const at = block.index === undefined ? -1 : blocks.findIndex(({ index }) => index === block.index);
    if (at < 0) blocks.push(block);
    else blocks[at] = joinBlock(blocks[at], block);
  }
  return blocks;
}

function joinBlock(left, right) {
  const joined = { ...left };
  for (const [key, value] of Object.entries(right)) {
    if (key === "type" || key === "index") continue;
    if (Array.isArray(value) && Array.isArray(joined[key])) joined[key] = [...joined[key], ...value];
    else joined[key] = typeof value === "string" && typeof joined[key] === "string" ? joined[key] + value : value;
  }
  return joined;
}

function joinCalls(left, right) {
  if (!right.length) return left;
  const joined = [...left];
  for (const piece of right) {
    const at = joined.findIndex(({ index }) => index === piece.index);
    if (at < 0) joined.push(piece);
    else joined[at] = { ...joined[at], args: (joined[at].args ?? "") + (piece.args ?? "") };
  }
  return joined;
}

/** The sum of two usages, member by member. */
export function joinUsage(left, right) {
  if (!left || !right) return left ?? right;
  const sum = { ...left };
  for (const [key, value] of Object.entries(right)) {
    sum[key] = typeof value === "number" ? (sum[key] ?? 0) + value : joinUsage(sum[key], value);
  }
  return sum;
}
