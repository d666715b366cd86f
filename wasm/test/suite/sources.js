// Temporary keys of STS and Cognito, which the local Bedrock issues and accepts.
import { equal, fails, includes, ok } from "./check.js";
import { KEYS } from "./bedrock.js";

const ROLE = "arn:aws:iam::123456789012:role/Reader";
const POOL = "us-east-1:12345678-1234-1234-1234-123456789012";

/** Returns a token of an identity provider that expires at a time in seconds. */
function jwt(expires) {
  const part = (value) => btoa(typeof value === "string" ? value : JSON.stringify(value)).replace(/=+$/, "").replace(/\+/g, "-").replace(/\//g, "_");
  return [{ alg: "RS256" }, { iss: "https://i.example", sub: "me", aud: "sts.amazonaws.com", exp: expires }, "signature"].map(part).join(".");
}
const TOKEN = jwt(4_102_444_800);

/** Asks a model twice with these credentials; returns the paths of all requests. */
async function paths({ chat, bedrock }, credentials) {
  const model = chat({ credentials });
  for (const _ of [1, 2]) includes((await model.invoke("hello")).text, "hello");
  return (await bedrock.requests()).map(({ path }) => path.replace(/\/model\/.+\//, ""));
}

export const sources = [
  ["temporary keys of a role sign calls, and are cached for all chats", async (given) => {
    const { api, url } = given;
    const credentials = api.assumeRole({ roleArn: ROLE, region: "us-east-1", endpointUrl: url, credentials: KEYS, sessionName: "me", externalId: "ab", durationSeconds: 900 });
    equal((await paths(given, credentials)).join(), "/,invoke,invoke");
    equal((await paths(given, credentials)).join(), "/,invoke,invoke,invoke,invoke");
    const keys = await credentials();
    ok(keys.expiration instanceof Date && keys.expiration > new Date() && keys.accessKeyId.startsWith("ASIA"));
  }],

  ["a role can be assumed with the temporary keys of another role", async (given) => {
    const { api, url } = given;
    const place = { region: "us-east-1", endpointUrl: url };
    const credentials = api.assumeRole({ roleArn: `${ROLE}2`, ...place, credentials: api.assumeRole({ roleArn: ROLE, ...place, credentials: async () => KEYS }) });
    equal((await paths(given, credentials)).join(), "/,/,invoke,invoke");
  }],

  ["temporary keys of a web identity and of an identity pool need no AWS keys", async (given) => {
    const { api, bedrock, url } = given;
    const role = { roleArn: ROLE, region: "us-east-1", endpointUrl: url };
    equal((await paths(given, api.assumeRoleWithWebIdentity({ ...role, token: async () => TOKEN }))).join(), "/,invoke,invoke");
    await bedrock.clear();
    equal((await paths(given, api.cognitoIdentity({ identityPoolId: POOL, endpointUrl: url }))).join(), "/,/,invoke,invoke");
    await bedrock.clear();
    equal((await paths(given, api.cognitoIdentity({ identityPoolId: POOL, endpointUrl: url, logins: { "i.example": TOKEN } }))).join(), "/,/,invoke,invoke");
  }],

  ["temporary keys are requested again after a refusal, and kept if no newer ones can be had", async (given) => {
    const { api, bedrock, chat, url } = given;
    const credentials = api.assumeRole({ roleArn: ROLE, region: "us-east-1", endpointUrl: url, credentials: KEYS });
    equal((await paths(given, credentials)).join(), "/,invoke,invoke");
    await bedrock.faults({ status: 403, error_type: "ExpiredTokenException", message: "The security token included in the request is expired" });
    includes((await chat({ credentials }).invoke("hello")).text, "hello");
    equal((await bedrock.requests()).slice(3).map(({ path }) => path.replace(/.+\//, "")).join(), "invoke,/,invoke");
    const [clock, before] = [Date.now, await credentials()];
    try {
      Date.now = () => +before.expiration - 60_000;
      await bedrock.faults({ status: 503 });
      equal(await credentials(), before, "STS is down, and the keys are still valid");
      equal(await credentials(), before, "the next request follows after a pause");
      Date.now = () => +before.expiration - 60_000 + 10_001;
      ok((await credentials()).accessKeyId !== before.accessKeyId, "STS is up again");
    } finally {
      Date.now = clock;
    }
  }],

  ["a transient error of a credential source is retryable, also in the error of a call", async ({ api, bedrock, chat, url }) => {
    const credentials = api.assumeRole({ roleArn: ROLE, region: "us-east-1", endpointUrl: url, credentials: KEYS });
    for (const ask of [credentials, () => chat({ credentials, maxRetries: 0 }).invoke("hello")]) {
      await bedrock.faults({ status: 503 });
      const error = await fails(ask, "credentials");
      equal(error.retryable, true, error.message);
    }
  }],

  ["a login without a token is refused, as the user would be a guest", async ({ api, bedrock, url }) => {
    const pool = (logins) => api.cognitoIdentity({ identityPoolId: POOL, endpointUrl: url, logins });
    for (const token of [undefined, "", async () => undefined, 5]) {
      equal((await fails(() => pool({ "i.example": token })(), "credentials")).field, "logins.i.example");
    }
    equal((await fails(() => api.assumeRoleWithWebIdentity({ roleArn: ROLE, region: "us-east-1", endpointUrl: url })(), "credentials")).field, "token");
    equal((await bedrock.requests()).length, 0);
  }],

  ["an error of STS has AWS's code, the role, and no secret", async (given) => {
    const { api, url } = given;
    const role = { roleArn: ROLE, region: "us-east-1", endpointUrl: url };
    const wrong = await fails(() => api.assumeRole({ ...role, credentials: { ...KEYS, secretAccessKey: "another-secret" } })(), "credentials");
    includes(wrong.message, ROLE);
    equal(wrong.awsType, "SignatureDoesNotMatch");
    const expired = jwt(1_000_000_000);
    const late = await fails(() => api.assumeRoleWithWebIdentity({ ...role, token: expired })(), "credentials");
    equal(late.awsType, "ExpiredTokenException");
    for (const error of [wrong, late]) ok(!error.message.includes("another-secret") && !error.message.includes(expired), error.message);
    const short = await fails(() => api.assumeRole({ ...role, credentials: KEYS, durationSeconds: 60 })(), "config");
    equal([short.field, short.message], ["durationSeconds", "`durationSeconds` of a role session is not 900 to 43200 seconds: 60"]);
    equal((await fails(async () => api.assumeRole({ ...role, roleARN: ROLE, roleArn: undefined, credentials: KEYS }), "config")).field, "roleARN");
  }],
];
