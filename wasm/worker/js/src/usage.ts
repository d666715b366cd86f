import type { GatewayCall } from "bedrock-chat/gateway";
import type { Env } from "./env.js";

/** The maximum length of an index, in bytes. */
const MAX_INDEX = 96;

/** The maximum length of a blob here, in characters. All blobs of a data point together have at most 16 KB. */
const MAX_BLOB = 1000;

/**
 * Returns a function that records a call as a line of JSON in the log. If there is the binding `ANALYTICS`, it also writes
 * a data point in Workers Analytics Engine. The README lists its columns.
 */
export const recorder = ({ ANALYTICS }: Env) => (call: GatewayCall): void => {
  console.log(JSON.stringify(call));
  const { usage } = call;
  ANALYTICS?.writeDataPoint({
    indexes: [index(call.key)],
    blobs: [call.model, call.modelId, call.path, call.requestId ?? "", call.error ?? ""].map((text) => text.slice(0, MAX_BLOB)),
    doubles: [
      call.status,
      Number(call.streamed),
      usage.input_tokens,
      usage.output_tokens,
      usage.input_token_details.cache_read,
      usage.input_token_details.cache_creation,
      usage.output_token_details.reasoning,
      call.cost ?? 0,
      call.firstByteMs ?? 0,
      call.durationMs,
    ],
  });
};

/** Returns the start of a name that fits into an index. */
function index(name: string): string {
  let text = name.slice(0, MAX_INDEX);
  while (new TextEncoder().encode(text).length > MAX_INDEX) text = text.slice(0, -1);
  return text;
}
