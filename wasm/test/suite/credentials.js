import { equal, fails, includes, ok } from "./check.js";
import { KEYS, MODEL } from "./bedrock.js";

const SESSION = { ...KEYS, sessionToken: "TOKEN+/=" };
const API_KEY = "bedrock-api-key-local-test";

/** Runs a function in an environment that has only these of AWS's variables. */
export async function within(variables, run) {
  const before = Object.getOwnPropertyDescriptor(globalThis, "process");
  Object.defineProperty(globalThis, "process", { value: { env: variables }, configurable: true, writable: true });
  try {
    return await run();
  } finally {
    if (before) Object.defineProperty(globalThis, "process", before);
    else delete globalThis.process;
  }
}

/** Returns the headers of the single request of a chat model with these fields. */
async function headers({ BedrockChat, bedrock, url }, fields, variables = {}) {
  await bedrock.clear();
  await within(variables, () => new BedrockChat({ model: MODEL, endpointUrl: url, ...fields })).then((model) => model.invoke("hello"));
  const requests = await bedrock.requests();
  equal(requests.length, 1);
  return requests[0].headers;
}

const AWS = { AWS_ACCESS_KEY_ID: KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey };
const REGION = { AWS_REGION: "eu-west-1" };

export const credentials = [
  ["explicit credentials override the environment, and the two are never mixed", async (given) => {
    const variables = { ...REGION, AWS_BEARER_TOKEN_BEDROCK: "other", ...AWS, AWS_SESSION_TOKEN: "TOKEN+/=" };
    const keys = { awsAccessKeyId: KEYS.accessKeyId, awsSecretAccessKey: KEYS.secretAccessKey };
    for (const fields of [{ credentials: KEYS }, { credentials: async () => KEYS }, keys]) {
      const sent = await headers(given, { region: "us-east-1", ...fields }, variables);
      includes(sent.authorization, "/us-east-1/bedrock/");
      equal(sent["x-amz-security-token"], undefined);
    }
    const sent = await headers(given, { ...keys, awsSessionToken: "TOKEN+/=" }, variables);
    includes(sent.authorization, "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token");
    equal(sent["x-amz-security-token"], "TOKEN+/=");
    equal((await headers(given, { apiKey: API_KEY }, variables)).authorization, `Bearer ${API_KEY}`);
  }],

  ["incomplete explicit credentials are refused instead of using the environment's", async (given) => {
    const variables = { ...REGION, ...AWS, AWS_BEARER_TOKEN_BEDROCK: API_KEY };
    for (const [fields, part] of [
      [{ awsSessionToken: "TOKEN+/=" }, "`awsAccessKeyId` is undefined"], [{ awsAccessKeyId: "", awsSecretAccessKey: "" }, "`awsAccessKeyId` is empty"],
      [{ awsAccessKeyId: "A", awsSecretAccessKey: " " }, "`awsSecretAccessKey` is empty"], [{ awsSecretAccessKey: "S", awsAccessKeyId: null }, "`awsAccessKeyId` is null"],
    ]) {
      includes((await fails(() => headers(given, fields, variables), "credentials")).message, part);
    }
    const none = { awsAccessKeyId: undefined, awsSecretAccessKey: null, awsSessionToken: "", apiKey: undefined, credentials: null };
    equal((await headers(given, none, variables)).authorization, `Bearer ${API_KEY}`);
  }],

  ["environment variables have an order of precedence, and empty ones are ignored", async (given) => {
    const own = { BEDROCK_AWS_ACCESS_KEY_ID: KEYS.accessKeyId, BEDROCK_AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey, BEDROCK_AWS_REGION: "ap-south-1" };
    const bearer = { AWS_BEARER_TOKEN_BEDROCK: API_KEY };
    const wrong = { AWS_ACCESS_KEY_ID: "AKIDNOBODY", AWS_SECRET_ACCESS_KEY: "wrong" };
    equal((await headers(given, {}, { ...REGION, ...own, ...wrong, ...bearer })).authorization, `Bearer ${API_KEY}`);
    includes((await headers(given, {}, { ...REGION, ...wrong, ...own, AWS_BEARER_TOKEN_BEDROCK: " " })).authorization, "AKIDEXAMPLE/");
    includes((await headers(given, {}, { ...REGION, ...own, ...wrong })).authorization, "/ap-south-1/bedrock/");
    const both = await headers(given, {}, { AWS_DEFAULT_REGION: "us-west-2", ...REGION, ...AWS, AWS_SESSION_TOKEN: "" });
    includes(both.authorization, "/eu-west-1/bedrock/");
    includes((await headers(given, {}, { AWS_DEFAULT_REGION: "us-west-2", AWS_REGION: "", ...AWS })).authorization, "/us-west-2/bedrock/");
    const half = await fails(() => headers(given, {}, { ...REGION, AWS_ACCESS_KEY_ID: "A" }), "credentials");
    includes(half.message, "AWS_SECRET_ACCESS_KEY");
  }],

  ["endpoint is read from the environment, as in AWS's SDKs", async ({ BedrockChat, bedrock, url }) => {
    const ask = (variables, fields) =>
      within({ ...REGION, ...AWS, ...variables }, () => new BedrockChat({ model: MODEL, ...fields })).then((model) => model.invoke("hello"));
    await ask({ AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url });
    await ask({ AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: "" });
    // Each service has its own variable.
    const nowhere = { AWS_ENDPOINT_URL: "http://127.0.0.1:2" };
    await ask({ ...nowhere, AWS_ENDPOINT_URL_BEDROCK_MANTLE: url }, { model: "openai.gpt-5.6-luna" });
    equal((await bedrock.requests()).length, 3);
    let asked;
    const fetch = async (to) => {
      asked = to;
      throw new Error("enough");
    };
    await fails(() => ask({ AWS_ENDPOINT_URL: url, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }, { fetch, maxRetries: 0 }), "interrupted");
    includes(asked, "https://bedrock-runtime.eu-west-1.amazonaws.com/model/");
  }],

  ["credentials error names the variables that are set but not read", async ({ BedrockChat }) => {
    const error = (variables) => within({ ...REGION, ...variables }, () => fails(async () => new BedrockChat({ model: MODEL }), "credentials"));
    for (const name of ["AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONFIG_FILE"]) {
      const { message } = await error({ [name]: "x" });
      includes(message, `\`${name}\` is set`);
      includes(message, "fromNodeProviderChain()");
    }
    includes((await error({ AWS_SESSION_TOKEN: "t" })).message, "`AWS_SESSION_TOKEN` is set but `AWS_ACCESS_KEY_ID` is not");
    includes((await error({ AWS_PROFILE: " " })).message, "AWS_BEARER_TOKEN_BEDROCK");
  }],

  ["FIPS and dual-stack hosts are read from the environment, as in AWS's tools", async ({ BedrockChat }) => {
    const host = async (variables, fields) => {
      let asked;
      const fetch = async (to) => {
        asked = new URL(to).host;
        throw new Error("enough");
      };
      const model = await within({ ...AWS, ...REGION, ...variables }, () => new BedrockChat({ model: MODEL, fetch, maxRetries: 0, ...fields }));
      await fails(() => model.invoke("hello"));
      return asked;
    };
    equal(await host({ AWS_USE_FIPS_ENDPOINT: "TRUE" }), "bedrock-runtime-fips.eu-west-1.amazonaws.com");
    equal(await host({ AWS_USE_DUALSTACK_ENDPOINT: " true " }), "bedrock-runtime.eu-west-1.api.aws");
    equal(await host({ AWS_USE_FIPS_ENDPOINT: "false", AWS_USE_DUALSTACK_ENDPOINT: "" }), "bedrock-runtime.eu-west-1.amazonaws.com");
    equal(await host({ AWS_USE_FIPS_ENDPOINT: "true" }, { fips: false }), "bedrock-runtime.eu-west-1.amazonaws.com");
    for (const name of ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]) {
      includes((await fails(() => host({ [name]: "1" }), "config")).message, `\`${name}\` is \`1\``);
    }
    const error = await fails(() => host({ AWS_USE_DUALSTACK_ENDPOINT: "true" }, { endpointUrl: "https://bedrock.example" }), "config");
    includes(error.message, "`dualStack` (`AWS_USE_DUALSTACK_ENDPOINT`)");
  }],

  ["credentials function is called again shortly before expiry, or for every call without an expiry", async ({ chat }) => {
    const calls = async (expiration, times = 3) => {
      let asked = 0;
      const model = chat({ credentials: async () => (asked++, { ...SESSION, expiration: expiration() }) });
      for (let time = 0; time < times; time++) await model.invoke("hello");
      return asked;
    };
    const after = (minutes) => new Date(Date.now() + minutes * 60_000);
    equal(await calls(() => after(60)), 1);
    equal(await calls(() => after(60).toISOString()), 1);
    equal(await calls(() => +after(60)), 1);
    // The expiration is in seconds, as in JWTs.
    equal(await calls(() => +after(60) / 1000), 1);
    equal(await calls(() => +after(-60) / 1000), 3);
    equal(await calls(() => undefined), 3);
    equal(await calls(() => null), 3);
    equal(await calls(() => after(0)), 3);
  }],

  ["cached credentials are used while the function has no newer ones", async ({ chat }) => {
    let now = Date.now();
    const clock = Date.now;
    let asked = 0;
    const model = chat({
      credentials: async () => {
        if (asked++) throw new Error("the vault is closed");
        return { ...KEYS, expiration: new Date(now + 3600_000) };
      },
      maxRetries: 0,
    });
    await model.invoke("hello");
    try {
      // The clock advances, but the service's does not: only the credentials age.
      Date.now = () => clock() + 57 * 60_000;
      await model.invoke("hello");
      // The service refuses the attempt as too late. The one with the corrected time follows at once, without another request
      // for newer ones.
      equal(asked, 2);
      Date.now = () => clock() + 57 * 60_000 + 10_001;
      await model.invoke("hello");
      equal(asked, 3);
      Date.now = () => clock() + 61 * 60_000;
      const error = await fails(() => model.invoke("hello"), "credentials");
      includes(error.message, "the vault is closed");
    } finally {
      Date.now = clock;
    }
  }],

  ["expired credentials are requested once more, and the call is retried", async ({ chat, bedrock }) => {
    let asked = 0;
    const model = chat({ credentials: async () => ({ ...(asked++ ? KEYS : SESSION), expiration: new Date(Date.now() + 3600_000) }) });
    await bedrock.faults({ status: 403, error_type: "ExpiredTokenException", message: "The security token included in the request is expired" });
    includes((await model.invoke("hello")).text, "hello");
    equal(asked, 2);
    equal((await bedrock.requests()).length, 2);
  }],

  ["newer credentials are kept when calls with the old ones are refused later", async ({ chat }) => {
    const reply = JSON.stringify({ type: "message", role: "assistant", content: [{ type: "text", text: "hi" }], stop_reason: "end_turn", usage: { input_tokens: 1, output_tokens: 1 } });
    const refusal = () => new Response('{"message":"The security token included in the request is expired"}', { status: 403, headers: { "x-amzn-errortype": "ExpiredTokenException" } });
    let [asked, isExpired] = [0, false];
    let release;
    const held = new Promise((resolve) => (release = resolve));
    const model = chat({
      credentials: async () => ({ accessKeyId: `AKID${++asked}`, secretAccessKey: "secret", expiration: new Date(Date.now() + 3600_000) }),
      fetch: async (_, { headers, body }) => {
        const { authorization } = Object.fromEntries(new Headers(headers));
        if (new TextDecoder().decode(body).includes("slow") && authorization.includes("AKID1/")) await held;
        return isExpired && authorization.includes("AKID1/") ? refusal() : new Response(reply, { headers: { "content-type": "application/json" } });
      },
    });
    await model.invoke("first");
    isExpired = true;
    const slow = model.invoke("slow");
    await model.invoke("fast");
    release();
    await slow;
    equal(asked, 2);
  }],

  ["error of a credentials function has the reason, without secrets", async ({ chat, bedrock }) => {
    const error = async (credentials) => fails(() => chat({ credentials }).invoke("hello"), "credentials");
    includes((await error(async () => Promise.reject(new Error("no role")))).message, "no role");
    const nested = new Error("no provider worked", { cause: new Error("the profile is empty", { cause: new Error("the token has expired") }) });
    includes((await error(async () => Promise.reject(nested))).message, "no provider worked: the profile is empty: the token has expired");
    includes((await error(async () => ({ accessKeyId: "A" }))).message, "`credentials().secretAccessKey` is undefined");
    includes((await error(async () => undefined)).message, "`credentials().accessKeyId` is undefined");
    includes((await error(async () => ({ apiKey: "" }))).message, "apiKey` is empty");
    includes((await error(() => { throw new Error("at once"); })).message, "at once");
    const later = (retryable) => error(async () => Promise.reject(Object.assign(new Error("later"), { retryable })));
    equal([(await later(true)).retryable, (await later("yes")).retryable, (await later(false)).retryable], [true, false, false]);
    equal((await bedrock.requests()).length, 0);
  }],

  ["short-term key is accepted until it expires", async ({ BedrockChat, bedrock, mintApiKey, url }) => {
    const ask = (apiKey) => new BedrockChat({ model: MODEL, region: "us-east-1", endpointUrl: url, apiKey }).invoke("hello");
    const key = await mintApiKey({ credentials: async () => SESSION, region: "us-east-1", expiresIn: 60 });
    includes((await ask(key)).text, "hello");
    equal((await bedrock.requests())[0].headers["x-amz-date"], undefined);
    const old = await mintApiKey({ credentials: KEYS, region: "us-east-1", expiresIn: 60, now: Date.now() - 61_000 });
    includes((await fails(() => ask(old), "expired_credentials").catch(() => fails(() => ask(old)))).message, "expired");
    for (const [given, kind] of [[{ credentials: KEYS, region: "us-east-1", expiresIn: 43_201 }, "config"], [{ credentials: KEYS }, "config"],
      [undefined, "config"], [null, "config"], ["us-east-1", "config"], [{ credentials: KEYS, region: "us-east-1", expiresin: 60 }, "config"],
      [{ credentials: KEYS, region: 5 }, "config"], [{ credentials: KEYS, region: "us-east-1", now: NaN }, "config"],
      [{ credentials: { accessKeyId: "A" }, region: "us-east-1" }, "credentials"], [{ credentials: { apiKey: "k" }, region: "us-east-1" }, "credentials"]]) {
      await within({}, () => fails(() => mintApiKey(given), kind));
    }
    ok(await within({ ...AWS, ...REGION }, () => mintApiKey(null)), "all that it needs may be the environment's");
    // Equal to the key of AWS's own generator.
    const fixed = await mintApiKey({ credentials: KEYS, region: "us-east-1", expiresIn: 43_200, now: Date.UTC(2025, 0, 2, 3, 4, 5) });
    includes(atob(fixed.slice(16)), "&X-Amz-Signature=e46cd5dd7005d6f41edada9a83e342cb96a9509e83e34bb96e2941f95e69753a&Version=1");
  }],

  ["bearer key over http is refused unless loopback", async ({ chat, bedrock, BedrockChat, fields, url }) => {
    let asked = 0;
    const fetch = async () => {
      asked++;
      throw new Error("enough");
    };
    const ask = (more) => chat({ credentials: undefined, apiKey: API_KEY, fetch, maxRetries: 0, ...more }).invoke("hello");
    for (const address of ["http://gateway.example", "HTTP://Gateway.example", "http://localhost.example", "http://127.1", "http://10.0.0.1", "http://[::ffff:127.0.0.1]"]) {
      for (const more of [{ endpointUrl: address }, { endpointUrl: undefined, endpointHost: address }, { endpointUrl: undefined, gatewayUrl: address }, { endpointUrl: address, api: "converse" },
        { endpointUrl: address, credentials: async () => ({ apiKey: API_KEY }) }]) {
        const error = await fails(() => ask(more), "config");
        includes(error.message, "over `http://`");
        ok(!JSON.stringify(error).includes(API_KEY), error.message);
      }
      await within({ AWS_ENDPOINT_URL: address, AWS_BEARER_TOKEN_BEDROCK: API_KEY, ...REGION }, () => fails(() => new BedrockChat({ model: fields.model, fetch }).invoke("hello"), "config"));
    }
    for (const address of ["http://localhost@evil.example", "http://localhost:80@evil.example", "http://localhost\\.evil.example", "http://localhost:80.evil.example"]) {
      await fails(async () => ask({ endpointUrl: address }), "config");
    }
    equal(asked, 0);
    await fails(() => ask({ endpointUrl: "https://gateway.example" }), "interrupted");
    equal(asked, 1);
    includes((await chat({ credentials: undefined, apiKey: API_KEY, endpointUrl: url }).invoke("hello")).text, "hello");
    equal((await bedrock.requests()).length, 1);
  }],

  ["option value with a line break does not begin a header", async ({ chat }) => {
    let asked = 0;
    const fetch = async () => {
      asked++;
      throw new Error("enough");
    };
    for (const more of [{ guardrailIdentifier: "gr\r\nx-evil: 1", guardrailVersion: "1" }, { headers: { "x-team": "a\r\nx-evil: 1" } }]) {
      await fails(async () => chat({ credentials: undefined, apiKey: API_KEY, fetch, maxRetries: 0, ...more }).invoke("hello"), "config");
    }
    equal(asked, 0);
  }],

  ["printed models and errors have no secrets", async ({ chat, bedrock }) => {
    const model = chat({ credentials: SESSION, maxRetries: 0 });
    await bedrock.faults({ status: 403, error_type: "InvalidSignatureException", message: `token ${SESSION.sessionToken} of ${KEYS.secretAccessKey}` });
    const error = await fails(() => model.invoke("hello"));
    const shown = JSON.stringify([model, Object.entries(model), error, { ...error }]) + String(error) + error.stack;
    ok(!shown.includes(KEYS.secretAccessKey) && !shown.includes(SESSION.sessionToken), shown);
  }],
];
