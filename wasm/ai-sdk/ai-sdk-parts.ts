// The core's replies and events as the AI SDK's content and stream parts.
import type {
  JSONObject, LanguageModelV4Citation, LanguageModelV4Content, LanguageModelV4FinishReason, LanguageModelV4Source, LanguageModelV4StreamPart, LanguageModelV4Usage, SharedV4ProviderMetadata,
} from "@ai-sdk/provider";
import type { Prompt } from "./ai-sdk-prompt.js";
import { isSet } from "./error.js";
import { BlockMembers, type StreamEvent } from "./events.js";
import { type Held, inner, valueIn } from "./hold.js";
import type { AIMessage, UsageMetadata } from "./index.js";
import { OPENAI_REASONS, SAID, joinUsage } from "./reply.js";
import type { Members } from "./schema.js";

/** The facts that the parts of a reply depend on, besides the reply. */
interface Context {
  /** 3 or 4: version 3 has no content of custom kinds and no citations. */
  version: 3 | 4;
  held: Held | undefined;
  prompt: Prompt;
  generateId: () => string;
}

/** Returns metadata under both of the original provider's names. */
export const both = (members: Members): SharedV4ProviderMetadata => ({ amazonBedrock: members as JSONObject, bedrock: members as JSONObject });

/** A block that is not complete. A `value` is a call of the schema's tool. `args` of reasoning is its signature. */
interface Open {
  kind: "text" | "reasoning" | "tool" | "value";
  id: string;
  name?: string;
  args: string;
  citations: LanguageModelV4Citation[];
}

/** A citation of Converse or of Anthropic's API. */
interface Citation {
  readonly location?: { readonly [kind: string]: { readonly url?: string; readonly documentIndex?: number } | undefined };
  readonly url?: string;
  readonly title?: string;
  readonly document_title?: string;
  readonly document_index?: number;
  readonly cited_text?: string;
  readonly sourceContent?: readonly { readonly text?: string }[];
}

/** Collects the parts of one reply. */
export class Parts {
  #context: Context;
  #open = new Map<number, Open>();
  #members = new BlockMembers();
  #documents: ReturnType<typeof documentsOf> | undefined;
  /** Text that may contain the value of a schema. */
  #text = "";
  #isValueMade = false;
  #calls = 0;
  #sources = 0;
  #reason: string | undefined;
  #raw: string | undefined;
  #usage: UsageMetadata | undefined;
  /** Events of types that the core does not know, in the form in which the core's whole messages have them. */
  #unknown: unknown[] = [];
  #metadata: Members = {};

  constructor(context: Context) {
    this.#context = context;
  }

  /** Adds the parts of an event. */
  add(event: StreamEvent, out: LanguageModelV4StreamPart[]): void {
    const [name, first, second, third] = event;
    this.#members.push(event);
    switch (name) {
      case "text":
        if (this.#holdsText()) this.#text += second;
        else if (second) out.push({ type: "text-delta", id: this.#begin(first, "text", out).id, delta: second });
        return;
      case "thinking":
        if (second) out.push({ type: "reasoning-delta", id: this.#begin(first, "reasoning", out).id, delta: second });
        return;
      case "signature":
        this.#signature(first, second, out);
        return;
      case "tool":
        this.#tool(first, second || this.#context.generateId(), third, out);
        return;
      case "args":
        this.#args(first, second, out);
        return;
      case "block":
        this.#block(first, second, out);
        return;
      case "citation":
        this.#citation(first, second as Citation, out);
        return;
      case "end":
        this.#end(first, out);
        return;
      case "stop":
        this.#reason = first;
        this.#metadata.stopSequence = second;
        return;
      case "usage":
        this.#usage = joinUsage(this.#usage, first);
        return;
      case "metadata":
        if (first === "stop_reason") this.#raw = String(second);
        else if (!SAID.has(first)) this.#metadata[first] = second;
        return;
      case "unknown":
        this.#unknown.push(Object.values(Object(second)).includes(first) ? second : { [first]: second });
        this.#metadata.unknown_events = this.#unknown;
        return;
      default:
    }
  }

  /** Returns the end of a stream: what is still open, and the part `finish`. */
  finish(out: LanguageModelV4StreamPart[], failed = false): void {
    for (const index of [...this.#open.keys()]) if (!failed || this.#open.get(index)!.kind !== "tool") this.#end(index, out);
    this.#value(out);
    const metadata = this.metadata();
    // The original leaves the member out of a stream that ended otherwise.
    if (metadata.stopSequence === null && !this.#isValueMade) delete metadata.stopSequence;
    const usage = usageOf(this.#usage, this.#metadata.usage);
    out.push({ type: "finish", finishReason: failed ? { unified: "error", raw: undefined } : this.finishReason, usage, ...(Object.keys(metadata).length ? { providerMetadata: both(metadata) } : {}) });
  }

  get finishReason(): LanguageModelV4FinishReason {
    const reason = OPENAI_REASONS[this.#reason ?? ""];
    const calls = this.#isValueMade && !this.#calls ? "stop" : "tool-calls";
    return { unified: reason === "tool_calls" ? calls : reason === "content_filter" ? "content-filter" : (reason ?? "other"), raw: this.#raw ?? this.#reason };
  }

  /** The provider's metadata: the service's own members, with the names that they have in the original. */
  metadata(): Members {
    const { usage, request_id, additionalModelResponseFields: fields, stopSequence, ...rest } = this.#metadata;
    const { cacheWriteInputTokens, cacheDetails } = (usage ?? {}) as Members;
    const cache = { ...(isSet(cacheWriteInputTokens) ? { cacheWriteInputTokens } : {}), ...(isSet(cacheDetails) ? { cacheDetails } : {}) };
    const { delta = {}, ...others } = (fields ?? {}) as Members;
    const { stop_sequence: found, ...kept } = delta as Members;
    if (Object.keys(kept).length) others.delta = kept;
    return {
      ...rest,
      ...(Object.keys(cache).length ? { usage: cache } : {}),
      ...(Object.keys(others).length ? { additionalModelResponseFields: others } : {}),
      ...(this.#isValueMade ? { isJsonResponseFromTool: true } : {}),
      stopSequence: stopSequence ?? found ?? null,
    };
  }

  /** Whether the text is held until the end, as it may have other text around the value. */
  #holdsText(): boolean {
    const { held } = this.#context;
    return Boolean(held && (held.method !== "jsonSchema" || held.isMember));
  }

  #begin(index: number, kind: "text" | "reasoning" | "value", out: LanguageModelV4StreamPart[]): Open {
    const known = this.#open.get(index);
    if (known) return known;
    const block: Open = { kind, id: String(index), args: "", citations: [] };
    this.#open.set(index, block);
    out.push(kind === "reasoning" ? { type: "reasoning-start", id: block.id } : { type: "text-start", id: block.id });
    return block;
  }

  #signature(index: number, signature: string, out: LanguageModelV4StreamPart[]): void {
    const block = this.#begin(index, "reasoning", out);
    block.args += signature;
    out.push({ type: "reasoning-delta", id: block.id, delta: "", providerMetadata: both({ signature }) });
  }

  #tool(index: number, id: string, name: string, out: LanguageModelV4StreamPart[]): void {
    const { held } = this.#context;
    if (held && name === held.name) {
      this.#isValueMade = true;
      // The arguments are the text, so that the value can be read while it arrives.
      if (!held.isMember) this.#begin(index, "value", out);
      else this.#open.set(index, { kind: "value", id, args: "", citations: [] });
      return;
    }
    this.#calls++;
    this.#open.set(index, { kind: "tool", id, name, args: "", citations: [] });
    out.push({ type: "tool-input-start", id, toolName: name });
  }

  #args(index: number, piece: string, out: LanguageModelV4StreamPart[]): void {
    const block = this.#open.get(index);
    if (!block) return;
    block.args += piece;
    if (block.kind === "tool") out.push({ type: "tool-input-delta", id: block.id, delta: piece });
    else if (!this.#context.held?.isMember && piece) out.push({ type: "text-delta", id: block.id, delta: piece });
  }

  #block(index: number, block: Members, out: LanguageModelV4StreamPart[]): void {
    const type = typeof block.type === "string" ? block.type : Object.keys(block)[0] ?? "block";
    if (OWN.has(type)) {
      for (const event of eventsOfBlock(index, block)) this.add(event, out);
    } else if (type === "redacted_thinking") {
      this.#reasoning(index, both({ redactedContent: block.data }), out);
    } else if (type === "reasoning" || this.#context.version < 4) {
      // Version 3 has no parts of custom kinds.
      this.#reasoning(index, both({ block }), out);
    } else {
      out.push({ type: "custom", kind: `bedrock.${type}`, providerMetadata: both({ block }) });
    }
  }

  #reasoning(index: number, providerMetadata: SharedV4ProviderMetadata, out: LanguageModelV4StreamPart[]): void {
    const { id } = this.#begin(index, "reasoning", out);
    this.#open.delete(index);
    out.push({ type: "reasoning-end", id, providerMetadata });
  }

  #citation(index: number, citation: Citation, out: LanguageModelV4StreamPart[]): void {
    const source = this.#source(citation);
    const { cited_text: text, sourceContent: pieces } = citation;
    const citedText = text ?? pieces?.map(({ text = "" }) => text).join("");
    if (this.#context.version >= 4 && !this.#holdsText()) this.#begin(index, "text", out).citations.push({ source, ...(citedText ? { citedText } : {}) });
    out.push(source);
  }

  #source(citation: Citation): LanguageModelV4Source {
    const place = citation.location ?? {};
    const url = citation.url ?? place.web?.url;
    const base = { type: "source" as const, id: `source-${this.#sources++}`, providerMetadata: both({ citation }) };
    const title = citation.title ?? citation.document_title;
    if (url) return { ...base, sourceType: "url", url, ...(title ? { title } : {}) };
    const at = citation.document_index ?? Object.values(place).find((part) => part?.documentIndex !== undefined)?.documentIndex ?? 0;
    this.#documents ??= documentsOf(this.#context.prompt);
    const { mediaType = "text/plain", filename } = this.#documents[at] ?? {};
    return { ...base, sourceType: "document", mediaType, title: title ?? filename ?? `document ${at + 1}`, ...(filename ? { filename } : {}) };
  }

  #end(index: number, out: LanguageModelV4StreamPart[]): void {
    const ended = this.#members.end(index);
    // Reasoning may have members alone, such as the id of an item.
    const block = this.#open.get(index) ?? (ended?.type === "thinking" ? this.#begin(index, "reasoning", out) : undefined);
    if (!block) return;
    this.#open.delete(index);
    const { kind, id, name, args, citations } = block;
    // Further members, such as the phase of a text, are sent back with their block.
    const members = ended?.members;
    if (kind === "reasoning") {
      out.push({ type: "reasoning-end", id, ...(members ? { providerMetadata: both({ ...(args ? { signature: args } : {}), members }) } : {}) });
    } else if (kind === "tool") {
      out.push({ type: "tool-input-end", id });
      out.push({ type: "tool-call", toolCallId: id, toolName: name!, input: args || "{}", ...(members ? { providerMetadata: both({ members }) } : {}) });
    } else if (kind === "value" && this.#context.held!.isMember) {
      this.#text = memberOf(args, this.#context.held!);
      this.#value(out, id);
    } else {
      out.push({ type: "text-end", id, ...(citations.length ? { citations } : {}), ...(members && kind === "text" ? { providerMetadata: both({ members }) } : {}) });
    }
  }

  /** Writes the held text: the value that is in it, or the text itself if there is no value. */
  #value(out: LanguageModelV4StreamPart[], id = "value"): void {
    const { held } = this.#context;
    if (!held || !this.#text) return;
    const text = this.#text;
    this.#text = "";
    // Text before a call of the schema's tool is not a part of the value.
    if (this.#isValueMade && id === "value") {
      this.#metadata.textBeforeValue = text;
      return;
    }
    const value = this.#isValueMade ? undefined : valueIn(text, held);
    out.push({ type: "text-start", id }, { type: "text-delta", id, delta: value === undefined ? text : JSON.stringify(value) }, { type: "text-end", id });
  }
}

/** Returns the documents of a prompt, by whose number a citation names them. */
function documentsOf(prompt: Prompt): { mediaType?: string; filename?: string | undefined }[] {
  const parts = prompt.flatMap<{ type: string; mediaType?: string; filename?: string | undefined }>(({ content }) => (typeof content === "string" ? [] : content));
  return parts.filter(({ type, mediaType = "" }) => type === "file" && !/^(image|video|audio)/.test(mediaType));
}

/** Returns the JSON of the value in the arguments of the schema's tool; the arguments as they are if they are cut. */
function memberOf(args: string, held: Held): string {
  try {
    return JSON.stringify(inner(JSON.parse(args), held)) ?? args;
  } catch {
    return args;
  }
}

const event = (...values: unknown[]) => values as unknown as StreamEvent;

/** Returns the events that a stream of this reply would have. */
export function* eventsOf(reply: AIMessage): Generator<StreamEvent> {
  const blocks: readonly Members[] = typeof reply.content === "string" ? (reply.content ? [{ type: "text", text: reply.content }] : []) : reply.content;
  const seen = new Set<unknown>();
  let index = 0;
  for (const block of blocks) {
    if (block.type === "tool_use") seen.add(block.id);
    if (block.type !== "invalid_tool_call") yield event("block", index, block);
    yield event("end", index++);
  }
  const calls = [...reply.tool_calls.map(({ id, name, args }) => ({ id, name, args: JSON.stringify(args) })), ...reply.invalid_tool_calls];
  for (const { id, name, args } of calls) {
    if (seen.has(id)) continue;
    yield event("tool", index, id, name);
    yield event("args", index, args);
    yield event("end", index++);
  }
  const { stop_reason, stop_sequence = null, ...metadata } = reply.response_metadata;
  if (stop_reason !== undefined) yield event("stop", stop_reason, stop_sequence);
  for (const [name, value] of Object.entries(metadata)) yield event("metadata", name, value);
  if (reply.usage_metadata) yield event("usage", reply.usage_metadata);
}

/** The types of blocks whose content has events, and the members that are in these events. */
const OWN: ReadonlyMap<unknown, readonly string[]> = new Map([["text", ["text", "citations"]], ["thinking", ["thinking", "signature"]], ["tool_use", ["id", "name", "input"]]]);

/** Returns the events of a whole block of these types, without its end. */
function* eventsOfBlock(index: number, block: Members): Generator<StreamEvent> {
  const { type, text, citations, thinking, signature, id, name, input } = block;
  if (type === "text") {
    yield event("text", index, text);
    for (const citation of (citations ?? []) as unknown[]) yield event("citation", index, citation);
  } else if (type === "thinking") {
    yield event("thinking", index, thinking);
    if (signature) yield event("signature", index, signature);
  } else {
    yield event("tool", index, id, name);
    yield event("args", index, JSON.stringify(input ?? {}));
  }
  for (const [key, value] of Object.entries(block)) if (key !== "type" && key !== "index" && !OWN.get(type)!.includes(key)) yield event("member", index, key, value);
}

/** Returns the content that the parts of a stream add up to. */
export function contentOf(parts: readonly LanguageModelV4StreamPart[]): LanguageModelV4Content[] {
  const content: LanguageModelV4Content[] = [];
  const open = new Map<string, Members & { text: string }>();
  for (const part of parts) {
    switch (part.type) {
      case "text-start":
      case "reasoning-start": {
        const block = { type: part.type === "text-start" ? "text" : "reasoning", text: "" };
        open.set(part.id, block);
        content.push(block as LanguageModelV4Content);
        break;
      }
      case "text-delta":
      case "reasoning-delta": {
        const block = open.get(part.id)!;
        block.text += part.delta;
        if (part.providerMetadata) block.providerMetadata = part.providerMetadata;
        break;
      }
      case "text-end":
      case "reasoning-end":
        if (part.providerMetadata) open.get(part.id)!.providerMetadata = part.providerMetadata;
        if ("citations" in part && part.citations) open.get(part.id)!.citations = part.citations;
        break;
      case "tool-call":
      case "source":
      case "custom":
        content.push(part);
        break;
      default:
    }
  }
  return content;
}

const NOTHING: UsageMetadata = { input_tokens: 0, output_tokens: 0, total_tokens: 0, input_token_details: { cache_read: 0, cache_creation: 0 }, output_token_details: { reasoning: 0 } };

/** Returns the numbers of tokens. Numbers that the service does not report are `undefined`. */
export function usageOf(given: UsageMetadata | undefined, raw: unknown): LanguageModelV4Usage {
  // The core leaves out a usage that is all zeros. A reply from a guardrail has such a usage.
  const usage = given ?? (raw ? NOTHING : undefined);
  if (!usage) return { inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined }, outputTokens: { total: undefined, text: undefined, reasoning: undefined } };
  const { input_tokens: total, output_tokens: output, input_token_details: input, output_token_details: { reasoning } } = usage;
  const { cache_read: cacheRead, cache_creation: cacheWrite } = input;
  return {
    inputTokens: { total, noCache: total - cacheRead - cacheWrite, cacheRead, cacheWrite },
    outputTokens: { total: output, text: output - reasoning, reasoning: reasoning || undefined },
    ...(raw && typeof raw === "object" ? { raw: raw as JSONObject } : {}),
  };
}
