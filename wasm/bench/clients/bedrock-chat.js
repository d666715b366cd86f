import { BedrockChat } from "bedrock-chat";
import { FIELDS, textOf } from "./fields.js";

export default function create({ fetch, api }) {
  const chat = new BedrockChat({ ...FIELDS, fetch, ...(api && { api }) });
  return (prompt) => textOf(chat.stream(prompt));
}
