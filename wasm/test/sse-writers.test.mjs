// The writers of `toSSE` beside those of the gateway, which are in Rust: both write the same events for the same reply.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { project } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";

const entry = (name) => import(pathToFileURL(join(project, "node_modules/bedrock-chat", name)));
const { createGateway } = await entry("gateway-node.js");
const { BedrockChat, sseResponse, toSSE } = await entry("node.js");
const { url, stop } = await startBedrock();
after(stop);

const place = { region: "us-east-1", endpointUrl: url, credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" } };
const gateway = createGateway({ ...place, keys: { page: "gw-0123456789" }, maxRetries: 0 });
const NOVA = "us.amazon.nova-lite-v1:0";
const parameters = { type: "object", properties: { location: { type: "string" } }, required: ["location"] };
const name = "get_weather";

/** The path of each format, and its body for a question. */
const FORMATS = {
  anthropic: ["/v1/messages", (content) => ({ max_tokens: 500, messages: [{ role: "user", content }], tools: [{ name, input_schema: parameters }] })],
  openai: ["/v1/chat/completions", (content) => ({ max_tokens: 500, messages: [{ role: "user", content }], tools: [{ type: "function", function: { name, parameters } }] })],
  responses: ["/v1/responses", (input) => ({ max_output_tokens: 500, input, tools: [{ type: "function", name, parameters }] })],
};

/** Members without information that only the gateway writes, for clients with strict types. */
const EMPTY = /^(refusal|logprobs)$/;

/** An event without the texts of ids, times, and what only one of the two writes. */
function common(value, key = "") {
  if (Array.isArray(value)) return value.map((one) => common(one));
  if (value === null || typeof value !== "object") return /^(id|item_id)$/.test(key) ? typeof value : value;
  // The gateway writes the tokens in a separate chunk, and only if the client asks for them.
  const isChunk = value.object === "chat.completion.chunk";
  const members = Object.entries(value).filter(([name]) => !EMPTY.test(name) && !(isChunk && /^(created|usage)$/.test(name)));
  // The gateway repeats the request in a Response; the events are compared by what the model wrote.
  if (value.object === "response") return { status: value.status, output: common(value.output) };
  return Object.fromEntries(members.map(([name, value]) => [name, common(value, name)]).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const events = (text) => text.split("\n\n").map((event) => /^data: (\{.*)$/m.exec(event)?.[1]).filter(Boolean).map((data) => JSON.parse(data));

describe("toSSE writes the gateway's events", () => {
  for (const [format, [path, body]] of Object.entries(FORMATS)) {
    for (const question of ["hello there", "what is the weather in Paris"]) {
      test(`in the format ${format}: ${question}`, async () => {
        const init = { method: "POST", headers: { authorization: "Bearer gw-0123456789" }, body: JSON.stringify({ model: NOVA, stream: true, ...body(question) }) };
        const expected = events(await (await gateway.fetch(new Request(`https://gateway.example${path}`, init))).text());
        const chat = new BedrockChat({ ...place, model: NOVA, maxTokens: 500 }).bindTools([{ name, schema: parameters }]);
        const found = events(await new Response(toSSE(chat.stream(question), { format })).text());
        assert.ok(found.length > 8);
        assert.deepEqual(found.map((event) => common(event)), expected.map((event) => common(event)));
      });
    }
  }
});

/** An error of each kind that a client may see, as the local Bedrock answers with it. */
const refusals = {
  validation: { status: 400, error_type: "ValidationException", message: "the input is strange" },
  context_overflow: { status: 400, error_type: "ValidationException", message: "Input is too long for requested model" },
  throttled: { status: 429, error_type: "ThrottlingException", message: "Too many tokens" },
  "a timeout": { status: 408, error_type: "ModelTimeoutException", message: "The model took too long" },
  "a service that is overloaded": { status: 503, error_type: "ServiceUnavailableException", message: "later" },
  "a model that failed": { status: 424, error_type: "ModelErrorException", message: "boom" },
  "a service that does not have the call": { status: 501, body: "{}" },
  access_denied: { status: 403, error_type: "AccessDeniedException", message: "arn:aws:iam::1:user/me is not authorized" },
  expired_credentials: { status: 403, error_type: "ExpiredTokenException", message: "The security token is expired" },
  "a broken connection": { cut_before_headers: true },
};

/** Errors after the third event of a reply. */
const breaks = Object.fromEntries(
  ["validationException", "throttlingException", "modelTimeoutException", "modelStreamErrorException", "internalServerException", "accessDeniedException"]
    .map((exception_type) => [exception_type, { insert: [{ kind: "exception", at: 3, exception_type, message: "the reply broke" }] }]),
);
breaks["a stream that is cut"] = { cut_after_frames: 3 };

async function broken(fault) {
  const init = (method, body) => ({ method, body });
  await fetch(`${url}/_local/faults`, init("DELETE"));
  await fetch(`${url}/_local/faults`, init("POST", JSON.stringify({ ...fault, times: 2 })));
}

/** A message that only the operator may see has other words in the gateway. */
const HIDDEN = /^(the model could not be called|the answer could not be completed)(; the gateway's log says why)?$/;

/** An error without what may differ: the package's texts have the exception's name and the model. */
function errorOf(value, key = "", text = "") {
  if (key === "message") return HIDDEN.test(value) ? "hidden" : value.includes(text) && text;
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).filter(([name]) => !/^(sequence_number|output|id)$/.test(name));
  if (value.object === "response") return { status: value.status, error: errorOf(value.error, "", text) };
  return Object.fromEntries(members.map(([name, value]) => [name, errorOf(value, name, text)]).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const isError = ({ type, error }) => type === "error" || type === "response.failed" || error;

describe("toSSE writes the gateway's errors", () => {
  for (const [format, [path, body]] of Object.entries(FORMATS)) {
    const init = { method: "POST", headers: { authorization: "Bearer gw-0123456789" }, body: JSON.stringify({ model: NOVA, stream: true, ...body("hello there") }) };
    const asked = () => gateway.fetch(new Request(`https://gateway.example${path}`, init));
    const model = new BedrockChat({ ...place, model: NOVA, maxTokens: 500, maxRetries: 0 });
    for (const [kind, fault] of Object.entries(refusals)) {
      test(`in the format ${format}, before the reply: ${kind}`, async () => {
        await broken(fault);
        const [expected, found] = [await asked(), await sseResponse(model.stream("hello there"), { format })];
        assert.equal(found.status, expected.status);
        const [theirs, ours] = [await expected.json(), await found.json()].map((error) => errorOf(error, "", fault.message));
        assert.ok(theirs.error, JSON.stringify(theirs));
        assert.deepEqual(ours.error, theirs.error);
      });
    }
    for (const [kind, fault] of Object.entries(breaks)) {
      test(`in the format ${format}, within the reply: ${kind}`, async () => {
        await broken(fault);
        const expected = events(await (await asked()).text()).filter(isError);
        const found = events(await new Response(toSSE(model.stream("hello there"), { format })).text()).filter(isError);
        assert.ok(expected.length > 0);
        assert.deepEqual(found.map((error) => errorOf(error, "", "the reply broke")), expected.map((error) => errorOf(error, "", "the reply broke")));
      });
    }
  }
});
