// TypeScript that must compile, and TypeScript that must not. Only the compiler reads this file.
import {
  AIMessage, AIMessageChunk, BedrockChat, BedrockChatError, ChatStream, RateLimiter, capabilities, mintApiKey, sseResponse, toSSE,
  type BedrockChatErrorKind, type BedrockChatFields, type Capabilities, type CircuitBreaker, type CloudflareGateway, type Fallback, type FallbackMetadata, type Messages, type RateLimits, type Tool, type ToolCall, type UsageMetadata,
} from "bedrock-chat";
import { assumeRole, assumeRoleWithWebIdentity, cognitoIdentity, type TemporaryCredentials } from "bedrock-chat/credentials";
import { init as initCredentials, assumeRole as sameRole } from "bedrock-chat/credentials/manual";
import { createGateway, type Gateway, type GatewayCall, type GatewayCounter, type GatewayKeyUse, type GatewaySettings } from "bedrock-chat/gateway";
import { type Fault, LocalBedrock, type LocalBedrockOptions, type RecordedRequest } from "bedrock-chat/local-bedrock";
import { init as initGateway, createGateway as sameGateway } from "bedrock-chat/gateway/manual";
import { init, initSync, BedrockChat as SameChat } from "bedrock-chat/manual";
import * as v from "valibot";
import { z } from "zod";
import { z as z3 } from "zod3";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only if the type is `true`. */
function holds<T extends true>(): T | undefined {
  return undefined;
}

const credentials = { accessKeyId: "A", secretAccessKey: "S" };
const chat = new BedrockChat({ model: "anthropic.claude-3-haiku-20240307-v1:0", region: "us-east-1", credentials });

// The example of the reference page, unchanged.
new BedrockChat({
  model: "anthropic.claude-3-5-sonnet-20240620-v1:0",
  region: process.env["BEDROCK_AWS_REGION"],
  credentials: { accessKeyId: process.env["BEDROCK_AWS_ACCESS_KEY_ID"]!, secretAccessKey: process.env["BEDROCK_AWS_SECRET_ACCESS_KEY"]! },
  endpointUrl: "custom.amazonaws.com",
  modelKwargs: { anthropic_version: "bedrock-2023-05-31" },
});
new BedrockChat({ model: "m", credentials: async () => ({ ...credentials, sessionToken: "T", expiration: new Date() }), fetch, maxRetries: 0 });
// The type that `fromNodeProviderChain()` returns.
declare const chain: (options?: { callerClientConfig?: object }) => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string; readonly expiration?: Date; readonly accountId?: string }>;
new BedrockChat({ model: "m", credentials: chain });
// A custom `fetch` has typed parameters.
new BedrockChat({ model: "m", fetch: (url, init) => fetch(`${url}?${init.body.length}`, { ...init, headers: { ...init.headers, "x-team": init.headers["x-team"] ?? "blue" } }), fetchFn: async (url, init) => new Response(init.body, { headers: { url } }) });
new BedrockChat({ model: "m", headers: new Headers({ "x-team": "blue" }), credentials: { apiKey: "k", expiration: 1e12 }, guardrailConfig: { streamProcessingMode: "async" } });
new BedrockChat({ model: "m", apiKey: "k", reasoning: "high", promptCaching: "1h", trace: "ENABLED", api: "converse" });
// Fallbacks and limits.
const limits: RateLimits = { requestsPerMinute: 60, tokensPerMinute: 100_000, outputWeight: 5 };
const fallback: Fallback = { model: "n", region: "us-west-2", apiKey: "k", maxTokens: 5, temperature: null, when: (error) => error.kind === "context_overflow" };
new BedrockChat({ model: "m", rateLimiter: limits, fallbacks: [fallback, { region: "us-west-2", when: undefined, rateLimiter: new RateLimiter(limits) }] });
new BedrockChat({ model: "m", rateLimiter: new RateLimiter() });
const breaker: CircuitBreaker = { failures: 3, pause: undefined };
new BedrockChat({ model: "m", circuitBreaker: breaker, fallbacks: [{ region: "us-west-2", circuitBreaker: false }, { region: "eu-west-1", circuitBreaker: null }] });
// @ts-expect-error it is switched off by false
new BedrockChat({ model: "m", circuitBreaker: true });
const cloudflare: CloudflareGateway = { accountId: "a", gatewayId: "g", token: undefined };
new BedrockChat({ model: "m", cloudflareGateway: cloudflare, fallbacks: [{ cloudflareGateway: null }] });
// @ts-expect-error the gateway has an id, too
new BedrockChat({ model: "m", cloudflareGateway: { accountId: "a" } });
// @ts-expect-error the time limit of a call includes its fallbacks
new BedrockChat({ model: "m", fallbacks: [{ timeout: 5 }] });
// @ts-expect-error it is requestsPerMinute
new BedrockChat({ model: "m", rateLimiter: { requests: 5 } });
// @ts-expect-error a condition is not asynchronous
new BedrockChat({ model: "m", fallbacks: [{ when: async () => true }] });
// Options that depend on the model.
new BedrockChat({ model: "m", capabilities: { strictTools: false, images: undefined }, reasoning: { effort: "high", budgetTokens: 2048 }, reasoningDisplay: "summarized" });
new BedrockChat({ model: "m", thinking: { type: "between_tools", display: "omitted" }, fillMissingToolResults: true, paidResend: true, fips: true, dualStack: false });
// @ts-expect-error no such capability
new BedrockChat({ model: "m", capabilities: { flies: true } });
// @ts-expect-error no such display
new BedrockChat({ model: "m", reasoningDisplay: "full" });
// @ts-expect-error a budget is missing
new BedrockChat({ model: "m", thinking: { type: "enabled" } });
// @ts-expect-error the model is missing
new BedrockChat({ region: "us-east-1" });
// @ts-expect-error it is maxTokens
new BedrockChat({ model: "m", max_tokens: 5 });
// @ts-expect-error the secret is missing
new BedrockChat({ model: "m", credentials: { accessKeyId: "A" } });
new BedrockChat({ model: "m", credentials: "anonymous", gatewayUrl: "https://gateway.example", fallbacks: [{ credentials: "anonymous" }] });
// @ts-expect-error no such string
new BedrockChat({ model: "m", credentials: "unsigned" });
// @ts-expect-error a role needs keys that may assume it
assumeRole({ roleArn: "r", credentials: "anonymous" });
// @ts-expect-error no such API
new BedrockChat({ model: "m", api: "rest" });
// @ts-expect-error a signal is an option of a call
new BedrockChat({ model: "m", signal: new AbortController().signal });

export async function calls(signal: AbortSignal): Promise<void> {
  const reply = await chat.invoke([["system", "Be brief."], ["human", "hello"]], { signal, temperature: 0.5, timeout: 5 });
  holds<Equal<typeof reply, AIMessage>>();
  holds<Equal<typeof reply.tool_calls, ToolCall[]>>();
  holds<Equal<typeof reply.usage_metadata, UsageMetadata | undefined>>();
  holds<Equal<typeof reply.text, string>>();
  holds<Equal<typeof reply.response_metadata.fallback, FallbackMetadata | undefined>>();
  const block = typeof reply.content === "string" ? undefined : reply.content[0];
  holds<Equal<typeof block, { [key: string]: unknown; type?: string } | undefined>>();

  const forms: Messages[] = [
    "hello", ["human", "hello"], [["user", "hello"], { role: "assistant", content: "hi" }], { role: "user", content: [{ type: "text", text: "hello" }] },
    [reply, { role: "tool", tool_call_id: "1", content: "ok" }], [{ type: "human", content: [{ type: "image", data: new Uint8Array(), mimeType: "image/png" }] }],
    [{ role: "assistant", content: null, tool_calls: [] }], [{ role: "tool", tool_call_id: "1", name: "a", status: "error", content: "no" }],
  ];
  await chat.batch(forms);
  // Null removes an option that was set before.
  await chat.withOptions({ tools: null, signal: null }).bindTools([], { temperature: null }).batch(["hello"], { stop: null, maxConcurrency: null });
  await chat.withStructuredOutput({ type: "object" }).stream("hello", { maxTokens: null });
  // @ts-expect-error the constructor has no earlier option to remove
  new BedrockChat({ model: "m", temperature: null });
  // @ts-expect-error no such role
  await chat.invoke([["narrator", "hello"]]);
  // @ts-expect-error not a conversation
  await chat.invoke(5);

  const stream = await chat.stream("hello");
  holds<Equal<typeof stream, ChatStream>>();
  let sum: AIMessageChunk | undefined;
  for await (const chunk of stream) {
    holds<Equal<typeof chunk, AIMessageChunk>>();
    sum = sum ? sum.concat(chunk) : chunk;
  }
  for await (const text of stream.text()) holds<Equal<typeof text, string>>();
  holds<Equal<Awaited<ReturnType<typeof stream.message>>, AIMessage>>();
  const web = stream.toReadableStream();
  holds<Equal<typeof web, ReadableStream<AIMessageChunk>>>();

  const replies = await chat.batch(["a"], { maxConcurrency: 2 });
  holds<Equal<typeof replies, AIMessage[]>>();
  const mixed = await chat.batch(["a"], { returnExceptions: true });
  holds<Equal<typeof mixed, (AIMessage | Error)[]>>();
  holds<Equal<Awaited<ReturnType<typeof chat.countTokens>>, number>>();
  await chat.complete("Once upon a time");
  await using left = await chat.withOptions({ signal, maxConcurrency: 2 }).stream("hello");
  holds<Equal<typeof left, ChatStream>>();
  // @ts-expect-error `returnExceptions` is an option of `batch` alone
  chat.withOptions({ returnExceptions: true });
  // @ts-expect-error an option of the constructor
  await chat.invoke("hello", { maxRetries: 0 });
  holds<Equal<ReturnType<typeof chat.withOptions>, BedrockChat>>();
  const known = capabilities("m");
  holds<Equal<typeof known, Capabilities>>();
  holds<Equal<typeof known.tools, boolean | undefined>>();
  holds<Equal<ReturnType<typeof chat.capabilities>, Capabilities>>();
  holds<Equal<typeof reply.responseHeaders, { [name: string]: string } | undefined>>();
}

export async function tools(): Promise<void> {
  const parameters = { type: "object", properties: { city: { type: "string" } } } as const;
  const all: Tool[] = [
    { name: "a", description: "d", schema: z.object({ city: z.string() }) },
    { name: "b", schema: z3.object({ city: z3.string() }) },
    { name: "c", input_schema: parameters },
    { type: "function", function: { name: "d", parameters } },
    { toolSpec: { name: "e", inputSchema: { json: parameters } } },
    { type: "bash_20250124", name: "bash" },
    { name: "now", description: "The time" },
    { name: "late", input_schema: parameters, strict: true, defer_loading: true, input_examples: [{ city: "Paris" }], allowed_callers: ["direct"] },
  ];
  const bound = chat.bindTools(all, { tool_choice: "a" });
  await bound.invoke("hello", { toolChoice: { type: "tool", name: "a" } });
  await bound.invoke("hello", { toolChoice: { type: "function", function: { name: "a" } } });
  chat.bindTools(all, { signal: AbortSignal.timeout(5), response_format: { type: "json_schema", json_schema: { name: "a", schema: parameters } } });
  await bound.invoke("hello", { toolChoice: { type: "any", disable_parallel_tool_use: true } });
  await bound.invoke("hello", { response_format: { type: "json_schema", json_schema: { name: "a", schema: parameters, strict: true } } });
  // @ts-expect-error the service always enforces the schema
  await bound.invoke("hello", { responseFormat: { schema: parameters, strict: false } });
  // @ts-expect-error no such API
  capabilities("m", "rest");
  holds<Equal<ReturnType<typeof capabilities>, Capabilities>>();
  capabilities("m", "converse");
  new BedrockChat({ model: "m", fetch: async (url, init) => { const sent: Record<string, string> = init.headers; return fetch(url, { ...init, headers: { ...sent, "x-team": "blue" } }); } });
  // @ts-expect-error tools are an array
  chat.bindTools(all[0]);
}

export async function structured(): Promise<void> {
  const four = z.object({ setup: z.string(), rating: z.number().default(3) });
  const three = z3.object({ setup: z3.string() });
  const valibot = v.object({ setup: v.string() });

  const a = await chat.withStructuredOutput(four).invoke("joke");
  holds<Equal<typeof a, { setup: string; rating: number }>>();
  const b = await chat.withStructuredOutput(three, { name: "joke" }).invoke("joke");
  holds<Equal<typeof b, { setup: string }>>();
  const c = await chat.withStructuredOutput(valibot).invoke("joke");
  holds<Equal<typeof c, { setup: string }>>();
  const d = await chat.withStructuredOutput({ type: "object" }).invoke("joke");
  holds<Equal<typeof d, Record<string, unknown>>>();
  const e = await chat.withStructuredOutput<{ setup: string }>({ type: "object" }).invoke("joke");
  holds<Equal<typeof e, { setup: string }>>();

  const f = await chat.withStructuredOutput(four, { includeRaw: true, method: "functionCalling" }).invoke("joke");
  holds<Equal<typeof f.raw, AIMessage>>();
  if (f.parsed) holds<Equal<typeof f.parsed.rating, number>>();
  else holds<Equal<typeof f.parsingError, BedrockChatError>>();

  for await (const partial of await chat.withStructuredOutput(four).stream("joke")) {
    holds<Equal<typeof partial, Partial<{ setup: string; rating: number }>>>();
  }
  // @ts-expect-error no such method
  chat.withStructuredOutput(four, { method: "magic" });
}

export async function errors(error: unknown): Promise<void> {
  if (!(error instanceof BedrockChatError)) return;
  holds<Equal<typeof error.kind, BedrockChatErrorKind>>();
  holds<Equal<typeof error.status, number | undefined>>();
  holds<Equal<typeof error.transient, boolean>>();
  holds<Equal<typeof error.responseHeaders, { [name: string]: string } | undefined>>();
  holds<Equal<typeof error.partial, AIMessage | undefined>>();
  holds<Equal<ReturnType<typeof error.toJSON>, object>>();
  // @ts-expect-error no such kind
  if (error.kind === "throttle") return;
}

export async function workers(): Promise<Response> {
  const key = await mintApiKey({ credentials, region: "us-east-1", expiresIn: 60 });
  holds<Equal<typeof key, string>>();
  // The environment may have all settings.
  await mintApiKey();
  const bytes = toSSE(chat.stream("hello"), { format: "openai" });
  holds<Equal<typeof bytes, ReadableStream<Uint8Array>>>();
  // @ts-expect-error no such format
  toSSE(chat.stream("hello"), { format: "xml" });
  toSSE(chat.stream("hello"), { onError: async (error) => void (await fetch("https://log.example", { method: "POST", body: String(error) })) });
  void sseResponse(chat.stream("hello"), { headers: new Headers({ "x-team": "blue" }) });
  return sseResponse(chat.stream("hello"), { headers: { "access-control-allow-origin": "*" }, onError: console.error });
}

export async function manual(): Promise<void> {
  const { default: module } = await import("bedrock-chat/bedrock_chat_bg.wasm");
  await init({ module_or_path: new URL("https://cdn.example/bedrock_chat_bg.wasm") });
  // esbuild returns this form with its file loader.
  await init({ module_or_path: new URL(module, import.meta.url) });
  const { memory } = initSync({ module });
  holds<Equal<typeof memory.buffer.byteLength, number>>();
  holds<Equal<typeof SameChat, typeof BedrockChat>>();
}

export async function keys(token: () => Promise<string>): Promise<TemporaryCredentials> {
  const role = assumeRole({ roleArn: "r", region: "us-east-1", credentials, durationSeconds: 900, externalId: undefined, fetch });
  new BedrockChat({ model: "m", credentials: role });
  await mintApiKey({ credentials: assumeRole({ roleArn: "r", credentials: role }), region: "us-east-1", expiresIn: 300 });
  new BedrockChat({ model: "m", credentials: assumeRoleWithWebIdentity({ roleArn: "r", token }) });
  new BedrockChat({ model: "m", credentials: cognitoIdentity({ identityPoolId: "p", logins: { "i.example": token, "j.example": "t" } }) });
  // @ts-expect-error the role is missing
  assumeRole({ region: "us-east-1" });
  // @ts-expect-error the token is missing
  assumeRoleWithWebIdentity({ roleArn: "r" });
  // @ts-expect-error seconds are a number
  assumeRole({ roleArn: "r", durationSeconds: "900" });
  const { default: module } = await import("bedrock-chat/bedrock_chat_credentials_bg.wasm");
  await initCredentials({ module_or_path: module });
  holds<Equal<typeof sameRole, typeof assumeRole>>();
  const { expiration } = await role();
  holds<Equal<typeof expiration, Date>>();
  return role();
}

export async function gateways(request: Request): Promise<Response> {
  const settings: GatewaySettings = {
    region: "us-east-1", credentials, maxRetries: 1, guardrailIdentifier: undefined, fetch,
    models: { a: "b", c: { id: "d", fallbacks: ["e"], price: { input: 1, output: 2, cacheRead: undefined } } },
    keys: { bob: "k", alice: { key: "k", models: ["a*"], budget: 20, budgetPeriod: "day", metadata: { team: "blue" } } },
    anyModel: false, corsOrigins: ["*"], maxBodyBytes: 1e6, onCall: async (call) => void (await fetch("https://log.example", { method: "POST", body: JSON.stringify(call) })),
  };
  const gateway: Gateway = createGateway(settings);
  createGateway({ credentials: assumeRole({ roleArn: "r" }), onCall: console.log });
  createGateway({ credentials: "anonymous", gatewayUrl: "https://gateway.example" });
  createGateway({ onCall: ({ usage, cost }: GatewayCall) => holds<Equal<typeof usage, UsageMetadata>>() && holds<Equal<typeof cost, number | undefined>>() });
  // @ts-expect-error clients choose the model
  createGateway({ model: "m" });
  // @ts-expect-error a key without its text
  createGateway({ keys: { alice: { models: [] } } });
  // @ts-expect-error no such period
  createGateway({ keys: { alice: { key: "k", budgetPeriod: "week" } } });
  // @ts-expect-error a price without that of output
  createGateway({ models: { a: { id: "b", price: { input: 1 } } } });
  const used = gateway.used("alice");
  holds<Equal<typeof used, GatewayKeyUse>>();
  gateway.restore("alice", used);
  const counter: GatewayCounter = { admit: async (key) => gateway.admit(key), record: (key, { tokens, cost }) => gateway.record(key, { tokens, cost }) };
  createGateway({ counter });
  // A gateway counts for others by itself.
  createGateway({ counter: gateway });
  // @ts-expect-error half of a counter
  createGateway({ counter: { admit: gateway.admit } });
  const { default: module } = await import("bedrock-chat/bedrock_chat_gateway_bg.wasm");
  await initGateway({ module_or_path: module });
  holds<Equal<typeof sameGateway, typeof createGateway>>();
  return gateway.fetch(request);
}

export const worker: { fetch(request: Request): Promise<Response> } = createGateway({ region: "us-east-1" });

export const fields: BedrockChatFields = { model: "m" };

export async function localBedrock(): Promise<RecordedRequest[]> {
  const options: LocalBedrockOptions = { region: "us-east-1", frameDelay: 5, credentials: [{ accessKeyId: "a", secretAccessKey: "b" }] };
  await using bedrock = await LocalBedrock.start(options);
  const fault: Fault = { cut_after_frames: 3, insert: [{ kind: "chunk", at: 1, json: { type: "ping" } }] };
  bedrock.pushFault(fault, { status: 429 });
  // @ts-expect-error: misspelled.
  bedrock.pushFault({ stauts: 429 });
  // @ts-expect-error: it is made by `start`.
  new LocalBedrock();
  new BedrockChat({ model: "amazon.nova-lite-v1:0", endpointUrl: bedrock.url, credentials: bedrock.testCredentials });
  new BedrockChat({ model: "amazon.nova-lite-v1:0", endpointUrl: bedrock.mantleUrl, apiKey: bedrock.testApiKey });
  const requests = bedrock.requests();
  await bedrock.close();
  return requests;
}
