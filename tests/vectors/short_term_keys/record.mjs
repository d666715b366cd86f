// A short-term API key of AWS's generator for JavaScript, for record.py:
//   node record.mjs FOLDER_WITH_node_modules CASE_AS_JSON
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [folder, text] = process.argv.slice(2);
const { region, token, seconds, id, secret } = JSON.parse(text);
const now = Date.parse("2025-01-02T03:04:05Z");
globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length ? given : [now]));
  }
  static now() {
    return now;
  }
};
const require = createRequire(join(resolve(folder), "here.js"));
const { getToken } = require("@aws/bedrock-token-generator");
const credentials = { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) };
console.log(await getToken({ credentials, region, expiresInSeconds: seconds }));
