import { capabilities as known } from "./bedrock_chat.js";
import { kindOf, problem } from "./error.js";
import { fromCore } from "./thrown.js";

/** Returns what is known of a model, also over an API that is not the one chosen for it. What is unknown is not a member. */
export function capabilities(model, api) {
  if (typeof model !== "string") throw problem("config", "capabilities takes the id of a model");
  if (api !== undefined && api !== "invoke" && api !== "converse") {
    throw problem("config", `the API of capabilities must be "invoke" or "converse"; it is ${typeof api === "string" ? JSON.stringify(api.slice(0, 40)) : kindOf(api)}`);
  }
  try {
    return JSON.parse(known(model, api));
  } catch (thrown) {
    throw fromCore(thrown);
  }
}
