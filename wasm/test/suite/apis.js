import { equal, fails, includes, ok } from "./check.js";

/** Models with the APIs and services that serve them. */
const ROUTES = [
  { model: "us.anthropic.claude-sonnet-4-6", api: "invoke" },
  { model: "us.anthropic.claude-sonnet-4-6", api: "converse" },
  { model: "us.anthropic.claude-sonnet-4-6", api: "messages" },
  { model: "us.openai.gpt-5.6-sol", api: "responses", service: "bedrock-runtime" },
  { model: "openai.gpt-5.6-sol", api: "responses", service: "bedrock-mantle" },
  { model: "google.gemma-4-31b", api: "chatCompletions" },
  { model: "xai.grok-4.3", api: "chatCompletions", service: "bedrock-mantle" },
  { model: "openai.gpt-oss-120b-1:0", api: "chatCompletions", service: "bedrock-runtime" },
];

const weather = {
  name: "get_weather", description: "Returns the weather of a city.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

async function ask(chat, messages, streamed) {
  return streamed ? (await chat.stream(messages)).message() : chat.invoke(messages);
}

export const apis = [
  ["turns with a tool are equal over all APIs", async ({ chat }) => {
    let expected;
    for (const route of ROUTES) {
      for (const streamed of [false, true]) {
        const model = chat(route).bindTools([weather]);
        const messages = [["system", "Be brief."], ["human", "What is the weather in Paris?"]];
        const first = await ask(model, messages, streamed);
        equal(first.tool_calls.map(({ name, args }) => [name, args]), [["get_weather", { city: "Paris" }]], JSON.stringify(route));
        const results = first.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "18 degrees and sunny" }));
        const second = await ask(model, [...messages, first, ...results], streamed);
        const found = [first.text, first.response_metadata.stop_reason === undefined, second.text];
        expected ??= found;
        equal(found, expected, JSON.stringify(route));
        ok(second.usage_metadata.input_tokens > 0 && second.usage_metadata.output_tokens > 0);
      }
    }
  }],

  ["sum of a stream's chunks has the further members of blocks", async ({ chat, bedrock }) => {
    const model = chat({ model: "us.openai.gpt-5.6-sol", api: "responses", reasoning: "low", reasoningDisplay: "summarized" }).bindTools([weather]);
    const stream = await model.stream("What is the weather in Paris?");
    let sum;
    for await (const chunk of stream) sum = sum ? sum.concat(chunk) : chunk;
    const results = sum.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "18 degrees" }));
    const bodies = [];
    for (const reply of [await stream.message(), sum, JSON.parse(JSON.stringify(sum))]) {
      await bedrock.clear();
      await model.invoke([["human", "What is the weather in Paris?"], reply, ...results]);
      const { input } = JSON.parse((await bedrock.requests())[0].body);
      ok(input.some(({ type, id }) => type === "reasoning" && id) && input.some(({ phase }) => phase === "commentary"), JSON.stringify(input));
      bodies.push(input);
    }
    equal(bodies[1], bodies[0]);
    equal(bodies[2], bodies[0]);
  }],

  ["an image and typed output are the same over all APIs", async ({ chat }) => {
    const schema = { type: "object", properties: { name: { type: "string" }, capital: { type: "boolean" } }, required: ["name", "capital"] };
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } };
    let expected;
    for (const route of ROUTES.filter(({ model }) => !model.includes("gpt-oss") && !model.includes("grok"))) {
      const described = await chat(route).invoke([{ role: "human", content: [{ type: "text", text: "What is this?" }, image] }]);
      includes(described.text, "png", JSON.stringify(route));
      const city = await chat(route).withStructuredOutput(schema).invoke("Tell me about Paris.");
      const found = [described.text, city];
      expected ??= found;
      equal(found, expected, JSON.stringify(route));
    }
  }],

  ["service sets the signing name, and a service that does not serve the model is refused", async ({ chat, bedrock }) => {
    await chat({ model: "us.anthropic.claude-sonnet-4-6", service: "bedrock-mantle" }).invoke("hello");
    const [request] = await bedrock.requests();
    ok(request.path.endsWith("/anthropic/v1/messages"), request.path);
    includes(request.headers.authorization, "/bedrock-mantle/aws4_request");
    await fails(async () => chat({ model: "google.gemma-4-31b", service: "bedrock-runtime" }), "unsupported");
    await fails(async () => chat({ model: "google.gemma-4-31b", api: "converse" }), "unsupported");
  }],
];
