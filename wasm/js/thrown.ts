import { BedrockChatError, type BedrockChatErrorDetails, type BedrockChatErrorKind, uncounted } from "./error.js";
import { AIMessage, type AIMessageFields } from "./reply.js";

/** The texts of vendors' errors for a history that has tool calls without results, in lower case and in parts. */
const UNANSWERED = [
  ["tool_use", "without", "tool_result"], ["expected toolresult blocks"],
  ["tool_calls", "must be followed by tool messages"], ["tool_call_ids did not have response"],
];

/** Returns whether a text has these parts, in this order. A regular expression could take hours for a hostile text. */
function has(text: string, parts: readonly string[]): boolean {
  let at = 0;
  return parts.every((part) => {
    const found = text.indexOf(part, at);
    at = found + part.length;
    return found >= 0;
  });
}

/** Returns whether an error is about tool calls without results. */
function isUnanswered(message: string): boolean {
  const text = message.toLowerCase();
  return UNANSWERED.some((parts) => has(text, parts));
}

/** An error as the module reports it, in JSON. */
export type CoreError = Omit<BedrockChatErrorDetails, "partial"> & { message: string; kind: BedrockChatErrorKind; partial?: AIMessageFields };

/** Creates the error that the module reports. */
export function fromDetails({ message, partial, ...details }: CoreError): BedrockChatError {
  if (details.kind === "validation" && isUnanswered(message)) message += "; add a result for every tool call, or set fillMissingToolResults";
  return new BedrockChatError(message, { ...uncounted(details.kind), ...details, partial: partial && new AIMessage(partial) });
}

/** Returns the error that the module threw as JSON. Other thrown values are returned unchanged. */
export function fromCore(thrown: unknown): unknown {
  return typeof thrown === "string" ? fromDetails(JSON.parse(thrown)) : thrown;
}
