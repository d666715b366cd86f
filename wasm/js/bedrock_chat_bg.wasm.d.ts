import type { WasmModule } from "./manual.js";

/** The compiled module in Workers; elsewhere what the bundler makes of the file, often its URL. */
declare const module: WasmModule;
export default module;
