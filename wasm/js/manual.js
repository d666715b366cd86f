// The same as the package, without its module: call `init` or `initSync` first.
export { default as init, initSync } from "./bedrock_chat.js";
export * from "./index.js";
