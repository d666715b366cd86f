import type { KeyLimits } from "./limits.js";

/** The bindings of the Worker: variables of wrangler.toml, and secrets. */
export interface Env {
  ACCESS_TOKEN?: string;
  AWS_ACCESS_KEY_ID?: string;
  AWS_SECRET_ACCESS_KEY?: string;
  AWS_SESSION_TOKEN?: string;
  AWS_CREDENTIAL_EXPIRATION?: string;
  AWS_BEARER_TOKEN_BEDROCK?: string;
  AWS_REGION?: string;
  BEDROCK_ENDPOINT?: string;
  MODEL?: string;
  ALLOWED_MODELS?: string;
  GATEWAY_SETTINGS?: string | object;
  GATEWAY_KEYS?: string | object;
  ANALYTICS?: AnalyticsEngineDataset;
  LIMITS?: DurableObjectNamespace<KeyLimits>;
}

/** Returns the bindings without white space at their ends, which pasting adds. A blank binding counts as unset. */
export function readEnv(env: Env): Env {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, typeof value === "string" ? value.trim() : value]),
  );
}

const MODEL = "us.anthropic.claude-sonnet-4-6";

/** Returns the model for requests without a model. */
export const defaultModel = (env: Env): string => env.MODEL || MODEL;

/** Returns whether clients may use this model: any model, unless ALLOWED_MODELS lists some. */
export function allows(env: Env, model: string): boolean {
  const list = (env.ALLOWED_MODELS ?? "").split(",").map((name) => name.trim()).filter(Boolean);
  return list.length === 0 || model === defaultModel(env) || list.includes(model);
}

/** Returns the AWS keys in the secrets. */
export function awsKeys(env: Env) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/**
 * Returns when the AWS keys expire, in milliseconds. Temporary keys do not contain their expiration, so a binding
 * must set it.
 */
export const awsKeysEnd = (env: Env): number => Date.parse(env.AWS_CREDENTIAL_EXPIRATION ?? "") || Infinity;

/** Returns the settings of calls to Bedrock. */
export function connection(env: Env) {
  const credentials = awsKeys(env);
  return {
    ...(env.AWS_REGION ? { region: env.AWS_REGION } : {}),
    ...(env.BEDROCK_ENDPOINT ? { endpointUrl: env.BEDROCK_ENDPOINT } : {}),
    ...(env.AWS_BEARER_TOKEN_BEDROCK ? { apiKey: env.AWS_BEARER_TOKEN_BEDROCK } : credentials ? { credentials } : {}),
  };
}
