import { capabilities as known } from "./bedrock_chat.js";
import { kindOf, problem } from "./error.js";
import type { BedrockChatFields, Capabilities } from "./fields.js";
import { CONSTRUCTOR } from "./table.js";
import { fromCore } from "./thrown.js";

/** Returns the known capabilities of a model over this API. Default: the API that the package chooses for the model. */
export function capabilities(model: string, api?: BedrockChatFields["api"]): Capabilities {
  if (typeof model !== "string") throw problem("config", "capabilities takes the id of a model");
  const apis: readonly unknown[] = CONSTRUCTOR.api;
  if (api !== undefined && !apis.includes(api)) {
    const names = apis.map((name) => JSON.stringify(name)).join(", ");
    throw problem("config", `the API of capabilities must be one of ${names}; it is ${typeof api === "string" ? JSON.stringify((api as string).slice(0, 40)) : kindOf(api)}`);
  }
  try {
    return JSON.parse(known(model, api));
  } catch (thrown) {
    throw fromCore(thrown);
  }
}
