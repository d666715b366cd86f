import { equal, fails, includes } from "./check.js";
import { sender } from "./sent.js";

const OPUS_4_8 = "us.anthropic.claude-opus-4-8";
const SONNET_5_5 = "us.anthropic.claude-sonnet-5-5";
const SONNET_4_5 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const OPUS_4_5 = "us.anthropic.claude-opus-4-5-20251101-v1:0";

export const reasoning = [
  ["reasoning is sent in the form that the model accepts", async (given) => {
    const { sent } = sender(given);
    const adaptive = (display) => ({ type: "adaptive", ...(display && { display }) });
    for (const [model, options, thinking, effort] of [
      [OPUS_4_8, { reasoning: "adaptive", reasoningDisplay: "summarized" }, adaptive("summarized")],
      [OPUS_4_8, { thinking: { type: "adaptive", display: "summarized" } }, adaptive("summarized")],
      [OPUS_4_8, { thinking: { type: "adaptive", display: "omitted" }, reasoningDisplay: "omitted" }, adaptive("omitted")],
      [OPUS_4_8, { reasoning: "high", reasoningDisplay: "summarized" }, adaptive("summarized"), "high"],
      [OPUS_4_8, { reasoningDisplay: "summarized" }, adaptive("summarized")],
      [OPUS_4_8, { thinking: { type: "adaptive" } }, adaptive()],
      [SONNET_5_5, { reasoning: "between_tools" }, { type: "between_tools" }],
      [SONNET_5_5, { reasoning: { type: "between_tools" } }, { type: "between_tools" }],
      [SONNET_5_5, { thinking: { type: "between_tools", display: "summarized" } }, { type: "between_tools", display: "summarized" }],
      [SONNET_5_5, { reasoning: false }, { type: "between_tools" }],
      [SONNET_4_5, { reasoning: false }, { type: "disabled" }],
      [SONNET_4_5, { thinking: { type: "disabled" } }, { type: "disabled" }],
      [SONNET_4_5, { thinking: { type: "enabled", budget_tokens: 2048, display: "summarized" } }, { type: "enabled", budget_tokens: 2048, display: "summarized" }],
      [SONNET_4_5, { reasoning: "high" }, { type: "enabled", budget_tokens: 16384 }],
      [SONNET_4_5, { reasoning: "low", maxTokens: 4000 }, { type: "enabled", budget_tokens: 1024 }],
      [SONNET_4_5, { reasoning: { effort: "medium" } }, { type: "enabled", budget_tokens: 4096 }],
      [OPUS_4_5, { reasoning: { effort: "high", budgetTokens: 2048 } }, { type: "enabled", budget_tokens: 2048 }, "high"],
      [OPUS_4_5, { reasoning: "high" }, { type: "enabled", budget_tokens: 16384 }, "high"],
    ]) {
      for (const api of ["invoke", "converse"]) {
        const body = await sent({ model, api }, "hello", options);
        const { thinking: found, output_config } = body.additionalModelRequestFields ?? body;
        equal([found, output_config?.effort], [thinking, effort], `${model}, ${api}, ${JSON.stringify(options)}`);
      }
    }
  }],

  ["effort with a budget has its beta feature", async (given) => {
    const body = await sender(given).sent({ model: OPUS_4_5 }, "hello", { reasoning: { effort: "low", budgetTokens: 2048 } });
    equal(body.anthropic_beta, ["effort-2025-11-24"]);
  }],

  ["reasoning that contradicts itself is refused before anything is sent", async (given) => {
    const { chat, count } = sender(given);
    const enabled = { type: "enabled", budget_tokens: 2048 };
    for (const [options, part] of [
      [{ reasoning: "high", thinking: enabled }, "`reasoning` and `thinking`"],
      [{ reasoning: false, thinking: enabled }, "`reasoning` and `thinking`"],
      [{ reasoningDisplay: "omitted", thinking: { ...enabled, display: "summarized" } }, "reasoningDisplay"],
      [{ reasoningDisplay: "full" }, "reasoningDisplay"],
      [{ thinking: { ...enabled, budgetTokens: 5 } }, "budgetTokens"],
      [{ thinking: { type: "adaptive", budget_tokens: 2048 } }, "budget"],
      [{ thinking: { type: "disabled", budget_tokens: 2048 } }, "budget"],
      [{ thinking: { type: "magic", budget_tokens: 2048 } }, "magic"],
      [{ thinking: { type: "enabled" } }, "budget"],
      [{ reasoning: { effort: "low", max_tokens: 5 } }, "max_tokens"],
      [{ reasoning: { effort: "low", budgetTokens: -5 } }, "budget"],
      [{ reasoning: { effort: 5, budgetTokens: 2048 } }, "effort"],
      [{ reasoning: { type: "disabled", effort: "low" } }, "effort"],
      [{ reasoning: {} }, "`reasoning` must be"],
      [{ reasoning: true }, "`reasoning` must be"],
      [{ reasoning: "" }, "`reasoning` must be"],
    ]) {
      includes((await fails(() => chat({ model: SONNET_4_5 }).invoke("hello", options), "config")).message, part);
      await fails(async () => chat({ model: SONNET_4_5, ...options }), "config");
    }
    equal(count(), 0);
  }],

  ["reasoning that the model does not accept is refused with advice", async (given) => {
    const { sent, count } = sender(given);
    for (const [model, options, part] of [
      [SONNET_4_5, { reasoning: { effort: "high", budgetTokens: 2048 } }, "budget alone"],
      [SONNET_4_5, { reasoning: "adaptive" }, "budget"],
      [SONNET_4_5, { reasoning: "between_tools" }, "effort"],
      [OPUS_4_8, { reasoning: 2048 }, "effort"],
    ]) {
      for (const api of ["invoke", "converse"]) includes((await fails(() => sent({ model, api }, "hello", options), "unsupported")).message, part);
    }
    includes((await fails(() => sent({ model: SONNET_4_5 }, "hello", { reasoningDisplay: "summarized" }), "config")).message, "`reasoningDisplay`");
    equal(count(), 0);
  }],

  ["option of a call replaces the bound option under its other name", async (given) => {
    const { chat, last } = sender(given);
    const tools = [{ name: "a", input_schema: { type: "object" } }];
    const enabled = { type: "enabled", budget_tokens: 2048 };
    for (const [bound, options, found] of [
      [{ thinking: enabled }, { reasoning: false }, (body) => body.thinking.type === "disabled"],
      [{ reasoning: false }, { thinking: enabled }, (body) => body.thinking.budget_tokens === 2048],
      [{ toolChoice: "any" }, { tool_choice: "none" }, (body) => body.tool_choice.type === "none"],
      [{ tool_choice: "any" }, { toolChoice: "auto" }, (body) => body.tool_choice.type === "auto"],
    ]) {
      for (const model of [chat({ model: SONNET_4_5, tools }).withOptions(bound), chat({ model: SONNET_4_5, tools, ...bound })]) {
        await fails(() => model.invoke("hello", options), "interrupted");
        equal(found(last()), true, JSON.stringify([bound, options, last()]));
      }
    }
  }],

  ["responseFormat that is not strict, or has members that are not sent, is refused", async (given) => {
    const { sent, count } = sender(given);
    const [schema, model] = [{ type: "object", properties: { a: { type: "string" } } }, SONNET_4_5];
    for (const [format, part] of [
      [{ type: "json_schema", json_schema: { name: "a", schema, strict: false } }, "`strict` of `responseFormat` is false"], [{ schema, strict: false }, "`strict` of `responseFormat` is false"],
      [{ type: "json_schema", json_schema: { name: "a", schema, mode: 1 } }, ": `mode`;"], [{ type: "json_schema", schema, examples: [] }, ": `examples`;"],
      [{ type: "json_schema", strict: true, json_schema: { name: "a", schema } }, ": `strict`;"], [{ type: "grammar", schema }, 'unknown type of `responseFormat`: "grammar"'],
      [{ type: "json_object" }, "must have a schema"], [{ type: "json_schema", json_schema: {} }, "must have a schema"],
    ]) {
      for (const key of ["responseFormat", "response_format"]) includes((await fails(() => sent({ model }, "hello", { [key]: format }), "config")).message, part);
    }
    equal(count(), 0);
    for (const strict of [true, null, undefined]) {
      const body = await sent({ model }, "hello", { response_format: { type: "json_schema", json_schema: { name: "a", schema, strict } } });
      equal(body.output_config.format.type, "json_schema");
    }
  }],

  ["two names of one option with different values are refused", async ({ chat, fields, BedrockChat }) => {
    const schema = { type: "object" };
    for (const options of [{ toolChoice: "any", tool_choice: "none" }, { responseFormat: { schema }, response_format: { schema } }]) {
      includes((await fails(() => chat().invoke("hello", options), "config")).message, "set the same");
    }
    for (const more of [{ endpointHost: "other.example" }, { fetch: async () => {}, fetchFn: async () => {} }]) {
      includes((await fails(async () => new BedrockChat({ ...fields, ...more }), "config")).message, "set the same");
    }
    new BedrockChat({ ...fields, endpointHost: fields.endpointUrl });
    new BedrockChat({ ...fields, endpointHost: "" });
  }],
];
