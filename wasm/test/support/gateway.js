// A gateway as a Worker, for the tests of `bedrock-chat/gateway`. `entry.js` of the project has no gateway, so that its
// other programs do not load the module.
import { createGateway } from "bedrock-chat/gateway";

let gateway;
let calls = [];

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/names":
        return new Response("ready");
      case "/_start":
        calls = [];
        gateway = createGateway({
          region: "us-east-1",
          endpointUrl: searchParams.get("bedrock"),
          credentials: async () => ({ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" }),
          models: {
            "nova": { id: "us.amazon.nova-lite-v1:0", price: { input: 1, output: 2 } },
            "claude-*": "us.anthropic.claude-*",
          },
          keys: { alice: "gw-0123456789", bob: { key: "gw-9876543210", requestsPerMinute: 1, models: ["nova"] } },
          corsOrigins: ["https://chat.example"],
          maxBodyBytes: 100_000,
          onCall: async (call) => {
            calls.push(call);
            if (searchParams.has("fails")) throw new Error("onCall of the test");
          },
        });
        return Response.json({});
      case "/_calls":
        return Response.json(calls);
      case "/_used":
        return Response.json(gateway.used(searchParams.get("key")));
      case "/_restore":
        gateway.restore(searchParams.get("key"), await request.json());
        return Response.json({});
      default:
        return gateway.fetch(request);
    }
  },
};
