// The parts of Node and of bundlers that the sources use. Node's own types would add its globals to all files.

declare module "node:buffer" {
  export const Buffer: { from(text: string, encoding: "base64"): Uint8Array };
}

declare module "node:fs" {
  export function readFileSync(path: URL): Uint8Array;
}

declare module "node:http" {
  import type { Socket } from "node:net";
  export interface IncomingMessage extends AsyncIterable<Uint8Array> {
    method?: string;
    url?: string;
    rawHeaders: string[];
  }
  export interface ServerResponse {
    readonly socket: Socket | null;
    writeHead(status: number, headers: string[]): this;
    flushHeaders(): void;
    write(piece: Uint8Array, written: () => void): boolean;
    end(): void;
    on(name: "close", listener: () => void): this;
  }
  /** A server that gets its connections from another one. */
  export interface ConnectionServer {
    emit(name: "connection", socket: Socket): boolean;
  }
  export function createServer(
    options: { maxHeaderSize: number; requestTimeout: number; headersTimeout: number; keepAliveTimeout: number },
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): ConnectionServer;
}

declare module "node:http2" {
  import type { ConnectionServer, IncomingMessage, ServerResponse } from "node:http";
  export interface Http2ServerResponse extends ServerResponse {
    readonly stream: { close(code: number): void };
  }
  export function createServer(options: object, answer: (request: IncomingMessage, response: Http2ServerResponse) => void): ConnectionServer;
}

declare module "node:net" {
  export interface Socket {
    setNoDelay(): this;
    destroy(): this;
    read(length: number): Uint8Array | null;
    unshift(bytes: Uint8Array): void;
    unref(): this;
    on(name: "close" | "error", listener: () => void): this;
    once(name: "readable", listener: () => void): this;
  }
  export interface Server {
    listen(port: number, host: string, listening: () => void): this;
    address(): { port: number } | string | null;
    once(name: "error", listener: (error: Error) => void): this;
    close(closed: () => void): this;
    unref(): this;
  }
  export function createServer(connected: (socket: Socket) => void): Server;
}

declare module "node:util" {
  export function parseArgs(config: {
    options: { [name: string]: { type: "string" | "boolean"; multiple?: boolean; short?: string } };
  }): { values: { [name: string]: string | boolean | string[] | undefined } };
}

declare module "node:zlib" {
  export function gunzipSync(bytes: Uint8Array): Uint8Array;
}

declare module "*?module" {
  const module: WebAssembly.Module;
  export default module;
}

/** Node's `process`. Workers and bundlers may have a part of it. */
declare var process: { env?: { [name: string]: string | undefined }; exitCode?: number } | undefined;
