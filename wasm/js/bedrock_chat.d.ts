// The parts of the module's JavaScript that the package uses. wasm/src exports them.
import type { ModuleExports, ModuleSource } from "./manual.js";
import type { Task } from "./watch.js";

export default function init(options: { module_or_path: ModuleSource | Promise<ModuleSource> }): Promise<ModuleExports>;
export function initSync(options?: { module: Exclude<ModuleSource, string | URL | Response> }): ModuleExports;

export function capabilities(model: string, api?: string): string;
export function mintApiKey(credentials: string, region: string, expiresIn: number, now: number): string;
export function jsonIn(text: string, takesArrays: boolean): string;
export function structuredValue(reply: string, name: string, isMember: boolean, isTool: boolean): string;

/** A chat model. Its results are JSON. */
export class Chat {
  /** The limiter is consumed. */
  constructor(config: string, fetch?: CoreFunction, provider?: CoreFunction, limiter?: RateLimiter);
  /** Adds a chat, with its circuit breaker, that answers if the ones before it fail, and if `when` returns true for the error as JSON. */
  fallBack(other: Chat, when?: (error: string) => boolean): void;
  /** Returns the same chat for the calls of one batch. */
  batch(max?: number): Chat;
  /** The number of calls of a batch that may run now; 0 for a chat that `batch` did not return. */
  readonly limit: number;
  free(): void;
  call(operation: "stream", input: string, options: string): Task<Stream>;
  call(operation: Operation, input: string, options: string): Task<string>;
  capabilities(options: string): string;
  structured(spec: string, options: string): string;
}

/** A limit of requests and tokens a minute. */
export class RateLimiter {
  constructor(requests?: number, tokens?: number, outputWeight?: number);
  /** Returns the same limiter, for one more chat. */
  share(): RateLimiter;
}

/**
 * An operation whose result is text: a reply, a number, or the service's JSON. The input is a conversation, or a raw prompt
 * for `complete`. For a `GET` to the control plane or to `bedrock-mantle` it is a path with its query.
 */
export type Operation = "invoke" | "complete" | "countTokens" | "getControlPlane" | "getMantle";

/** A function that the module calls: the caller's `fetch`, or the provider of credentials. */
export type CoreFunction = (...given: never[]) => unknown;

/** A reply that is still arriving. */
export class Stream {
  private constructor();
  /** Returns the next events as a JSON list. The empty list is the end. */
  next(): Task<string>;
  /** The message so far, as JSON. */
  soFar(): string | undefined;
  readonly requestId: string | undefined;
  free(): void;
}

/** A parser of JSON that arrives in pieces. */
export class PartialJson {
  constructor(takesArrays: boolean);
  push(text: string): string | undefined;
  free(): void;
}
