// `bedrock-chat/langchain`: the chat model as LangChain.js knows chat models. See langchain.d.ts.
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage } from "@langchain/core/messages";
import { AsyncCaller } from "@langchain/core/utils/async_caller";
import { BedrockChat as Core } from "./index.js";
import { chooseRegion } from "./credentials.js";
import { registerBlocks } from "./langchain-blocks.js";
import { Chunks } from "./langchain-chunks.js";
import { streamEvents } from "./langchain-events.js";
import { ours, plainMessage } from "./langchain-options.js";
import { estimated } from "./langchain-tokens.js";
import { structured } from "./langchain-structured.js";
import { formatTool } from "./langchain-tools.js";
import { merged } from "./options.js";
import { textOf } from "./reply.js";
import { LANGCHAIN_IDENTITY, LANGCHAIN_SETTINGS } from "./table.js";

export { BedrockChatError, capabilities, mintApiKey } from "./index.js";
export { convertMessagesToPrompt, convertMessagesToPromptAnthropic } from "./langchain-prompt.js";

registerBlocks();

/** Fields that are not part of a serialized model: functions, and headers, which may be secret. */
const UNWRITTEN = ["fetch", "fetchFn", "headers"];

export class BedrockChat extends BaseChatModel {
  #fields;
  #core;
  #reached = {};

  static lc_name() {
    return "BedrockChat";
  }

  constructor(fields = {}) {
    super(fields);
    this.lc_serializable = true;
    const kwargs = { ...this.lc_kwargs };
    for (const name of UNWRITTEN) delete kwargs[name];
    // Not enumerable, for it holds the credentials: a model that is printed does not show them.
    Object.defineProperty(this, "lc_kwargs", { value: kwargs, enumerable: false, writable: true, configurable: true });
    const known = ours(fields);
    // Whether `invoke` streams is decided here, call by call.
    this.#fields = { ...known, streaming: undefined };
    this.#core = new Core(this.#fields);
    // Limits concurrent calls only. Failed calls are retried in the core.
    const { maxConcurrency, onFailedAttempt = fail } = fields;
    this.caller = new AsyncCaller({ maxConcurrency, maxRetries: 0, onFailedAttempt });
    this.model = known.model;
    this.modelProvider = providerOf(known.model);
    this.region = chooseRegion(known.region);
    this.endpointHost = known.endpointHost ?? known.endpointUrl;
    this.streaming = known.streaming ?? false;
    this.disableStreaming = fields.disableStreaming ?? false;
    for (const name of LANGCHAIN_IDENTITY) if (known[name]) this.#reached[name] = known[name];
    for (const name of LANGCHAIN_SETTINGS) if (known[name] !== undefined) this[name] = known[name];
  }

  get lc_aliases() {
    return { model: "model_id", region: "region_name" };
  }

  get lc_secrets() {
    return {
      "credentials.accessKeyId": "AWS_ACCESS_KEY_ID",
      "credentials.secretAccessKey": "AWS_SECRET_ACCESS_KEY",
      "credentials.sessionToken": "AWS_SESSION_TOKEN",
      "credentials.apiKey": "AWS_BEARER_TOKEN_BEDROCK",
      awsAccessKeyId: "AWS_ACCESS_KEY_ID",
      awsSecretAccessKey: "AWS_SECRET_ACCESS_KEY",
      awsSessionToken: "AWS_SESSION_TOKEN",
      apiKey: "AWS_BEARER_TOKEN_BEDROCK",
    };
  }

  get lc_attributes() {
    return { region: this.region };
  }

  /** Returns the credentials that were passed to the constructor. */
  get credentials() {
    return this.lc_kwargs.credentials;
  }

  _llmType() {
    return "bedrock";
  }

  /** All that an answer depends on: LangChain's cache makes its keys of it. */
  _identifyingParams() {
    return { model: this.model, region: this.region, ...this.#reached, ...this.#settings() };
  }

  invocationParams(options) {
    const { tools, tool_choice, toolChoice, temperature, maxTokens, stop, modelKwargs, guardrailConfig } = this.#options(options);
    const choice = tool_choice ?? toolChoice;
    return {
      tools: tools?.map(formatTool),
      ...(choice === undefined ? {} : { tool_choice: choice }),
      temperature,
      max_tokens: maxTokens,
      stop,
      modelKwargs,
      guardrailConfig,
    };
  }

  getLsParams(options) {
    const { temperature, max_tokens, stop } = this.invocationParams(options);
    return {
      ls_provider: "bedrock",
      ls_model_name: this.model,
      ls_model_type: "chat",
      ls_temperature: temperature,
      ls_max_tokens: max_tokens,
      ls_stop: typeof stop === "string" ? [stop] : stop,
    };
  }

  bindTools(tools, kwargs) {
    return this.withConfig({ ...kwargs, tools: tools.map(formatTool) });
  }

  /** Estimates at once. LangChain's own loads OpenAI's vocabulary from the network, which no model here uses. */
  async getNumTokens(content) {
    return estimated(content);
  }

  /** Has the service count the tokens of a conversation. */
  async countTokens(messages, options) {
    const list = BaseChatModel._convertInputToPromptValue(messages).toChatMessages().map(plainMessage);
    return this.#call(options, () => this.#coreOf(options).countTokens(list, this.#options(options)));
  }

  withStructuredOutput(schema, config) {
    return structured(this, schema, config ?? {}, (spec) => this.#core.structuredPlan(spec, this.#settings()));
  }

  async _generate(messages, options, runManager) {
    const message = this.streaming && !this.disableStreaming
      ? await this.#streamed(messages, options, runManager)
      : await this.#call(options, () => this.#coreOf(options).invoke(messages.map(plainMessage), this.#options(options)));
    const { usage_metadata: usage } = message;
    const answer = toMessage(message);
    const llmOutput = usage && {
      tokenUsage: { promptTokens: usage.input_tokens, completionTokens: usage.output_tokens, totalTokens: usage.total_tokens },
    };
    return { generations: [{ text: textOf(message.content), message: answer, generationInfo: { ...answer.response_metadata } }], llmOutput };
  }

  async *_streamResponseChunks(messages, options, runManager) {
    for await (const chunk of this.#chunks(await this.#start(messages, options), options)) {
      yield chunk;
      // Afterwards: only now the chunk has the id that LangChain gives it.
      await told(runManager, chunk, options);
    }
  }

  async *_streamChatModelEvents(messages, options) {
    try {
      yield* streamEvents(await this.#start(messages, options));
    } catch (error) {
      throw named(error, options.signal);
    }
  }

  _combineLLMOutput(...outputs) {
    const tokenUsage = { promptTokens: 0, completionTokens: 0, totalTokens: 0 };
    for (const output of outputs) {
      for (const key of Object.keys(tokenUsage)) tokenUsage[key] += output?.tokenUsage?.[key] ?? 0;
    }
    return { tokenUsage };
  }

  /** Streams for one who wants the whole: the callbacks get the tokens, the caller the message. */
  async #streamed(messages, options, runManager) {
    const stream = await this.#start(messages, options);
    for await (const chunk of this.#chunks(stream, options)) await told(runManager, chunk, options);
    return stream.soFar;
  }

  async *#chunks(stream, options) {
    const chunks = new Chunks(stream.requestId, Boolean(options.tools?.length || options.structured) || (options.outputVersion ?? this.outputVersion) === "v1");
    try {
      for await (const event of stream.events()) {
        const chunk = chunks.of(event);
        if (chunk) yield chunk;
      }
    } catch (error) {
      throw named(error, options.signal);
    }
    yield chunks.last();
  }

  #start(messages, options) {
    return this.#call(options, () => this.#coreOf(options).stream(messages.map(plainMessage), this.#options(options)));
  }

  async #call(options, work) {
    try {
      return await this.caller.call(work);
    } catch (error) {
      throw named(error, options?.signal);
    }
  }

  /** LangChain lets a call have its own number of retries, which in the core is the constructor's. */
  #coreOf({ maxRetries } = {}) {
    return (maxRetries ?? undefined) === undefined ? this.#core : new Core({ ...this.#fields, maxRetries });
  }

  /** The options of a call. Fields that can be changed on the model are read at each call. */
  #options(options) {
    const all = { ...merged(this.#settings(), ours(options)), maxRetries: undefined };
    const { strict } = options ?? {};
    // Tools in a provider's own form, such as server tools, have no such member.
    if (typeof strict === "boolean") {
      all.tools = all.tools?.map((tool) => {
        const json = formatTool(tool);
        return json.input_schema || json.toolSpec ? { strict, ...json } : json;
      });
    }
    return all;
  }

  #settings() {
    const settings = {};
    for (const name of LANGCHAIN_SETTINGS) if (this[name] !== undefined && this[name] !== null && this[name] !== "") settings[name] = this[name];
    return settings;
  }
}

function told(runManager, chunk, { promptIndex = 0 }) {
  const place = { prompt: promptIndex, completion: 0 };
  return runManager?.handleLLMNewToken(chunk.text, place, undefined, undefined, undefined, { chunk });
}

function fail(error) {
  throw error;
}

function toMessage({ content, tool_calls, invalid_tool_calls, usage_metadata, response_metadata, additional_kwargs, id }) {
  const provider = typeof content === "string" ? {} : { model_provider: "bedrock-chat" };
  return new AIMessage({
    content,
    tool_calls,
    invalid_tool_calls,
    usage_metadata,
    response_metadata: { type: "message", role: "assistant", ...response_metadata, ...provider },
    additional_kwargs,
    id,
  });
}

/** An error of a call that its signal ended has the name that LangChain's programs look for. */
function named(error, signal) {
  if (signal?.aborted && (error?.kind === "cancelled" || error?.kind === "timeout")) {
    const name = error.kind === "timeout" ? "TimeoutError" : "AbortError";
    Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  }
  return error;
}

/** The vendor in a model's id, such as `anthropic`; nothing where it does not say. */
function providerOf(model) {
  const id = model.slice(model.lastIndexOf("/") + 1);
  if (id.startsWith("arn:")) return undefined;
  const [first, second, ...rest] = id.split(".");
  return rest.length || /^(us|eu|ap|apac|ca|sa|me|af|il|mx|cn|au|jp|us-gov|global)$/.test(first) ? second : second && first;
}
