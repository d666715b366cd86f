import type { WasmModule } from "./manual.js";

/** The compiled module in Workers; elsewhere what the bundler makes of the file, often its URL. It may be used as either. */
declare const module: WasmModule & string;
export default module;
