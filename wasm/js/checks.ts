import { isSet, problem } from "./error.js";
import { BATCH, CALL, CONSTRUCTOR, SETTINGS } from "./table.js";

/** A check: a description of the expected value, and a function that tests a value. */
type Check = readonly [expected: string, fits: (value: unknown) => boolean];
type Checks = { readonly [name: string]: Check };

const text: Check = ["a string", (value) => typeof value === "string"];
const number: Check = ["a finite number", Number.isFinite];
const whole: Check = ["a whole number from 0 on", (value) => Number.isSafeInteger(value) && (value as number) >= 0];
const flag: Check = ["true or false", (value) => typeof value === "boolean"];
const list: Check = ["an array", Array.isArray];
const call: Check = ["a function", (value) => typeof value === "function"];
/** Whether a value is an object whose members can be sent. A `Map` and an array are not such objects. */
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !(Symbol.iterator in value);
const isText = (value: unknown): boolean => typeof value === "string";
const object: Check = ["a plain object", isObject];
const texts: Check = ["a string or an array of strings", (value) => typeof value === "string" || (Array.isArray(value) && value.every((item: unknown) => typeof item === "string"))];
const lines: Check = ["an array of strings", (value) => Array.isArray(value) && value.every((item: unknown) => typeof item === "string")];
const pairs: Check = ["a plain object whose values are strings", (value) => isObject(value) && Object.values(value).every(isText)];
/** Returns the names and values of an object or of `Headers`. */
const entriesOf = (value: unknown): readonly unknown[] | undefined =>
  isObject(value) ? Object.entries(value) : typeof value === "object" && !Array.isArray(value) ? [...(value as Iterable<unknown>)] : undefined;
const isPair = (entry: unknown): boolean => Array.isArray(entry) && entry.length === 2 && entry.every(isText);
const headers: Check = ["an object whose values are strings, or Headers", (value) => entriesOf(value)?.every(isPair) ?? false];
const members = (known: Checks): Check => [
  `an object with only ${Object.entries(known).map(([name, [what]]) => `\`${name}\` (${what})`).join(", ")}`,
  (value) => object[1](value) && Object.entries(value as object).every(([name, item]) => !isSet(item) || (Object.hasOwn(known, name) && known[name]![1](item))),
];
const oneOf = (...words: unknown[]): Check => [`one of ${words.map((word) => JSON.stringify(word)).join(", ")}`, (value) => words.includes(value)];
const noisy = (...words: string[]): Check => [`one of ${words.join(", ")}`, (value) => typeof value === "string" && words.includes(value.toUpperCase())];
const trace = noisy("ENABLED", "DISABLED", "ENABLED_FULL");

/** Credentials that can sign. */
const identity: Check = ["an object with `accessKeyId` and `secretAccessKey`, or an async function that returns one", (value) => typeof value === "object" || typeof value === "function"];

/** A limit: 0 would let no call pass. */
const limit: Check = ["a whole number from 1 on", (value) => whole[1](value) && (value as number) > 0];
/** Members of `circuitBreaker`. */
const BREAKER: Checks = { failures: limit, pause: ["milliseconds, a whole number from 1 on", limit[1]] };
const LIMITS: Checks = { requestsPerMinute: limit, tokensPerMinute: limit, outputWeight: limit };

type CheckName = "any" | "breaker" | "cache" | "call" | "cloudflare" | "credentials" | "fallbacks" | "flag" | "guardrail" | "headers" | "limiter" | "lines" | "list" | "number" | "object" | "pairs" | "signal" | "text" | "texts" | "trace" | "whole";
/** A group of the table of options: its checks, by the names of options. */
type Group = { readonly [name: string]: CheckName | readonly string[] };

/** The checks that the table of options names. */
const CHECKS: Record<CheckName, Check> = {
  text, number, whole, flag, list, call, object, texts, lines, pairs, headers, trace,
  any: ["", () => true],
  breaker: [`false or ${members(BREAKER)[0]}`, (value) => value === false || members(BREAKER)[1](value)],
  cache: ['true, false, "5m" or "1h"', (value) => typeof value === "boolean" || value === "5m" || value === "1h"],
  cloudflare: members({ accountId: text, gatewayId: text, token: text, baseUrl: text }),
  guardrail: members({ tagSuffix: text, streamProcessingMode: noisy("SYNCHRONOUS", "ASYNCHRONOUS", "SYNC", "ASYNC"), trace }),
  fallbacks: ["an array of objects with the fields that differ", (value) => Array.isArray(value) && value.every(isObject)],
  limiter: members(LIMITS),
  signal: ["an AbortSignal", (value) => typeof value === "object" && typeof (value as Partial<AbortSignal>).addEventListener === "function"],
  // The module checks the string.
  credentials: [`"anonymous", ${identity[0]}`, (value) => isText(value) || identity[1](value)],
};

/** The checks of the options of a group, by their names. */
const checksOf = (...groups: Group[]): Checks =>
  Object.fromEntries(Object.entries(Object.assign({}, ...groups) as Group).map(([name, check]) => [name, typeof check === "string" ? CHECKS[check] : oneOf(...check)]));

/** The fields of `mintApiKey`. */
const MINT: Checks = {
  credentials: identity,
  region: text,
  expiresIn: ["a number of seconds from 1 to 43200 (12 hours)", (value) => whole[1](value) && (value as number) > 0 && (value as number) <= 43_200],
  now: ["a number of milliseconds", Number.isFinite],
};

/** A token of an identity provider. */
const TOKEN: Check = ["a string or a function that returns one", (value) => isText(value) || typeof value === "function"];

/** The options of `bedrock-chat/credentials`. */
const SOURCE: Checks = { endpointUrl: text, fetch: call };
const ROLE: Checks = { ...SOURCE, roleArn: text, region: text, sessionName: text, durationSeconds: whole, policy: text };

/** The settings of a chat that all calls of a gateway have. */
const GATEWAY_CHAT = [
  "region", "credentials", "apiKey", "awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken", "endpointUrl", "gatewayUrl", "cloudflareGateway", "headers", "fetch",
  "fips", "dualStack", "signingName", "maxRetries", "paidResend", "firstByteTimeout", "idleTimeout", "guardrailIdentifier", "guardrailVersion",
  "guardrailConfig", "trace", "serviceTier", "latency", "project", "requestMetadata", "promptCaching", "fillMissingToolResults", "capabilities",
];

/** The settings of a gateway. */
const GATEWAY: Checks = {
  ...Object.fromEntries(Object.entries(checksOf(CONSTRUCTOR, SETTINGS)).filter(([name]) => GATEWAY_CHAT.includes(name))),
  models: object, keys: object, anyModel: flag, corsOrigins: lines, maxBodyBytes: whole, onCall: call,
  // Not `members`: a class may define the functions.
  counter: ["an object with the functions `admit` and `record`", (value) => ["admit", "record"].every((name) => typeof (value as Record<string, unknown> | null)?.[name] === "function")],
};

/** Fields of the constructor that its fallbacks do not have: they are about the whole chat. */
const OF_ALL: readonly string[] = ["fallbacks", "maxConcurrency", "timeout"];

/** The options of `toSSE`. */
const SSE: Checks = { format: oneOf("anthropic", "openai", "responses"), onError: call, keepAlive: whole, headers };

/** The options of `withStructuredOutput`. */
const STRUCTURED: Checks = { name: text, method: oneOf("functionCalling", "jsonSchema", "jsonMode"), includeRaw: flag, strict: flag };

/** The function or object whose fields are checked. */
type Where = "call" | "batch" | "chat" | "cognito" | "fallback" | "gateway" | "limiter" | "mint" | "role" | "sse" | "structured" | "webIdentity";

const KNOWN: { readonly [where in Where]: Checks } = {
  call: checksOf(SETTINGS, CALL),
  batch: checksOf(SETTINGS, CALL, BATCH),
  chat: checksOf(CONSTRUCTOR, SETTINGS),
  cognito: { ...SOURCE, identityPoolId: text, logins: object, roleArn: text, identityId: text },
  fallback: { ...Object.fromEntries(Object.entries(checksOf(CONSTRUCTOR, SETTINGS)).filter(([name]) => !OF_ALL.includes(name))), when: call },
  gateway: GATEWAY,
  limiter: LIMITS,
  mint: MINT,
  role: { ...ROLE, credentials: identity, externalId: text },
  sse: SSE,
  structured: STRUCTURED,
  webIdentity: { ...ROLE, token: TOKEN },
};

/** Examples of options of functions other than calls. */
const SAMPLES: { readonly [where in Where]?: string } = {
  cognito: "identityPoolId", fallback: 'region: "us-west-2"', limiter: "requestsPerMinute: 60", gateway: "region, models, keys", mint: "expiresIn: 300", role: "roleArn, region", webIdentity: "roleArn, token", sse: "onError", structured: "includeRaw: true",
};

/** Names that other libraries use for this package's options. */
const ELSEWHERE: { readonly [name: string]: string } = {
  modelid: "model",
  modelname: "model",
  regionname: "region",
  stopsequences: "stop",
  maxtokenstosample: "maxTokens",
  baseurl: "endpointUrl",
  endpoint: "endpointUrl",
  sessiontoken: "credentials",
  accesskeyid: "credentials",
  secretaccesskey: "credentials",
  bearertoken: "apiKey",
  bedrockapikey: "credentials",
  bedrockapisecret: "credentials",
  bedrockapisessiontoken: "credentials",
  bedrockbearertoken: "apiKey",
  client: "`region`, `credentials` and `fetch`",
  clientoptions: "`region`, `credentials` and `fetch`",
  defaultheaders: "headers",
  streamidletimeout: "idleTimeout",
  supportstoolchoicevalues: "capabilities",
  cachecontrol: "promptCaching",
  additionalmodelrequestfields: "modelKwargs",
  inferenceconfig: "maxTokens",
  performanceconfig: "latency",
  toolconfig: "tools",
  abortsignal: "signal",
  system: 'a message, ["system", "..."]',
};

/** Names of other libraries that look like a misspelled option. */
const NOT_MEANT: readonly string[] = ["callbacks"];

/** Fields that only Node's AWS credential chain could use. */
const FILES = /^(profile|filepath|configFilepath|ignoreCache|mfaCodeProvider|roleAssumer|roleArn|webIdentityTokenFile|roleAssumerWithWebIdentity)$/;

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Checks fields by name and type. Unknown fields are ignored, unless they look misspelled. */
export function checkFields(fields: unknown, where: Where): void {
  if (!isSet(fields)) return;
  const known = KNOWN[where];
  // An AbortSignal has no own members, so it would be ignored in silence.
  if (where !== "chat" && (typeof fields !== "object" || Array.isArray(fields) || typeof (fields as { addEventListener?: unknown }).addEventListener === "function")) {
    throw problem("config", `options are an object, such as { ${SAMPLES[where] ?? "signal, maxTokens: 100"} }`);
  }
  for (const [name, value] of Object.entries(fields)) {
    if (!isSet(value)) continue;
    if (!Object.hasOwn(known, name)) {
      refuse(name, known, where);
      continue;
    }
    const [expected, fits] = known[name]!;
    if (!fits(value)) throw problem("config", `\`${name}\` must be ${expected}; it is ${shown(name, value)}`, { field: name });
  }
}

function refuse(name: string, known: { readonly [name: string]: unknown }, where: Where): void {
  if (FILES.test(name)) {
    throw problem(
      "config",
      `\`${name}\` is not read here; pass \`credentials: fromNodeProviderChain({ ${name} })\` of @aws-sdk/credential-providers`,
      { field: name },
    );
  }
  if (where === "fallback" && OF_ALL.includes(name)) throw problem("config", `\`${name}\` is an option of all targets together, not of a fallback; move it to the constructor`, { field: name });
  if ((where === "chat" || where === "fallback") && Object.hasOwn(CALL, name)) throw problem("config", `\`${name}\` is an option of a call; pass it to the call`, { field: name });
  if (where === "gateway" && [CONSTRUCTOR, SETTINGS, CALL].some((group) => Object.hasOwn(group, name))) {
    throw problem("config", `\`${name}\` is not a setting of a gateway; remove it`, { field: name });
  }
  if (where === "call" || where === "batch") {
    if (Object.hasOwn(CONSTRUCTOR, name)) throw problem("config", `\`${name}\` is an option of the constructor, not of a call; pass it to the constructor`, { field: name });
    known = { ...known, ...CONSTRUCTOR };
  }
  const same = plain(name);
  const meant = Object.keys(known).find((other) => plain(other) === same) ?? ELSEWHERE[same] ?? (NOT_MEANT.includes(same) ? undefined : Object.keys(known).find((other) => slip(plain(other), same)));
  if (meant && (Object.hasOwn(known, meant) || meant.includes(" "))) throw problem("config", `unknown option: \`${name}\`; did you mean ${meant.includes(" ") ? meant : `\`${meant}\``}?`, { field: name });
  // Other libraries have no such objects, so there is no similar name to suggest.
  if (where === "fallback" || where === "limiter") throw problem("config", `unknown option: \`${name}\`; leave it out`, { field: name });
}

/** Returns whether two names differ by one letter, or by two letters that changed places. */
function slip(left: string, right: string): boolean {
  if (left.length < 5 || Math.abs(left.length - right.length) > 1) return false;
  let from = 0;
  while (from < left.length && left[from] === right[from]) from++;
  let end = 0;
  while (end < Math.min(left.length, right.length) - from && left[left.length - 1 - end] === right[right.length - 1 - end]) end++;
  const [a, b] = [left.slice(from, left.length - end), right.slice(from, right.length - end)];
  return a.length + b.length <= 2 || (a.length === 2 && a === b[1]! + b[0]!);
}

/** Returns a value as a message can show it: never the text of a secret. */
function shown(name: string, value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return /key|token|credential/i.test(name) ? "a string" : JSON.stringify(value.slice(0, 40));
  return Array.isArray(value) ? "an array" : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
}
