import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { initSync } from "./bedrock_chat.js";
import { packed } from "./packed.js";

initSync({ module: bytes() });

/** Returns the module's bytes from its file, or from the bundle if the bundle is a single file. */
function bytes(): Uint8Array {
  try {
    return readFileSync(new URL("./bedrock_chat_bg.wasm", import.meta.url));
  } catch {
    return gunzipSync(Buffer.from(packed(), "base64"));
  }
}

export * from "./index.js";
