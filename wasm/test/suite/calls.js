import { equal, includes, ok } from "./check.js";
import { MODEL } from "./bedrock.js";

export const calls = [
  ["example of LangChain's reference page returns the documented result", async ({ chat }) => {
    const reply = await chat().invoke([
      ["system", "You are a helpful assistant that translates English to French. Translate the user sentence."],
      ["human", "I love programming."],
    ]);
    equal(reply.content, "J'adore la programmation.");
    equal(reply.text, reply.content);
    equal([reply.tool_calls, reply.invalid_tool_calls], [[], []]);
    ok(reply.id.startsWith("msg_bdrk_"));
    equal(reply.additional_kwargs, { id: reply.id });
    equal(reply.response_metadata.stop_reason, "end_turn");
    equal(reply.response_metadata.stop_sequence, null);
    equal(reply.response_metadata.model, "claude-3-5-sonnet-20240620");
    equal(reply.usage_metadata.input_tokens, 29);
    equal(reply.usage_metadata.total_tokens, reply.usage_metadata.input_tokens + reply.usage_metadata.output_tokens);
  }],

  ["unset options are not sent", async ({ chat, bedrock }) => {
    await chat().invoke("hello");
    const [{ body, headers }] = await bedrock.requests();
    equal(JSON.parse(body), { anthropic_version: "bedrock-2023-05-31", max_tokens: 4096, messages: [{ role: "user", content: "hello" }] });
    equal(headers["x-amz-content-sha256"], undefined);
  }],

  ["large body is hashed once per call by WebCrypto, or by the module without WebCrypto", async ({ chat, bedrock }) => {
    const { subtle } = crypto;
    const digest = subtle.digest.bind(subtle);
    const sizes = [];
    const hash = (value) => Object.defineProperty(subtle, "digest", { value, configurable: true, writable: true });
    try {
      hash((name, bytes) => {
        sizes.push(bytes.byteLength);
        return digest(name, bytes);
      });
      await bedrock.faults({ status: 503, error_type: "ServiceUnavailableException", message: "later", times: 1 });
      await chat({ maxTokens: 5 }).invoke("a".repeat(120_000));
      await chat({ maxTokens: 5 }).invoke("short");
      hash(() => Promise.reject(new Error("no digest")));
      await chat({ maxTokens: 5 }).invoke("a".repeat(120_000));
      hash(undefined);
      await chat({ maxTokens: 5 }).invoke("a".repeat(120_000));
    } finally {
      delete subtle.digest;
    }
    equal(sizes.length, 1);
    ok(sizes[0] > 120_000, `${sizes}`);
    // A wrong signature would have been refused.
    equal((await bedrock.requests()).map(({ status }) => status), [503, 200, 200, 200, 200]);
  }],

  ["constructor options are sent with every call, and call options override them", async ({ chat, bedrock }) => {
    const model = chat({ temperature: 0.5, maxTokens: 100, topK: 5, stop: ["END"], modelKwargs: { metadata: { user_id: "u" } } });
    await model.invoke("hello", { temperature: 0.9, modelKwargs: { top_p: 0.8 }, stop: "STOP" });
    await model.withOptions({ maxTokens: 7 }).invoke("hello");
    const [first, second] = (await bedrock.requests()).map(({ body }) => JSON.parse(body));
    equal([first.temperature, first.max_tokens, first.top_k, first.top_p, first.stop_sequences], [0.9, 100, 5, 0.8, ["STOP"]]);
    equal(first.metadata, { user_id: "u" });
    equal([second.temperature, second.max_tokens, second.stop_sequences], [0.5, 7, ["END"]]);
  }],

  ["invoke with streaming returns the same reply", async ({ chat, bedrock }) => {
    const [whole, streamed] = await Promise.all([chat().invoke("hello"), chat({ streaming: true }).invoke("hello")]);
    equal(streamed.content, whole.content);
    equal(streamed.usage_metadata, whole.usage_metadata);
    const paths = (await bedrock.requests()).map(({ path }) => path.split("/").at(-1)).sort();
    equal(paths, ["invoke", "invoke-with-response-stream"]);
  }],

  ["batch keeps the order, limits concurrency, and returns errors if requested", async ({ chat, bedrock, BedrockChatError }) => {
    const model = chat({ maxRetries: 0 });
    const replies = await model.batch(["one", "two", "three"], { maxConcurrency: 2 });
    equal(replies.map(({ content }) => content.split(": ")[1]), ["one", "two", "three"]);
    await bedrock.faults({ status: 400, error_type: "ValidationException", message: "no" });
    const mixed = await model.batch(["one", "two"], { returnExceptions: true, maxConcurrency: 1 });
    ok(mixed[0] instanceof BedrockChatError);
    includes(mixed[1].content, "two");
  }],

  ["complete sends a raw prompt to a text model", async ({ chat }) => {
    const reply = await chat({ model: "meta.llama3-8b-instruct-v1:0" }).complete("Say hello");
    ok(reply.content.length > 0);
  }],

  ["countTokens returns the number of tokens", async ({ chat }) => {
    ok((await chat().countTokens("hello there, how are you?")) > (await chat().countTokens("hello")));
  }],

  ["every family of models answers with its model name", async ({ chat }) => {
    const models = [
      MODEL, "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-lite-v1:0", "amazon.titan-text-express-v1",
      "meta.llama3-70b-instruct-v1:0", "mistral.mistral-large-2402-v1:0", "cohere.command-r-v1:0", "ai21.jamba-1-5-mini-v1:0",
      "deepseek.r1-v1:0", "openai.gpt-oss-20b-1:0", "qwen.qwen3-32b-v1:0", "writer.palmyra-x5-v1:0",
    ];
    for (const model of models) {
      const reply = await chat({ model, maxTokens: 500 }).invoke("hello");
      includes(reply.text, "hello");
      let streamed = "";
      for await (const text of (await chat({ model, maxTokens: 500 }).stream("hello")).text()) streamed += text;
      includes(streamed, "hello");
    }
  }],

  ["Converse can be chosen, with the same result", async ({ chat, bedrock }) => {
    const reply = await chat({ api: "converse" }).invoke("hello");
    includes(reply.text, "hello");
    ok((await bedrock.requests())[0].path.endsWith("/converse"));
  }],
];
