/** What went wrong: a real `Error` with all that is known about it. See index.d.ts. */
export class BedrockChatError extends Error {
  constructor(message, details = {}) {
    const { partial, responseHeaders, cause, ...known } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.kind = "config";
    this.retryable = false;
    this.transient = false;
    Object.assign(this, known);
    // Not enumerable: a log that prints the error does not print the conversation.
    Object.defineProperty(this, "partial", { value: partial, writable: true, configurable: true });
    Object.defineProperty(this, "responseHeaders", { value: responseHeaders, writable: true, configurable: true });
  }

  get name() {
    return "BedrockChatError";
  }

  /** What JSON has of it, which is all but `partial`, `cause` and the stack. */
  toJSON() {
    const { name, message } = this;
    return { name, message, ...this };
  }

  // The package may be there twice, imported and required; an error is one of ours in both.
  static [Symbol.hasInstance](value) {
    return Boolean(value && typeof value === "object" && value[brand]);
  }
}

const brand = Symbol.for("bedrock-chat.error");
Object.defineProperty(BedrockChatError.prototype, brand, { value: true });

/** What a value is, for the message of an error. */
export const kindOf = (value) => (value === null ? "null" : typeof value);

/** The kinds of errors that arise before anything is sent. */
const UNSENT = /^(config|credentials|unsupported|encode|connect)$/;

/** How often a call was sent that failed with an error of this kind, where nobody counted. */
export const uncounted = (kind) => (UNSENT.test(kind) ? { attempts: 0 } : {});

/** An error that the package itself finds. */
export function problem(kind, message, details) {
  return new BedrockChatError(message, { kind, ...uncounted(kind), ...details });
}
