export * from "./index.js";

/** `WebAssembly.Module`, where the types of the platform have it. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: new (...given: never[]) => infer Module } } ? Module : object;

/** A source of the module: its URL or a response, its bytes, or the compiled module. */
export type ModuleSource = string | URL | Response | ArrayBuffer | ArrayBufferView | WasmModule;

/** The exports of the module besides the classes. */
export interface ModuleExports {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** Loads the module. Call it once, before anything else. */
export function init(options: { module_or_path: ModuleSource | Promise<ModuleSource> }): Promise<ModuleExports>;

/** The same with a module that is there already: its bytes, or compiled, as Workers import it. */
export function initSync(options: { module: ArrayBuffer | ArrayBufferView | WasmModule }): ModuleExports;
