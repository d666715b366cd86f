// The suite in a page. The test calls these two functions.
import * as entry from "./entry.js";
import { names, run } from "./suite/index.js";

globalThis.names = names;
globalThis.run = async (name, bedrock) => {
  try {
    await run(name, entry, bedrock);
    return null;
  } catch (error) {
    return String(error?.stack ?? error);
  }
};
