import { type BedrockChat as Core } from "./index.js";
import { checkFields } from "./checks.js";
import { paced } from "./paced.js";

/** The key, in the options of a call, of the batch that the call belongs to. */
export const BATCH = Symbol("batch");

/** The models of a batch. Calls with another number of retries have another core. */
export class BatchCores {
  #max: number;
  #cores = new Map<Core, ReturnType<Core["ofBatch"]>>();

  /** Without a maximum, the number of calls at a time is not limited, as in LangChain. */
  constructor(max: number = Infinity) {
    if (max !== Infinity) checkFields({ maxConcurrency: max }, "batch");
    this.#max = max;
  }

  /** Returns the core that adapts the number of calls. */
  of(core: Core): Core {
    const known = this.#cores.get(core) ?? core.ofBatch(this.#max);
    this.#cores.set(core, known);
    return known.chat;
  }

  /** Runs the calls of the batch. After an error, calls that have begun continue. */
  async run(count: number, call: (at: number) => Promise<void>): Promise<void> {
    const begun: Promise<void>[] = [];
    const limit = () => Math.min(...[...this.#cores.values()].map(({ limit }) => limit()));
    try {
      await paced(count, limit, (at) => (begun[at] = call(at)));
    } finally {
      void Promise.allSettled(begun).then(() => this.#cores.forEach(({ free }) => free()));
    }
  }
}
