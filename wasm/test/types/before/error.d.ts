import type { AIMessage } from "./index.js";
export type BedrockChatErrorKind = "config" | "credentials" | "unsupported" | "encode" | "connect" | "interrupted" | "timeout" | "throttled" | "access_denied" | "expired_credentials" | "validation" | "context_overflow" | "not_found" | "service" | "frame" | "decode" | "truncated" | "cancelled";
export type BedrockChatErrorDetails = Partial<Pick<BedrockChatError, "kind" | "field" | "retryable" | "transient" | "status" | "awsType" | "requestId" | "model" | "region" | "attempts" | "retryAfterMs" | "responseHeaders" | "partial">> & {
    cause?: unknown;
};
export declare class BedrockChatError extends Error {
    readonly name: "BedrockChatError";
    kind: BedrockChatErrorKind;
    field?: string;
    retryable: boolean;
    transient: boolean;
    status?: number;
    awsType?: string;
    requestId?: string;
    model?: string;
    region?: string;
    attempts?: number;
    retryAfterMs?: number;
    responseHeaders?: {
        [name: string]: string;
    } | undefined;
    partial?: AIMessage | undefined;
    cause?: unknown;
    constructor(message: string, details?: BedrockChatErrorDetails);
    toJSON(): object;
    static [Symbol.hasInstance](value: unknown): value is BedrockChatError;
}
