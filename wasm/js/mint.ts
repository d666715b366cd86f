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
  /** The lifetime in seconds, up to 43200 (12 hours). Default: 900. */
  expiresIn?: number | undefined;
  /** The current time in milliseconds since 1970. Default: the clock's time. */
  now?: number | undefined;
}

/**
 * Makes a short-term Bedrock API key from AWS credentials, without a request to AWS. It is for a browser that calls
 * Bedrock for some minutes and must not have the credentials. The key has the permissions of the credentials, in one
 * region. A key from temporary credentials expires with them, if not before.
 */
export async function mintApiKey(options?: MintApiKeyOptions | null): Promise<string> {
  checkFields(options, "mint");
  const { credentials, region, expiresIn, now } = options ?? {};
  const where = chooseRegion(region);
  if (!where) throw problem("config", "`region` is missing; set the region in which the key is valid", { field: "region" });
  const given = JSON.stringify(await credentialsNow(credentials));
  try {
    return mint(given, where, expiresIn ?? 900, now ?? Date.now());
  } catch (thrown) {
    throw fromCore(thrown);
  }
}
