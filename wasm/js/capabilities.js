import { capabilities as known } from "./bedrock_chat.js";
import { problem } from "./error.js";
import { fromCore } from "./thrown.js";

/** Returns what is known of a model. What is unknown is not a member. */
export function capabilities(model) {
  if (typeof model !== "string") throw problem("config", "capabilities takes the id of a model");
  try {
    return JSON.parse(known(model));
  } catch (thrown) {
    throw fromCore(thrown);
  }
}
