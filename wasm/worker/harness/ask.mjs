import http from "node:http";
import { once } from "node:events";
import { Readable } from "node:stream";

export const TOKEN = "token-for-tests";

/**
 * Posts JSON. Uses http.request, as fetch would request gzip and Miniflare buffers such answers. Text that is not
 * JSON, or a stream, is sent unchanged.
 */
export async function ask(url, body, { token = TOKEN, method = "POST", onRequest } = {}) {
  const request = http.request(url, { method, agent: false });
  if (token) request.setHeader("authorization", `Bearer ${token}`);
  onRequest?.(request);
  if (body instanceof Readable) body.pipe(request);
  else request.end(typeof body === "string" ? body : JSON.stringify(body));
  const [response] = await once(request, "response");
  // A connection may be closed after the answer, even if the request's body is still being sent.
  request.on("error", () => {});
  return new Answer(request, response);
}

class Answer {
  constructor(request, response) {
    this.request = request;
    this.response = response;
    this.status = response.statusCode;
    this.headers = response.headers;
  }

  /** The pieces of the body, as they arrive. */
  async *pieces() {
    for await (const piece of this.response.setEncoding("utf8")) yield piece;
  }

  async text() {
    let text = "";
    for await (const piece of this.pieces()) text += piece;
    return text;
  }

  async json() {
    return JSON.parse(await this.text());
  }

  /** The Server-Sent Events. */
  async events() {
    return parse(await this.text());
  }

}

/**
 * Resets the connection. A runtime that waits for Bedrock does not read from its client, and would notice a mere end
 * of the connection only when it writes.
 */
export function leave({ socket }) {
  socket.resetAndDestroy();
}

/** Reads the server-sent events of a whole text. */
export function parse(text) {
  return text.split("\n\n").filter(Boolean).map((event) => {
    const [name, data] = event.split("\n");
    const payload = JSON.parse(data.slice("data: ".length));
    if (name !== `event: ${payload.type}`) throw new Error(`the name of the event is not its type: ${event}`);
    return payload;
  });
}

/** Returns the text of all events, joined. */
export const textOf = (events) =>
  events.filter(({ delta }) => delta?.type === "text_delta").map(({ delta }) => delta.text).join("");
