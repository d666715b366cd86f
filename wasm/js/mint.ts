import { mintApiKey as mint } from "./bedrock_chat.js";
import { chooseRegion, credentialsNow } from "./credentials.js";
import { problem } from "./error.js";
import { checkFields } from "./checks.js";
import type { BedrockCredentialsProvider } from "./fields.js";
import { fromCore } from "./thrown.js";

/** The options of `mintApiKey`. */
export interface MintApiKeyOptions {
  /** Default: the environment's. */
  credentials?: BedrockCredentialsProvider | undefined;
  /** Default: the environment's. */
  region?: string | undefined;
  /** In seconds, up to 43200 (12 hours). Default: 900. */
  expiresIn?: number | undefined;
  /** In milliseconds since 1970. Default: now. */
  now?: number | undefined;
}

/**
 * Makes a short-term Bedrock API key of AWS credentials, without asking AWS: for a browser that calls Bedrock for
 * some minutes and must not hold the credentials. The key may do what they may, in this region alone; one of temporary
 * credentials ends with them, if not before.
 */
export async function mintApiKey(options?: MintApiKeyOptions | null): Promise<string> {
  checkFields(options, "mint");
  const { credentials, region, expiresIn, now } = options ?? {};
  const where = chooseRegion(region);
  if (!where) throw problem("config", "region is missing: a key is good in one region, name it", { field: "region" });
  const given = JSON.stringify(await credentialsNow(credentials));
  try {
    return mint(given, where, expiresIn ?? 900, now ?? Date.now());
  } catch (thrown) {
    throw fromCore(thrown);
  }
}
