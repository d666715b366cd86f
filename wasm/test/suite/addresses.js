import { equal, fails, includes, ok } from "./check.js";
import { MODEL } from "./bedrock.js";

const PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123xyz";

export const addresses = [
  ["model id with a colon or slash is encoded once in the path and twice in the signature", async ({ chat, bedrock }) => {
    await chat().invoke("hello");
    await chat({ model: PROFILE, family: "anthropic" }).invoke("hello");
    const [colon, arn] = await bedrock.requests();
    equal(colon.path, "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke");
    equal(arn.path, "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123xyz/invoke");
    for (const { signature } of [colon, arn]) equal(signature.verdict, "signed");
  }],

  ["application inference profile has the same path encoded or not, and its model's format", async ({ chat, bedrock }) => {
    for (const applicationInferenceProfile of [PROFILE, encodeURIComponent(PROFILE)]) {
      const model = chat({ applicationInferenceProfile });
      equal(model.model, MODEL);
      includes((await model.invoke("hello")).text, "hello");
    }
    const [plain, encoded] = await bedrock.requests();
    equal(plain.path, encoded.path);
    equal(JSON.parse(encoded.body).anthropic_version, "bedrock-2023-05-31");
  }],

  ["region of an ARN overrides the region option", async ({ chat, bedrock }) => {
    await chat({ model: PROFILE.replace("us-east-1", "eu-west-1"), family: "anthropic", region: undefined }).invoke("hello");
    equal((await bedrock.requests())[0].signature.region, "eu-west-1");
  }],

  ["endpoint may lack a scheme, may have a path, and has two option names", async ({ chat, bedrock, url }) => {
    let asked = [];
    const fetch = async (to) => {
      asked.push(to);
      throw new Error("enough");
    };
    for (const fields of [
      { endpointUrl: "custom.amazonaws.com" }, { endpointUrl: undefined, endpointHost: "custom.amazonaws.com" },
      { endpointUrl: "https://custom.amazonaws.com" }, { endpointUrl: "", endpointHost: "https://custom.amazonaws.com/" },
    ]) await fails(() => chat({ ...fields, fetchFn: fetch, maxRetries: 0 }).invoke("hello"), "interrupted");
    equal(new Set(asked).size, 1, asked.join());
    equal(asked[0], "https://custom.amazonaws.com/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke");
    asked = [];
    await fails(() => chat({ endpointUrl: `${url}/prefix`, fetch, maxRetries: 0 }).invoke("hello"), "interrupted");
    includes(asked[0], "/prefix/model/");
    equal((await bedrock.requests()).length, 0);
  }],

  ["region is derived from the host of an AWS endpoint, and may not contradict it", async ({ chat }) => {
    const region = async (fields) => {
      let scope;
      const fetch = async (to, { headers }) => {
        scope = new Headers(headers).get("authorization").split("/")[2];
        throw new Error("enough");
      };
      await fails(() => chat({ region: undefined, fetch, maxRetries: 0, ...fields }).invoke("hello"));
      return scope;
    };
    equal(await region({ endpointUrl: "bedrock-runtime.us-west-2.amazonaws.com" }), "us-west-2");
    equal(await region({ endpointUrl: undefined, endpointHost: "bedrock-runtime-fips.us-gov-west-1.amazonaws.com" }), "us-gov-west-1");
    equal(await region({ endpointUrl: "https://vpce-1a2b.bedrock-runtime.us-east-1.vpce.amazonaws.com" }), "us-east-1");
    equal(await region({ endpointUrl: "https://bedrock.example", region: "auto" }), "auto");
    const error = async (fields) => (await fails(async () => chat({ region: undefined, ...fields }), "config")).message;
    includes(await error({ endpointUrl: "https://bedrock.example" }), "region is missing");
    includes(await error({ endpointUrl: "https://bedrock-runtime.us-west-2.amazonaws.com", region: "us-east-1" }), "us-west-2");
    includes(await error({ endpointUrl: "https://bedrock.us-west-2.amazonaws.com" }), "bedrock-runtime.us-west-2.amazonaws.com");
  }],

  ["misspelled region is refused with a suggestion before anything is sent", async ({ chat, bedrock, mintApiKey, fields: { credentials } }) => {
    for (const region of ["us-east1", "US-EAST-1", "us_east_1", "us-east-1a"]) {
      for (const endpointUrl of [undefined, "http://localhost:1"]) {
        includes((await fails(async () => chat({ region, endpointUrl }), "config")).message, "did you mean `us-east-1`?");
      }
      includes((await fails(() => mintApiKey({ credentials, region }), "config")).message, "did you mean `us-east-1`?");
    }
    equal((await bedrock.requests()).length, 0);
  }],

  ["TLS error of a server without TLS suggests http://", async ({ chat, url }) => {
    const { host } = new URL(url);
    const error = await fails(() => chat({ endpointUrl: host, maxRetries: 0 }).invoke("hello"));
    includes(error.message, `\`http://${host}\``);
  }],

  ["endpoint defaults to the region's host", async ({ chat }) => {
    const hosts = [];
    const fetch = async (to) => {
      hosts.push(new URL(to).host);
      throw new Error("enough");
    };
    for (const more of [{}, { region: "cn-north-1" }, { fips: true }, { dualStack: true }]) {
      await fails(() => chat({ endpointUrl: undefined, fetch, maxRetries: 0, ...more }).invoke("hello"), "interrupted");
    }
    equal(hosts, [
      "bedrock-runtime.us-east-1.amazonaws.com", "bedrock-runtime.cn-north-1.amazonaws.com.cn",
      "bedrock-runtime-fips.us-east-1.amazonaws.com", "bedrock-runtime.us-east-1.api.aws",
    ]);
  }],

  ["gateway calls are signed for AWS, and the caller's headers are unsigned", async ({ chat }) => {
    let call;
    const fetch = async (url, init) => {
      call = { url, headers: init.headers };
      throw new Error("enough");
    };
    const gatewayUrl = "https://gateway.ai.cloudflare.com/v1/a/g/aws-bedrock/bedrock-runtime/us-east-1";
    await fails(() => chat({ endpointUrl: undefined, gatewayUrl, headers: { "cf-aig-authorization": "Bearer x" }, fetch, maxRetries: 0 }).invoke("hello"), "interrupted");
    equal(call.url, `${gatewayUrl}/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke`);
    equal(call.headers["cf-aig-authorization"], "Bearer x");
    includes(call.headers.authorization, "SignedHeaders=content-type;host;x-amz-date,");
  }],

  ["cloudflare gateway has the documented URL and token, and settings that cannot work are refused", async ({ chat }) => {
    let call;
    const fetch = async (url, { headers }) => {
      call = { url, headers };
      throw new Error("enough");
    };
    const own = { accountId: "account1", gatewayId: "my-gateway" };
    const through = (cloudflareGateway, more) => chat({ endpointUrl: undefined, cloudflareGateway, fetch, maxRetries: 0, ...more });
    for (const token of [undefined, "token"]) {
      await fails(() => through({ ...own, token }).invoke("hello"), "interrupted");
      equal(call.url, "https://gateway.ai.cloudflare.com/v1/account1/my-gateway/aws-bedrock/bedrock-runtime/us-east-1/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke");
      equal(call.headers["cf-aig-authorization"], token && "Bearer token");
      includes(call.headers.authorization, "SignedHeaders=content-type;host;x-amz-date,");
    }
    for (const [gateway, more, part, field = "cloudflareGateway"] of [
      ["my-gateway", {}, "`cloudflareGateway` must be an object with only `accountId` (a string), `gatewayId` (a string), `token` (a string), `baseUrl` (a string)"],
      [{ ...own, apiToken: "t" }, {}, "`cloudflareGateway` must be an object with only `accountId`"],
      [{ gatewayId: "g" }, {}, "invalid account id of Cloudflare's AI Gateway: ``"],
      [{ ...own, gatewayId: "a/b" }, {}, "invalid gateway id of Cloudflare's AI Gateway: `a/b`"],
      [{ ...own, token: "" }, {}, "token of Cloudflare's AI Gateway is empty"],
      [{ ...own, token: "t", baseUrl: "http://gateway.example/v1" }, {}, "not sent over `http://`"],
      [own, { fips: true }, "does not forward to `bedrock-runtime-fips."],
      [own, { endpointUrl: "https://bedrock.example" }, "does not forward to `bedrock.example`; leave out endpoint, FIPS and dual stack, or use `gatewayUrl`"],
      [own, { service: "bedrock-mantle" }, "does not forward to `bedrock-mantle`"],
      [own, { gatewayUrl: "https://other.example" }, "leave out `gatewayUrl` or `cloudflareGateway`", "gatewayUrl"],
    ]) {
      const error = await fails(async () => through(gateway, more), "config");
      includes(error.message, part);
      equal(error.field, field);
    }
    call = undefined;
    includes((await fails(() => through(own).models(), "config")).message, "does not forward to `bedrock`");
    equal(call, undefined);
  }],

  ["fetch receives only options that Workers and browsers accept", async ({ chat, url }) => {
    const inits = [];
    const own = async (to, init) => {
      inits.push(init);
      return fetch(to, init);
    };
    await chat({ fetch: own }).invoke("hello");
    for await (const chunk of await chat({ fetchFn: own }).stream("hello")) ok(chunk);
    equal(inits.length, 2);
    for (const init of inits) equal(Object.keys(init).sort(), ["body", "headers", "method", "redirect", "signal"]);
  }],
];
