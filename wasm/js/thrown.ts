import { BedrockChatError, type BedrockChatErrorDetails, type BedrockChatErrorKind, problem, uncounted } from "./error.js";
import { AIMessage, type AIMessageFields } from "./reply.js";

/** An error as the module reports it, in JSON. */
export type CoreError = Omit<BedrockChatErrorDetails, "partial"> & { message: string; kind: BedrockChatErrorKind; partial?: AIMessageFields };

/** Creates the error that the module reports. */
export function fromDetails({ message, partial, ...details }: CoreError): BedrockChatError {
  return new BedrockChatError(message, { ...uncounted(details.kind), ...details, partial: partial && new AIMessage(partial) });
}

/** Returns the error that the module threw as JSON. Other thrown values are returned unchanged. */
export function fromCore(thrown: unknown): unknown {
  return typeof thrown === "string" ? fromDetails(JSON.parse(thrown)) : thrown;
}

/**
 * Calls a function that uses a module. A `TypeError` means that the module is not loaded. `entry` is the entry of the
 * package that loads it by hand.
 */
export function loaded<Value>(call: () => Value, entry = "bedrock-chat/manual"): Value {
  try {
    return call();
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    throw problem("config", `the WebAssembly module is not loaded; call \`init()\` or \`initSync()\` of ${entry} first`, { cause: thrown });
  }
}
