export { capabilities } from "./capabilities.js";
export { BedrockChat } from "./chat.js";
export { BedrockChatError } from "./error.js";
export { mintApiKey } from "./mint.js";
export { AIMessage, AIMessageChunk } from "./reply.js";
export { sseResponse, toSSE } from "./sse.js";
export { ChatStream } from "./stream.js";
