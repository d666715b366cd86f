import { isSet, problem } from "./error.js";
import type { BedrockChatFields, BedrockCredentials, BedrockCredentialsProvider } from "./fields.js";

/** Credentials as the module reads them. A string is the kind of credentials that have no keys. */
type CoreCredentials = string | { apiKey: string } | { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined };

/**
 * The key under which functions of `bedrock-chat/credentials` have their cache, so that all chats share it. It is the
 * same in every copy of the package.
 */
export const cache: unique symbol = Symbol.for("bedrock-chat.credentials") as never;

/** Returns credentials as JSON. The argument is the access key id that the service refused as expired; empty for an API key. */
export type Provide = (refused?: string) => Promise<string>;

/** Returns a variable of the environment, if it is set. Empty variables count as unset. */
export function environment(name: string): string | undefined {
  return globalThis.process?.env?.[name]?.trim() || undefined;
}

/** Variables that the module reads for the endpoint and the region of calls. */
const PLACES = [
  "BEDROCK_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL_BEDROCK_MANTLE",
  "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
];

/** Returns the variables of this list that are set. */
export const places = (): { [name: string]: string | undefined } => Object.fromEntries(PLACES.map((name) => [name, environment(name)]));

/** Returns the region: the caller's, or else the environment's. */
export function chooseRegion(region?: string | null): string | undefined {
  return region?.trim() || ["BEDROCK_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"].map(environment).find(Boolean);
}

/**
 * Returns the region that the module uses. The first of these is used: that of an ARN, the caller's, that of an AWS
 * host, the environment's.
 */
export function usedRegion(model: string, { region, endpointUrl, endpointHost }: Pick<BedrockChatFields, "region" | "endpointUrl" | "endpointHost">): string | undefined {
  const [, ofModel] = /^arn:[^:]*:[^:]*:([^:]+):/.exec(model) ?? [];
  const [, ofHost] = /bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws|api\.aws|vpce\.)/.exec(endpointUrl || endpointHost || "") ?? [];
  return ofModel || region?.trim() || ofHost || chooseRegion();
}

/** Throws if a value is not a text with content. */
export function present(name: string, value: unknown): asserts value is string {
  if (typeof value === "string" && value.trim()) return;
  const what = typeof value === "string" ? "empty" : isSet(value) ? "not a string" : value;
  throw problem("credentials", `\`${name}\` is ${what}; set the variable or secret that it is read from`, { field: name });
}

/** Returns credentials as the module reads them. */
function written(given: BedrockCredentials | null | undefined, name: string): CoreCredentials {
  const { apiKey, accessKeyId, secretAccessKey, sessionToken } = (given ?? {}) as { [name: string]: unknown };
  if (apiKey || (!isSet(accessKeyId) && Object.hasOwn(Object(given), "apiKey"))) {
    present(`${name}.apiKey`, apiKey);
    return { apiKey };
  }
  present(`${name}.accessKeyId`, accessKeyId);
  present(`${name}.secretAccessKey`, secretAccessKey);
  if (sessionToken && typeof sessionToken !== "string") throw problem("credentials", `\`${name}.sessionToken\` is not a string`, { field: `${name}.sessionToken` });
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken: sessionToken as string } : {}) };
}

type CredentialFields = Pick<BedrockChatFields, "credentials" | "apiKey" | "awsAccessKeyId" | "awsSecretAccessKey" | "awsSessionToken">;

/** Throws if one of these fields is set: anonymous credentials are the caller's statement that there are no keys. */
export function onlyAnonymous(others: { [name: string]: unknown }): void {
  const other = Object.keys(others).find((name) => isSet(others[name]));
  if (other) throw problem("config", `\`${other}\` and anonymous \`credentials\` are both set; leave out one of them`, { field: other });
}

/** Returns the credentials: the first of these sources that is set, never parts of two. */
export function chooseCredentials(fields: CredentialFields): { credentials?: CoreCredentials; provider?: Provide } {
  const { credentials, apiKey, awsAccessKeyId, awsSecretAccessKey, awsSessionToken } = fields;
  if (typeof credentials === "string") {
    onlyAnonymous({ apiKey, awsAccessKeyId, awsSecretAccessKey, awsSessionToken });
    return { credentials };
  }
  if (typeof credentials === "function") return { provider: (credentials as { [cache]?: Provide })[cache] ?? cached(credentials) };
  if (credentials) return { credentials: written(credentials, "credentials") };
  if (isSet(apiKey)) {
    present("apiKey", apiKey);
    return { credentials: { apiKey } };
  }
  // Incomplete credentials are a mistake. They do not mean that the environment's identity is wanted.
  if (isSet(awsAccessKeyId) || isSet(awsSecretAccessKey) || awsSessionToken) {
    present("awsAccessKeyId", awsAccessKeyId);
    present("awsSecretAccessKey", awsSecretAccessKey);
    return { credentials: { accessKeyId: awsAccessKeyId, secretAccessKey: awsSecretAccessKey, sessionToken: awsSessionToken } };
  }
  return { credentials: fromEnvironment() };
}

/** Variables from which AWS's tools get credentials, and which are not read here. */
const NOT_READ = [
  "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
];

function fromEnvironment(): CoreCredentials {
  const apiKey = environment("AWS_BEARER_TOKEN_BEDROCK");
  if (apiKey) return { apiKey };
  for (const prefix of ["BEDROCK_AWS", "AWS"]) {
    const get = (name: string) => environment(`${prefix}_${name}`);
    const [accessKeyId, secretAccessKey, sessionToken] = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"].map(get);
    if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, sessionToken };
    if (accessKeyId || secretAccessKey || sessionToken) {
      const set = accessKeyId ? "ACCESS_KEY_ID" : secretAccessKey ? "SECRET_ACCESS_KEY" : "SESSION_TOKEN";
      throw problem("credentials", `\`${prefix}_${set}\` is set but \`${prefix}_${accessKeyId ? "SECRET_ACCESS_KEY" : "ACCESS_KEY_ID"}\` is not`);
    }
  }
  const way = "pass `credentials: fromNodeProviderChain()` of @aws-sdk/credential-providers";
  const set = NOT_READ.filter(environment);
  if (set.length) {
    throw problem("credentials", `no credentials: \`${set.join("`, `")}\` ${set.length > 1 ? "are" : "is"} set, but only keys are read; ${way}`);
  }
  throw problem(
    "credentials",
    `no credentials; pass \`credentials\` or \`apiKey\`, or set \`AWS_BEARER_TOKEN_BEDROCK\` or \`AWS_ACCESS_KEY_ID\` and its secret; for profiles, SSO and roles ${way}`,
  );
}

/** The time before their expiration at which credentials are requested again. */
const EARLY = 5 * 60_000;
/** The time after a failed request for newer credentials before the next one, as in Rust. */
const PAUSE = 10_000;

/**
 * Caches the credentials of a function, as JSON, until shortly before their `expiration`. Only the value is cached:
 * a Worker must not wait for a promise of another request.
 */
export function cached(provide: () => BedrockCredentials | PromiseLike<BedrockCredentials>): Provide {
  let kept: string | undefined;
  let fresh = 0;
  let end = 0;
  return async (refused) => {
    // Another call may have newer ones already.
    if (kept !== undefined && refused !== undefined && refused === (JSON.parse(kept).accessKeyId ?? "")) kept = undefined;
    const now = Date.now();
    if (kept && now < fresh) return kept;
    try {
      const given = await provide();
      const text = JSON.stringify(written(given, "credentials()"));
      end = endOf(given.expiration);
      // For short-lived credentials, refresh at half their lifetime.
      fresh = end - Math.min(EARLY, Math.max(0, end - now) / 2);
      return (kept = text);
    } catch (error) {
      // If there are no newer credentials, the cached ones are used until they expire.
      if (!kept || now >= end) throw error;
      fresh = Math.min(end, now + PAUSE);
      return kept;
    }
  };
}

/** Returns the function with a cache that all of its chats share. A function that has such a cache is returned itself. */
export function withCache<Credentials extends BedrockCredentials>(provide: () => PromiseLike<Credentials>): () => PromiseLike<Credentials> {
  return cache in provide ? provide : Object.assign(() => provide(), { [cache]: cached(provide) });
}

/**
 * Returns when credentials expire, in milliseconds. Other libraries count seconds, which are always smaller numbers.
 */
function endOf(expiration: BedrockCredentials["expiration"]): number {
  return +new Date(typeof expiration === "number" && expiration < 1e11 ? expiration * 1000 : (expiration ?? 0));
}

/** Returns the caller's credentials, or else the environment's. */
export async function credentialsNow(given: BedrockCredentialsProvider | null | undefined): Promise<CoreCredentials> {
  const value = typeof given === "function" ? await given() : given;
  return value ? written(value, "credentials") : fromEnvironment();
}
