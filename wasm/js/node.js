import { readFileSync } from "node:fs";
import { initSync } from "./bedrock_chat.js";

initSync({ module: readFileSync(new URL("./bedrock_chat_bg.wasm", import.meta.url)) });

export * from "./index.js";
