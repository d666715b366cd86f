import { type Provide, chooseCredentials, places } from "./credentials.js";
import { problem } from "./error.js";
import type { BedrockChatFields, FetchLike } from "./fields.js";
import { onlyOne } from "./options.js";
import type { Members } from "./schema.js";
import { PASSED_FIELDS, SAME_FIELDS } from "./table.js";

/** The member of a `fetch` that passes its arguments to the global one. The module then switches off Node's limits. */
export const flagged = <F extends object>(fetch: F, given: object): F => ("callsGlobalFetch" in given ? Object.assign(fetch, { callsGlobalFetch: true }) : fetch);

/** The settings of a connection as the module reads them, and the functions that it calls. */
export interface Connection {
  config: Members;
  provider: Provide | undefined;
  fetch: FetchLike | undefined;
}

/** Returns the settings of the connection of a chat: model, endpoint and credentials. */
export function connection(fields: BedrockChatFields): Connection & { config: { model: string } } {
  const { model, applicationInferenceProfile: profile, family } = fields;
  if (!model) {
    throw problem("config", '`model` is missing; set the id of a model or inference profile, such as "us.anthropic.claude-sonnet-4-6"', { field: "model" });
  }
  const { config, ...functions } = place(fields);
  const circuitBreaker = fields.circuitBreaker ?? undefined;
  // `model` names the model behind the profile.
  return { config: { ...config, circuitBreaker, model: profile ? decoded(profile) : model, family: family ?? (profile ? model : undefined) }, ...functions };
}

/** Returns the settings of a connection without its model. */
export function place(fields: Omit<BedrockChatFields, "model">): Connection {
  onlyOne(fields, SAME_FIELDS);
  const { credentials, provider } = chooseCredentials(fields);
  const config: Members = {
    credentials,
    region: fields.region?.trim() || undefined,
    endpointUrl: fields.endpointUrl || fields.endpointHost || undefined,
    gatewayUrl: fields.gatewayUrl || undefined,
    environment: places(),
  };
  // `Headers` objects have entries instead of members.
  const { headers } = fields;
  if (headers) config.headers = typeof (headers as Headers)[Symbol.iterator] === "function" ? Object.fromEntries(headers as Headers) : headers;
  for (const name of PASSED_FIELDS) config[name] = fields[name] ?? undefined;
  const fetch = fields.fetch ?? fields.fetchFn;
  return { config, provider, fetch: fetch && flagged<FetchLike>((url, init) => fetch(url, init), fetch) };
}

function decoded(profile: string): string {
  if (!/%[0-9a-f]{2}/i.test(profile)) return profile;
  try {
    return decodeURIComponent(profile);
  } catch (error) {
    throw problem("config", `\`applicationInferenceProfile\` has invalid percent-encoding: ${profile}`, { cause: error, field: "applicationInferenceProfile" });
  }
}
