import type { BaseMessage, ChatMessage } from "@langchain/core/messages";

/** Writes a conversation as the prompt of Claude 2 and older; the chat model itself never needs it. */
export function convertMessagesToPromptAnthropic(messages: BaseMessage[], humanPrompt = "\n\nHuman:", aiPrompt = "\n\nAssistant:"): string {
  const prompt = messages.map((message) => turn(message, humanPrompt, aiPrompt)).join("");
  return messages.at(-1)?.getType() === "ai" ? prompt : `${prompt}${aiPrompt} `;
}

function turn(message: BaseMessage, humanPrompt: string, aiPrompt: string): string {
  switch (message.getType()) {
    case "human":
    case "function":
      return `${humanPrompt} ${message.text}`;
    case "ai":
      return `${aiPrompt} ${message.text}`;
    case "system":
      return `${humanPrompt} <admin>${message.text}</admin>`;
    case "generic": {
      const { role, text } = message as ChatMessage;
      return `\n\n${role.charAt(0).toUpperCase()}${role.slice(1)}: ${text}`;
    }
    default:
      throw new Error(`Unknown role: ${message.getType()}`);
  }
}

/** Calls the converter of a provider by its name; throws for all names except `"anthropic"`. */
export function convertMessagesToPrompt(messages: BaseMessage[], provider: string): string {
  if (provider === "anthropic") return convertMessagesToPromptAnthropic(messages);
  throw new Error(`Provider ${provider} does not support chat.`);
}
