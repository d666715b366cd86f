// The parts of Node and of bundlers that the sources use. Node's own types would add its globals to all files.

declare module "node:buffer" {
  export const Buffer: { from(text: string, encoding: "base64"): Uint8Array };
}

declare module "node:fs" {
  export function readFileSync(path: URL): Uint8Array;
}

declare module "node:zlib" {
  export function gunzipSync(bytes: Uint8Array): Uint8Array;
}

declare module "*?module" {
  const module: WebAssembly.Module;
  export default module;
}

/** Node's `process`. Workers and bundlers may have a part of it. */
declare var process: { env?: { [name: string]: string | undefined } } | undefined;
