/** Returns the module, compressed with gzip, as base64. wasm/scripts/assemble.mjs writes it. */
export function packed(): string;
