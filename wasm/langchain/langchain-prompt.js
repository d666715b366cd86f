/** A conversation as the prompt of Claude 2 and older. The chat model itself never needs it. */
export function convertMessagesToPromptAnthropic(messages, humanPrompt = "\n\nHuman:", aiPrompt = "\n\nAssistant:") {
  const prompt = messages.map((message) => turn(message, humanPrompt, aiPrompt)).join("");
  return messages.at(-1)?.getType() === "ai" ? prompt : `${prompt}${aiPrompt} `;
}

function turn(message, humanPrompt, aiPrompt) {
  switch (message.getType()) {
    case "human":
    case "function":
      return `${humanPrompt} ${message.text}`;
    case "ai":
      return `${aiPrompt} ${message.text}`;
    case "system":
      return `${humanPrompt} <admin>${message.text}</admin>`;
    case "generic":
      return `\n\n${message.role[0].toUpperCase()}${message.role.slice(1)}: ${message.text}`;
    default:
      throw new Error(`Unknown role: ${message.getType()}`);
  }
}

/** The same for a provider by name; only Anthropic's had such a prompt. */
export function convertMessagesToPrompt(messages, provider) {
  if (provider === "anthropic") return convertMessagesToPromptAnthropic(messages);
  throw new Error(`Provider ${provider} does not support chat.`);
}
