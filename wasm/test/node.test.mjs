// The suite in Node, with the package imported and required.
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { project } from "./support/project.mjs";
import { startBedrock } from "./support/server.mjs";
import { names, run } from "./suite/index.js";

const bedrock = await startBedrock();
after(bedrock.stop);
const imported = await import(pathToFileURL(join(project, "entry.js")));
const required = createRequire(join(project, "entry.js"))("./entry.cjs");

for (const [how, api] of Object.entries({ imported, required })) {
  describe(how, () => {
    for (const name of names) test(name, () => run(name, api, bedrock.url));
  });
}

test("an error of the required package is an instance of the imported package's class", async () => {
  const error = await Promise.resolve().then(() => new required.BedrockChat({})).catch((error) => error);
  if (!(error instanceof imported.BedrockChatError)) throw new Error(String(error));
});
