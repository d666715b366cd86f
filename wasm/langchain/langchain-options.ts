// Converts LangChain's options and messages to those of the core.
import type { AIMessage, BaseMessage, MessageContent } from "@langchain/core/messages";
import { isSet } from "./error.js";
import type { BedrockChatFields as CoreFields, MessageLike, Removable } from "./index.js";
import type { BedrockChatCallOptions, BedrockChatFields } from "./langchain-fields.js";
import { type Options, onlyOne } from "./options.js";
import type { Members } from "./schema.js";

/** Fields and options that only LangChain reads. */
const LANGCHAIN: ReadonlySet<string> = new Set([
  "cache", "callbacks", "callbackManager", "tags", "metadata", "verbose", "disableStreaming", "outputVersion", "onFailedAttempt",
  "maxConcurrency", "name", "runId", "runName", "configurable", "recursionLimit", "store", "context", "interrupts", "promptIndex",
  "ls_structured_output_format", "options", "strict", "version",
]);

/** Names of options in other chat models of LangChain, with this package's names. */
const ALIASES: { readonly [name: string]: string } = { stopSequences: "stop", parallel_tool_calls: "parallelToolCalls" };

/** Two names of one option. */
const SAME = Object.entries(ALIASES);

/** Returns the constructor's fields under this package's names, without the fields that only LangChain reads. */
export function ourFields(fields: BedrockChatFields): CoreFields {
  return renamed(fields, isSet) as object as CoreFields;
}

/**
 * Returns the options of a call under this package's names, without the options that only LangChain reads. Null
 * removes an option of the model.
 */
export function ourOptions(options: Partial<BedrockChatCallOptions> | null | undefined): Removable<Options> {
  return renamed(options ?? {}, (value) => value !== undefined);
}

function renamed(given: object, isGiven: (value: unknown) => boolean): Members {
  const own: Members = {};
  onlyOne(given, SAME);
  for (const [name, value] of Object.entries(given)) {
    if (LANGCHAIN.has(name) || !isGiven(value)) continue;
    const key = ALIASES[name] ?? name;
    // An empty list or null does not replace the value that is set by the option's other name.
    const isEmpty = value === null || (value as { length?: unknown }).length === 0;
    if (!Object.hasOwn(own, key) || !isEmpty) own[key] = value;
  }
  return own;
}

/** The members that messages of some types have. */
type Details = Pick<AIMessage, "tool_calls" | "invalid_tool_calls"> & { readonly role?: string; readonly tool_call_id?: string; readonly status?: "success" | "error" };

/** Returns a message without members that only LangChain needs. */
export function plainMessage(message: BaseMessage): MessageLike {
  const { content, name, role, tool_calls, invalid_tool_calls, tool_call_id, status, additional_kwargs, response_metadata } = message as BaseMessage & Details;
  const model: unknown = response_metadata?.model_name ?? response_metadata?.["model"];
  const plain = {
    type: message.getType(),
    content: Array.isArray(content) ? content.filter(isContent).map(plainBlock) : content,
    name,
    role: message.getType() === "generic" ? role : undefined,
    tool_calls: tool_calls?.length ? tool_calls : undefined,
    invalid_tool_calls: invalid_tool_calls?.length ? invalid_tool_calls : undefined,
    tool_call_id,
    status,
    // Signed reasoning is accepted only by the vendor that signed it.
    response_metadata: typeof model === "string" ? { model_name: model } : undefined,
    additional_kwargs: additional_kwargs?.tool_calls && !tool_calls?.length ? { tool_calls: additional_kwargs.tool_calls } : undefined,
  };
  // The core also reads LangChain's other types, such as `generic`.
  return plain as MessageLike;
}

/** A part of a message's content. */
type Block = Exclude<MessageContent, string>[number];

/**
 * Blocks that no model on Bedrock accepts. Some repeat `tool_calls` and `invalid_tool_calls`, as in a stream with
 * `outputVersion: "v1"`. Others are results of tools of another vendor's service.
 */
const NO_CONTENT: ReadonlySet<unknown> = new Set([
  "tool_call_chunk", "invalid_tool_call", "server_tool_call", "server_tool_call_chunk", "server_tool_call_result", "citation",
  "function_call", "functionCall", "executableCode", "codeExecutionResult",
]);

/** Returns whether a block must be sent. The reasoning of other vendors may arrive without its text. */
const isContent = (block: Block | null): boolean => !NO_CONTENT.has(block?.type) && (block?.type !== "reasoning" || typeof block["reasoning"] === "string");

/** Removes LangChain's standard wrapper from blocks that only one provider has, and from documents of text. */
function plainBlock(block: Block | null): unknown {
  if (block?.type === "non_standard" && block["value"]) return block["value"];
  if (block?.type !== "text-plain" || typeof block["text"] !== "string") return block;
  const { text, title, context } = block;
  return { type: "document", source: { type: "text", media_type: "text/plain", data: text }, ...(title ? { title } : {}), ...(context ? { context } : {}) };
}
