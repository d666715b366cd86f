import type { WasmModule } from "./manual.js";

/** The compiled module in Workers. Elsewhere it is the bundler's value for the file, often its URL. */
declare const module: WasmModule & string;
export default module;
