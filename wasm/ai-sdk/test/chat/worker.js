// A Worker that serves the page of page.jsx, and behind /api/chat an agent with a tool.
import { convertToModelMessages, isStepCount, streamText, tool } from "ai";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import { z } from "zod";

const get_weather = tool({
  description: "The weather",
  inputSchema: z.object({ location: z.string() }),
  execute: async ({ location }) => `It is sunny in ${location}.`,
});
const PAGE = '<!doctype html><meta charset="utf-8"><title>chat</title><div id="root"></div><script type="module" src="/page.js"></script>';

export default {
  async fetch(request, { settings, page }) {
    const { pathname } = new URL(request.url);
    if (pathname === "/page.js") return new Response(page, { headers: { "content-type": "text/javascript" } });
    if (pathname !== "/api/chat") return new Response(PAGE, { headers: { "content-type": "text/html" } });
    const { messages } = await request.json();
    const result = streamText({
      model: createAmazonBedrock(settings)("us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
      messages: await convertToModelMessages(messages),
      tools: { get_weather },
      stopWhen: isStepCount(3),
      maxRetries: 0,
      onError: () => {},
      providerOptions: { bedrock: { reasoningConfig: { type: "enabled", budgetTokens: 1024 } } },
    });
    return result.toUIMessageStreamResponse({ onError: (error) => error.message });
  },
};
