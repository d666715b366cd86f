// @aws-sdk/client-bedrock-runtime against the local Bedrock: correct answers, whole streams, and 403 for a tampered
// request.
//
// Usage: node check.mjs ENDPOINT ACCESS_KEY_ID SECRET_ACCESS_KEY
import assert from "node:assert/strict";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";

const [endpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
delete process.env.AWS_BEARER_TOKEN_BEDROCK;
const settings = (secret = secretAccessKey) => ({
  region: "us-east-1",
  endpoint,
  maxAttempts: 1,
  credentials: { accessKeyId, secretAccessKey: secret },
});
const bedrock = new BedrockRuntimeClient(settings());

const modelIds = [
  "anthropic.claude-3-5-sonnet-20240620-v1:0",
  "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
];
const french = "J'adore la programmation.";
const translate = "You are a helpful assistant that translates English to French. Translate the user sentence.";
const system = [{ text: translate }];
const user = (text) => [{ role: "user", content: [{ text }] }];

for (const modelId of modelIds) {
  const reply = await bedrock.send(new ConverseCommand({ modelId, system, messages: user("I love programming.") }));
  assert.deepEqual(reply.output.message.content, [{ text: french }]);
  assert.equal(reply.stopReason, "end_turn");

  const { stream } = await bedrock.send(
    new ConverseStreamCommand({ modelId, system, messages: user("I love programming.") }),
  );
  let text = "";
  let last;
  for await (const event of stream) {
    text += event.contentBlockDelta?.delta?.text ?? "";
    last = event;
  }
  assert.equal(text, french);
  assert.ok(last.metadata.usage.totalTokens > 0);

  const body = JSON.stringify({
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 100,
    system: translate,
    messages: [{ role: "user", content: "I love programming." }],
  });
  const invoked = await bedrock.send(new InvokeModelCommand({ modelId, body, contentType: "application/json" }));
  assert.equal(JSON.parse(new TextDecoder().decode(invoked.body)).content[0].text, french);

  const streamed = await bedrock.send(
    new InvokeModelWithResponseStreamCommand({ modelId, body, contentType: "application/json" }),
  );
  text = "";
  for await (const event of streamed.body) {
    const chunk = JSON.parse(new TextDecoder().decode(event.chunk.bytes));
    text += chunk.delta?.text ?? "";
  }
  assert.equal(text, french);
}

// Tools and thinking, replayed by the SDK unchanged.
const [modelId] = modelIds;
const toolConfig = {
  tools: [{ toolSpec: { name: "get_weather", inputSchema: { json: { type: "object", properties: { city: { type: "string" } } } } } }],
};
const question = user("What is the weather in Zürich? Use redacted thinking.");
const thinking = {
  inferenceConfig: { maxTokens: 2000 },
  additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1024 } },
};
const first = await bedrock.send(new ConverseCommand({ modelId, messages: question, toolConfig, ...thinking }));
assert.equal(first.stopReason, "tool_use");
const message = first.output.message;
const call = message.content.find((block) => block.toolUse).toolUse;
assert.deepEqual(call.input, { city: "Zürich" });
const result = { role: "user", content: [{ toolResult: { toolUseId: call.toolUseId, content: [{ json: { sky: "blue" } }] } }] };
const second = await bedrock.send(
  new ConverseCommand({ modelId, messages: [...question, message, result], toolConfig, ...thinking }),
);
assert.match(second.output.message.content.at(-1).text, /blue/);

// Requests that must be refused.
const refused = async (client, status, name) => {
  await assert.rejects(client.send(new ConverseCommand({ modelId, messages: user("Hi") })), (error) => {
    assert.equal(error.$metadata.httpStatusCode, status);
    assert.equal(error.name, name);
    return true;
  });
};
await refused(new BedrockRuntimeClient(settings("wrong")), 403, "InvalidSignatureException");
const tampering = new BedrockRuntimeClient(settings());
tampering.middlewareStack.addRelativeTo(
  (next) => (args) => {
    args.request.body = args.request.body.replace("Hi", "Ho");
    return next(args);
  },
  { relation: "after", toMiddleware: "httpSigningMiddleware", name: "tamper" },
);
await refused(tampering, 403, "InvalidSignatureException");

console.log("@aws-sdk/client-bedrock-runtime is content");
process.exit(0);
