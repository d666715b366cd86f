// The same package, loaded by `require`.
import bedrock = require("bedrock-chat");
import sources = require("bedrock-chat/credentials");

export const chat: bedrock.BedrockChat = new bedrock.BedrockChat({ model: "m", region: "us-east-1" });
export const error: Error = new bedrock.BedrockChatError("x", { kind: "config" });
new bedrock.BedrockChat({ model: "m", credentials: sources.cognitoIdentity({ identityPoolId: "p" }) });
