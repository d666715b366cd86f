// Answers the page's requests. The page itself is in `dist`, which Cloudflare serves.
import { BedrockChat, sseResponse } from "bedrock-chat";

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/chat") return Response.json({ message: "unknown path; send requests to /chat" }, { status: 404 });
    // Every answer costs money. Replace this with your own sessions.
    const isKnown = env.ACCESS_TOKEN && request.headers.get("authorization") === `Bearer ${env.ACCESS_TOKEN}`;
    if (!isKnown) return Response.json({ message: "the access token is missing or wrong" }, { status: 401 });
    const llm = new BedrockChat({
      model: env.MODEL,
      region: env.AWS_REGION,
      apiKey: env.BEDROCK_API_KEY,
      endpointUrl: env.BEDROCK_ENDPOINT || undefined,
    });
    const { messages } = await request.json();
    return sseResponse(llm.stream(messages, { signal: request.signal }), { onError: console.error });
  },
};
