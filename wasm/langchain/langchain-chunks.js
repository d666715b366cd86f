import { AIMessageChunk } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { SAID, joinUsage } from "./reply.js";

/**
 * LangChain's chunks from the core's events. Added up they are the message that a call without
 * streaming gives: the arguments of a tool come as `tool_call_chunks`, and its block once it is whole.
 */
export class Chunks {
  #id;
  #requestId;
  #blocks;
  #text;
  #calls = new Map();
  #usage;
  #metadata = {};

  /** With `blocks` all content is a list of blocks; without, it is text for as long as one text is all there is. */
  constructor(requestId, blocks) {
    this.#requestId = requestId;
    this.#blocks = blocks;
  }

  of([name, first, second, third]) {
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
        // LangChain drops a block that begins with no text.
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
    }
  }

  /**
   * The end: the usage and what else the service told. LangChain adds numbers and texts up, so that
   * a value that arrives twice, the second time in full, must be in one chunk only.
   */
  last() {
    return this.#chunk({ content: "", usage_metadata: this.#usage, response_metadata: this.#metadata });
  }

  #start(id, model) {
    this.#id = id ?? undefined;
    const response_metadata = { type: "message", role: "assistant" };
    if (model) Object.assign(response_metadata, { model, model_name: model });
    if (this.#requestId) response_metadata.request_id = this.#requestId;
    return this.#chunk({ content: "", additional_kwargs: id ? { id } : {}, response_metadata });
  }

  /** A tool's call is whole: its block, as a call without streaming has it. Arguments that are not JSON make no block. */
  #end(index) {
    const call = this.#calls.get(index);
    if (!call) return undefined;
    this.#calls.delete(index);
    try {
      const input = JSON.parse(call.args.join("") || "{}");
      return this.#block({ index, type: "tool_use", id: call.id, name: call.name, input });
    } catch {
      return undefined;
    }
  }

  #call(piece) {
    return this.#chunk({ content: [], tool_call_chunks: [{ ...piece, type: "tool_call_chunk" }], response_metadata: BLOCKS });
  }

  #block(block, text) {
    this.#blocks = true;
    return this.#chunk({ content: [block], response_metadata: BLOCKS }, text);
  }

  /** Every chunk has the reply's id: LangGraph puts the pieces of a message together by it. */
  #chunk(fields, text = "") {
    fields.id = this.#id;
    return new ChatGenerationChunk({ text, message: new AIMessageChunk(fields), generationInfo: { ...fields.response_metadata } });
  }
}

/** Says whose blocks these are; see langchain-blocks.js. */
const BLOCKS = { model_provider: "bedrock-chat" };
