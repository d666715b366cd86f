// Errors in the forms that the AI SDK recognizes. It recognizes them by symbols, so that no package of it is needed at
// run time.
import { type BedrockChatError, BedrockChatError as CoreError } from "./index.js";

/** The request of a call, as far as it is known. */
export interface Sent {
  url?: string | undefined;
  readonly body?: unknown;
}

const ABORTS: readonly unknown[] = ["AbortError", "ResponseAborted", "TimeoutError"];

/**
 * Returns the error of a call for the AI SDK. The error stays a `BedrockChatError`, with all of its members.
 *
 * - Errors of the service and of the connection are also an `APICallError`. `isRetryable` is true if the call can be
 *   sent again without the risk of paying twice.
 * - The option or content that is not supported is also an `UnsupportedFunctionalityError`.
 * - An abort has the name that the AI SDK checks for.
 */
export function callError(error: unknown, signal: AbortSignal | undefined, sent: Sent): unknown {
  if (!(error instanceof CoreError)) return error;
  if (signal?.aborted && (error.kind === "cancelled" || error.kind === "timeout")) {
    const { reason } = signal as { reason?: { name?: unknown } | undefined };
    return ABORTS.includes(reason?.name) ? reason : named(error, "AbortError");
  }
  const { kind, status, retryable, field, awsType, requestId, retryAfterMs } = error;
  if (kind === "unsupported") return marked(error, "AI_UnsupportedFunctionalityError", { functionality: field ?? error.message });
  if (kind === "config" || kind === "credentials" || kind === "encode" || kind === "cancelled") return error;
  return marked(error, "AI_APICallError", {
    url: sent.url ?? "",
    requestBodyValues: sent.body,
    statusCode: status,
    isRetryable: retryable,
    responseBody: undefined,
    data: { kind, awsType, requestId, retryAfterMs },
  });
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
  for (const marker of ["vercel.ai.error", `vercel.ai.error.${name}`]) properties[Symbol.for(marker) as unknown as string] = { value: true };
  return Object.defineProperties(error, properties);
}

const named = (error: BedrockChatError, name: string): BedrockChatError => Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
