import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import { ChatBedrockConverse } from "@langchain/aws";
import { FIELDS, textOf } from "./fields.js";

/** The AWS SDK has no option for `fetch`: Node passes a request handler, and a Worker an endpoint. */
export default function create({ requestHandler, endpoint }) {
  const { region, credentials } = FIELDS;
  const client = new BedrockRuntimeClient({ region, credentials, ...(endpoint ? { endpoint } : { requestHandler }) });
  const chat = new ChatBedrockConverse({ ...FIELDS, client });
  return (prompt) => textOf(chat.stream(prompt));
}
