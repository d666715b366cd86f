import { BedrockChat } from "bedrock-chat/langchain";
import { FIELDS, textOf } from "./fields.js";

export default function create({ fetch }) {
  const chat = new BedrockChat({ ...FIELDS, fetchFn: fetch });
  return (prompt) => textOf(chat.stream(prompt));
}
