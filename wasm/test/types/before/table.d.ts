import type { BedrockCredentialsProvider, Capabilities, FetchLike, GuardrailConfig, Reasoning, ResponseFormat, Thinking, Tool, ToolChoice } from "./fields.js";
export interface BedrockChatSettings {
    maxTokens?: number | undefined;
    temperature?: number | undefined;
    topP?: number | undefined;
    topK?: number | undefined;
    stop?: string | readonly string[] | undefined;
    modelKwargs?: {
        [key: string]: unknown;
    } | undefined;
    tools?: readonly Tool[] | undefined;
    toolChoice?: ToolChoice | undefined;
    tool_choice?: ToolChoice | undefined;
    parallelToolCalls?: boolean | undefined;
    reasoning?: Reasoning | undefined;
    thinking?: Thinking | undefined;
    reasoningDisplay?: "summarized" | "omitted" | undefined;
    capabilities?: Capabilities | undefined;
    responseFormat?: ResponseFormat | undefined;
    response_format?: ResponseFormat | undefined;
    guardrailIdentifier?: string | undefined;
    guardrailVersion?: string | undefined;
    guardrailConfig?: GuardrailConfig | undefined;
    trace?: "ENABLED" | "DISABLED" | "ENABLED_FULL" | undefined;
    promptCaching?: boolean | "5m" | "1h" | undefined;
    fillMissingToolResults?: boolean | undefined;
    latency?: "standard" | "optimized" | undefined;
    serviceTier?: "default" | "flex" | "priority" | "reserved" | undefined;
    anthropicBeta?: readonly string[] | undefined;
    requestMetadata?: {
        [key: string]: string;
    } | undefined;
    responseFieldPaths?: readonly string[] | undefined;
    promptVariables?: {
        [key: string]: string;
    } | undefined;
    timeout?: number | undefined;
}
export interface CallOptions extends BedrockChatSettings {
    signal?: AbortSignal | undefined;
}
export interface BoundOptions extends CallOptions {
    maxConcurrency?: number | undefined;
}
export interface BatchOptions extends BoundOptions {
    returnExceptions?: boolean | undefined;
}
export interface BedrockChatFields extends BedrockChatSettings {
    model: string;
    region?: string | undefined;
    credentials?: BedrockCredentialsProvider | undefined;
    apiKey?: string | undefined;
    awsAccessKeyId?: string | undefined;
    awsSecretAccessKey?: string | undefined;
    awsSessionToken?: string | undefined;
    endpointUrl?: string | undefined;
    endpointHost?: string | undefined;
    gatewayUrl?: string | undefined;
    headers?: {
        [name: string]: string;
    } | Headers | undefined;
    fetch?: FetchLike | undefined;
    fetchFn?: FetchLike | undefined;
    api?: "invoke" | "converse" | undefined;
    family?: string | undefined;
    applicationInferenceProfile?: string | undefined;
    fips?: boolean | undefined;
    dualStack?: boolean | undefined;
    signingName?: string | undefined;
    streaming?: boolean | undefined;
    maxRetries?: number | undefined;
    paidResend?: boolean | undefined;
    maxConcurrency?: number | undefined;
    firstByteTimeout?: number | undefined;
    idleTimeout?: number | undefined;
}
export type LangChainCallOption = "tools" | "toolChoice" | "tool_choice" | "parallelToolCalls" | "responseFormat" | "response_format";
