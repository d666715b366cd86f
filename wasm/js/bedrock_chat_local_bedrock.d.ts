// The part of the fourth module's JavaScript that the package uses. wasm/local-bedrock/src exports it.

/** Loads the module. */
export function initSync(options: { module: Uint8Array }): unknown;
/** Returns the lines of shell that point clients at a server. */
export function instructions(url: string, mantleUrl: string, region?: string): string;

/** The local Bedrock without a listener. `settings` is JSON. */
export class LocalBedrock {
  constructor(settings: string);
  /** Records and verifies a request. `headers` has names and values in turn. */
  receive(method: string, target: string, headers: string[], body: Uint8Array, atMantle: boolean): Exchange;
  /** Returns the requests with this number and later ones as JSON. */
  requestsSince(number: number): string;
  /** The number of the first request that was not cleared. */
  readonly firstRequest: number | undefined;
  /** Counts a connection until the result is freed. */
  connected(): { free(): void };
  setClockOffset(seconds: number): void;
}

/** A request that is not answered yet. Freeing it records that the client left. */
export class Exchange {
  private constructor();
  /** Milliseconds to wait before anything else. */
  readonly delay: number;
  readonly start: "answer" | "hang" | "cut";
  /** Records that the connection was broken. It frees the exchange, as `answer` does. */
  cut(): void;
  answer(): Delivery;
  free(): void;
}

/** A reply. Freeing it before its end records that the client left. */
export class Delivery {
  private constructor();
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly length: number | undefined;
  /** Milliseconds to wait before each piece. */
  readonly delay: number;
  /** Returns the next piece of the body. */
  piece(): Uint8Array | undefined;
  readonly end: "clean" | "cut" | "silence";
  /** Records that the end was carried out. */
  ended(): void;
  free(): void;
}
