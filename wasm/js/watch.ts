import { type BedrockChatError, problem } from "./error.js";
import { fromCore } from "./thrown.js";

/** The longest that a timer can wait, 24 days. A longer delay would fire at once. */
const LONGEST = 0x7fffffff;

/** A call inside the module: a promise of its result, which can be cancelled. */
export interface Task<T> {
  readonly promise: Promise<T>;
  /** How often the call was sent. */
  readonly sent: number;
  cancel(): void;
  free(): void;
}

/** The objects that are kept alive during a call. Errors name its model and region. */
export interface Kept {
  readonly place: { readonly model: string; readonly region?: string | undefined };
}

interface Limits {
  signal?: AbortSignal | null | undefined;
  timeout?: number | null | undefined;
}

/** Ends a call early: by the caller's signal, or by a limit on the whole call. */
export class Watch {
  declare kept: Kept;
  /** The error that ended the call early. */
  declare error?: BedrockChatError;
  #signal: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  #task: Task<unknown> | undefined;
  #sent = 0;
  /** Called when the call must end. */
  cancel: () => void = () => {};

  /** Keeps `kept` alive as long as the watch itself. It has the model and the region for errors. */
  constructor({ signal, timeout }: Limits, kept: Kept) {
    this.kept = kept;
    if (signal?.aborted) throw this.#told(cancelled(signal.reason));
    if (signal) {
      this.#signal = signal;
      signal.addEventListener("abort", this.#onAbort);
    }
    if (timeout) this.#timer = setTimeout(() => this.#end(late(timeout)), Math.min(timeout, LONGEST));
  }

  #onAbort = () => this.#end(cancelled(this.#signal?.reason));

  #end(error: BedrockChatError): void {
    if (this.#ended) return;
    this.error = error;
    // A running task must end first, as its attempts are known only then.
    if (!this.#task) this.#told(error);
    this.cancel();
  }

  /** Adds the data of the call to an error, as the module does for its own errors. */
  #told(error: BedrockChatError): BedrockChatError {
    if (error.attempts !== undefined) return error;
    const { model, region } = this.kept.place;
    Object.assign(error, { model, ...(region && { region }), attempts: this.#sent });
    const notes = [`model ${model}`, region && `region ${region}`, this.#sent > 1 && `attempts ${this.#sent}`];
    error.message += ` [${notes.filter(Boolean).join(", ")}]`;
    return error;
  }

  /** Ends the call because its result is not needed. */
  leave(): void {
    this.#end(problem("cancelled", "the call was cancelled: its stream was ended before it began"));
  }

  close(): void {
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    clearTimeout(this.#timer);
  }

  /** Waits for a task of the module. */
  async run<T>(task: Task<T>): Promise<T> {
    this.#task = task;
    if (this.error) {
      task.cancel();
    } else {
      this.cancel = () => task.cancel();
    }
    try {
      const result = await task.promise;
      this.#sent += task.sent;
      if (this.error) this.#told(this.error);
      return result;
    } catch (thrown) {
      this.#sent += task.sent;
      throw this.error ? this.#told(this.error) : fromCore(thrown);
    } finally {
      this.#task = undefined;
      this.cancel = () => {};
      task.free();
    }
  }
}

function cancelled(reason: unknown): BedrockChatError {
  const error = reason as Partial<Error> | null | undefined;
  if (error?.name === "TimeoutError") return problem("timeout", `the call timed out: ${error.message}`, { transient: true, cause: reason });
  return problem("cancelled", "the call was cancelled by its signal", { cause: reason });
}

function late(timeout: number): BedrockChatError {
  return problem("timeout", `the call took longer than its timeout of ${timeout} ms`, { transient: true });
}
