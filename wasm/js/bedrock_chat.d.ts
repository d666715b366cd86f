// The parts of the module's JavaScript that the package uses. wasm/src exports them.
import type { ModuleExports, ModuleSource } from "./manual.js";
import type { Task } from "./watch.js";

export default function init(options: { module_or_path: ModuleSource | Promise<ModuleSource> }): Promise<ModuleExports>;
export function initSync(options?: { module: Exclude<ModuleSource, string | URL | Response> }): ModuleExports;

export function capabilities(model: string, api?: string): string;
export function mintApiKey(credentials: string, region: string, expiresIn: number, now: number): string;
export function jsonIn(text: string, takesArrays: boolean): string;

/** A chat model. Its results are JSON. */
export class Chat {
  constructor(config: string, fetch?: CoreFunction, provider?: CoreFunction);
  call(operation: "stream", input: string, options: string): Task<Stream>;
  call(operation: "invoke" | "complete" | "countTokens" | "getControlPlane" | "getMantle", input: string, options: string): Task<string>;
  capabilities(options: string): string;
  structured(spec: string, options: string): string;
}

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
