// Vercel's Edge Runtime compiles no bytes: its bundlers make a module of a file behind `?module`.
import module from "./bedrock_chat_bg.wasm?module";
import { initSync } from "./bedrock_chat.js";

initSync({ module });

export * from "./index.js";
