import { AIMessage } from "./reply.js";

/** What went wrong: a real `Error` with all that is known about it. See index.d.ts. */
export class BedrockChatError extends Error {
  constructor(message, details = {}) {
    const { partial, cause, ...known } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.kind = "config";
    this.retryable = false;
    Object.assign(this, known);
    // Not enumerable: a log that prints the error does not print the conversation.
    Object.defineProperty(this, "partial", { value: partial, writable: true, configurable: true });
  }

  get name() {
    return "BedrockChatError";
  }

  // The package may be there twice, imported and required; an error is one of ours in both.
  static [Symbol.hasInstance](value) {
    return Boolean(value && typeof value === "object" && value[brand]);
  }
}

const brand = Symbol.for("bedrock-chat.error");
Object.defineProperty(BedrockChatError.prototype, brand, { value: true });

/** An error that the package itself finds. */
export function problem(kind, message, details) {
  return new BedrockChatError(message, { kind, ...details });
}

/** An error as the module reports it. */
export function fromDetails({ message, partial, ...details }) {
  if (partial) details.partial = new AIMessage(partial);
  return new BedrockChatError(message, details);
}

/** An error as the module throws it, which is JSON. Whatever else was thrown stays what it is. */
export function fromCore(thrown) {
  return typeof thrown === "string" ? fromDetails(JSON.parse(thrown)) : thrown;
}
