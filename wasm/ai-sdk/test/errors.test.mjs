// Errors: the same calls of both providers fail in the same way, for programs that check for the AI SDK's errors.
import { createAmazonBedrock as createReference } from "@ai-sdk/amazon-bedrock";
import { APICallError, LoadSettingError, UnsupportedFunctionalityError, generateText, streamText } from "ai";
import { createAmazonBedrock } from "bedrock-chat/ai-sdk";
import assert from "node:assert/strict";
import { test } from "node:test";
import { closed } from "../../test/support/server.mjs";
import { CLAUDE, localBedrock, user } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const PROVIDERS = [createReference, createAmazonBedrock];
const prompt = [user("hello")];
const METHODS = ["doGenerate", "doStream"];

/** Returns the error of each provider for a call. */
async function errors(settings, call, method = "doGenerate", id = CLAUDE) {
  const found = [];
  for (const create of PROVIDERS) {
    await bedrock.reset();
    await settings.before?.();
    const { before, ...own } = settings;
    found.push(await create({ ...bedrock.settings, ...own })(id)[method]({ ...call }).then(() => assert.fail("no error"), (error) => error));
  }
  return found;
}

for (const method of METHODS) {
  test(`error of a custom fetch is thrown unchanged, ${method}`, async () => {
    for (const mine of [new RangeError("quota"), Object.assign(new Error("mine"), { code: "QUOTA" }), "a text"]) {
      const [theirs, ours] = await errors({ fetch: async () => { throw mine; } }, { prompt }, method);
      assert.equal(theirs, mine);
      assert.equal(ours, mine);
    }
  });

  test(`network error has its cause, ${method}`, async () => {
    for (const own of [{}, { fetch: (url, init) => fetch(url, init) }]) {
      const found = await errors({ ...own, baseURL: closed }, { prompt }, method);
      for (const error of found) {
        assert.ok(APICallError.isInstance(error), error.stack);
        assert.equal(error.cause.code, "ECONNREFUSED");
      }
    }
  });

  test(`reason of an abort is thrown, ${method}`, async () => {
    const before = () => bedrock.fault({ delay_ms: 1000 });
    for (const reason of [new Error("mine"), undefined, AbortSignal.abort().reason, new DOMException("late", "TimeoutError")]) {
      for (const isEarly of [true, false]) {
        const controller = new AbortController();
        if (isEarly) controller.abort(reason);
        else setTimeout(() => controller.abort(reason), 50);
        const [theirs, ours] = await errors({ before }, { prompt, abortSignal: controller.signal }, method);
        assert.equal(theirs, controller.signal.reason);
        assert.equal(ours, controller.signal.reason);
      }
    }
  });

  test(`error of the service has its response, ${method}`, async () => {
    const before = () => bedrock.fault({ status: 400, error_type: "ValidationException", message: "bad", headers: { "x-own": "1" } });
    const [theirs, ours] = await errors({ before }, { prompt }, method);
    for (const member of ["name", "statusCode", "isRetryable", "responseBody", "url"]) assert.deepEqual(ours[member], theirs[member], member);
    assert.deepEqual(ours.requestBodyValues.messages, theirs.requestBodyValues.messages);
    assert.equal(ours.data.message, theirs.data.message);
    assert.equal(ours.responseHeaders["x-own"], theirs.responseHeaders["x-own"]);
    assert.doesNotMatch(JSON.stringify(ours), /hello|responseBody/);
  });
}

test("reply that is not JSON has its status", async () => {
  for (const error of await errors({ fetch: async () => new Response("<html>") }, { prompt })) {
    assert.ok(APICallError.isInstance(error));
    assert.equal(error.statusCode, 200);
  }
});

test("unsupported content is an unsupported functionality", async () => {
  const svg = { type: "file", mediaType: "image/svg+xml", data: { type: "data", data: btoa("<svg/>") } };
  const late = [user("hello"), { role: "assistant", content: [{ type: "text", text: "Hi" }] }, { role: "system", content: "Be brief." }, user("again")];
  for (const given of [[user("look", svg)], late]) {
    for (const error of await errors({}, { prompt: given })) assert.ok(UnsupportedFunctionalityError.isInstance(error), error.stack);
  }
});

test("missing region is a missing setting", async () => {
  const before = { ...process.env };
  for (const name of ["BEDROCK_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"]) delete process.env[name];
  try {
    for (const error of await errors({ region: undefined, baseURL: undefined }, { prompt })) assert.ok(LoadSettingError.isInstance(error), error.stack);
  } finally {
    Object.assign(process.env, before);
  }
});

test("reason of an abort is thrown by functions of the AI SDK", async () => {
  for (const create of PROVIDERS) {
    await bedrock.reset();
    const model = create(bedrock.settings)(CLAUDE);
    await bedrock.fault({ delay_ms: 1000 });
    const controller = new AbortController();
    setTimeout(() => controller.abort(new RangeError("mine")), 50);
    await assert.rejects(generateText({ model, prompt: "hello", abortSignal: controller.signal }), { name: "RangeError", message: "mine" });
  }
});

test("abort of a stream ends it in the same way", async () => {
  const ends = [];
  for (const create of PROVIDERS) {
    for (const reason of [undefined, new RangeError("mine")]) {
      await bedrock.reset();
      await bedrock.fault({ path_contains: "stream", drip_ms: 100 });
      const controller = new AbortController();
      const types = [];
      const { stream } = streamText({ model: create(bedrock.settings)(CLAUDE), prompt: "Tell me of the sea, and of the wind over it.", abortSignal: controller.signal, onError() {} });
      for await (const { type, error } of stream) {
        types.push(error ? `${type} ${error.name}` : type);
        if (type === "text-delta" && !controller.signal.aborted) controller.abort(reason);
      }
      ends.push(types.at(-1));
    }
  }
  assert.deepEqual(ends.slice(2), ends.slice(0, 2));
});
