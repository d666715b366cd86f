// The same as the package, without its module: call `init` or `initSync` first.
import load, { initSync as loadSync } from "./bedrock_chat.js";

export * from "./index.js";

/** `WebAssembly.Module`, if the types of the platform have it. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: new (...given: never[]) => infer Module } } ? Module : object;

/** A source of the module: its URL or a response, its bytes, or the compiled module. */
export type ModuleSource = string | URL | Response | ArrayBuffer | ArrayBufferView | WasmModule;

/** The exports of the module besides the classes. */
export interface ModuleExports {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** Loads the module. Call it once, before anything else. */
export const init: (options: { module_or_path: ModuleSource | Promise<ModuleSource> }) => Promise<ModuleExports> = load;

/** Loads the module from its bytes, or from a compiled module as Workers import it. */
export const initSync: (options: { module: ArrayBuffer | ArrayBufferView | WasmModule }) => ModuleExports = loadSync;
