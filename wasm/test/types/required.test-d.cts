// The same package, loaded by `require`.
import bedrock = require("bedrock-chat");
import gateway = require("bedrock-chat/gateway");
import local = require("bedrock-chat/local-bedrock");
import sources = require("bedrock-chat/credentials");

export const chat: bedrock.BedrockChat = new bedrock.BedrockChat({ model: "m", region: "us-east-1" });
export const error: Error = new bedrock.BedrockChatError("x", { kind: "config" });
new bedrock.BedrockChat({ model: "m", credentials: sources.cognitoIdentity({ identityPoolId: "p" }) });
export const answer: (request: Request) => Promise<Response> = gateway.createGateway({ region: "us-east-1" }).fetch;
export const url: Promise<string> = local.LocalBedrock.start({ port: 8080 }).then(({ url }) => url);
