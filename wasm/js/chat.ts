import { Chat, type Operation } from "./bedrock_chat.js";
import { checkFields } from "./checks.js";
import { connection, flagged } from "./connection.js";
import { type Provide, usedRegion } from "./credentials.js";
import { type BedrockChatError, problem } from "./error.js";
import { type When, fallbacksOf } from "./fallbacks.js";
import type {
  BatchOptions, BedrockChatFields, BoundOptions, CallOptions, Capabilities, FetchLike, JsonSchema, Messages, Removable, SchemaOutput, StandardSchema, Tool, ZodLike,
} from "./fields.js";
import type { StructuredConfig, StructuredPlan, StructuredSpec } from "./hold.js";
import { RateLimiter } from "./limiter.js";
import { conversation, json } from "./messages.js";
import { type Options, coreOptions, guarded, merged } from "./options.js";
import { paced } from "./paced.js";
import { type FoundationModel, type InferenceProfile, type InferenceProfileType, type MantleModel, allProfiles, listed, modelBehind, profilePath } from "./operations.js";
import { type AIMessage, replyOf } from "./reply.js";
import type { Members } from "./schema.js";
import { CANCEL, ChatStream } from "./stream.js";
import { HeldChat, type StructuredChat, type WithRaw } from "./structured.js";
import { fromCore, loaded } from "./thrown.js";
import { type Kept, Watch } from "./watch.js";

/** The parts that all copies of a chat model share: the module's model and the constructor's fields. */
class Shared implements Kept {
  declare readonly fields: BedrockChatFields;
  declare readonly fetch: FetchLike | undefined;
  declare readonly provider: Provide | undefined;
  declare readonly when: When | undefined;
  declare readonly place: Kept["place"];
  declare readonly core: Chat;
  /** The chats to fall back on, whose functions the module calls. */
  declare readonly fallbacks: readonly Shared[];

  constructor(fields: BedrockChatFields, when?: When) {
    this.fields = fields;
    const { config, fetch, provider } = connection(fields);
    this.fetch = fetch;
    this.provider = provider;
    this.when = when;
    this.place = { model: config.model, region: usedRegion(config.model, fields) };
    const own = weak(this);
    const text = json({ ...config, ...coreOptions(fields) }, "the fields");
    try {
      this.core = loaded(() => {
        const limiter = fields.rateLimiter ? RateLimiter.of(fields.rateLimiter).share() : undefined;
        return new Chat(text, fetch && flagged(through(own, "fetch"), fetch), provider && through(own, "provider"), limiter);
      });
    } catch (thrown) {
      throw fromCore(thrown);
    }
    this.fallbacks = fallbacksOf(fields, (fields, when) => new Shared(fields, when));
    for (const other of this.fallbacks) this.core.fallBack(other.core, other.when && (through(weak(other), "when") as When));
  }
}

interface Weak<Value> {
  deref(): Value | undefined;
}

type Functions = { [name in "fetch" | "provider" | "when"]: (...given: never[]) => unknown };

// Values that the module holds are never collected. If it held a function that refers to its model, the model would
// not be collected either. During a call or a stream, its watch keeps the owners of the functions alive.
const weak = <Value extends object>(object: Value): Weak<Value> => (typeof WeakRef === "undefined" ? { deref: () => object } : new WeakRef(object));
const through = (own: Weak<Shared>, name: keyof Functions) => (...given: never[]): unknown => (own.deref() as Functions)[name](...given);

/** The highest number of concurrent calls. */
const NO_LIMIT = 2 ** 32 - 1;

/**
 * A chat model for the calls of one batch.
 *
 * @internal
 */
export interface BatchChat {
  chat: BedrockChat;
  /** Returns how many of its calls may run now. */
  limit: () => number;
  /** Frees the module's memory. No call begins after it. */
  free: () => void;
}

/** A call whose stream has not begun. */
interface Pending {
  left: boolean;
  watch?: Watch | undefined;
}

/** A chat model on Amazon Bedrock. It never changes: methods that set something return a new one. */
export class BedrockChat {
  declare readonly model: string;
  #shared: Shared;
  #bound: Options;
  /** The module's model, which in a batch is another one than the shared one. */
  #chat: Chat;

  constructor(fields: BedrockChatFields);
  /** @internal */
  constructor(shared: Shared, bound: Options, chat?: Chat);
  constructor(fields: BedrockChatFields | Shared, bound?: Options, chat?: Chat) {
    if (fields instanceof Shared) {
      this.#shared = fields;
    } else {
      if (!fields || typeof fields !== "object") {
        throw problem("config", 'the constructor takes an object, such as new BedrockChat({ model: "us.anthropic.claude-sonnet-4-6", region: "us-east-1" })');
      }
      checkFields(fields, "chat");
      this.#shared = new Shared({ ...fields });
    }
    this.#bound = bound ?? {};
    this.#chat = chat ?? this.#shared.core;
    this.model = this.#shared.fields.model;
  }

  /** Sends a conversation and waits for the reply. */
  async invoke(messages: Messages, options?: Removable<CallOptions>): Promise<AIMessage> {
    return replyOf(await this.#call("invoke", conversation(messages), options));
  }

  /** Sends a conversation and returns the reply as a stream, once the stream has begun. */
  stream(messages: Messages, options?: Removable<CallOptions>): Promise<ChatStream> {
    const call: Pending = { left: false };
    const stream = this.#stream(messages, options, call);
    const cancel = () => {
      call.left = true;
      call.watch?.leave();
    };
    return Object.defineProperty(stream, CANCEL, { value: cancel });
  }

  async #stream(messages: Messages, options: Removable<CallOptions> | undefined, call: Pending): Promise<ChatStream> {
    const all = this.#options(options);
    const text = conversation(messages);
    const core = this.#core(all);
    const watch = await this.#watch(all);
    call.watch = watch;
    if (call.left) watch.leave();
    try {
      const stream = await watch.run(this.#chat.call("stream", text, core));
      // From now on, the stream's owner ends the call.
      call.watch = undefined;
      return ChatStream.of(stream, watch, text.includes('"citations"'));
    } catch (error) {
      watch.close();
      throw advised(error, all);
    }
  }

  /** Sends many conversations, several at a time. Their number adapts to the service, between 1 and `maxConcurrency`. */
  batch(inputs: readonly Messages[], options: Removable<BatchOptions> & { returnExceptions: true }): Promise<(AIMessage | Error)[]>;
  batch(inputs: readonly Messages[], options?: Removable<BatchOptions>): Promise<AIMessage[]>;
  async batch(inputs: readonly Messages[], options?: Removable<BatchOptions>): Promise<(AIMessage | Error)[]> {
    if (!Array.isArray(inputs)) throw problem("encode", "batch takes an array of conversations");
    checkFields(options, "batch");
    const all = merged({ maxConcurrency: this.#shared.fields.maxConcurrency }, merged(this.#bound, options));
    const { returnExceptions, maxConcurrency, signal, ...each } = all;
    // Each call has its own signal: Node warns of more than ten listeners of one.
    const stops = new Set<AbortController>();
    const stop = (reason: unknown) => stops.forEach((one) => one.abort(reason));
    const onAbort = () => stop(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    const replies = new Array<AIMessage | Error>(inputs.length);
    const { chat, limit, free } = this.ofBatch(maxConcurrency ?? undefined);
    const call = async (at: number): Promise<void> => {
      const own = new AbortController();
      stops.add(own);
      if (signal?.aborted) own.abort(signal.reason);
      try {
        replies[at] = await chat.invoke(inputs[at]!, { ...each, signal: own.signal });
      } catch (error) {
        if (!returnExceptions) throw error;
        replies[at] = error as Error;
      } finally {
        stops.delete(own);
      }
    };
    try {
      await paced(inputs.length, limit, call);
    } catch (error) {
      // The replies of the other calls would be lost.
      stop(error);
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      free();
    }
    return replies;
  }

  /**
   * Returns the same model for the calls of one batch, whose number adapts to the service. Other entries of the package
   * use it.
   *
   * @internal
   */
  ofBatch(max: number | undefined): BatchChat {
    // The module reads 32 bits of a number.
    const chat = this.#shared.core.batch(max === undefined ? max : Math.min(max, NO_LIMIT));
    return { chat: new BedrockChat(this.#shared, this.#bound, chat), limit: () => chat.limit, free: () => chat.free() };
  }

  /** Completes a raw prompt, which is sent unchanged. For models that accept prompts, with a template of the caller. */
  async complete(prompt: string, options?: Removable<CallOptions>): Promise<AIMessage> {
    if (typeof prompt !== "string") throw problem("encode", `complete takes a string; the argument is ${typeof prompt}`);
    return replyOf(await this.#call("complete", prompt, options));
  }

  /** Counts the tokens of a conversation. It is free of charge. */
  async countTokens(messages: Messages, options?: Removable<CallOptions>): Promise<number> {
    return Number(await this.#call("countTokens", conversation(messages), options));
  }

  /** Lists the foundation models in the model's region, also models that do not chat. */
  async models(options?: Removable<CallOptions>): Promise<FoundationModel[]> {
    return listed(await this.#json("getControlPlane", "/foundation-models", options), "modelSummaries");
  }

  /** Lists the models that the account can call on `bedrock-mantle`. */
  async mantleModels(options?: Removable<CallOptions>): Promise<MantleModel[]> {
    return listed(await this.#json("getMantle", "/v1/models", options), "data");
  }

  /** Lists the inference profiles of the account, all of them or those of one type. */
  inferenceProfiles(type?: InferenceProfileType | null, options?: Removable<CallOptions>): Promise<InferenceProfile[]> {
    return allProfiles((path) => this.#json("getControlPlane", path, options), type);
  }

  /** Returns an inference profile by its id or ARN, with the models behind it. */
  async inferenceProfile(id: string, options?: Removable<CallOptions>): Promise<InferenceProfile> {
    return this.#json("getControlPlane", profilePath(id), options);
  }

  /**
   * Creates a chat model for the ARN of an application inference profile. Such an ARN does not name its model, so that
   * one request (`GetInferenceProfile`) asks for it. For other models, and if `family` is set, nothing is sent.
   */
  static async resolved(fields: BedrockChatFields): Promise<BedrockChat> {
    // Whether the model has the API is not known yet.
    const asking = new BedrockChat({ ...fields, api: undefined, service: undefined });
    const isUnnamed = /:application-inference-profile\//.test(asking.model) && !fields.family;
    return new BedrockChat(isUnnamed ? { ...fields, family: modelBehind(await asking.inferenceProfile(asking.model)) } : fields);
  }

  /** Returns the same model with options for every call. */
  withOptions(options: Removable<BoundOptions>): BedrockChat {
    checkFields(options, "batch");
    const bound = merged(this.#bound, options);
    // Reports invalid options now, not at the first call.
    this.#core(bound);
    return new BedrockChat(this.#shared, bound);
  }

  /** LangChain's name for `withOptions`. */
  withConfig(options: Removable<BoundOptions>): BedrockChat {
    return this.withOptions(options);
  }

  /** Returns the same model with tools that it may call. */
  bindTools(tools: readonly Tool[], options?: Removable<BoundOptions>): BedrockChat {
    if (!Array.isArray(tools)) throw problem("config", "bindTools takes an array of tools");
    return this.withOptions({ ...options, tools });
  }

  /** Returns the same model with structured output: it answers with values of a schema. */
  withStructuredOutput<S extends StandardSchema | ZodLike>(schema: S, config?: StructuredConfig<false>): StructuredChat<SchemaOutput<S>>;
  withStructuredOutput<S extends StandardSchema | ZodLike>(schema: S, config: StructuredConfig<true>): StructuredChat<SchemaOutput<S>, WithRaw<SchemaOutput<S>>>;
  withStructuredOutput<T = Record<string, unknown>>(schema: JsonSchema, config?: StructuredConfig<false>): StructuredChat<T>;
  withStructuredOutput<T = Record<string, unknown>>(schema: JsonSchema, config: StructuredConfig<true>): StructuredChat<T, WithRaw<T>>;
  withStructuredOutput(schema: unknown, config?: StructuredConfig<boolean>): StructuredChat<unknown> {
    return new HeldChat(this, schema, config ?? {}, (spec) => this.structuredPlan(spec));
  }

  /**
   * Returns the plan by which the model must follow a schema under these options. Other entries of the package use
   * it.
   *
   * @internal
   */
  structuredPlan(spec: StructuredSpec, options?: Removable<CallOptions>): StructuredPlan {
    try {
      return JSON.parse(this.#shared.core.structured(json(spec, "the schema"), this.#core(merged(this.#bound, options))));
    } catch (thrown) {
      throw fromCore(thrown);
    }
  }

  /** Returns the model's known capabilities over the API that is used, with the corrections of the option `capabilities`. */
  capabilities(): Capabilities {
    return JSON.parse(this.#shared.core.capabilities(this.#core(this.#bound)));
  }

  #options(options: Removable<CallOptions> | undefined): Options {
    checkFields(options, "call");
    return merged(this.#bound, options);
  }

  /** Returns the options as JSON. */
  #core(options: Options): string {
    return json(coreOptions(guarded(this.#shared.fields, options)), "the options");
  }

  /**
   * The limit on a whole call may be that of the constructor. A caller that awaits this continues with an empty
   * stack: a stack overflow inside the module would break it permanently.
   */
  async #watch(options: Options): Promise<Watch> {
    return new Watch(merged({ timeout: this.#shared.fields.timeout }, options), this.#shared);
  }

  async #json<Result>(operation: Operation, text: string, options: Removable<CallOptions> | undefined): Promise<Result> {
    return JSON.parse(await this.#call(operation, text, options));
  }

  async #call(operation: Operation, text: string, options: Removable<CallOptions> | undefined): Promise<string> {
    const all = this.#options(options);
    const core = this.#core(all);
    const watch = await this.#watch(all);
    try {
      return await watch.run(this.#chat.call(operation, text, core));
    } catch (error) {
      throw advised(error, all);
    } finally {
      watch.close();
    }
  }
}

/**
 * Adds advice to the error of a method of structured output that the model does not support. Callers did not set
 * `toolChoice` themselves.
 */
function advised(error: unknown, { structured }: Options): unknown {
  const known = error as BedrockChatError | undefined;
  if (structured?.method && known?.field === "toolChoice") {
    known.message = `the method ${structured.method} is not supported for this call; leave \`method\` unset to use one that is: ${known.message}`;
  }
  return error;
}
