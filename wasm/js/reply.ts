import { type BedrockChatErrorKind, kindOf, problem } from "./error.js";
import type { ContentBlock } from "./fields.js";

/** A tool call. */
export interface ToolCall {
  name: string;
  args: Record<string, unknown>;
  id: string;
  type: "tool_call";
}

/** A tool call whose arguments are not a JSON object, usually because the reply was cut off. Do not run it. */
export interface InvalidToolCall {
  name: string;
  /** The arguments as far as they arrived. */
  args: string;
  id: string;
  /** The reason why the call is invalid. */
  error: string;
  type: "invalid_tool_call";
}

/** A piece of a tool call. Pieces with the same `index` belong to one call. */
export interface ToolCallChunk {
  name?: string | undefined;
  args?: string | undefined;
  id?: string | undefined;
  index: number;
  type: "tool_call_chunk";
}

/** The numbers of tokens. */
export interface UsageMetadata {
  /** All input tokens, including the tokens read from the cache and written to it. */
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  input_token_details: { cache_read: number; cache_creation: number };
  output_token_details: { reasoning: number };
}

/** The targets that failed before a fallback answered. */
export interface FallbackMetadata {
  /** Which target answered: 0 is the model itself, 1 the first of its `fallbacks`. */
  target: number;
  /** The targets that failed or were skipped before, with the kinds of their errors. */
  failed: { model: string; region?: string; api: string; kind: BedrockChatErrorKind; attempts?: number; skipped?: boolean }[];
}

/** The metadata of a reply. Other members are the service's. */
export interface ResponseMetadata {
  model?: string;
  model_name?: string;
  /**
   * Why the model stopped, with the same names for all models: `end_turn`, `max_tokens`, `stop_sequence`, `tool_use`,
   * `refusal`, `guardrail_intervened`, `content_filtered` and others.
   */
  stop_reason?: string;
  stop_sequence?: string | null;
  /** AWS's id of the request, for support cases. */
  request_id?: string;
  /** The targets that failed before, if a fallback answered. */
  fallback?: FallbackMetadata;
  [key: string]: unknown;
}

/**
 * Metadata that is not copied into a chunk's metadata, because the chunk has another member for it.
 *
 * @internal
 */
export const SAID: ReadonlySet<string> = new Set(["stop_reason", "stop_sequence", "model", "model_name"]);

/**
 * OpenAI's names of stop reasons.
 *
 * @internal
 */
export const OPENAI_REASONS: { readonly [reason: string]: "stop" | "length" | "tool_calls" | "content_filter" } = {
  end_turn: "stop", stop_sequence: "stop", max_tokens: "length", model_context_window_exceeded: "length", tool_use: "tool_calls",
  refusal: "content_filter", content_filtered: "content_filter", guardrail_intervened: "content_filter",
};

/** The members that a reply is created with. */
export type AIMessageFields = Partial<Pick<AIMessage, "content" | "tool_calls" | "invalid_tool_calls" | "usage_metadata" | "response_metadata" | "additional_kwargs" | "id">>;

/** A reply, with LangChain's names. It can be passed as a message of the next call, also after a round through JSON. */
export class AIMessage {
  declare type: "ai";
  /** The text if the reply is only text, otherwise blocks. */
  declare content: string | ContentBlock[];
  declare tool_calls: ToolCall[];
  declare invalid_tool_calls: InvalidToolCall[];
  declare usage_metadata?: UsageMetadata;
  declare response_metadata: ResponseMetadata;
  declare additional_kwargs: Record<string, unknown>;
  declare id?: string;
  /**
   * The response headers, with their names in lower case. Not enumerable, so that it is neither stored nor sent back.
   * Values that are secrets, such as cookies, are replaced; at most 16 KiB are kept.
   */
  declare readonly responseHeaders?: { [name: string]: string } | undefined;

  constructor(fields?: string | AIMessageFields) {
    this.type = "ai";
    this.content = "";
    this.tool_calls = [];
    this.invalid_tool_calls = [];
    this.response_metadata = {};
    this.additional_kwargs = {};
    // LangChain's constructor also accepts a text alone.
    Object.assign(this, typeof fields === "string" ? { content: fields } : fields);
  }

  /** The text alone. */
  get text(): string {
    return textOf(this.content);
  }

  getType(): "ai" {
    return "ai";
  }
}

/**
 * Returns the reply that the module reports. The headers are not enumerable, so that a reply that is stored or sent
 * back has only the model's message.
 *
 * @internal
 */
export function replyOf(text: string): AIMessage {
  const [fields, responseHeaders] = JSON.parse(text);
  return Object.defineProperty(new AIMessage(fields), "responseHeaders", { value: responseHeaders, writable: true, configurable: true });
}

/**
 * Returns the text of a message's content. The blocks may be in any library's form.
 *
 * @internal
 */
export function textOf(content: string | readonly unknown[] | null | undefined): string {
  if (typeof content === "string") return content;
  let text = "";
  // Converse's blocks of text have no type, and OpenAI's messages of tool calls no content.
  for (const block of (content ?? []) as readonly (ContentBlock | null | undefined)[]) {
    if (typeof block?.text === "string" && isText(block.type ?? "text")) text += block.text;
  }
  return text;
}

// The type of a model's block may be any JSON value.
const isText = (type: unknown): boolean => typeof type === "string" && type.startsWith("text");

type ChunkMember = "content" | "tool_call_chunks" | "usage_metadata" | "response_metadata" | "additional_kwargs" | "id";

/** The members that a piece of a reply is created with. */
type AIMessageChunkFields = { [Name in ChunkMember]?: AIMessageChunk[Name] | undefined };

/** A piece of a reply. Pieces are added up with `concat`. */
export class AIMessageChunk {
  declare type: "ai";
  /** Text while all chunks are text, then blocks with an index. `text` is the text of both. */
  declare content: string | ContentBlock[];
  declare tool_call_chunks: ToolCallChunk[];
  declare usage_metadata?: UsageMetadata;
  declare response_metadata: ResponseMetadata;
  declare additional_kwargs: Record<string, unknown>;
  declare id?: string;

  constructor(fields?: AIMessageChunkFields);
  constructor({ content = "", tool_call_chunks = [], response_metadata = {}, additional_kwargs = {}, usage_metadata, id }: AIMessageChunkFields = {}) {
    this.type = "ai";
    this.content = content;
    this.tool_call_chunks = tool_call_chunks;
    this.response_metadata = response_metadata;
    this.additional_kwargs = additional_kwargs;
    if (usage_metadata) this.usage_metadata = usage_metadata;
    if (id) this.id = id;
  }

  /** The text alone. */
  get text(): string {
    return textOf(this.content);
  }

  getType(): "ai" {
    return "ai";
  }

  /** The calls whose arguments are complete. */
  get tool_calls(): ToolCall[] {
    return calls(this).tool_calls;
  }

  /** The calls whose arguments are not JSON, or not yet. */
  get invalid_tool_calls(): InvalidToolCall[] {
    return calls(this).invalid_tool_calls;
  }

  /** Returns both chunks as one. A value that is not a chunk is an error of kind `encode`. */
  concat(other: AIMessageChunk): AIMessageChunk {
    if (!Array.isArray(other?.tool_call_chunks)) {
      throw problem("encode", `concat takes the next chunk, but the argument is ${kindOf(other)}; begin the sum with the first chunk`);
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

  toJSON(): object {
    return { ...this, ...calls(this) };
  }
}

/** Returns the calls. The module's rules for complete messages apply. */
function calls({ tool_call_chunks, content, response_metadata }: AIMessageChunk): { tool_calls: ToolCall[]; invalid_tool_calls: InvalidToolCall[] } {
  const tool_calls: ToolCall[] = [];
  const invalid_tool_calls: InvalidToolCall[] = [];
  // A token limit cuts the last block.
  const cut = CUT.test(response_metadata?.stop_reason as string) && (content as ContentBlock[] | undefined)?.at?.(-1)?.index;
  for (const { name = "", args = "", id = "", index } of tool_call_chunks) {
    try {
      if (!name && !id) throw new TypeError("the tool call has neither id nor name");
      tool_calls.push({ name, args: argumentsOf(args.trim(), cut === index), id, type: "tool_call" });
    } catch (error) {
      invalid_tool_calls.push({ name, args, id, error: (error as Error).message, type: "invalid_tool_call" });
    }
  }
  return { tool_calls, invalid_tool_calls };
}

const CUT = /^(max_tokens|model_context_window_exceeded)$/;

function argumentsOf(text: string, cut: boolean): Record<string, unknown> {
  const value = text ? JSON.parse(text) : null;
  if (value && typeof value === "object" && !Array.isArray(value)) return value;
  if (cut) throw new TypeError("the response ended before the arguments were complete");
  // Some models write `""` for "no arguments".
  if (value === null || value.trim?.() === "") return {};
  throw new TypeError("the arguments are not an object");
}

function joinContent(left: string | ContentBlock[], right: string | ContentBlock[]): string | ContentBlock[] {
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (left === "") return right;
  if (right === "") return left;
  const blocks = typeof left === "string" ? [{ type: "text", text: left }] : [...left];
  for (const block of typeof right === "string" ? [{ type: "text", text: right } as ContentBlock] : right) {
    const at = block.index === undefined ? -1 : blocks.findIndex(({ index }: ContentBlock) => index === block.index);
    if (at < 0) blocks.push(block);
    else blocks[at] = joinBlock(blocks[at]!, block);
  }
  return blocks;
}

function joinBlock(left: ContentBlock, right: ContentBlock): ContentBlock {
  const joined = { ...left };
  for (const [key, value] of Object.entries(right)) {
    if (key === "type" || key === "index") continue;
    const known = joined[key];
    if (Array.isArray(value) && Array.isArray(known)) joined[key] = [...known, ...value];
    else joined[key] = typeof value === "string" && typeof known === "string" ? known + value : value;
  }
  return joined;
}

function joinCalls(left: ToolCallChunk[], right: ToolCallChunk[]): ToolCallChunk[] {
  if (!right.length) return left;
  const joined = [...left];
  for (const piece of right) {
    const at = joined.findIndex(({ index }) => index === piece.index);
    const known = joined[at];
    if (known) joined[at] = { ...known, args: (known.args ?? "") + (piece.args ?? "") };
    else joined.push(piece);
  }
  return joined;
}

type Counts = { [name: string]: number | Counts };

/**
 * Returns the sum of two usages, member by member.
 *
 * @internal
 */
export function joinUsage<Usage extends object>(left: Usage | undefined, right: Usage | undefined): Usage | undefined;
export function joinUsage(left: Counts | undefined, right: Counts | undefined): Counts | undefined {
  if (!left || !right) return left ?? right;
  const sum = { ...left };
  for (const [key, value] of Object.entries(right)) {
    sum[key] = typeof value === "number" ? ((sum[key] as number | undefined) ?? 0) + value : joinUsage(sum[key] as Counts | undefined, value)!;
  }
  return sum;
}
