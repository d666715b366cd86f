// Vercel's Edge Runtime cannot compile bytes. Its bundlers compile a file that is imported with `?module`.
import module from "./bedrock_chat_bg.wasm?module";
import { initSync } from "./bedrock_chat.js";

initSync({ module });

export * from "./index.js";
