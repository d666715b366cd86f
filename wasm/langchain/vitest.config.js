import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/*.test.js"],
    globalSetup: "./test/support/setup.js",
    // Each file starts its own local Bedrock. Two cores are enough for one at a time.
    fileParallelism: false,
    testTimeout: 20_000,
  },
});
