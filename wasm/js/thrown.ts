import { BedrockChatError, type BedrockChatErrorDetails, type BedrockChatErrorKind, uncounted } from "./error.js";
import { AIMessage, type AIMessageFields } from "./reply.js";

/** The texts of vendors' errors for a history that has tool calls without results. */
const UNANSWERED = /tool_use.*without.*tool_result|Expected toolResult blocks|tool_calls.*must be followed by tool messages|tool_call_ids did not have response/i;

/** An error as the module reports it, in JSON. */
export type CoreError = Omit<BedrockChatErrorDetails, "partial"> & { message: string; kind: BedrockChatErrorKind; partial?: AIMessageFields };

/** Creates the error that the module reports. */
export function fromDetails({ message, partial, ...details }: CoreError): BedrockChatError {
  if (details.kind === "validation" && UNANSWERED.test(message)) message += "; give every tool call its result, or set fillMissingToolResults";
  return new BedrockChatError(message, { ...uncounted(details.kind), ...details, partial: partial && new AIMessage(partial) });
}

/** Returns the error that the module threw as JSON. Anything else that was thrown is returned as it is. */
export function fromCore(thrown: unknown): unknown {
  return typeof thrown === "string" ? fromDetails(JSON.parse(thrown)) : thrown;
}
