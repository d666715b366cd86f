import { Chat } from "./bedrock_chat.js";
import { checkFields } from "./checks.js";
import { type Provide, chooseCredentials, places, usedRegion } from "./credentials.js";
import { type BedrockChatError, problem } from "./error.js";
import type {
  BatchOptions, BedrockChatFields, BoundOptions, CallOptions, Capabilities, FetchLike, JsonSchema, Messages, Removable, SchemaOutput, StandardSchema, Tool, ZodLike,
} from "./fields.js";
import type { StructuredConfig, StructuredPlan, StructuredSpec } from "./hold.js";
import { conversation, json } from "./messages.js";
import { type Options, coreOptions, merged, onlyOne } from "./options.js";
import { type FoundationModel, type Get, type InferenceProfile, type InferenceProfileType, type MantleModel, allProfiles, listed, modelBehind, profileOf } from "./operations.js";
import { type AIMessage, replyOf } from "./reply.js";
import type { Members } from "./schema.js";
import { CANCEL, ChatStream } from "./stream.js";
import { HeldChat, type StructuredChat, type WithRaw } from "./structured.js";
import { PASSED_FIELDS, SAME_FIELDS } from "./table.js";
import { fromCore } from "./thrown.js";
import { type Kept, Watch } from "./watch.js";

/** The parts that all copies of a chat model share: the module's model and the constructor's fields. */
class Shared implements Kept {
  declare readonly fields: BedrockChatFields;
  declare readonly fetch: FetchLike | undefined;
  declare readonly provider: Provide | undefined;
  declare readonly place: Kept["place"];
  declare readonly core: Chat;

  constructor(fields: BedrockChatFields) {
    this.fields = fields;
    const { config, fetch, provider } = connection(fields);
    this.fetch = fetch;
    this.provider = provider;
    this.place = { model: config.model, region: usedRegion(config.model, fields) };
    const own = weak(this);
    try {
      this.core = new Chat(json({ ...config, ...coreOptions(fields) }, "the fields"), fetch && flagged(through(own, "fetch"), fetch), provider && through(own, "provider"));
    } catch (thrown) {
      if (thrown instanceof TypeError) {
        throw problem("config", "the WebAssembly module is not loaded: call init() or initSync() of bedrock-chat/manual first", { cause: thrown });
      }
      throw fromCore(thrown);
    }
  }
}

interface Weak<Value> {
  deref(): Value | undefined;
}

type Functions = { [name in "fetch" | "provider"]: (...given: never[]) => unknown };

// Values that the module holds are never collected. If it held a function that refers to its model, the model would
// not be collected either. During a call or a stream, its watch keeps the owners of the functions alive.
const weak = <Value extends object>(object: Value): Weak<Value> => (typeof WeakRef === "undefined" ? { deref: () => object } : new WeakRef(object));
const through = (own: Weak<Shared>, name: keyof Functions) => (...given: never[]): unknown => (own.deref() as Functions)[name](...given);

/** The member of a `fetch` that passes its arguments to the global one. The module then switches off Node's limits. */
const flagged = <F extends object>(fetch: F, given: object): F => ("callsGlobalFetch" in given ? Object.assign(fetch, { callsGlobalFetch: true }) : fetch);

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

  constructor(fields: BedrockChatFields);
  /** @internal */
  constructor(shared: Shared, bound: Options);
  constructor(fields: BedrockChatFields | Shared, bound?: Options) {
    if (fields instanceof Shared) {
      this.#shared = fields;
    } else {
      if (!fields || typeof fields !== "object") {
        throw problem("config", 'the constructor takes an object: new BedrockChat({ model: "us.anthropic.claude-sonnet-4-6", region: "us-east-1" })');
      }
      checkFields(fields, "chat");
      this.#shared = new Shared({ ...fields });
    }
    this.#bound = bound ?? {};
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
      const stream = await watch.run(this.#shared.core.call("stream", text, core));
      // From now on, the stream's owner ends the call.
      call.watch = undefined;
      return ChatStream.of(stream, watch, text.includes('"citations"'));
    } catch (error) {
      watch.close();
      throw advised(error, all);
    }
  }

  /** Sends many conversations, with a limit on concurrent calls. */
  batch(inputs: readonly Messages[], options: Removable<BatchOptions> & { returnExceptions: true }): Promise<(AIMessage | Error)[]>;
  batch(inputs: readonly Messages[], options?: Removable<BatchOptions>): Promise<AIMessage[]>;
  async batch(inputs: readonly Messages[], options?: Removable<BatchOptions>): Promise<(AIMessage | Error)[]> {
    if (!Array.isArray(inputs)) throw problem("encode", "batch takes an array of conversations");
    checkFields(options, "batch");
    const all = merged({ maxConcurrency: this.#shared.fields.maxConcurrency }, merged(this.#bound, options));
    const { returnExceptions, maxConcurrency: atOnce = 10, signal, ...each } = all;
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal!.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort);
    const replies = new Array<AIMessage | Error>(inputs.length);
    let next = 0;
    const work = async () => {
      while (next < inputs.length) {
        const at = next++;
        try {
          replies[at] = await this.invoke(inputs[at], { ...each, signal: stop.signal });
        } catch (error) {
          if (!returnExceptions) throw error;
          replies[at] = error as Error;
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.max(1, Math.min(atOnce, inputs.length)) }, work));
    } catch (error) {
      // The replies of the other calls would be lost.
      stop.abort(error);
      next = inputs.length;
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    return replies;
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
    return listed(await this.#get(options)("getControlPlane", "/foundation-models"), "modelSummaries");
  }

  /** Lists the models that the account can call on `bedrock-mantle`. */
  async mantleModels(options?: Removable<CallOptions>): Promise<MantleModel[]> {
    return listed(await this.#get(options)("getMantle", "/v1/models"), "data");
  }

  /** Lists the inference profiles of the account, all of them or those of one type. */
  inferenceProfiles(type?: InferenceProfileType | null, options?: Removable<CallOptions>): Promise<InferenceProfile[]> {
    return allProfiles(this.#get(options), type);
  }

  /** Returns an inference profile by its id or ARN, with the models behind it. */
  inferenceProfile(id: string, options?: Removable<CallOptions>): Promise<InferenceProfile> {
    return profileOf(this.#get(options), id);
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

  /** Returns the options as JSON. A guardrail that is changed in part keeps the rest of the constructor's. */
  #core(options: Options): string {
    const { guardrailIdentifier, guardrailVersion, guardrailConfig, trace } = this.#shared.fields;
    const guarded = { guardrailIdentifier, guardrailVersion, guardrailConfig, trace };
    return json(coreOptions(merged(guarded, options)), "the options");
  }

  /**
   * The limit on a whole call may be that of the constructor. A caller that awaits this continues with an empty
   * stack: a stack overflow inside the module would break it permanently.
   */
  async #watch(options: Options): Promise<Watch> {
    return new Watch(merged({ timeout: this.#shared.fields.timeout }, options), this.#shared);
  }

  #get(options: Removable<CallOptions> | undefined): Get {
    return async (service, path) => JSON.parse(await this.#call(service, path, options));
  }

  async #call(operation: "invoke" | "complete" | "countTokens" | "getControlPlane" | "getMantle", text: string, options: Removable<CallOptions> | undefined): Promise<string> {
    const all = this.#options(options);
    const core = this.#core(all);
    const watch = await this.#watch(all);
    try {
      return await watch.run(this.#shared.core.call(operation, text, core));
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

/** Returns the settings of the connection: model, endpoint and credentials. */
function connection(fields: BedrockChatFields): { config: Members & { model: string }; provider: Provide | undefined; fetch: FetchLike | undefined } {
  const { model, applicationInferenceProfile, family, gatewayUrl } = fields;
  if (!model) {
    throw problem("config", 'model is missing: set the id of a model or inference profile, such as "us.anthropic.claude-sonnet-4-6"', { field: "model" });
  }
  onlyOne(fields, SAME_FIELDS);
  const { credentials, provider } = chooseCredentials(fields);
  const profile = applicationInferenceProfile;
  const config: Members & { model: string } = {
    model: profile ? decoded(profile) : model,
    // `model` names the model behind the profile.
    family: family ?? (profile ? model : undefined),
    credentials,
    region: fields.region?.trim() || undefined,
    endpointUrl: fields.endpointUrl || fields.endpointHost || undefined,
    gatewayUrl: gatewayUrl || undefined,
    environment: places(),
  };
  // `Headers` objects have entries instead of members.
  const { headers } = fields;
  if (headers) config.headers = typeof (headers as Headers)[Symbol.iterator] === "function" ? Object.fromEntries(headers as Headers) : headers;
  for (const name of PASSED_FIELDS) config[name] = fields[name] ?? undefined;
  const fetch = fields.fetch ?? fields.fetchFn;
  return { config, provider, fetch: fetch && flagged<FetchLike>((url, init) => fetch(url, init), fetch) };
}

function decoded(profile: string): string {
  if (!/%[0-9a-f]{2}/i.test(profile)) return profile;
  try {
    return decodeURIComponent(profile);
  } catch (error) {
    throw problem("config", `applicationInferenceProfile has invalid percent-encoding: ${profile}`, { cause: error, field: "applicationInferenceProfile" });
  }
}
