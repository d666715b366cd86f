import type { Capabilities } from "./fields.js";
export declare function capabilities(model: string, api?: "invoke" | "converse"): Capabilities;
