// LangChain's public standard unit tests of chat models.
import { StructuredTool } from "@langchain/core/tools";
import { load } from "@langchain/core/load";
import { BedrockChat } from "bedrock-chat/langchain";
import { inspect } from "node:util";
import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { CLAUDE, KEYS } from "./support/bedrock.js";

const person = z.object({ name: z.string().describe("Name"), age: z.number().int().positive() }).describe("A person");

class PersonTool extends StructuredTool {
  name = "PersonTool";
  description = "A person";
  schema = person;
  async _call(input) {
    return JSON.stringify(input);
  }
}

/** The parameters that every chat model must accept. */
const STANDARD = { model: CLAUDE, region: "us-east-1", credentials: KEYS, temperature: 0, maxTokens: 100, timeout: 60, stopSequences: [], maxRetries: 2 };
const CLOUDFLARE = { accountId: "account1", gatewayId: "my-gateway", token: "cloudflare-secret" };

afterEach(() => vi.unstubAllEnvs());

test("constructor accepts the standard parameters, a key, and streaming", () => {
  expect(new BedrockChat(STANDARD)).toBeInstanceOf(BedrockChat);
  expect(new BedrockChat({ ...STANDARD, credentials: undefined, apiKey: "test" })).toBeInstanceOf(BedrockChat);
  expect(new BedrockChat({ ...STANDARD, streaming: true }).streaming).toBe(true);
});

test("constructor reads the environment", () => {
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", KEYS.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", KEYS.secretAccessKey);
  expect(new BedrockChat({ model: CLAUDE }).region).toBe("eu-central-1");
});

test("tools and schemas can be bound", () => {
  const model = new BedrockChat(STANDARD);
  expect(model.bindTools([new PersonTool()])).toBeDefined();
  expect(model.withStructuredOutput(person)).toBeDefined();
  expect(model.withStructuredOutput(person, { includeRaw: true })).toBeDefined();
});

test("LangSmith receives the standard parameters; a call's override the model's", () => {
  const model = new BedrockChat({ ...STANDARD, stop: ["END"] });
  expect(model.getLsParams({})).toEqual({
    ls_provider: "bedrock",
    ls_model_name: CLAUDE,
    ls_model_type: "chat",
    ls_temperature: 0,
    ls_max_tokens: 100,
    ls_stop: ["END"],
  });
  const { ls_temperature, ls_max_tokens, ls_stop } = model.getLsParams({ temperature: 0.5, maxTokens: 7, stop: ["."] });
  expect([ls_temperature, ls_max_tokens, ls_stop]).toEqual([0.5, 7, ["."]]);
  expect(Object.keys(new BedrockChat({ ...STANDARD, temperature: undefined }).getLsParams({}))).toContain("ls_temperature");
});

test("model names are the same as in LangChain's BedrockChat", () => {
  const model = new BedrockChat({ ...STANDARD, modelKwargs: { top_k: 5 } });
  expect([model._llmType(), model._modelType(), BedrockChat.lc_name(), model.getName()]).toEqual(["bedrock", "base_chat_model", "BedrockChat", "BedrockChat"]);
  expect(model.lc_id).toEqual(["langchain", "chat_models", "bedrock", "BedrockChat"]);
  expect(model.modelProvider).toBe("anthropic");
  expect(new BedrockChat({ ...STANDARD, model: "eu.amazon.nova-lite-v1:0" }).modelProvider).toBe("amazon");
  expect(model._identifyingParams()).toMatchObject({ model: CLAUDE, temperature: 0, maxTokens: 100, modelKwargs: { top_k: 5 } });
});

test("models with different options do not share LangChain's cache", () => {
  const key = (fields) => new BedrockChat({ ...STANDARD, ...fields })._getSerializedCacheKeyParametersForCall({});
  expect(key({})).toBe(key({}));
  for (const other of [{ temperature: 1 }, { modelKwargs: { top_k: 5 } }, { model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" }, { stop: ["x"] }, { api: "converse" }, { region: "eu-west-1" }, { endpointUrl: "https://bedrock.example" }, { cloudflareGateway: CLOUDFLARE }, { applicationInferenceProfile: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc" }, { fallbacks: [{ model: "amazon.nova-lite-v1:0" }] }]) {
    expect(key(other)).not.toBe(key({}));
    expect(key(other)).not.toContain(CLOUDFLARE.token);
  }
});

test("a serialized model has names instead of secrets", async () => {
  const model = new BedrockChat({ ...STANDARD, credentials: { ...KEYS, sessionToken: "session" }, headers: { "x-gateway-key": "gateway-secret" }, cloudflareGateway: CLOUDFLARE, fetchFn: fetch, fallbacks: [{ apiKey: "fallback-secret" }] });
  const written = JSON.stringify(model);
  for (const secret of [KEYS.accessKeyId, KEYS.secretAccessKey, '"session"', "gateway-secret", "fallback-secret", CLOUDFLARE.token]) expect(written).not.toContain(secret);
  const { kwargs, lc, type } = JSON.parse(written);
  expect([lc, type, kwargs.model_id, kwargs.region_name]).toEqual([1, "constructor", CLAUDE, "us-east-1"]);
  expect(kwargs.credentials).toEqual({
    accessKeyId: { lc: 1, type: "secret", id: ["AWS_ACCESS_KEY_ID"] },
    secretAccessKey: { lc: 1, type: "secret", id: ["AWS_SECRET_ACCESS_KEY"] },
    sessionToken: { lc: 1, type: "secret", id: ["AWS_SESSION_TOKEN"] },
  });
  expect(kwargs.cloudflare_gateway).toEqual({ ...CLOUDFLARE, token: { lc: 1, type: "secret", id: ["CF_AIG_TOKEN"] } });
  const keyed = JSON.stringify(new BedrockChat({ ...STANDARD, credentials: undefined, apiKey: "the-api-key" }));
  expect(keyed).not.toContain("the-api-key");
  expect(keyed).toContain("AWS_BEARER_TOKEN_BEDROCK");
});

test("a serialized anonymous model is loaded as one", async () => {
  vi.stubEnv("AWS_BEARER_TOKEN_BEDROCK", "");
  const fields = { model: CLAUDE, credentials: "anonymous", gatewayUrl: "https://gateway.example", headers: { authorization: "Basic dXNlcjpwYXNz" } };
  const written = JSON.stringify(new BedrockChat(fields));
  expect(JSON.parse(written).kwargs.credentials).toBe("anonymous");
  expect(written).not.toContain("dXNlcjpwYXNz");
  const again = await load(written, {
    optionalImportsMap: { "langchain/chat_models/bedrock": { BedrockChat } },
    importMap: { chat_models__bedrock: { BedrockChat } },
  });
  expect(JSON.stringify(again)).toBe(written);
  // They are not keys, for which earlier programs use the property.
  expect(again.credentials).toBe(undefined);
  expect(() => new BedrockChat({ ...fields, apiKey: "k" })).toThrow(/`apiKey` and anonymous `credentials` are both set/);
});

test("a loaded model equals the serialized model", async () => {
  const model = new BedrockChat({ ...STANDARD, modelKwargs: { top_k: 5 }, guardrailIdentifier: "gr", guardrailVersion: "1" });
  const again = await load(JSON.stringify(model), {
    secretsMap: { AWS_ACCESS_KEY_ID: KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey },
    optionalImportsMap: { "langchain/chat_models/bedrock": { BedrockChat } },
    importMap: { chat_models__bedrock: { BedrockChat } },
  });
  expect(again).toBeInstanceOf(BedrockChat);
  expect(again._identifyingParams()).toEqual(model._identifyingParams());
  expect(again.credentials).toEqual(KEYS);
});

test("a printed model has no secrets", () => {
  const model = new BedrockChat({ ...STANDARD, headers: { "x-gateway-key": "gateway-secret" }, cloudflareGateway: CLOUDFLARE, fallbacks: [{ apiKey: "fallback-secret" }] });
  for (const shown of [inspect(model, { depth: 9 }), inspect(model.bindTools([new PersonTool()]), { depth: 9 })]) {
    expect(shown).not.toContain(KEYS.secretAccessKey);
    expect(shown).not.toContain("gateway-secret");
    expect(shown).not.toContain(CLOUDFLARE.token);
    expect(shown).not.toContain("fallback-secret");
  }
});

test("a field that is missing or misspelled is named", () => {
  vi.stubEnv("AWS_REGION", "");
  vi.stubEnv("AWS_DEFAULT_REGION", "");
  expect(() => new BedrockChat({ region: "us-east-1", credentials: KEYS })).toThrow(/`model` is missing/);
  expect(() => new BedrockChat({ model: CLAUDE, credentials: KEYS })).toThrow(/region is missing/);
  expect(() => new BedrockChat({ ...STANDARD, temprature: 1 })).toThrow(/did you mean `temperature`/);
  expect(() => new BedrockChat({ ...STANDARD, temperature: "hot" })).toThrow(/`temperature` must be/);
  expect(() => new BedrockChat({ ...STANDARD, profile: "me" })).toThrow(/fromNodeProviderChain/);
});
