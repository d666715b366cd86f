import type { AIMessage, AIMessageChunk } from "./index.js";
export type BedrockCredentials = ({
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string | undefined;
} | {
    apiKey: string;
}) & {
    expiration?: Date | string | number | undefined;
};
export type BedrockCredentialsProvider = BedrockCredentials | (() => BedrockCredentials | Promise<BedrockCredentials>);
type FetchBody = Uint8Array & NonNullable<NonNullable<Parameters<typeof fetch>[1]>["body"]>;
export type FetchLike = (url: string, init: {
    method: string;
    headers: {
        [name: string]: string;
    };
    body: FetchBody;
    signal: AbortSignal;
}) => Promise<Response>;
export type JsonSchema = {
    readonly [key: string]: unknown;
};
export interface StandardSchema<Output = unknown> {
    readonly "~standard": {
        readonly version: 1;
        readonly vendor: string;
        readonly validate: (value: unknown) => unknown;
        readonly types?: {
            readonly input: unknown;
            readonly output: Output;
        } | undefined;
    };
}
export interface ZodLike<Output = unknown> {
    readonly _output: Output;
    readonly _def: unknown;
    safeParseAsync(value: unknown): Promise<unknown>;
}
export type Schema = StandardSchema | ZodLike | JsonSchema;
export type SchemaOutput<S> = S extends StandardSchema<infer Output> ? Output : S extends ZodLike<infer Output> ? Output : Record<string, unknown>;
export type ContentBlock = {
    type?: string;
    [key: string]: unknown;
};
export type MessageContent = string | readonly ContentBlock[];
export type MessageRole = "system" | "developer" | "human" | "user" | "ai" | "assistant" | "tool" | "function";
interface MessageDetails {
    tool_calls?: readonly unknown[] | undefined;
    tool_call_id?: string | undefined;
    status?: "success" | "error" | undefined;
    name?: string | undefined;
}
export type MessageLike = string | readonly [role: MessageRole, content: MessageContent] | ({
    role: MessageRole;
    content: MessageContent | null;
} & MessageDetails) | ({
    type: MessageRole;
    content: MessageContent;
} & MessageDetails) | AIMessage | AIMessageChunk | {
    lc_namespace: readonly string[];
    content: unknown;
} | {
    lc: number;
    type: "constructor";
    id: readonly string[];
    kwargs: object;
};
export type Messages = MessageLike | readonly MessageLike[] | {
    toChatMessages(): readonly unknown[];
};
export type Tool = 
{
    name: string;
    description?: string | undefined;
    schema?: Schema | undefined;
    strict?: boolean | undefined;
    cache_control?: unknown;
}
 | {
    name: string;
    description?: string | undefined;
    input_schema: Schema;
    cache_control?: unknown;
    strict?: boolean | undefined;
    defer_loading?: boolean | undefined;
    input_examples?: readonly unknown[] | undefined;
    eager_input_streaming?: boolean | undefined;
    allowed_callers?: readonly string[] | undefined;
}
 | {
    type: "function";
    function: {
        name: string;
        description?: string | undefined;
        parameters?: Schema | undefined;
        strict?: boolean | null | undefined;
    };
}
 | {
    toolSpec: {
        name: string;
        description?: string | undefined;
        inputSchema: {
            json: Schema;
        };
    };
}
 | {
    type: string;
    [key: string]: unknown;
};
export type ToolChoice = "auto" | "any" | "required" | "none" | (string & {}) | boolean | (({
    type: "auto" | "any" | "none" | "required";
} | {
    type: "tool";
    name: string;
} | {
    type: "function";
    function: {
        name: string;
    };
} | {
    tool: {
        name: string;
    };
} | {
    any: object;
} | {
    auto: object;
}) & {
    disable_parallel_tool_use?: boolean | undefined;
});
export type Reasoning = number | "adaptive" | "between_tools" | "low" | "medium" | "high" | (string & {}) | false | {
    type?: "enabled" | "adaptive" | "disabled" | "between_tools" | undefined;
    budgetTokens?: number | undefined;
    effort?: string | undefined;
};
export interface Capabilities {
    tools?: boolean | undefined;
    forcedTools?: boolean | undefined;
    namedTools?: boolean | undefined;
    serialTools?: boolean | undefined;
    strictTools?: boolean | undefined;
    jsonSchema?: boolean | undefined;
    streaming?: boolean | undefined;
    streamedTools?: boolean | undefined;
    images?: boolean | undefined;
    imagesInResults?: boolean | undefined;
    mediaInS3?: boolean | undefined;
    systemAnywhere?: boolean | undefined;
    userAfterTools?: boolean | undefined;
    signedReasoning?: boolean | undefined;
    reasoningBudget?: boolean | undefined;
    adaptiveReasoning?: boolean | undefined;
    reasoningEffort?: boolean | undefined;
    reasoningOff?: boolean | undefined;
    reasoningBetweenTools?: boolean | undefined;
    reasoningByDefault?: boolean | undefined;
    promptCaching?: boolean | undefined;
    oneHourCache?: boolean | undefined;
    sampling?: boolean | undefined;
}
export interface GuardrailConfig {
    tagSuffix?: string | undefined;
    streamProcessingMode?: "SYNCHRONOUS" | "ASYNCHRONOUS" | "sync" | "async" | undefined;
}
export type ResponseFormat = {
    type?: "json_schema" | undefined;
    name?: string | undefined;
    description?: string | undefined;
    schema: Schema;
    strict?: true | null | undefined;
} | {
    type: "json_schema";
    json_schema: {
        name: string;
        description?: string | undefined;
        schema: Schema;
        strict?: true | null | undefined;
    };
};
export type Thinking = {
    type: "enabled";
    budget_tokens: number;
    display?: "summarized" | "omitted" | undefined;
} | {
    type: "adaptive";
    display?: "summarized" | "omitted" | undefined;
} | {
    type: "disabled";
} | {
    type: "between_tools";
    display?: "summarized" | "omitted" | undefined;
};
export type { BatchOptions, BedrockChatFields, BedrockChatSettings, BoundOptions, CallOptions, LangChainCallOption } from "./table.js";
