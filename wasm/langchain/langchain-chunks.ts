import { AIMessageChunk, type AIMessageChunkFields } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { BlockMembers, type StreamEvent } from "./events.js";
import { SAID, type UsageMetadata, joinUsage } from "./reply.js";
import type { Members } from "./schema.js";

/** The fields of a chunk of a message. Members may be `undefined`. */
type Fields = { [name in Exclude<keyof AIMessageChunkFields, "usage_metadata">]?: AIMessageChunkFields[name] | undefined } & { usage_metadata?: UsageMetadata | undefined };

/**
 * Makes LangChain's chunks from the core's events. Their sum is the message that a call without streaming returns.
 * The arguments of a tool arrive as `tool_call_chunks`, and its block arrives at its end.
 */
export class Chunks {
  #id: string | undefined;
  #requestId: string | undefined;
  #blocks: boolean;
  #text: number | undefined;
  #calls = new Map<number, { id: string; name: string; args: string[] }>();
  #usage: UsageMetadata | undefined;
  #metadata: Members = {};
  #members = new BlockMembers();

  /** With `blocks`, all content is a list of blocks. Otherwise it is text until a second block arrives. */
  constructor(requestId: string | undefined, blocks: boolean) {
    this.#requestId = requestId;
    this.#blocks = blocks;
  }

  /** Returns the chunk of an event, if it has one. */
  of(event: StreamEvent): ChatGenerationChunk | undefined {
    const [name, first, second, third] = event;
    this.#members.push(event);
    switch (name) {
      case "text":
        if (this.#text !== undefined && this.#text !== first) this.#blocks = true;
        this.#text = first;
        return this.#blocks ? this.#block({ index: first, type: "text", text: second }, second) : this.#chunk({ content: second }, second);
      case "args":
        this.#calls.get(first)?.args.push(second);
        return this.#call({ args: second, index: first });
      case "tool":
        this.#blocks = true;
        this.#calls.set(first, { id: second, name: third, args: [] });
        return this.#call({ name: third, id: second, args: "", index: first });
      case "end":
        return this.#end(first);
      case "thinking":
        return this.#block({ index: first, type: "thinking", thinking: second });
      case "signature":
        return this.#block({ index: first, type: "thinking", thinking: "", signature: second });
      case "citation":
        // LangChain drops a text block whose first piece has no text.
        return this.#block({ index: first, type: "text", ...(this.#text === first ? { text: "" } : {}), citations: [second] });
      case "block":
        return this.#block({ ...second, index: first });
      case "start":
        return this.#start(first, second);
      case "stop":
        return this.#chunk({ content: "", response_metadata: { stop_reason: first, stop_sequence: second } });
      case "usage":
        this.#usage = joinUsage(this.#usage, first);
        return undefined;
      case "metadata":
        if (!SAID.has(first)) this.#metadata[first] = second;
        return undefined;
      default:
        return undefined;
    }
  }

  /**
   * Returns the last chunk: the usage and the service's other metadata. LangChain adds numbers and texts, so a value
   * that arrives twice, the second time in full, must be in one chunk only.
   */
  last(): ChatGenerationChunk {
    return this.#chunk({ content: "", usage_metadata: this.#usage, response_metadata: this.#metadata });
  }

  #start(id: string | null, model: string | null): ChatGenerationChunk {
    this.#id = id ?? undefined;
    const response_metadata: Members = { type: "message", role: "assistant" };
    if (model) Object.assign(response_metadata, { model, model_name: model });
    if (this.#requestId) response_metadata.request_id = this.#requestId;
    return this.#chunk({ content: "", additional_kwargs: id ? { id } : {}, response_metadata });
  }

  /**
   * Returns the block of a complete tool call, as in a call without streaming. There is no block if the arguments are
   * not JSON.
   */
  #end(index: number): ChatGenerationChunk | undefined {
    const ended = this.#members.end(index);
    const call = this.#calls.get(index);
    if (!call) {
      // A text that is not a block has no place for members. LangChain drops a text block whose first piece has no text.
      if (!ended || (ended.type === "text" && !this.#blocks)) return undefined;
      return this.#block({ index, type: ended.type, ...(ended.type === "thinking" ? { thinking: "" } : { text: "" }), ...ended.members });
    }
    this.#calls.delete(index);
    try {
      const input: unknown = JSON.parse(call.args.join("") || "{}");
      return this.#block({ index, type: "tool_use", id: call.id, name: call.name, input, ...ended?.members });
    } catch {
      return undefined;
    }
  }

  #call(piece: { name?: string; id?: string; args: string; index: number }): ChatGenerationChunk {
    return this.#chunk({ content: [], tool_call_chunks: [{ ...piece, type: "tool_call_chunk" }], response_metadata: BLOCKS });
  }

  #block(block: Members, text?: string): ChatGenerationChunk {
    this.#blocks = true;
    // A block in the model's own format may lack a type.
    return this.#chunk({ content: [block as { type: string }], response_metadata: BLOCKS }, text);
  }

  /** Creates a chunk with the reply's id, by which LangGraph merges the pieces of a message. */
  #chunk(fields: Fields, text = ""): ChatGenerationChunk {
    fields.id = this.#id;
    return new ChatGenerationChunk({ text, message: new AIMessageChunk(fields as AIMessageChunkFields), generationInfo: { ...fields.response_metadata } });
  }
}

/** The provider name by which LangChain finds the reader in langchain-blocks.ts. */
const BLOCKS = { model_provider: "bedrock-chat" };
