// An HTTP server that responds with recordings: `/invoke` and paths below it with one, `/converse` and paths below it
// with the other.
import { createServer } from "node:http";
import { HEADERS } from "../recording.js";

/** Starts the server. `use(recordings)` sets the bytes for `invoke` and `converse`. */
export async function startUpstream() {
  let recordings;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const [, api] = request.url.split("/");
      response.writeHead(200, HEADERS).end(recordings[api]);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, use: (next) => (recordings = next), stop };
}
