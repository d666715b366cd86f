// The HTTP server of `bedrock-chat/local-bedrock`: it passes requests to the module and sends its answers.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type Http2ServerResponse } from "node:http2";
import { createServer as createListener, type Server, type Socket } from "node:net";
import type { Delivery, Exchange, LocalBedrock as Core } from "./bedrock_chat_local_bedrock.js";

type Response = ServerResponse | Http2ServerResponse;

/** Presigned bearer keys are long headers. */
const MAX_HEADER_BYTES = 256 * 1024;
/** The longest delay of Node's timers. */
const MAX_DELAY_MS = 2 ** 31 - 1;
/** HTTP/2 begins with it, and no method of HTTP/1.1 does. */
const PREFACE = "PRI";
/** The code of a stream that breaks: RFC 9113, section 7. */
const HTTP2_INTERNAL_ERROR = 2;
/** Time for Node to write what was passed to it, before a fault breaks the connection. */
const FLUSH_MS = 10;

/**
 * A port, for HTTP/1.1 and for HTTP/2 without TLS.
 *
 * @internal
 */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isUnref = false;

  constructor(core: Core, atMantle: boolean) {
    const answer = (request: IncomingMessage, response: Response) => void serve(core, atMantle, request, response).catch(() => broken(response));
    // Only clients end a connection: a limit of the server's own would be a fault that no test has asked for.
    const http1 = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 }, answer);
    const http2 = createHttp2Server({}, answer);
    this.#server = createListener((socket) => {
      socket.setNoDelay();
      if (this.#isUnref) socket.unref();
      this.#sockets.add(socket);
      const connection = core.connected();
      socket.on("close", () => {
        this.#sockets.delete(socket);
        connection.free();
      });
      // A client that resets its connection.
      socket.on("error", () => {});
      const begin = () => {
        const first = socket.read(PREFACE.length);
        if (!first) return void socket.once("readable", begin);
        socket.unshift(first);
        (new TextDecoder().decode(first) === PREFACE ? http2 : http1).emit("connection", socket);
      };
      begin();
    });
  }

  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => resolve((this.#server.address() as { port: number }).port));
    });
  }

  unref(): void {
    this.#isUnref = true;
    this.#server.unref();
    for (const socket of this.#sockets) socket.unref();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    // The events of closed connections record how their requests ended.
    await new Promise<void>((resolve) => setTimeout(resolve));
  }
}

/** Breaks the connection, or over HTTP/2 the stream. */
function broken(response: Response): void {
  if ("stream" in response) response.stream.close(HTTP2_INTERNAL_ERROR);
  else response.socket?.destroy();
}

/** Names and values in turn. The core expects the authority of HTTP/2 under both of its names. */
function headersOf({ rawHeaders }: IncomingMessage): string[] {
  const headers: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at]!, rawHeaders[at + 1]!];
    if (name === ":authority") headers.unshift("host", value, name, value);
    else if (!name.startsWith(":")) headers.push(name, value);
  }
  return headers;
}

async function serve(core: Core, atMantle: boolean, request: IncomingMessage, response: Response): Promise<void> {
  const pieces: Uint8Array[] = [];
  for await (const piece of request) pieces.push(piece);
  const exchange = core.receive(request.method ?? "GET", request.url ?? "/", headersOf(request), concat(pieces), atMantle);
  // Freeing it when the client leaves records that.
  let current: Exchange | Delivery | undefined = exchange;
  let onLeft = () => {};
  response.on("close", () => {
    current?.free();
    current = undefined;
    onLeft();
  });
  /** Waits until `start` calls back or the client leaves. Returns whether the client is still there. */
  const wait = async (start: (done: () => void) => void): Promise<boolean> => {
    await new Promise<void>((resolve) => {
      onLeft = resolve;
      start(resolve);
    });
    return current !== undefined;
  };
  const pause = async (millis: number): Promise<boolean> => {
    if (millis === 0) return current !== undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const isHere = await wait((done) => (timer = setTimeout(done, Math.min(millis, MAX_DELAY_MS))));
    clearTimeout(timer);
    return isHere;
  };

  if (!(await pause(exchange.delay)) || exchange.start === "hang") return;
  if (exchange.start === "cut") {
    current = undefined;
    exchange.cut();
    broken(response);
    return;
  }
  const delivery = exchange.answer();
  current = delivery;
  const { status, headers, delay, length, end } = delivery;
  response.writeHead(status, length === undefined ? headers : [...headers, "content-length", String(length)]);
  response.flushHeaders();
  for (;;) {
    if (!(await pause(delay))) return;
    const piece = delivery.piece();
    if (!piece) break;
    if (!(await wait((done) => response.write(piece, done)))) return;
  }
  if (end === "silence" || (end === "cut" && !(await pause(FLUSH_MS)))) return;
  delivery.ended();
  current = undefined;
  delivery.free();
  if (end === "clean") response.end();
  else broken(response);
}

function concat(pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
