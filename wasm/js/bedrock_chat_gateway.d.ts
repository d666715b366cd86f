// The part of the third module's JavaScript that the package uses. wasm/gateway/src exports it.
import type { CoreFunction } from "./bedrock_chat.js";
import type { Task } from "./watch.js";

/** The body of a request. Its functions do not throw. */
export interface Incoming {
  /** Returns the next bytes, or nothing at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** Ends the body before its end. */
  cancel(): void;
}

/** A gateway. Its settings and results are JSON. */
export class Gateway {
  constructor(settings: string, config: string, fetch?: CoreFunction, credentials?: CoreFunction, onCall?: (call: string) => void,
    admit?: (key: string) => Promise<string>, record?: (key: string, tokens: number, cost: number) => void);
  handle(method: string, target: string, headers: string, body?: Incoming): Task<Answer>;
  used(key: string): string;
  restore(key: string, used: string): void;
  admit(key: string): string;
  record(key: string, tokens: number, cost: number): void;
}

/** The answer to a request. Freeing it ends its call. */
export class Answer {
  private constructor();
  readonly status: number;
  /** The headers, as a JSON list of names and values. */
  readonly headers: string;
  /** Returns the next bytes of the body, or nothing at the end. */
  next(): Task<Uint8Array | undefined>;
  free(): void;
}
