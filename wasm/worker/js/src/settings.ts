import type { Gateway, GatewaySettings } from "bedrock-chat/gateway";
import { connection, defaultModel, type Env } from "./env.js";
import { Refusal } from "./refusal.js";

/** Creates a gateway. Its module is loaded here, so that `/chat` and `/key` do not wait for it. */
export async function newGateway(env: Env, more: Pick<GatewaySettings, "counter" | "onCall"> = {}): Promise<Gateway> {
  const { createGateway } = await import("bedrock-chat/gateway");
  try {
    return createGateway({ ...settings(env), ...connection(env), ...more });
  } catch (error) {
    // Clients receive no details of the settings.
    console.error(error);
    throw new Refusal(503, "config", "this Worker is not set up; its log says why");
  }
}

/**
 * Returns the settings in `GATEWAY_SETTINGS`, with the keys of the secret `GATEWAY_KEYS`. Without that secret,
 * `ACCESS_TOKEN` is a key with the name `default`.
 */
function settings(env: Env): GatewaySettings {
  const own = object<GatewaySettings>("GATEWAY_SETTINGS", env.GATEWAY_SETTINGS);
  return { ...own, keys: { ...own.keys, ...keys(env) } };
}

function keys(env: Env): NonNullable<GatewaySettings["keys"]> {
  if (env.GATEWAY_KEYS) return object("GATEWAY_KEYS", env.GATEWAY_KEYS);
  if (!env.ACCESS_TOKEN) return {};
  const models = env.ALLOWED_MODELS ? [...env.ALLOWED_MODELS.split(",").map((name) => name.trim()), defaultModel(env)] : undefined;
  return { default: { key: env.ACCESS_TOKEN, models } };
}

/** Reads the JSON of a binding. The error does not contain the text, which may be secret. */
function object<Value extends object>(name: string, given: string | object | undefined): Value {
  let value: unknown = given || {};
  try {
    if (typeof value === "string") value = JSON.parse(value);
  } catch {
    throw new Error(`${name} is not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${name} is not a JSON object`);
  return value as Value;
}
