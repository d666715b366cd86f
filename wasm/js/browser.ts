import init from "./bedrock_chat.js";

await init({ module_or_path: new URL("./bedrock_chat_bg.wasm", import.meta.url) });

export * from "./index.js";
