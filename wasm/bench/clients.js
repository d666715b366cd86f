// The clients, each with its network replaced by a recording.
import { Readable } from "node:stream";
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { AnthropicBedrock } from "@anthropic-ai/bedrock-sdk";
import { BedrockRuntimeClient, ConverseStreamCommand, InvokeModelWithResponseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { ChatBedrockConverse } from "@langchain/aws";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessageChunk } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { BedrockChat as LangChainBedrockChat } from "@langchain/community/chat_models/bedrock/web";
import { HttpResponse } from "@smithy/protocol-http";
import { BedrockChat } from "bedrock-chat";
import { BedrockChat as BedrockChatForLangChain } from "bedrock-chat/langchain";
import { HEADERS, reads, response, text } from "./recording.js";

const MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0";
const REGION = "us-east-1";
const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

/** The words of LangChain's chunks. */
async function* ofLangChain(stream) {
  for await (const { content } of await stream) if (content) yield content;
}

/** What LangChain.js itself costs: a chat model that has its chunks without asking anybody. */
class Nothing extends BaseChatModel {
  constructor(words) {
    super({});
    this.words = words;
  }

  _llmType() {
    return "nothing";
  }

  async *_streamResponseChunks() {
    for (const word of this.words) yield new ChatGenerationChunk({ text: word, message: new AIMessageChunk({ content: word }) });
  }
}

/**
 * Every client as `{ name, stream(prompt) }`, the latter giving pieces of text: those of the
 * recordings `invoke` and `converse`, which are bytes.
 */
export function clients({ invoke, converse, words }) {
  const fetchOf = (bytes) => async () => response(bytes);
  const sdk = (bytes) =>
    new BedrockRuntimeClient({
      region: REGION,
      credentials: KEYS,
      requestHandler: {
        metadata: { handlerProtocol: "http/1.1" },
        handle: async () => ({
          response: new HttpResponse({ statusCode: 200, headers: HEADERS, body: Readable.from(reads(bytes), { objectMode: false }) }),
        }),
        updateHttpClientConfig() {},
        httpHandlerConfigs: () => ({}),
      },
    });

  const fields = { model: MODEL, region: REGION, credentials: KEYS };
  const core = new BedrockChat({ ...fields, fetch: fetchOf(invoke) });
  const coreConverse = new BedrockChat({ ...fields, api: "converse", fetch: fetchOf(converse) });
  const ours = new BedrockChatForLangChain({ ...fields, fetchFn: fetchOf(invoke) });
  const theirs = new LangChainBedrockChat({ ...fields, fetchFn: fetchOf(invoke) });
  const converseClient = sdk(converse);
  const langChainConverse = new ChatBedrockConverse({ ...fields, client: converseClient });
  const anthropic = new AnthropicBedrock({ awsRegion: REGION, awsAccessKey: KEYS.accessKeyId, awsSecretKey: KEYS.secretAccessKey, fetch: fetchOf(invoke) });
  const vercel = createAmazonBedrock({ region: REGION, ...KEYS, fetch: fetchOf(converse) })(MODEL);
  const invokeClient = sdk(invoke);
  const nothing = new Nothing(text(words));
  const utf8 = new TextDecoder();

  return [
    {
      name: "bedrock-chat",
      ours: true,
      async *stream(prompt) {
        for await (const chunk of await core.stream(prompt)) if (chunk.content) yield chunk.content;
      },
    },
    {
      name: "bedrock-chat, Converse",
      ours: true,
      async *stream(prompt) {
        for await (const chunk of await coreConverse.stream(prompt)) if (chunk.content) yield chunk.content;
      },
    },
    { name: "bedrock-chat/langchain", ours: true, stream: (prompt) => ofLangChain(ours.stream(prompt)) },
    { name: "LangChain.js BedrockChat", stream: (prompt) => ofLangChain(theirs.stream(prompt)) },
    { name: "LangChain.js ChatBedrockConverse", stream: (prompt) => ofLangChain(langChainConverse.stream(prompt)) },
    {
      name: "@ai-sdk/amazon-bedrock",
      async *stream(prompt) {
        const { stream } = await vercel.doStream({ prompt: [{ role: "user", content: [{ type: "text", text: prompt }] }] });
        for await (const part of stream) if (part.type === "text-delta") yield part.delta;
      },
    },
    {
      name: "@anthropic-ai/bedrock-sdk",
      async *stream(prompt) {
        const stream = await anthropic.messages.create({ model: MODEL, max_tokens: 1024, messages: [{ role: "user", content: prompt }], stream: true });
        for await (const event of stream) if (event.type === "content_block_delta") yield event.delta.text;
      },
    },
    { name: "LangChain.js without any client", bare: true, stream: (prompt) => ofLangChain(nothing.stream(prompt)) },
    {
      name: "AWS SDK alone, InvokeModel",
      bare: true,
      async *stream(prompt) {
        const body = JSON.stringify({ anthropic_version: "bedrock-2023-05-31", max_tokens: 1024, messages: [{ role: "user", content: prompt }] });
        const reply = await invokeClient.send(new InvokeModelWithResponseStreamCommand({ modelId: MODEL, contentType: "application/json", body }));
        for await (const event of reply.body) {
          const value = JSON.parse(utf8.decode(event.chunk.bytes));
          if (value.type === "content_block_delta") yield value.delta.text;
        }
      },
    },
    {
      name: "AWS SDK alone, Converse",
      bare: true,
      async *stream(prompt) {
        const reply = await converseClient.send(new ConverseStreamCommand({ modelId: MODEL, messages: [{ role: "user", content: [{ text: prompt }] }] }));
        for await (const event of reply.stream) if (event.contentBlockDelta) yield event.contentBlockDelta.delta.text;
      },
    },
  ];
}
