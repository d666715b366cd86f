// Tools that Anthropic defines, next to the original provider.
import { bedrock as referenceDefaults } from "@ai-sdk/amazon-bedrock";
import { generateText as generateText6, stepCountIs } from "ai-6";
import { generateText, isStepCount } from "ai";
import { bedrock as defaults } from "bedrock-chat/ai-sdk";
import { createAmazonBedrock as createV3 } from "bedrock-chat/ai-sdk/v3";
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLAUDE, NOVA, localBedrock, user } from "./support/bedrock.mjs";

const bedrock = await localBedrock();
const PROVIDERS = [bedrock.reference, bedrock.ours];
const DISPLAY = { displayWidthPx: 800, displayHeightPx: 600 };
const SENT = ["bash_20241022", "bash_20250124", "textEditor_20241022", "textEditor_20250124", "textEditor_20250429", "textEditor_20250728", "computer_20241022", "computer_20250124", "computer_20251124"];

/** Returns the members of a schema that both providers write in the same way, in order. */
const plain = ({ properties, required }) => [Object.entries(properties).map(([name, { type, enum: words }]) => [name, type, words?.toSorted()]).sort(), required];

test("all tools of the original exist with their ids", () => {
  const ids = (provider) => Object.entries(provider.tools).map(([name, create]) => [name, create({}).id]).sort();
  assert.deepEqual(ids(defaults), ids(referenceDefaults));
});

for (const name of SENT) {
  test(`tool of Anthropic is sent and run as in the original: ${name}`, async () => {
    const outcomes = [];
    for (const provider of PROVIDERS) {
      await bedrock.reset();
      const inputs = [];
      const own = provider.tools[name]({ ...(name.startsWith("computer") ? DISPLAY : {}), execute: async (input) => (inputs.push(input), "done") });
      const { text, steps, warnings } = await generateText({ model: provider(CLAUDE), prompt: "weather in Paris", tools: { weather: own }, toolChoice: "auto", stopWhen: isStepCount(2) });
      const [{ toolConfig, additionalModelRequestFields: fields }] = await bedrock.bodies();
      const [{ toolSpec }] = toolConfig.tools;
      outcomes.push({ text, reasons: steps.map(({ finishReason }) => finishReason), inputs, warnings, name: toolSpec.name, schema: plain(toolSpec.inputSchema.json), betas: fields?.anthropic_beta });
      assert.equal(/800 by 600/.test(toolSpec.description), provider === bedrock.ours && name.startsWith("computer"));
    }
    const [{ inputs: before, ...theirs }, { inputs: after, ...ours }] = outcomes;
    assert.deepEqual(ours, theirs);
    assert.equal(after.length, 1, JSON.stringify(ours));
    assert.deepEqual(Object.keys(after[0]), Object.keys(before[0]));
  });
}

test("tool of Anthropic can be chosen", async () => {
  const tools = { bash: bedrock.ours.tools.bash_20250124({ execute: async () => "done" }) };
  const { toolCalls } = await generateText({ model: bedrock.ours(CLAUDE), prompt: "hello", tools, toolChoice: "required" });
  assert.deepEqual(toolCalls.map(({ toolName }) => toolName), ["bash"]);
});

test("bash runs in the sandbox of a call", async () => {
  for (const provider of PROVIDERS) {
    await bedrock.reset();
    const commands = [];
    const sandbox = { run: async ({ command }) => (commands.push(command), { exitCode: 0, stdout: "done", stderr: "" }) };
    const { toolResults } = await generateText({ model: provider(CLAUDE), prompt: "weather in Paris", tools: { weather: provider.tools.bash_20250124() }, experimental_sandbox: sandbox });
    assert.deepEqual([commands.length, toolResults[0].output.stdout], [1, "done"]);
  }
});

test("input of a tool is checked by its schema", async () => {
  const { inputSchema } = defaults.tools.textEditor_20250728();
  const check = inputSchema["~standard"].validate;
  assert.deepEqual(check({ command: "view", path: "/a", view_range: [1, -1] }).value, { command: "view", path: "/a", view_range: [1, -1] });
  for (const [input, message] of [[{ command: "view" }, /path/], [{ command: "undo_edit", path: "/a" }, /command/], [{ command: "view", path: "/a", view_range: [1.5] }, /view_range/], ["a", /object/]]) {
    assert.match(check(input).issues[0].message, message);
  }
});

test("tools that Bedrock or a model does not have are warnings", async () => {
  for (const [id, name] of [[CLAUDE, "webSearch_20250305"], [CLAUDE, "codeExecution_20250825"], [NOVA, "bash_20250124"]]) {
    await bedrock.reset();
    const { warnings } = await generateText({ model: bedrock.ours(id), prompt: "hello", tools: { own: bedrock.ours.tools[name]() } });
    assert.match(warnings[0].feature, /^tool anthropic\./);
    assert.equal((await bedrock.bodies())[0].toolConfig, undefined);
  }
});

test("memory is sent as an object with its beta feature", async () => {
  await bedrock.ours(CLAUDE).doGenerate({ prompt: [user("hello")], tools: [{ type: "provider", id: "anthropic.memory_20250818", name: "memory", args: {} }] });
  const [{ toolConfig, additionalModelRequestFields: fields }] = await bedrock.bodies();
  assert.equal(toolConfig.tools[0].toolSpec.inputSchema.json.type, "object");
  assert.deepEqual(fields.anthropic_beta, ["context-management-2025-06-27"]);
});

test("tools of Anthropic run in version 6", async () => {
  const provider = createV3(bedrock.settings);
  const commands = [];
  const bash = provider.tools.bash_20250124({ execute: async ({ command }) => (commands.push(command), "done") });
  const { steps } = await generateText6({ model: provider(CLAUDE), prompt: "weather in Paris", tools: { weather: bash }, stopWhen: stepCountIs(2) });
  assert.deepEqual([steps.length, commands.length], [2, 1]);
});
