export * from "./index.js";

/** Instantiates the WebAssembly module from a URL, a response, bytes or a compiled module. */
export declare function init(input?: unknown): Promise<unknown>;
/** The same from bytes or a compiled module, at once. */
export declare function initSync(input: unknown): unknown;
