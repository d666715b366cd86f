// The Worker's main module: passes requests to the Rust code in worker_bg.wasm.
import { KeyLimits, fetch, initSync } from "./worker.js";
import module from "./worker_bg.wasm";

initSync({ module });

export { KeyLimits };
export default { fetch };
