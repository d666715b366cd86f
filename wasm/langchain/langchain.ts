// `bedrock-chat/langchain`: a chat model for LangChain.js over Amazon Bedrock. Needs `@langchain/core`.
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import { BaseChatModel, type BaseChatModelParams, type LangSmithParams } from "@langchain/core/language_models/chat_models";
import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import { AIMessage, type AIMessageChunk, type BaseMessage, type MessageContent } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult, LLMResult } from "@langchain/core/outputs";
import type { Runnable, RunnableBatchOptions } from "@langchain/core/runnables";
import { AsyncCaller } from "@langchain/core/utils/async_caller";
import type { InteropZodType } from "@langchain/core/utils/types";
import { BedrockChat as Core, type AIMessage as CoreMessage, type BedrockCredentialsProvider, type BedrockChatFields as CoreFields, type ChatStream, type GuardrailConfig, RateLimiter, type Removable, type Tool } from "./index.js";
import { chooseRegion } from "./credentials.js";
import { BATCH, BatchCores } from "./langchain-batch.js";
import { registerBlocks } from "./langchain-blocks.js";
import { Chunks } from "./langchain-chunks.js";
import { streamEvents } from "./langchain-events.js";
import type { BedrockChatCallOptions, BedrockChatFields, BedrockChatTool, BedrockStructuredOutputOptions, BedrockToolChoice, NativeTool } from "./langchain-fields.js";
import { ourFields, ourOptions, plainMessage } from "./langchain-options.js";
import { estimated } from "./langchain-tokens.js";
import { structured } from "./langchain-structured.js";
import { formatTool } from "./langchain-tools.js";
import { type Options as CoreOptions, merged } from "./options.js";
import { textOf } from "./reply.js";
import type { Members } from "./schema.js";
import { LANGCHAIN_IDENTITY, LANGCHAIN_SETTINGS } from "./table.js";

export { BedrockChatError, RateLimiter, capabilities, mintApiKey } from "./index.js";
export type { BedrockCredentials, BedrockCredentialsProvider, Capabilities, CircuitBreaker, CloudflareGateway, Fallback, FallbackMetadata, FetchLike, GuardrailConfig, RateLimits, Reasoning, ResponseFormat } from "./index.js";
export type * from "./langchain-fields.js";
export { convertMessagesToPrompt, convertMessagesToPromptAnthropic } from "./langchain-prompt.js";

registerBlocks();

/** Fields that are not part of a serialized model: functions, and headers and fallbacks, which may have secrets. */
const UNWRITTEN = ["fetch", "fetchFn", "headers", "fallbacks"];

/** The model's properties that are options of every call. Some are not declared. */
type Settings = { [name in (typeof LANGCHAIN_SETTINGS)[number]]?: unknown };

/** The options of a batch's calls: one for all, or one for each. */
type BatchConfig = Partial<BedrockChatCallOptions> | Partial<BedrockChatCallOptions>[];

/** The parsed options of a call, with the options that LangChain and `structured` add. */
type Options = BedrockChat["ParsedCallOptions"] & { promptIndex?: number; structured?: object; [BATCH]?: BatchCores };

/**
 * Chat with every model on Amazon Bedrock: a drop-in for `BedrockChat` of
 * `@langchain/community/chat_models/bedrock/web`.
 *
 * `response_metadata.stop_reason` has the reason why a model stopped, both in a reply and in an aggregated stream.
 *
 * Every call reads the properties that are options, such as `temperature`. `undefined` removes one.
 *
 * ```ts
 * import { BedrockChat } from "bedrock-chat/langchain";
 *
 * const llm = new BedrockChat({ model: "us.anthropic.claude-sonnet-4-6", region: "us-east-1" });
 * const reply = await llm.invoke([["system", "Answer in French."], ["human", "Hello!"]]);
 * console.log(reply.text, reply.usage_metadata);
 * ```
 */
export class BedrockChat extends BaseChatModel<BedrockChatCallOptions, AIMessageChunk> {
  static override lc_name(): string {
    return "BedrockChat";
  }

  override lc_serializable = true;
  declare model: string;
  /** The vendor in the model's id; `undefined` if the id does not name a vendor. */
  declare modelProvider?: string;
  declare region?: string;
  declare endpointHost?: string;
  declare streaming: boolean;
  declare temperature?: number;
  declare maxTokens?: number;
  declare topP?: number;
  declare topK?: number;
  declare stop?: string[];
  declare modelKwargs?: Record<string, unknown>;
  declare guardrailIdentifier?: string;
  declare guardrailVersion?: string;
  declare guardrailConfig?: GuardrailConfig;
  declare trace?: "ENABLED" | "DISABLED" | "ENABLED_FULL";
  #fields: CoreFields;
  #core: Core;
  #maxConcurrency: number | undefined;
  /** The cores of calls with another number of retries. */
  #cores = new Map<number, Core>();
  #reached: Members = {};

  /** @throws {BedrockChatError} of kind `config` or `credentials`, if a field is missing or wrong. */
  constructor(fields: BedrockChatFields) {
    super((fields ??= {} as BedrockChatFields) as BaseChatModelParams);
    const kwargs = { ...this.lc_kwargs };
    for (const name of UNWRITTEN) delete kwargs[name];
    // Not enumerable, as it contains the credentials: a printed model does not show them.
    Object.defineProperty(this, "lc_kwargs", { value: kwargs, enumerable: false, writable: true, configurable: true });
    const known = ourFields(fields);
    // This class decides for each call whether `invoke` streams.
    this.#fields = { ...known, streaming: undefined };
    // The cores of this model share its limiter.
    if (known.rateLimiter) this.#fields.rateLimiter = RateLimiter.of(known.rateLimiter);
    this.#core = new Core(this.#fields);
    // Limits concurrent calls only. Failed calls are retried in the core.
    const { maxConcurrency, onFailedAttempt = fail } = fields;
    this.#maxConcurrency = maxConcurrency;
    this.caller = new AsyncCaller({ maxConcurrency: maxConcurrency ?? Infinity, maxRetries: 0, onFailedAttempt });
    Object.assign(this, {
      model: known.model,
      modelProvider: providerOf(known.model),
      region: chooseRegion(known.region),
      endpointHost: known.endpointHost ?? known.endpointUrl,
      streaming: known.streaming ?? false,
      disableStreaming: fields.disableStreaming ?? false,
    });
    for (const name of LANGCHAIN_IDENTITY) if (known[name]) this.#reached[name] = known[name];
    if (known.cloudflareGateway) this.#reached.cloudflareGateway = { ...known.cloudflareGateway, token: undefined };
    // Another model may give the answer that is cached.
    if (known.fallbacks?.length) this.#reached.fallbacks = known.fallbacks.map(({ model }) => model ?? known.model);
    for (const name of LANGCHAIN_SETTINGS) if (known[name] !== undefined) (this as Settings)[name] = known[name];
  }

  override get lc_aliases(): Record<string, string> {
    return { model: "model_id", region: "region_name" };
  }

  override get lc_secrets(): Record<string, string> {
    // LangChain would write a string that has such paths as an object of its letters.
    const ofObject = {
      "credentials.accessKeyId": "AWS_ACCESS_KEY_ID",
      "credentials.secretAccessKey": "AWS_SECRET_ACCESS_KEY",
      "credentials.sessionToken": "AWS_SESSION_TOKEN",
      "credentials.apiKey": "AWS_BEARER_TOKEN_BEDROCK",
    };
    return {
      ...(typeof this.lc_kwargs.credentials === "string" ? {} : ofObject),
      awsAccessKeyId: "AWS_ACCESS_KEY_ID",
      awsSecretAccessKey: "AWS_SECRET_ACCESS_KEY",
      awsSessionToken: "AWS_SESSION_TOKEN",
      "cloudflareGateway.token": "CF_AIG_TOKEN",
      apiKey: "AWS_BEARER_TOKEN_BEDROCK",
    };
  }

  override get lc_attributes(): Record<string, any> {
    const { credentials } = this.lc_kwargs;
    // The property does not have a string, and a model without credentials would use the environment's.
    return { region: this.region, ...(typeof credentials === "string" ? { credentials } : {}) };
  }

  /** Returns the keys that were passed to the constructor as `credentials`, or the function; `undefined` for `"anonymous"`. */
  get credentials(): BedrockCredentialsProvider | undefined {
    const { credentials } = this.lc_kwargs;
    return typeof credentials === "string" ? undefined : credentials;
  }

  _llmType(): string {
    return "bedrock";
  }

  /** Returns everything that determines an answer, as LangChain makes its cache keys from it. */
  override _identifyingParams(): Record<string, unknown> {
    return { model: this.model, region: this.region, ...this.#reached, ...this.#settings() };
  }

  override invocationParams(options?: Partial<this["ParsedCallOptions"]>): {
    tools: NativeTool[] | undefined;
    tool_choice?: BedrockToolChoice;
    temperature: number | undefined;
    max_tokens: number | undefined;
    stop: string[] | undefined;
    modelKwargs: Record<string, unknown> | undefined;
    guardrailConfig: GuardrailConfig | undefined;
  } {
    const { tools, tool_choice, toolChoice, temperature, maxTokens, stop, modelKwargs, guardrailConfig } = this.#options(options);
    const choice = tool_choice ?? toolChoice;
    return {
      tools: tools?.map(formatTool),
      ...(choice === undefined ? {} : { tool_choice: choice as BedrockToolChoice }),
      temperature,
      max_tokens: maxTokens,
      stop: stop as string[] | undefined,
      modelKwargs,
      guardrailConfig,
    };
  }

  override getLsParams(options: this["ParsedCallOptions"]): LangSmithParams {
    const { temperature, max_tokens, stop } = this.invocationParams(options);
    const params: { [name in keyof LangSmithParams]: LangSmithParams[name] | undefined } = {
      ls_provider: "bedrock",
      ls_model_name: this.model,
      ls_model_type: "chat",
      ls_temperature: temperature,
      ls_max_tokens: max_tokens,
      ls_stop: typeof stop === "string" ? [stop] : stop,
    };
    return params as LangSmithParams;
  }

  /** Returns the same model with tools that it may call: LangChain's, OpenAI's, Anthropic's, in any mixture. */
  override bindTools(
    tools: BedrockChatTool[],
    kwargs?: Partial<BedrockChatCallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, BedrockChatCallOptions> {
    return this.withConfig({ ...kwargs, tools: tools.map(formatTool) });
  }

  /**
   * Sends many conversations, several at a time: their number begins with 10, grows with replies up to `maxConcurrency` of
   * the options or the model, and throttling halves it. Default: no limit. After an error no further call begins, unless
   * `returnExceptions` is set.
   */
  override batch(inputs: BaseLanguageModelInput[], options?: BatchConfig, batchOptions?: RunnableBatchOptions & { returnExceptions?: false }): Promise<AIMessageChunk[]>;
  override batch(inputs: BaseLanguageModelInput[], options?: BatchConfig, batchOptions?: RunnableBatchOptions & { returnExceptions: true }): Promise<(AIMessageChunk | Error)[]>;
  override batch(inputs: BaseLanguageModelInput[], options?: BatchConfig, batchOptions?: RunnableBatchOptions): Promise<(AIMessageChunk | Error)[]>;
  override async batch(inputs: BaseLanguageModelInput[], options?: BatchConfig, batchOptions?: RunnableBatchOptions): Promise<(AIMessageChunk | Error)[]> {
    const configs = this._getOptionsList(options ?? {}, inputs.length);
    const cores = new BatchCores(configs[0]?.maxConcurrency ?? batchOptions?.maxConcurrency ?? this.#maxConcurrency);
    // The limit of the first calls.
    cores.of(this.#coreOf(configs[0]));
    const replies = new Array<AIMessageChunk | Error>(inputs.length);
    await cores.run(inputs.length, async (at) => {
      try {
        replies[at] = await this.invoke(inputs[at]!, { ...configs[at], [BATCH]: cores } as Partial<BedrockChatCallOptions>);
      } catch (error) {
        if (!batchOptions?.returnExceptions) throw error;
        replies[at] = error as Error;
      }
    });
    return replies;
  }

  /**
   * Estimates the tokens of a message's content without a request: one token per 3.5 bytes of UTF-8, and 1600 for an
   * image or a file. `trimMessages` calls it for each message, many times. {@link countTokens} is exact.
   */
  // LangChain's own method loads OpenAI's vocabulary from the network, and models on Bedrock do not use that
  // vocabulary.
  override async getNumTokens(content: MessageContent): Promise<number> {
    return estimated(content);
  }

  /** Counts the tokens of a conversation by a request to the service, which is free. Some models do not support it. */
  async countTokens(messages: BaseLanguageModelInput, options?: Partial<BedrockChatCallOptions>): Promise<number> {
    const list = BaseChatModel._convertInputToPromptValue(messages).toChatMessages().map(plainMessage);
    return this.#call(options, () => this.#coreOf(options).countTokens(list, this.#called(options)));
  }

  /**
   * Returns the same model with structured output: it answers with values of a schema. With `includeRaw`,
   * `parsingError` is the reason why `parsed` is null. In a stream, the pieces of the answer arrive as `{ raw }`, and
   * at the end `{ parsed }`.
   */
  override withStructuredOutput<T extends Record<string, any> = Record<string, any>>(
    schema: InteropZodType<T> | Record<string, any>,
    config?: BedrockStructuredOutputOptions<false>,
  ): Runnable<BaseLanguageModelInput, T>;
  override withStructuredOutput<T extends Record<string, any> = Record<string, any>>(
    schema: InteropZodType<T> | Record<string, any>,
    config: BedrockStructuredOutputOptions<true>,
  ): Runnable<BaseLanguageModelInput, { raw: BaseMessage; parsed: T; parsingError?: Error }>;
  override withStructuredOutput<T extends Record<string, any> = Record<string, any>>(
    schema: InteropZodType<T> | Record<string, any>,
    config?: BedrockStructuredOutputOptions<boolean>,
  ):
    | Runnable<BaseLanguageModelInput, T>
    | Runnable<BaseLanguageModelInput, { raw: BaseMessage; parsed: T; parsingError?: Error }>;
  override withStructuredOutput(schema: unknown, config?: BedrockStructuredOutputOptions): Runnable<BaseLanguageModelInput, any> {
    return structured(this, schema, config ?? {}, (spec) => this.#core.structuredPlan(spec, this.#settings()));
  }

  async _generate(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    const message = this.streaming && !this.disableStreaming
      ? await this.#streamed(messages, options, runManager)
      : await this.#call(options, () => this.#coreOf(options).invoke(messages.map(plainMessage), this.#called(options)));
    const { usage_metadata: usage } = message;
    const answer = toMessage(message);
    const result: ChatResult = { generations: [{ text: textOf(message.content), message: answer, generationInfo: { ...answer.response_metadata } }] };
    if (usage) {
      result.llmOutput = { tokenUsage: { promptTokens: usage.input_tokens, completionTokens: usage.output_tokens, totalTokens: usage.total_tokens } };
    }
    return result;
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for await (const chunk of this.#chunks(await this.#start(messages, options), options)) {
      yield chunk;
      // Called after the chunk was yielded: only then it has the id that LangChain sets.
      await told(runManager, chunk, options);
    }
  }

  /** @internal Not in the declarations: older versions of LangChain have no such events. */
  override async *_streamChatModelEvents(messages: BaseMessage[], options: this["ParsedCallOptions"]): AsyncGenerator<ChatModelStreamEvent> {
    try {
      yield* streamEvents(await this.#start(messages, options));
    } catch (error) {
      throw named(error, options.signal);
    }
  }

  /** @internal */
  override _combineLLMOutput(...outputs: LLMResult["llmOutput"][]): LLMResult["llmOutput"] {
    const tokenUsage = { promptTokens: 0, completionTokens: 0, totalTokens: 0 };
    for (const output of outputs) {
      for (const key of Object.keys(tokenUsage) as (keyof typeof tokenUsage)[]) tokenUsage[key] += output?.["tokenUsage"]?.[key] ?? 0;
    }
    return { tokenUsage };
  }

  /** Streams for a caller that waits for the whole message, so that callbacks receive the tokens. */
  async #streamed(messages: BaseMessage[], options: Options, runManager: CallbackManagerForLLMRun | undefined): Promise<CoreMessage> {
    const stream = await this.#start(messages, options);
    for await (const chunk of this.#chunks(stream, options)) await told(runManager, chunk, options);
    return stream.soFar!;
  }

  async *#chunks(stream: ChatStream, options: Options): AsyncGenerator<ChatGenerationChunk> {
    const isList = Boolean(options.tools?.length || options.structured) || (options.outputVersion ?? this.outputVersion) === "v1";
    const chunks = new Chunks(stream.requestId, isList);
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

  #start(messages: BaseMessage[], options: Options): Promise<ChatStream> {
    return this.#call(options, () => this.#coreOf(options).stream(messages.map(plainMessage), this.#called(options)));
  }

  async #call<Result>(options: { signal?: AbortSignal | undefined } | undefined, work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.caller.call(work);
    } catch (error) {
      throw named(error, options?.signal);
    }
  }

  /**
   * Returns the core for a call. In LangChain a call may have another number of retries, which is a field of the
   * constructor in the core.
   */
  #coreOf(options?: { maxRetries?: number | null | undefined; [BATCH]?: BatchCores }): Core {
    const maxRetries = options?.maxRetries ?? undefined;
    let core = this.#core;
    if (maxRetries !== undefined) {
      // Kept, as the circuit breakers of fallbacks count the failures of earlier calls.
      core = this.#cores.get(maxRetries) ?? new Core({ ...this.#fields, maxRetries });
      this.#cores.set(maxRetries, core);
    }
    return options?.[BATCH]?.of(core) ?? core;
  }

  /** Returns the options that are passed to the core. */
  #called(options: Partial<BedrockChatCallOptions> | undefined): CoreOptions {
    const settings = this.#settings();
    // The core applies options of a call to all targets. A setting that was not changed must not replace a fallback's own.
    for (const fallback of this.#fields.fallbacks ?? []) {
      for (const name of LANGCHAIN_SETTINGS) if ((fallback as Settings)[name] !== undefined && settings[name] === this.#fields[name]) delete settings[name];
    }
    return this.#options(options, settings);
  }

  /** Returns the options of a call. Fields that can be changed on the model are read at each call. */
  #options(options: Partial<BedrockChatCallOptions> | undefined, settings = this.#settings()): CoreOptions {
    const all: CoreOptions & { maxRetries?: undefined } = { ...merged(merged({}, settings), ourOptions(options)), maxRetries: undefined };
    const { strict } = options ?? {};
    // Tools in a provider's own form, such as server tools, have no such member.
    if (typeof strict === "boolean") {
      all.tools = all.tools?.map((tool) => {
        const json = formatTool(tool);
        return (json["input_schema"] || json["toolSpec"] ? { strict, ...json } : json) as Tool;
      });
    }
    return all;
  }

  /** Returns the model's properties that are options. Null removes an option that the constructor has set. */
  #settings(): Removable<CoreOptions> {
    const settings: Members = {};
    const isSet = (value: unknown) => value !== undefined && value !== null && value !== "";
    for (const name of LANGCHAIN_SETTINGS) {
      const value = (this as Settings)[name];
      if (isSet(value)) settings[name] = value;
      else if (isSet(this.#fields[name])) settings[name] = null;
    }
    return settings;
  }
}

/** Passes a chunk to the callbacks. */
function told(runManager: CallbackManagerForLLMRun | undefined, chunk: ChatGenerationChunk, { promptIndex = 0 }: Options): Promise<void> | undefined {
  const place = { prompt: promptIndex, completion: 0 };
  return runManager?.handleLLMNewToken(chunk.text, place, undefined, undefined, undefined, { chunk });
}

function fail(error: unknown): never {
  throw error;
}

function toMessage({ content, tool_calls, invalid_tool_calls, usage_metadata, response_metadata, additional_kwargs, id }: CoreMessage): AIMessage {
  const provider = typeof content === "string" ? {} : { model_provider: "bedrock-chat" };
  const fields: Members = {
    content,
    tool_calls,
    invalid_tool_calls,
    usage_metadata,
    response_metadata: { type: "message", role: "assistant", ...response_metadata, ...provider },
    additional_kwargs,
    id,
  };
  return new AIMessage(fields);
}

/** Changes the name of an error after an abort to the name that LangChain's programs check for. */
function named(error: unknown, signal: AbortSignal | undefined): unknown {
  const kind = (error as { kind?: unknown } | null | undefined)?.kind;
  if (signal?.aborted && (kind === "cancelled" || kind === "timeout")) {
    const name = kind === "timeout" ? "TimeoutError" : "AbortError";
    Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  }
  return error;
}

/** Returns the vendor in a model's id, such as `anthropic`, if the id has one. */
function providerOf(model: string): string | undefined {
  const id = model.slice(model.lastIndexOf("/") + 1);
  if (id.startsWith("arn:")) return undefined;
  const [first, second, ...rest] = id.split(".");
  return rest.length || /^(us|eu|ap|apac|ca|sa|me|af|il|mx|cn|au|jp|us-gov|global)$/.test(first!) ? second : second && first;
}
