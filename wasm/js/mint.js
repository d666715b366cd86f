import { mintApiKey as mint } from "./bedrock_chat.js";
import { credentialsNow, environment } from "./credentials.js";
import { fromCore, problem } from "./error.js";

/** Makes a short-term Bedrock API key of AWS credentials. */
export async function mintApiKey({ credentials, region, expiresIn = 900, now = Date.now() } = {}) {
  if (region !== undefined && region !== null && typeof region !== "string") throw problem("config", `region must be a string; it is ${typeof region}`);
  if (!Number.isFinite(now)) throw problem("config", `now must be a number of milliseconds; it is ${now}`);
  const where = region?.trim() || ["BEDROCK_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"].map(environment).find(Boolean);
  if (!where) throw problem("config", "region is missing: a key is good in one region, name it");
  if (!Number.isSafeInteger(expiresIn) || expiresIn < 1 || expiresIn > 43_200) {
    throw problem("config", `expiresIn must be a number of seconds from 1 to 43200 (12 hours); it is ${expiresIn}`);
  }
  const given = JSON.stringify(await credentialsNow(credentials));
  try {
    return mint(given, where, expiresIn, now);
  } catch (thrown) {
    throw fromCore(thrown);
  }
}
