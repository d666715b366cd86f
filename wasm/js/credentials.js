import { problem } from "./error.js";

/** A variable of the environment, where there is one. Empty ones count as absent. */
export function environment(name) {
  return globalThis.process?.env?.[name]?.trim() || undefined;
}

/** The region: what is given, else the environment's. */
export function chooseRegion(region) {
  return region?.trim() || ["BEDROCK_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"].map(environment).find(Boolean);
}

/** Credentials as the module reads them. */
function written(given, name) {
  if (given?.apiKey) return { apiKey: given.apiKey };
  const { accessKeyId, secretAccessKey, sessionToken } = given ?? {};
  for (const [key, value] of Object.entries({ accessKeyId, secretAccessKey })) {
    if (typeof value === "string" && value.trim()) continue;
    const what = value === "" ? "empty" : value === undefined ? "undefined" : "no string";
    throw problem("credentials", `${name}.${key} is ${what}: is the variable or secret that it comes from set?`);
  }
  if (sessionToken && typeof sessionToken !== "string") throw problem("credentials", `${name}.sessionToken is no string`);
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** What to authorise with: the first of these that is given, never parts of two. */
export function chooseCredentials(fields) {
  const { credentials, apiKey, awsAccessKeyId, awsSecretAccessKey, awsSessionToken } = fields;
  if (typeof credentials === "function") return { provider: cached(credentials) };
  if (credentials) return { credentials: written(credentials, "credentials") };
  if (apiKey !== undefined && apiKey !== null) {
    if (!apiKey.trim()) throw problem("credentials", "apiKey is empty: is the variable or secret that it comes from set?");
    return { credentials: { apiKey } };
  }
  if (awsAccessKeyId || awsSecretAccessKey) {
    if (!awsAccessKeyId) throw problem("credentials", "awsSecretAccessKey is given without awsAccessKeyId: give both");
    if (!awsSecretAccessKey) throw problem("credentials", "awsAccessKeyId is given without awsSecretAccessKey: give both");
    return { credentials: { accessKeyId: awsAccessKeyId, secretAccessKey: awsSecretAccessKey, sessionToken: awsSessionToken } };
  }
  return { credentials: fromEnvironment() };
}

function fromEnvironment() {
  const apiKey = environment("AWS_BEARER_TOKEN_BEDROCK");
  if (apiKey) return { apiKey };
  for (const prefix of ["BEDROCK_AWS", "AWS"]) {
    const get = (name) => environment(`${prefix}_${name}`);
    const [accessKeyId, secretAccessKey, sessionToken] = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"].map(get);
    if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, sessionToken };
    if (accessKeyId || secretAccessKey) {
      throw problem("credentials", `${prefix}_${accessKeyId ? "SECRET_ACCESS_KEY" : "ACCESS_KEY_ID"} is not set, its other half is`);
    }
  }
  throw problem(
    "credentials",
    "no credentials: pass credentials: { accessKeyId, secretAccessKey } (or an async function that gives them) or apiKey, or set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  );
}

/** How long before their end credentials are asked for anew. */
const EARLY = 5 * 60_000;

/**
 * What a function gives, as JSON, kept until shortly before its `expiration`. Only the value is kept:
 * a Worker must not wait for a promise of another request.
 */
function cached(provide) {
  let kept;
  let fresh = 0;
  let end = 0;
  return async (rejected) => {
    if (rejected) kept = undefined;
    const now = Date.now();
    if (kept && now < fresh) return kept;
    try {
      const given = await provide();
      const text = JSON.stringify(written(given, "what the credentials function gives"));
      end = given.expiration === undefined ? 0 : +new Date(given.expiration);
      // Of a short life, half.
      fresh = end - Math.min(EARLY, Math.max(0, end - now) / 2);
      return (kept = text);
    } catch (error) {
      // What is kept serves to its end while there is nothing newer.
      if (kept && now < end) return kept;
      throw error;
    }
  };
}

export async function credentialsNow(given) {
  const value = typeof given === "function" ? await given() : given;
  return value ? written(value, "credentials") : fromEnvironment();
}
