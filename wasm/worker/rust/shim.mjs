// The Worker's main module: hands requests to the Rust in worker_bg.wasm.
import { fetch, initSync } from "./worker.js";
import module from "./worker_bg.wasm";

initSync({ module });

export default { fetch };
