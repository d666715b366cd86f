import { problem } from "./error.js";

const isGiven = (value) => value !== undefined && value !== null;

/** A variable of the environment, where there is one. Empty ones count as absent. */
export function environment(name) {
  return globalThis.process?.env?.[name]?.trim() || undefined;
}

/** Variables that the module reads: where calls go and what they are signed for. */
const PLACES = [
  "BEDROCK_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL",
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
];

/** Those of them that are set. */
export const places = () => Object.fromEntries(PLACES.map((name) => [name, environment(name)]));

/** The region: what is given, else the environment's. */
export function chooseRegion(region) {
  return region?.trim() || ["BEDROCK_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"].map(environment).find(Boolean);
}

/** The region that the module uses: that of an ARN, what is given, that of a host of AWS, else the environment's. */
export function usedRegion(model, { region, endpointUrl, endpointHost }) {
  const [, ofModel] = /^arn:[^:]*:[^:]*:([^:]+):/.exec(model) ?? [];
  const [, ofHost] = /bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws|api\.aws|vpce\.)/.exec(endpointUrl || endpointHost || "") ?? [];
  return ofModel || region?.trim() || ofHost || chooseRegion();
}

/** A text that must be there. */
function present(name, value) {
  if (typeof value === "string" && value.trim()) return;
  const what = typeof value === "string" ? "empty" : isGiven(value) ? "no string" : value;
  throw problem("credentials", `${name} is ${what}: is the variable or secret that it comes from set?`, { field: name });
}

/** Credentials as the module reads them. */
function written(given, name) {
  const { apiKey, accessKeyId, secretAccessKey, sessionToken } = given ?? {};
  if (apiKey || (!isGiven(accessKeyId) && Object.hasOwn(Object(given), "apiKey"))) {
    present(`${name}.apiKey`, apiKey);
    return { apiKey };
  }
  present(`${name}.accessKeyId`, accessKeyId);
  present(`${name}.secretAccessKey`, secretAccessKey);
  if (sessionToken && typeof sessionToken !== "string") throw problem("credentials", `${name}.sessionToken is not a string`, { field: `${name}.sessionToken` });
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** Returns the credentials: the first of these sources that is set, never parts of two. */
export function chooseCredentials(fields) {
  const { credentials, apiKey, awsAccessKeyId, awsSecretAccessKey, awsSessionToken } = fields;
  if (typeof credentials === "function") return { provider: cached(credentials) };
  if (credentials) return { credentials: written(credentials, "credentials") };
  if (isGiven(apiKey)) {
    present("apiKey", apiKey);
    return { credentials: { apiKey } };
  }
  // Half of what is needed is a mistake, and not a wish for the environment's identity.
  if (isGiven(awsAccessKeyId) || isGiven(awsSecretAccessKey) || awsSessionToken) {
    present("awsAccessKeyId", awsAccessKeyId);
    present("awsSecretAccessKey", awsSecretAccessKey);
    return { credentials: { accessKeyId: awsAccessKeyId, secretAccessKey: awsSecretAccessKey, sessionToken: awsSessionToken } };
  }
  return { credentials: fromEnvironment() };
}

/** Variables that lead AWS's tools to credentials and that are not read here. */
const NOT_READ = [
  "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
];

function fromEnvironment() {
  const apiKey = environment("AWS_BEARER_TOKEN_BEDROCK");
  if (apiKey) return { apiKey };
  for (const prefix of ["BEDROCK_AWS", "AWS"]) {
    const get = (name) => environment(`${prefix}_${name}`);
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
    `no credentials: pass \`credentials\` or \`apiKey\`, or set \`AWS_BEARER_TOKEN_BEDROCK\` or \`AWS_ACCESS_KEY_ID\` and its secret; for profiles, SSO and roles ${way}`,
  );
}

/** The time before their expiration at which credentials are requested again. */
const EARLY = 5 * 60_000;

/**
 * Caches the credentials of a function, as JSON, until shortly before their `expiration`. Only the value is cached:
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
      end = endOf(given.expiration);
      // For short-lived credentials, refresh at half their lifetime.
      fresh = end - Math.min(EARLY, Math.max(0, end - now) / 2);
      return (kept = text);
    } catch (error) {
      // Cached credentials are used until they expire while there are no newer ones.
      if (kept && now < end) return kept;
      throw error;
    }
  };
}

/** When credentials end, in milliseconds. No number of them is as small as the seconds that other libraries count. */
function endOf(expiration) {
  return +new Date(typeof expiration === "number" && expiration < 1e11 ? expiration * 1000 : (expiration ?? 0));
}

export async function credentialsNow(given) {
  const value = typeof given === "function" ? await given() : given;
  return value ? written(value, "credentials") : fromEnvironment();
}
