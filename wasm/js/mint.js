import { mintApiKey as mint } from "./bedrock_chat.js";
import { chooseRegion, credentialsNow } from "./credentials.js";
import { problem } from "./error.js";
import { checkFields } from "./fields.js";
import { fromCore } from "./thrown.js";

/** Makes a short-term Bedrock API key of AWS credentials. */
export async function mintApiKey(options) {
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
