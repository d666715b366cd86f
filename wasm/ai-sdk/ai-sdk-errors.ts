// Errors in the forms that the AI SDK recognizes. It recognizes them by symbols, so that no package of it is needed at
// run time.
import { type BedrockChatError, BedrockChatError as CoreError } from "./index.js";

/** The request of a call, as far as it is known. */
export interface Sent {
  url?: string;
  readonly body?: unknown;
}

/** The outcome of a call's last request, as far as it is known. */
export interface Outcome {
  sent: Sent;
  status?: number;
  headers?: { [name: string]: string } | undefined;
  /** The body of a response whose status is an error. */
  answer?: Promise<string | undefined>;
  /** The error of `fetch`, and whether it is the caller's own function. */
  failure?: { error: unknown; isCustom: boolean };
}

/** The errors of a network in Node, Bun and undici, by their `code`. */
const NETWORK = /^(ECONN\w+|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_\w+|Connection(Refused|Closed)|FailedToOpenSocket)$/;

/**
 * Returns the error of a call for the AI SDK. An error of the package stays a `BedrockChatError`, with all of its
 * members.
 *
 * - The reason of an abort and an error of the caller's `fetch` are returned unchanged.
 * - Errors of the service and of the connection are also an `APICallError`. `isRetryable` is true if the call can be
 *   sent again without the risk of paying twice.
 * - The option or content that is not supported is also an `UnsupportedFunctionalityError`, and a missing region a
 *   `LoadSettingError`.
 */
export async function callError(error: unknown, signal: AbortSignal | undefined, outcome: Outcome): Promise<unknown> {
  if (!(error instanceof CoreError)) return error;
  const { kind, retryable, field } = error;
  if (signal?.aborted && (kind === "cancelled" || kind === "timeout")) {
    const { reason } = signal as { reason?: unknown };
    return reason instanceof Error ? reason : named(error, "AbortError");
  }
  if (kind === "unsupported" || kind === "encode") return marked(error, "AI_UnsupportedFunctionalityError", { functionality: field ?? error.message });
  if (kind === "config" && field === "region") return marked(error, "AI_LoadSettingError", {});
  if (kind === "config" || kind === "credentials" || kind === "cancelled") return error;
  const { failure, sent } = outcome;
  const hasFailed = failure && (kind === "connect" || kind === "interrupted");
  if (hasFailed && failure.isCustom && !isOfNetwork(failure.error)) return failure.error;
  const text = await outcome.answer;
  return marked(error, "AI_APICallError", {
    url: sent.url ?? "",
    requestBodyValues: sent.body,
    statusCode: error.status ?? outcome.status,
    isRetryable: retryable,
    responseHeaders: error.responseHeaders ?? outcome.headers,
    responseBody: text,
    data: parsed(text),
    ...(hasFailed ? { cause: (failure.error as Error | undefined)?.cause ?? failure.error } : {}),
  });
}

/** Returns whether an error of `fetch` is about the network. */
function isOfNetwork(error: unknown): boolean {
  for (let at = error as { code?: unknown; cause?: unknown } | undefined, depth = 0; at && depth < 8; at = at.cause as typeof at, depth++) {
    if (typeof at.code === "string" && NETWORK.test(at.code)) return true;
  }
  return error instanceof TypeError && /^(fetch failed|failed to fetch)$/i.test(error.message);
}

/** Returns the value of JSON, or `undefined`. */
function parsed(text: string | undefined): unknown {
  try {
    return text && JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns an error of the AI SDK about a model that the provider does not have. */
export function noSuchModel(modelId: string, modelType: string): Error {
  const error = new Error(`bedrock-chat/ai-sdk has no models of type ${modelType}: ${modelId}; use @ai-sdk/amazon-bedrock for it`);
  return marked(error, "AI_NoSuchModelError", { modelId, modelType });
}

/** Marks an error as one of the AI SDK's. Its members are not enumerable: a log must not show the conversation. */
function marked<E extends Error>(error: E, name: string, members: { [member: string]: unknown }): E {
  const properties: PropertyDescriptorMap = { name: { value: name, configurable: true, writable: true } };
  for (const [member, value] of Object.entries(members)) properties[member] = { value, configurable: true, writable: true };
  for (const marker of ["vercel.ai.error", `vercel.ai.error.${name}`]) properties[Symbol.for(marker)] = { value: true };
  return Object.defineProperties(error, properties);
}

/** Returns an error with another name. */
const named = (error: BedrockChatError, name: string): BedrockChatError => Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
