// The part of the second module's JavaScript that the package uses. wasm/credentials/src exports it.
import type { CoreFunction } from "./bedrock_chat.js";

export function temporaryCredentials(request: string, fetch?: CoreFunction, credentials?: CoreFunction): Promise<string>;
