import type { AIMessage } from "./reply.js";

/**
 * The kind of an error. Before anything was sent: `config`, `credentials`, `unsupported`, `encode`. Errors of the
 * service or the connection: `connect`, `interrupted`, `timeout`, `throttled`, `access_denied`,
 * `expired_credentials`, `validation`, `context_overflow`, `not_found`, `service`. Errors of the answer: `frame`,
 * `decode`, `truncated`. By the caller: `cancelled`.
 *
 * With `connect`, no connection was made and nothing was sent. With `interrupted`, `fetch` failed and the request may
 * have been sent. As the model may have run, such a call is not sent again unless `paidResend` is set. Browsers and
 * Workers do not distinguish the two: there the kind is always `interrupted`, unless the browser is offline.
 */
export type BedrockChatErrorKind =
  | "config" | "credentials" | "unsupported" | "encode"
  | "connect" | "interrupted" | "timeout" | "throttled" | "access_denied" | "expired_credentials" | "validation" | "context_overflow" | "not_found" | "service"
  | "frame" | "decode" | "truncated" | "cancelled";

/** The details of an error that the constructor takes. */
export type BedrockChatErrorDetails = Partial<Pick<BedrockChatError, "kind" | "field" | "retryable" | "transient" | "status" | "awsType" | "requestId" | "model" | "region" | "attempts" | "retryAfterMs" | "responseHeaders" | "partial">> & { cause?: unknown };

/** An error of the package, with all that is known about it. */
export class BedrockChatError extends Error {
  declare readonly name: "BedrockChatError";
  declare kind: BedrockChatErrorKind;
  /** The option that the error is about, such as `maxTokens`, or the path to a part of it, such as `guardrailConfig.tagSuffix`. */
  declare field?: string;
  /**
   * Whether the same call may be sent again without the risk of paying twice. The package has already retried it as
   * often as `maxRetries` allows. It is false after a timeout or a broken connection, as the model may have run, and
   * once a part of the answer had arrived.
   */
  declare retryable: boolean;
  /**
   * Whether the cause may pass: throttling, a service or network that fails, a timeout. A later call, or another
   * model or region, may succeed; the failed call may have been paid for already.
   */
  declare transient: boolean;
  /** The HTTP status, if the service answered. */
  declare status?: number;
  /** AWS's name of the exception, such as `ThrottlingException`. */
  declare awsType?: string;
  /** AWS's id of the request. */
  declare requestId?: string;
  declare model?: string;
  declare region?: string;
  /** How often the request was sent: 0 if it was not sent, undefined if that is not known. */
  declare attempts?: number;
  /** The delay in milliseconds that the service asks for. */
  declare retryAfterMs?: number;
  /**
   * The response headers, if there was a response, with their names in lower case. Not enumerable. Values that are
   * secrets, such as cookies, are replaced; at most 16 KiB are kept.
   */
  declare responseHeaders?: { [name: string]: string } | undefined;
  /** The message as far as it had arrived when its stream failed. Not enumerable, so that logs do not show it. */
  declare partial?: AIMessage | undefined;
  /** The signal's reason, for a call that was cancelled. */
  declare cause?: unknown;

  constructor(message: string, details: BedrockChatErrorDetails = {}) {
    const { partial, responseHeaders, cause, ...known } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.kind = "config";
    this.retryable = false;
    this.transient = false;
    Object.assign(this, known);
    // Not enumerable: a log that prints the error does not print the conversation.
    Object.defineProperties(this, {
      partial: { value: partial, writable: true, configurable: true },
      responseHeaders: { value: responseHeaders, writable: true, configurable: true },
    });
  }

  /** Returns the members for logs: all except `partial`, `cause` and the stack. */
  toJSON(): object {
    const { name, message } = this;
    return { name, message, ...(this as object) };
  }

  /** Recognizes errors of every copy of the package: a program may have two, imported and required. */
  static override [Symbol.hasInstance](value: unknown): value is BedrockChatError {
    return Boolean(value && typeof value === "object" && (value as { [brand]?: boolean })[brand]);
  }
}

const brand: unique symbol = Symbol.for("bedrock-chat.error") as never;
Object.defineProperties(BedrockChatError.prototype, {
  [brand]: { value: true },
  name: { value: "BedrockChatError" },
});

/** Returns whether a value is neither `undefined` nor `null`. */
export const isSet = <Value>(value: Value): value is NonNullable<Value> => value !== undefined && value !== null;

/** Returns the type of a value, for the message of an error. */
export const kindOf = (value: unknown): string => (value === null ? "null" : typeof value);

/** The kinds of errors that arise before anything is sent. */
const UNSENT = /^(config|credentials|unsupported|encode|connect)$/;

/** Returns how often a failed call was sent, by the kind of its error, if its attempts were not counted. */
export const uncounted = (kind: string): { attempts?: number } => (UNSENT.test(kind) ? { attempts: 0 } : {});

/** Creates an error that the package itself finds. */
export function problem(kind: BedrockChatErrorKind, message: string, details?: BedrockChatErrorDetails): BedrockChatError {
  return new BedrockChatError(message, { kind, ...uncounted(kind), ...details });
}
