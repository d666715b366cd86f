// A service that answers each streaming request with one recorded stream, as fast as the client reads it.
//
// Usage: node service.mjs PORT FRAMES
import http from "node:http";
import { converseStream, invokeStream, reads } from "../../../wasm/bench/recording.js";

const [port, frames] = process.argv.slice(2).map(Number);
const pieces = (bytes) => [...reads(bytes)];
const streams = { "converse-stream": pieces(converseStream(frames)), "invoke-with-response-stream": pieces(invokeStream(frames)) };

http
  .createServer((request, response) => {
    request.resume();
    request.on("end", async () => {
      const operation = request.url.split("/").pop();
      if (!(operation in streams)) return response.writeHead(404).end();
      response.writeHead(200, {
        "content-type": "application/vnd.amazon.eventstream",
        "x-amzn-bedrock-content-type": "application/json",
        "x-amzn-requestid": "bench",
      });
      for (const piece of streams[operation]) {
        if (!response.write(piece)) await new Promise((resume) => response.once("drain", resume));
      }
      response.end();
    });
  })
  .listen(port, "127.0.0.1", () => console.log("ready"));
