// Helpers of the checks for JavaScript: the gateway's address, questions, and the report of each check.
//
// Importing it removes the vendors' variables from the environment, so that a client uses only what a check passes to it.
export const { GATEWAY_URL: url, GATEWAY_KEY: apiKey } = process.env;
for (const name of Object.keys(process.env)) if (/^(ANTHROPIC|OPENAI)_/.test(name)) delete process.env[name];

export const CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
export const NOVA = "amazon.nova-lite-v1:0";
export const OSS = "openai.gpt-oss-120b-1:0";
// The messages of a user's first turn.
export const user = (content) => [{ role: "user", content }];
export const QUESTION = user("What is the weather in Paris and Zürich?");
export const CITIES = [{ city: "Paris" }, { city: "Zürich" }];
// The JSON schema of the arguments of `get_weather`.
export const PARAMETERS = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
// Base64 of an image of one pixel.
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

let failed = 0;

// Runs `call(...given)` and prints whether it succeeded. A failure does not stop the checks after it.
export async function check(name, call, ...given) {
  try {
    await call(...given);
    console.log("ok", name, ...given);
  } catch (error) {
    failed += 1;
    console.log("FAILED", name, ...given);
    console.log(error);
  }
}

// Prints the result of all checks and makes the process exit with an error if a check failed.
export function finish(client) {
  console.log(client, failed ? `failed ${failed} checks` : "works with the gateway");
  process.exitCode = failed ? 1 : 0;
}
