import { checkFields } from "./checks.js";
import { BedrockChatError, problem } from "./error.js";
import type { BedrockChatFields, Fallback } from "./fields.js";
import { merged } from "./options.js";
import { SAME_FIELDS } from "./table.js";
import { fromCore } from "./thrown.js";

/** Fields that describe a model, and not how it is called. */
const OF_MODEL = ["family", "applicationInferenceProfile", "capabilities"];

/** Groups of fields that are taken over together, so that credentials and gateways of two targets are never mixed. */
const TOGETHER = [["credentials", "apiKey", "awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken"], ["gatewayUrl", "cloudflareGateway"], ...SAME_FIELDS] as const;

/** The condition of a target, as the module calls it with an error. */
export type When = (error: string) => boolean;

/** Creates the targets of a chat's `fallbacks`. Their errors name the entry. */
export function fallbacksOf<Target>(fields: BedrockChatFields, create: (fields: BedrockChatFields, when: When | undefined) => Target): Target[] {
  return (fields.fallbacks ?? []).map((fallback, at) => {
    try {
      checkFields(fallback, "fallback");
      const { when, ...own } = fallback;
      return create(fieldsOf(fields, own), when ? (error) => when(fromCore(error) as BedrockChatError) : undefined);
    } catch (thrown) {
      if (!(thrown instanceof BedrockChatError)) throw thrown;
      const place = `fallbacks[${at}]`;
      throw problem(thrown.kind, `${place}: ${thrown.message}`, { field: thrown.field ? `${place}.${thrown.field}` : place, cause: thrown });
    }
  });
}

/** Returns the fields of a target: those of the chat, with the ones that the entry replaces. */
function fieldsOf(fields: BedrockChatFields, own: Omit<Fallback, "when">): BedrockChatFields {
  const given = (name: string) => own[name as keyof typeof own] !== undefined;
  const replaced = ["fallbacks", "rateLimiter", ...(given("model") ? OF_MODEL : []), ...TOGETHER.filter((names) => names.some(given)).flat()];
  const taken = Object.fromEntries(Object.entries(fields).filter(([name]) => !replaced.includes(name)));
  return merged(taken, own as object) as object as BedrockChatFields;
}
