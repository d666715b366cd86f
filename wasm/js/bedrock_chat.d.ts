// The parts of the module's glue that the package uses. wasm/src exports them.
import type { Task } from "./watch.js";

export default function init(options: { module_or_path: unknown }): Promise<{ readonly memory: { readonly buffer: ArrayBuffer } }>;
export function initSync(options?: { module: unknown }): { readonly memory: { readonly buffer: ArrayBuffer } };

export function capabilities(model: string, api?: string): string;
export function mintApiKey(credentials: string, region: string, expiresIn: number, now: number): string;
export function jsonIn(text: string, isMember: boolean): string;

/** A chat model. Its results are JSON. */
export class Chat {
  constructor(config: string, fetch?: unknown, provider?: unknown);
  call(operation: string, input: string, options: string): Task<any>;
  capabilities(): string;
  structured(spec: string, options: string): string;
}

/** A parser of JSON that arrives in pieces. */
export class PartialJson {
  constructor(isMember: boolean);
  push(text: string): string | undefined;
  free(): void;
}
