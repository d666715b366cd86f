import { equal, fails, includes, ok, pause, until } from "./check.js";
import { MODEL } from "./bedrock.js";
import { sender } from "./sent.js";

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ name: "get_weather", description: "The weather", input_schema: schema }];
const SONNET = { model: "us.anthropic.claude-sonnet-4-6" };
const UNANSWERED = [["human", "hello"], { role: "assistant", content: "", tool_calls: [{ id: "1", name: "get_weather", args: {} }] }, ["human", "well?"]];

/** An option, a value of it that changes the request, the fields that it needs, and the conversation. */
const OPTIONS = [
  ["maxTokens", 9], ["temperature", 0.5], ["topP", 0.25], ["topK", 7], ["stop", ["END"]], ["modelKwargs", { own: true }], ["tools", tools],
  ["toolChoice", "any", { tools }], ["tool_choice", "any", { tools }], ["parallelToolCalls", false, { tools }],
  ["reasoning", { budgetTokens: 2048 }, { ...SONNET, maxTokens: 4000 }], ["thinking", { type: "enabled", budget_tokens: 2048, display: "omitted" }, { ...SONNET, maxTokens: 4000 }],
  ["reasoningDisplay", "omitted", { ...SONNET, reasoning: "high" }], ["responseFormat", { schema }, SONNET], ["response_format", { schema }, SONNET],
  ["promptCaching", true, SONNET, "hello ".repeat(20)], ["fillMissingToolResults", true, { tools }, UNANSWERED], ["anthropicBeta", ["beta-1"]],
  ["latency", "optimized", { api: "converse" }], ["serviceTier", "flex", { api: "converse" }], ["requestMetadata", { team: "blue" }, { api: "converse" }],
  ["responseFieldPaths", ["/stop_sequence"], { api: "converse" }], ["promptVariables", { city: "Paris" }, { api: "converse" }],
];

export const removed = [
  ["null_removes_each_option_of_the_constructor_and_bound", async (given) => {
    const { chat, count, last } = sender(given);
    for (const [name, value, fields, messages = "hello"] of OPTIONS) {
      const set = { [name]: value };
      const unset = { [name]: null };
      const sent = async (model, options) => {
        const before = count();
        const error = await fails(() => model.invoke(messages, options));
        ok(count() > before, error.message);
        return last();
      };
      const [without, own] = [await sent(chat(fields)), { ...fields, ...set }];
      for (const model of [chat(own), chat(fields).withOptions(set)]) ok(JSON.stringify(await sent(model)) !== JSON.stringify(without), `${name} changes nothing`);
      for (const [model, options] of [
        [chat(own), unset], [chat(own).withOptions(unset)], [chat(fields).withOptions(set), unset], [chat(fields).withOptions(set).withConfig(unset)],
        [chat(own).withOptions(set), unset], [chat(own).bindTools(fields?.tools ?? [], unset)], [chat(fields), { ...unset }],
      ]) {
        equal(await sent(model, options), without, name);
      }
      // Undefined removes nothing, and an option can be set again.
      const all = await sent(chat(own));
      for (const options of [{ [name]: undefined }, {}]) equal(await sent(chat(own), options), all, name);
      equal(await sent(chat(own).withOptions(unset), set), all, name);
    }
  }],

  ["null_removes_an_option_by_either_of_its_names", async (given) => {
    const { sent } = sender(given);
    for (const [set, unset] of [["toolChoice", "tool_choice"], ["tool_choice", "toolChoice"]]) {
      equal((await sent({ tools, [set]: "any" }, "hello", { [unset]: null })).tool_choice, undefined);
      equal((await sent({ tools, [set]: "any" }, "hello", { [unset]: null, [set]: "auto" })).tool_choice, { type: "auto" });
    }
    const reasoning = await sent({ ...SONNET, maxTokens: 4000, reasoning: 2048 }, "hello", { thinking: null });
    equal(reasoning.thinking, undefined);
  }],

  ["empty_lists_and_false_remove_options", async (given) => {
    const { chat, sent, last } = sender(given);
    for (const [fields, options, member] of [
      [{ stop: ["END"] }, { stop: [] }, "stop_sequences"], [{ tools }, { tools: [] }, "tools"], [{ anthropicBeta: ["b"] }, { anthropicBeta: [] }, "anthropic_beta"],
      [{ api: "converse", requestMetadata: { team: "blue" } }, { requestMetadata: {} }, "requestMetadata"],
    ]) {
      ok((await sent(fields, "hello"))[member], member);
      equal((await sent(fields, "hello", options))[member], undefined, member);
    }
    await fails(() => chat({ tools }).bindTools([]).invoke("hello"), "interrupted");
    equal(last().tools, undefined);
    const cached = { ...SONNET, promptCaching: true };
    ok(JSON.stringify(await sent(cached, "hello")).includes("cache_control"));
    ok(!JSON.stringify(await sent(cached, "hello", { promptCaching: false })).includes("cache_control"));
  }],

  ["merged_members_can_be_removed_and_set_again", async (given) => {
    const { chat, last } = sender(given);
    const model = chat({ modelKwargs: { own: 1 } }).withOptions({ modelKwargs: null });
    await fails(() => model.invoke("hello", { modelKwargs: { other: 2 } }), "interrupted");
    equal([last().own, last().other], [undefined, 2]);
    const corrected = given.chat({ ...SONNET, capabilities: { images: false } });
    equal([corrected.capabilities().images, corrected.withOptions({ capabilities: null }).capabilities().images], [false, given.chat(SONNET).capabilities().images]);
    ok(given.chat(SONNET).capabilities().images !== false);
  }],

  ["null_removes_a_guardrail_only_if_both_halves_are_null", async ({ chat, bedrock }) => {
    const model = chat({ guardrailIdentifier: "gr-1", guardrailVersion: "2", guardrailConfig: { tagSuffix: "xyz" }, trace: "ENABLED" });
    for (const half of [{ guardrailIdentifier: null }, { guardrailVersion: null }, { guardrailIdentifier: null, guardrailVersion: "3" }]) {
      includes((await fails(() => model.invoke("hello", half), "config")).message, "without the guardrail");
    }
    const none = { guardrailIdentifier: null, guardrailVersion: null };
    // A part for the removed guardrail would be ignored.
    await fails(() => model.invoke("hello", { ...none, guardrailConfig: { tagSuffix: "abc" } }), "config");
    equal((await bedrock.requests()).length, 0);
    await model.invoke("hello", none);
    await model.withOptions(none).invoke("hello");
    await model.withOptions(none).invoke("hello", { guardrailIdentifier: "gr-2", guardrailVersion: "1" });
    await model.invoke("hello", { trace: null, guardrailConfig: null });
    const sent = (await bedrock.requests()).map(({ headers, body }) => [headers["x-amzn-bedrock-guardrailidentifier"], headers["x-amzn-bedrock-trace"], body.includes("tagSuffix")]);
    equal(sent, [[undefined, undefined, false], [undefined, undefined, false], ["gr-2", undefined, false], ["gr-1", undefined, false]]);
  }],

  ["null_removes_timeout_signal_and_max_concurrency", async (given) => {
    const hangs = { model: MODEL, timeout: 20 };
    const slow = async (_, { signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      ok(!signal.aborted, "the call was cancelled");
      throw new Error("enough");
    };
    await fails(() => given.mock(slow, hangs).invoke("hello"), "timeout");
    await fails(() => given.mock(slow, hangs).invoke("hello", { timeout: null }), "interrupted");
    await fails(() => given.mock(slow, hangs).withOptions({ timeout: null }).invoke("hello"), "interrupted");
    const bound = given.mock(slow).withOptions({ signal: AbortSignal.abort() });
    await fails(() => bound.invoke("hello"), "cancelled");
    await fails(() => bound.invoke("hello", { signal: null }), "interrupted");
    let [open, most, expected] = [0, 0, 0];
    const counted = async () => {
      most = Math.max(most, ++open);
      // Calls that begin late, on a busy machine, also run at the same time.
      await until(() => most >= expected, "as many calls as expected");
      await pause(20);
      open--;
      throw new Error("enough");
    };
    const inputs = Array(12).fill("hello");
    for (const [options, limit] of [[{}, 2], [{ maxConcurrency: null }, 10]]) {
      [most, expected] = [0, limit];
      await given.mock(counted, { maxConcurrency: 2 }).batch(inputs, { returnExceptions: true, ...options });
      equal(most, limit);
    }
  }],
];
