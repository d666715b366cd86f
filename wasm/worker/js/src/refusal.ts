import { BedrockChatError } from "bedrock-chat";

/** An error response. Thrown if a request is wrong. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }

  /** The request is wrong. */
  static bad(message: string): Refusal {
    return new Refusal(400, "encode", message);
  }
}

/**
 * The errors of Bedrock that concern the client. The client receives no details of other errors, such as those of
 * credentials and access.
 */
const STATUS: Record<string, number> = {
  validation: 400,
  encode: 400,
  context_overflow: 400,
  unsupported: 400,
  throttled: 429,
  timeout: 504,
  // The client has disconnected, so the answer is not read.
  cancelled: 499,
};

/** Kinds by Anthropic's names. */
const TYPES: Record<string, string> = {
  throttled: "rate_limit_error",
  timeout: "timeout_error",
  unauthorized: "authentication_error",
  not_found: "not_found_error",
  validation: "invalid_request_error",
  encode: "invalid_request_error",
  context_overflow: "invalid_request_error",
  unsupported: "invalid_request_error",
  method_not_allowed: "invalid_request_error",
};

/** An error as JSON: `{ type: "error", error: { type, kind, status, message } }`. */
export function refuse(error: unknown): Response {
  const { status, kind, message } = told(error);
  const headers = new Headers();
  if (status === 405) headers.set("allow", "POST");
  if (error instanceof BedrockChatError && error.retryAfterMs) {
    headers.set("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
  }
  const body = { type: "error", error: { type: TYPES[kind] ?? "api_error", kind, status, message } };
  return Response.json(body, { status, headers });
}

function told(error: unknown): { status: number; kind: string; message: string } {
  if (error instanceof Refusal) return error;
  if (!(error instanceof BedrockChatError)) {
    console.error(error);
    return { status: 500, kind: "internal", message: "the Worker failed; its log says why" };
  }
  if (error.kind !== "cancelled") console.error(error);
  const status = STATUS[error.kind];
  if (!status) return { status: 502, kind: error.kind, message: "the model could not be called" };
  return { status, kind: error.kind, message: error.message };
}
