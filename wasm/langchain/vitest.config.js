import { defineConfig } from "vitest/config";
import { HANGS } from "../test/suite/check.js";

export default defineConfig({
  test: {
    include: ["test/*.test.js"],
    globalSetup: "./test/support/setup.js",
    // Each file starts its own local Bedrock. Two cores are enough for one at a time.
    fileParallelism: false,
    // Limits only end tests that hang: a machine may be slow and busy.
    testTimeout: HANGS,
    hookTimeout: HANGS,
    expect: { poll: { timeout: HANGS } },
  },
});
