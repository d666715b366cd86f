export * from "./index.js";
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: new (...given: never[]) => infer Module } } ? Module : object;
export type ModuleSource = string | URL | Response | ArrayBuffer | ArrayBufferView | WasmModule;
export interface ModuleExports {
  readonly memory: { readonly buffer: ArrayBuffer };
}
export function init(options: { module_or_path: ModuleSource | Promise<ModuleSource> }): Promise<ModuleExports>;
export function initSync(options: { module: ArrayBuffer | ArrayBufferView | WasmModule }): ModuleExports;
