import { BedrockChatError, uncounted } from "./error.js";
import { AIMessage } from "./reply.js";

/** How the models' vendors say that a history has tool calls without results. */
const UNANSWERED = /tool_use.*without.*tool_result|Expected toolResult blocks|tool_calls.*must be followed by tool messages|tool_call_ids did not have response/i;

/** An error as the module reports it. */
export function fromDetails({ message, partial, ...details }) {
  if (details.kind === "validation" && UNANSWERED.test(message)) message += "; give every tool call its result, or set fillMissingToolResults";
  if (partial) details.partial = new AIMessage(partial);
  return new BedrockChatError(message, { ...uncounted(details.kind), ...details });
}

/** An error as the module throws it, which is JSON. Whatever else was thrown stays what it is. */
export function fromCore(thrown) {
  return typeof thrown === "string" ? fromDetails(JSON.parse(thrown)) : thrown;
}
