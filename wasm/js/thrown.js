import { BedrockChatError } from "./error.js";
import { AIMessage } from "./reply.js";

/** An error as the module reports it. */
export function fromDetails({ message, partial, ...details }) {
  if (partial) details.partial = new AIMessage(partial);
  return new BedrockChatError(message, details);
}

/** An error as the module throws it, which is JSON. Whatever else was thrown stays what it is. */
export function fromCore(thrown) {
  return typeof thrown === "string" ? fromDetails(JSON.parse(thrown)) : thrown;
}
