// The Worker around each client. It calls the server at UPSTREAM, which responds with recordings.
import { text } from "../recording.js";

/**
 * Returns a Worker for a client. `/first` responds with the first piece of text as soon as it has arrived. `/stream`
 * reads the stream to its end and responds with the length of the text.
 */
export function worker(create, api, frames) {
  const words = text(frames - 5);
  let stream;
  return {
    async fetch(request, { UPSTREAM }) {
      const endpoint = `${UPSTREAM}/${api}`;
      stream ??= create({ endpoint, words, fetch: (_, init) => fetch(endpoint, withoutUnsupported(init)) });
      const first = new URL(request.url).pathname === "/first";
      let length = 0;
      for await (const piece of stream("Hello")) {
        if (first && piece) return new Response(piece);
        length += piece.length;
      }
      return new Response(String(length));
    },
  };
}

/** workerd throws for some values that browsers accept. */
const withoutUnsupported = ({ cache, ...init } = {}) => init;
