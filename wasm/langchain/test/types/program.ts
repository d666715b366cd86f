// A program in TypeScript: it must compile, and its marked mistakes must not.
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { BedrockChat, BedrockChatError, type BedrockChatFields, capabilities, convertMessagesToPrompt, mintApiKey } from "bedrock-chat/langchain";
import { z } from "zod";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

const llm = new BedrockChat({
  model: "anthropic.claude-3-5-sonnet-20240620-v1:0",
  region: process.env.BEDROCK_AWS_REGION,
  credentials: {
    accessKeyId: process.env.BEDROCK_AWS_ACCESS_KEY_ID!,
    secretAccessKey: process.env.BEDROCK_AWS_SECRET_ACCESS_KEY!,
  },
  // endpointUrl: "custom.amazonaws.com",
  modelKwargs: { anthropic_version: "bedrock-2023-05-31" },
  guardrailConfig: { tagSuffix: "x", streamProcessingMode: "SYNCHRONOUS" },
  temperature: 0,
  maxRetries: 2,
  callbacks: [],
  tags: ["a"],
});
const model: BaseChatModel = llm;
// Values that may be undefined in the environment, a synchronous function, and a typed fetch.
new BedrockChat({
  model: "m",
  endpointUrl: process.env.ENDPOINT,
  guardrailIdentifier: process.env.GUARDRAIL,
  credentials: () => ({ apiKey: "key", expiration: new Date() }),
  fetch: (url, init) => fetch(`${url}?${init.body.length}`, init),
  fetchFn: fetch,
  headers: new Headers({ "x-team": "blue" }),
  reasoning: "high",
  reasoningDisplay: "summarized",
  capabilities: { strictTools: false },
  fillMissingToolResults: true,
  paidResend: true,
  maxConcurrency: undefined,
  rateLimiter: { requestsPerMinute: 60 },
  fallbacks: [{ region: "us-west-2", temperature: null, when: ({ kind }) => kind === "throttled" }],
});
new BedrockChat({ model: "m", credentials: "anonymous", gatewayUrl: "https://gateway.example" });
export const fields: BedrockChatFields = { model: "m", credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b" }), apiKey: "key" };

const weather = tool(({ location }) => location, { name: "get_weather", schema: z.object({ location: z.string() }) });
const person = z.object({ name: z.string(), age: z.number().optional() });

export async function main(): Promise<void> {
  const reply = await llm.invoke([["system", "Be brief."], ["human", "Hi"]], { signal: AbortSignal.timeout(1), maxTokens: 5 });
  holds<Same<typeof reply, AIMessageChunk>>();
  const stop: unknown = reply.response_metadata.stop_reason;
  for await (const chunk of await llm.stream("Hi", { stop: ["."], tool_choice: "any" })) chunk.tool_call_chunks?.at(0)?.args;
  const bound = llm.bindTools([weather, { name: "native", input_schema: { type: "object" } }], {
    tool_choice: { type: "tool", name: "get_weather" },
    stop: ["END"],
    strict: true,
  });
  const called = await bound.invoke("weather");
  await llm.invoke("weather", { tools: [weather], strict: true, temperature: undefined, responseFormat: { schema: person } });
  called.tool_calls?.map(({ name, args }) => [name, args]);
  const value = await llm.withStructuredOutput(person).invoke("who");
  holds<Same<typeof value.name, string>>();
  const both = await llm.withStructuredOutput(person, { includeRaw: true, method: "jsonSchema" }).invoke("who");
  holds<Same<typeof both.raw, BaseMessage>>();
  const why: Error | undefined = both.parsingError;
  const plain = await llm.withStructuredOutput({ type: "object", properties: {} }, { name: "Any" }).invoke("who");
  plain.anything;
  await ChatPromptTemplate.fromTemplate("{x}").pipe(model).invoke({ x: "1" });
  const prompt: string = convertMessagesToPrompt([reply], "anthropic");
  const key: string = await mintApiKey({ region: "us-east-1", expiresIn: 60 });
  try {
    await llm.batch(["a", "b"], { maxConcurrency: 2 });
  } catch (error) {
    if (error instanceof BedrockChatError) [error.kind, error.status, error.requestId];
  }
  const streams: boolean | undefined = capabilities("m").streamedTools;
  await llm.invoke("Hi", { thinking: { type: "adaptive", display: "summarized" }, capabilities: { images: true } });
  void [stop, why, prompt, key, streams];
}

// @ts-expect-error The model is required.
new BedrockChat({ region: "us-east-1" });
// @ts-expect-error Temperatures are numbers.
new BedrockChat({ model: "m", temperature: "hot" });
// @ts-expect-error An option of the constructor.
void llm.invoke("Hi", { region: "us-east-1" });
// @ts-expect-error There is no such method.
llm.withStructuredOutput(person, { method: "magic" });
// @ts-expect-error There is no such API.
new BedrockChat({ model: "m", api: "rest" });
