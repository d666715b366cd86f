// The chat agent of Cloudflare's README, with a model of bedrock-chat/ai-sdk and a tool.
import { AIChatAgent } from "@cloudflare/ai-chat";
import { routeAgentRequest } from "agents";
import { convertToModelMessages, isStepCount, streamText, tool } from "ai";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import { z } from "zod";

const get_weather = tool({ inputSchema: z.object({ location: z.string() }), execute: async ({ location }) => `It is sunny in ${location}.` });

export class ChatAgent extends AIChatAgent {
  async onChatMessage() {
    const result = streamText({
      model: createAmazonBedrock(this.env.settings)("us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
      messages: await convertToModelMessages(this.messages),
      tools: { get_weather },
      stopWhen: isStepCount(3),
      providerOptions: { bedrock: { reasoningConfig: { type: "enabled", budgetTokens: 1024 } } },
    });
    return result.toUIMessageStreamResponse();
  }
}

export default {
  fetch: async (request, env) => (await routeAgentRequest(request, env)) ?? new Response("not found", { status: 404 }),
};
