// The suite as a Worker: every test runs in a separate request, as a user's code would.
import * as entry from "./entry.js";
import { KEYS, MODEL } from "./suite/bedrock.js";
import { outcomes } from "./suite/faults.js";
import { names, run } from "./suite/index.js";
import { round } from "./suite/soak.js";

/** Shared by all requests. */
let model;

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const bedrock = searchParams.get("bedrock");
    switch (pathname) {
      case "/names":
        return Response.json(names);
      case "/run":
        try {
          await run(searchParams.get("name"), entry, bedrock);
          return Response.json({ ok: true });
        } catch (error) {
          return Response.json({ error: String(error?.stack ?? error) });
        }
      case "/faults": {
        const { list, api, url, closed } = await request.json();
        return Response.json(await outcomes(entry, list, api, { url, closed }));
      }
      case "/soak":
        return Response.json(await round(entry, await request.json()));
      case "/chat":
        model ??= new entry.BedrockChat({ model: MODEL, region: "us-east-1", endpointUrl: bedrock, credentials: async () => KEYS });
        return entry.sseResponse(model.stream(searchParams.get("text")));
      default:
        return new Response("no such path", { status: 404 });
    }
  },
};
