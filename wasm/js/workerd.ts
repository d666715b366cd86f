import module from "./bedrock_chat_bg.wasm";
import { initSync } from "./bedrock_chat.js";

initSync({ module });

export * from "./index.js";
