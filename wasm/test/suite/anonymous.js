// `credentials: "anonymous"`, for gateways that sign calls themselves.
import { equal, fails, includes, ok } from "./check.js";
import { KEYS, MODEL } from "./bedrock.js";
import { within } from "./credentials.js";

const API_KEY = "bedrock-api-key-local-test";

/** The address of the imitated gateway, and the header with its key. */
export const GATEWAY = "http://litellm.internal:4000/bedrock";
export const GATEWAY_KEY = { "x-litellm-api-key": "sk-1234" };

/**
 * Returns a `fetch` that imitates a gateway at `GATEWAY`. It refuses calls that are signed or have a key of AWS, and calls
 * without its own key. It passes other calls to the local Bedrock with its own API key of Bedrock.
 */
export function signingGateway(url) {
  return async (to, init) => {
    const headers = new Headers(init.headers);
    const signed = [...headers.keys()].filter((name) => name === "authorization" || name.startsWith("x-amz-"));
    const [[name, key]] = Object.entries(GATEWAY_KEY);
    if (!to.startsWith(`${GATEWAY}/`) || signed.length || headers.get(name) !== key) {
      return new Response(JSON.stringify({ message: `the gateway refuses ${to} with ${[...headers.keys()]}` }), { status: 403 });
    }
    headers.delete(name);
    headers.set("authorization", `Bearer ${API_KEY}`);
    return fetch(`${url}${to.slice(GATEWAY.length)}`, { ...init, headers });
  };
}

/** The keys of an environment, of all kinds. The last one has a part only, which is an error if it is read. */
const ENVIRONMENTS = [
  { AWS_BEARER_TOKEN_BEDROCK: API_KEY },
  { AWS_ACCESS_KEY_ID: KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey, AWS_REGION: "us-east-1" },
  { AWS_ACCESS_KEY_ID: KEYS.accessKeyId },
  {},
];

const anonymous = { credentials: "anonymous", model: MODEL, gatewayUrl: GATEWAY, headers: GATEWAY_KEY, maxRetries: 0 };

export const anonymousCalls = [
  ["anonymous call does not use keys of the environment", async ({ BedrockChat, bedrock, url }) => {
    const fields = { ...anonymous, fetch: signingGateway(url) };
    for (const variables of ENVIRONMENTS) {
      await bedrock.clear();
      await within(variables, async () => {
        const chat = new BedrockChat(fields);
        includes((await chat.invoke("hello")).text, "hello");
        let streamed = "";
        for await (const { text } of await chat.stream("hello")) streamed += text ?? "";
        includes(streamed, "hello");
      });
      equal((await bedrock.requests()).length, 2);
    }
    // The imitation refuses signed calls.
    const refused = await fails(() => new BedrockChat({ ...fields, credentials: KEYS, region: "us-east-1" }).invoke("hello"), "access_denied");
    includes(refused.message, "authorization");
  }],

  ["anonymous call goes to Cloudflare with its token only", async ({ BedrockChat }) => {
    const calls = [];
    const fetch = async (url, { headers }) => {
      calls.push({ url, headers });
      throw new Error("enough");
    };
    const cloudflareGateway = { accountId: "account1", gatewayId: "my-gateway", token: "token" };
    const chat = new BedrockChat({ ...anonymous, gatewayUrl: undefined, headers: undefined, region: "us-east-1", cloudflareGateway, fetch });
    await fails(() => chat.invoke("hello"), "interrupted");
    const [{ url, headers }] = calls;
    includes(url, "https://gateway.ai.cloudflare.com/v1/account1/my-gateway/aws-bedrock/bedrock-runtime/us-east-1/model/");
    equal(headers["cf-aig-authorization"], "Bearer token");
    equal(Object.keys(headers).filter((name) => name === "authorization" || name.startsWith("x-amz-")), []);
  }],

  ["anonymous call has the caller's own authorization", async ({ BedrockChat, bedrock, url }) => {
    const own = { ...anonymous, gatewayUrl: undefined, endpointUrl: url };
    const chat = new BedrockChat({ ...own, headers: { Authorization: `Bearer ${API_KEY}` } });
    includes((await chat.invoke("hello")).text, "hello");
    equal((await bedrock.requests())[0].headers.authorization, `Bearer ${API_KEY}`);
    await fails(() => new BedrockChat({ ...own, headers: undefined }).invoke("hello"));
    equal((await bedrock.requests())[1].headers.authorization, undefined);
    const headers = { authorization: "Basic dXNlcjpwYXNz" };
    let asked = 0;
    const fetch = async () => {
      asked++;
      return new Response(JSON.stringify({ message: "wrong: dXNlcjpwYXNz" }), { status: 403 });
    };
    const secret = await fails(() => new BedrockChat({ ...anonymous, gatewayUrl: "https://gateway.example", headers, fetch }).invoke("hello"), "access_denied");
    includes(secret.message, "wrong: <secret>");
    equal(asked, 1);
    // In clear text, others could read it.
    const clear = await fails(() => new BedrockChat({ ...anonymous, headers, fetch }).invoke("hello"), "config");
    includes(clear.message, "over `http://`");
    // Only anonymous calls may have it.
    equal((await fails(async () => new BedrockChat({ ...anonymous, credentials: KEYS, region: "us-east-1", headers }), "config")).field, "headers");
    equal(asked, 1);
  }],

  ["anonymous call to AWS is refused before it is sent", async ({ BedrockChat }) => {
    let asked = 0;
    const fetch = async () => {
      asked++;
      throw new Error("enough");
    };
    for (const endpointUrl of [undefined, "https://vpce-1a2b.bedrock-runtime.us-east-1.vpce.amazonaws.com"]) {
      const chat = new BedrockChat({ ...anonymous, gatewayUrl: undefined, endpointUrl, region: "us-east-1", fetch });
      includes((await fails(() => chat.invoke("hello"), "credentials")).message, "AWS refuses calls without credentials");
    }
    equal(asked, 0);
  }],

  ["anonymous credentials with another source are an error", async ({ BedrockChat, mintApiKey }) => {
    for (const own of [{ apiKey: "the-key" }, { awsAccessKeyId: "the-key" }, { awsSecretAccessKey: "the-key" }, { awsSessionToken: "the-key" }]) {
      const [name] = Object.keys(own);
      const error = await fails(async () => new BedrockChat({ ...anonymous, ...own }), "config");
      equal([error.message, error.field], [`\`${name}\` and anonymous \`credentials\` are both set; leave out one of them`, name]);
    }
    new BedrockChat({ ...anonymous, apiKey: undefined, awsAccessKeyId: null });
    // A key needs an identity.
    includes((await fails(() => mintApiKey({ credentials: "anonymous", region: "us-east-1" }), "config")).message, "`credentials` must be an object with `accessKeyId`");
    const given = await fails(() => new BedrockChat({ ...anonymous, region: "us-east-1", credentials: async () => "anonymous" }).invoke("hello"), "credentials");
    includes(given.message, "`credentials().accessKeyId` is undefined");
  }],

  ["unknown string as credentials is an error without the string", async ({ BedrockChat }) => {
    for (const credentials of ["Anonymous", "unsigned", "the-secret-key", " anonymous", ""]) {
      const error = await fails(async () => new BedrockChat({ ...anonymous, credentials }), "config");
      includes(error.message, 'other than "anonymous"; set an API key as `apiKey`');
      equal(error.field, "credentials");
      // It may be a key.
      ok(!JSON.stringify([error.message, error]).includes("the-secret-key"), error.message);
    }
    includes((await fails(async () => new BedrockChat({ ...anonymous, credentials: 5 }), "config")).message, '`credentials` must be "anonymous", an object');
  }],

  ["fallback with anonymous credentials has no key of the chat", async ({ BedrockChat, bedrock, url }) => {
    const sent = [];
    const through = signingGateway(url);
    const fetch = async (to, init) => {
      sent.push({ to, authorization: init.headers.authorization });
      return to.startsWith(GATEWAY) ? through(to, init) : new Response("{}", { status: 503 });
    };
    const keyed = { region: "us-east-1", endpointUrl: "https://first.example", apiKey: "key-1" };
    const other = { credentials: "anonymous", endpointUrl: null, gatewayUrl: GATEWAY, headers: GATEWAY_KEY };
    const chat = new BedrockChat({ model: MODEL, ...keyed, fetch, maxRetries: 0, fallbacks: [other] });
    includes((await chat.invoke("hello")).text, "hello");
    equal(sent.map(({ authorization }) => authorization), ["Bearer key-1", undefined]);
    equal((await bedrock.requests()).length, 1);
    // The other way round: a fallback with a key is not anonymous.
    sent.length = 0;
    const first = { credentials: "anonymous", gatewayUrl: "https://down.example", region: "us-east-1" };
    const second = { apiKey: API_KEY, gatewayUrl: null, endpointUrl: url };
    const plain = async (to, init) => (to.startsWith(url) ? (sent.push({ authorization: init.headers.authorization }), globalThis.fetch(to, init)) : fetch(to, init));
    includes((await new BedrockChat({ model: MODEL, ...first, fetch: plain, maxRetries: 0, fallbacks: [second] }).invoke("hello")).text, "hello");
    equal(sent.map(({ authorization }) => authorization), [undefined, `Bearer ${API_KEY}`]);
    const both = await fails(async () => new BedrockChat({ ...anonymous, fetch, fallbacks: [{ credentials: "anonymous", apiKey: "the-key" }] }), "config");
    equal(both.field, "fallbacks[0].apiKey");
  }],
];
