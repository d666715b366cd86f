// The behaviors of the package, the same in every runtime. Every list has [name, test] pairs; a
// test gets the context of bedrock.js.
import { addresses } from "./addresses.js";
import { anonymousCalls } from "./anonymous.js";
import { apis } from "./apis.js";
import { context } from "./bedrock.js";
import { calls } from "./calls.js";
import { capabilities } from "./capabilities.js";
import { cancellation } from "./cancellation.js";
import { credentials } from "./credentials.js";
import { errors } from "./errors.js";
import { events } from "./events.js";
import { fetching } from "./fetch.js";
import { fields } from "./fields.js";
import { load } from "./load.js";
import { messages } from "./messages.js";
import { operations } from "./operations.js";
import { reasoning } from "./reasoning.js";
import { removed } from "./removed.js";
import { resilience } from "./resilience.js";
import { sources } from "./sources.js";
import { sse } from "./sse.js";
import { sseReader } from "./sse-reader.js";
import { streams } from "./streams.js";
import { structured } from "./structured.js";
import { tools } from "./tools.js";

const all = [
  ...calls, ...messages, ...fields, ...credentials, ...anonymousCalls, ...sources, ...addresses, ...fetching, ...tools, ...streams, ...events, ...errors,
  ...cancellation, ...capabilities, ...removed, ...reasoning, ...structured, ...sse, ...sseReader, ...apis, ...operations, ...resilience, ...load,
];

export const names = all.map(([name]) => name);

/** Runs one test against a local Bedrock; rejects if it fails. */
export async function run(name, api, url) {
  const found = all.find(([other]) => other === name);
  if (!found) throw new Error(`there is no test "${name}"`);
  const given = context(api, url);
  await given.bedrock.clear();
  await found[1](given);
}
