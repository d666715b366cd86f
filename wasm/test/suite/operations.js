import { equal, fails, includes, ok } from "./check.js";

const PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123abc123";
const HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0";

export const operations = [
  ["models of both endpoints are listed as the service returns them", async ({ chat, bedrock }) => {
    const nova = (await chat().models()).find(({ modelId }) => modelId === "amazon.nova-lite-v1:0");
    equal([nova.modelName, nova.inputModalities, nova.modelLifecycle.status], ["Nova Lite", ["TEXT", "IMAGE"], "ACTIVE"]);
    const gemma = (await chat().mantleModels()).find(({ id }) => id === "google.gemma-4-31b");
    equal([gemma.owned_by, typeof gemma.created], ["system", "number"]);
    const requests = await bedrock.requests();
    equal(requests.map(({ method, path }) => [method, path]), [["GET", "/foundation-models"], ["GET", "/v1/models"]]);
  }],

  ["inference profiles are listed, all or of one type", async ({ chat, bedrock }) => {
    const shared = await chat().inferenceProfiles("SYSTEM_DEFINED");
    ok(shared.length > 0 && shared.every(({ type }) => type === "SYSTEM_DEFINED"));
    ok((await chat().inferenceProfiles()).length >= shared.length);
    const [first, second] = await bedrock.requests();
    equal([first.query, second.query], ["maxResults=1000&type=SYSTEM_DEFINED", "maxResults=1000"]);
    const one = await chat().inferenceProfile("us.amazon.nova-lite-v1:0");
    includes(one.models[0].modelArn, "amazon.nova-lite-v1:0");
    includes((await fails(() => chat().inferenceProfile(""), "config")).message, "the id of an inference profile");
  }],

  ["a list of inference profiles without an end is an error", async ({ mock }) => {
    let pages = 0;
    const list = (next) => async () => {
      if (pages++ > 1000) throw new Error("another page was requested");
      return Response.json({ inferenceProfileSummaries: [], nextToken: next() });
    };
    includes((await fails(() => mock(list(() => `page ${pages}`)).inferenceProfiles(), "decode")).message, "more than 1000 pages");
    equal(pages, 1000);
    pages = 0;
    includes((await fails(() => mock(list(() => "same")).inferenceProfiles(), "decode")).message, "the same page twice");
    equal(pages, 2);
  }],

  ["the model behind an application profile decides its format", async ({ BedrockChat, bedrock, fields }) => {
    const body = JSON.stringify({ inferenceProfileId: "abc123abc123", models: [{ modelArn: `arn:aws:bedrock:us-east-1::foundation-model/${HAIKU}` }] });
    await bedrock.faults({ status: 200, headers: { "content-type": "application/json" }, body, path_contains: "/inference-profiles" });
    const chat = await BedrockChat.resolved({ ...fields, model: PROFILE, api: "invoke" });
    equal(chat.capabilities().mediaInS3, false);
    await chat.invoke("hello");
    const [asked, sent] = await bedrock.requests();
    equal([asked.method, decodeURIComponent(asked.path)], ["GET", `/inference-profiles/${PROFILE}`]);
    ok(sent.path.endsWith("/invoke"), sent.path);
    // A model that is known is not asked for.
    await bedrock.clear();
    await BedrockChat.resolved(fields);
    await BedrockChat.resolved({ ...fields, model: PROFILE, family: HAIKU });
    equal((await bedrock.requests()).length, 0);
  }],
];
