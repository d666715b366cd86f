// The cost of LangChain.js itself: a chat model that yields its chunks without a request.
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessageChunk } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { textOf } from "./fields.js";

class Recorded extends BaseChatModel {
  constructor(words) {
    super({});
    this.words = words;
  }

  _llmType() {
    return "recorded";
  }

  async *_streamResponseChunks() {
    for (const word of this.words) yield new ChatGenerationChunk({ text: word, message: new AIMessageChunk({ content: word }) });
  }
}

export default function create({ words }) {
  const chat = new Recorded(words);
  return (prompt) => textOf(chat.stream(prompt));
}
