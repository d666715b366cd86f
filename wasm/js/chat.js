import { Chat } from "./bedrock_chat.js";
import { chooseCredentials, places, usedRegion } from "./credentials.js";
import { problem } from "./error.js";
import { checkFields } from "./checks.js";
import { conversation, json } from "./messages.js";
import { coreOptions, merged, onlyOne } from "./options.js";
import { replyOf } from "./reply.js";
import { CANCEL, ChatStream } from "./stream.js";
import { StructuredChat } from "./structured.js";
import { PASSED_FIELDS, SAME_FIELDS } from "./table.js";
import { fromCore } from "./thrown.js";
import { Watch } from "./watch.js";

/** The parts that all copies of a chat model share: the module's model and the constructor's fields. */
class Shared {
  constructor(fields) {
    this.fields = fields;
    const { config, fetch, provider } = connection(fields);
    this.fetch = fetch;
    this.provider = provider;
    this.place = { model: config.model, region: usedRegion(config.model, fields) };
    const own = weak(this);
    try {
      this.core = new Chat(json({ ...config, ...coreOptions(fields) }, "the fields"), fetch && through(own, "fetch"), provider && through(own, "provider"));
    } catch (thrown) {
      if (thrown instanceof TypeError) {
        throw problem("config", "the WebAssembly module is not there yet: call init() or initSync() of bedrock-chat/manual first", { cause: thrown });
      }
      throw fromCore(thrown);
    }
  }
}

// Values that the module holds are never collected. If it held a function that refers to its model, the model would
// not be collected either. During a call or a stream, its watch keeps the owners of the functions alive.
const weak = (object) => (typeof WeakRef === "undefined" ? { deref: () => object } : new WeakRef(object));
const through = (own, name) => (...given) => own.deref()[name](...given);

/** A chat model. See index.d.ts. */
export class BedrockChat {
  #shared;
  #bound;

  constructor(fields, bound) {
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
  async invoke(messages, options) {
    return replyOf(await this.#call("invoke", conversation(messages), options));
  }

  /** Sends a conversation and returns the reply as a stream. */
  stream(messages, options) {
    const call = { left: false };
    const stream = this.#stream(messages, options, call);
    const cancel = () => {
      call.left = true;
      call.watch?.leave();
    };
    return Object.defineProperty(stream, CANCEL, { value: cancel });
  }

  async #stream(messages, options, call) {
    const all = this.#options(options);
    const text = conversation(messages);
    const core = this.#core(all);
    const watch = await this.#watch(all);
    call.watch = watch;
    if (call.left) watch.leave();
    try {
      const stream = await watch.run(this.#shared.core.call("stream", text, core));
      // From now on the owner of the stream ends it.
      call.watch = undefined;
      return new ChatStream(stream, watch, text.includes('"citations"'));
    } catch (error) {
      watch.close();
      throw advised(error, all);
    }
  }

  /** Sends many conversations, some at a time. */
  async batch(inputs, options) {
    if (!Array.isArray(inputs)) throw problem("encode", "batch takes an array of conversations");
    checkFields(options, "batch");
    const { returnExceptions, maxConcurrency, signal, ...each } = merged(this.#bound, options);
    const atOnce = maxConcurrency ?? this.#shared.fields.maxConcurrency ?? 10;
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort);
    const replies = new Array(inputs.length);
    let next = 0;
    const work = async () => {
      while (next < inputs.length) {
        const at = next++;
        try {
          replies[at] = await this.invoke(inputs[at], { ...each, signal: stop.signal });
        } catch (error) {
          if (!returnExceptions) throw error;
          replies[at] = error;
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.max(1, Math.min(atOnce, inputs.length)) }, work));
    } catch (error) {
      // The others are for nothing.
      stop.abort(error);
      next = inputs.length;
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    return replies;
  }

  /** Completes a raw prompt, in the model's own template. */
  async complete(prompt, options) {
    if (typeof prompt !== "string") throw problem("encode", `complete takes a string; this is ${typeof prompt}`);
    return replyOf(await this.#call("complete", prompt, options));
  }

  /** Counts the tokens of a conversation. */
  async countTokens(messages, options) {
    return Number(await this.#call("countTokens", conversation(messages), options));
  }

  /** The same model with options for every call. */
  withOptions(options) {
    checkFields(options, "batch");
    const bound = merged(this.#bound, options);
    // Better now than at the first call.
    this.#core(bound);
    return new BedrockChat(this.#shared, bound);
  }

  /** LangChain's name for `withOptions`. */
  withConfig(options) {
    return this.withOptions(options);
  }

  /** The same model with tools that it may call. */
  bindTools(tools, options) {
    if (!Array.isArray(tools)) throw problem("config", "bindTools takes an array of tools");
    return this.withOptions({ ...options, tools });
  }

  /** The same model, answering with values of a schema. */
  withStructuredOutput(schema, config) {
    return new StructuredChat(this, schema, config ?? {}, (spec) => this.structuredPlan(spec));
  }

  /** How the model is held to a schema under these options. Other entries of the package use it. */
  structuredPlan(spec, options) {
    try {
      return JSON.parse(this.#shared.core.structured(json(spec, "the schema"), this.#core(merged(this.#bound, options))));
    } catch (thrown) {
      throw fromCore(thrown);
    }
  }

  /** Returns what the model can do, with the corrections of the option `capabilities`. */
  capabilities() {
    return { ...JSON.parse(this.#shared.core.capabilities()), ...this.#bound.capabilities };
  }

  #options(options) {
    checkFields(options, "call");
    return merged(this.#bound, options);
  }

  /** The options as JSON. A guardrail that is changed in part keeps the rest of the constructor's. */
  #core(options) {
    const { guardrailIdentifier, guardrailVersion, guardrailConfig, trace } = this.#shared.fields;
    const guarded = { guardrailIdentifier, guardrailVersion, guardrailConfig, trace };
    return json(coreOptions(merged(guarded, options)), "the options");
  }

  /**
   * The limit on a whole call may be the constructor's. A caller that awaits this continues with an empty stack: a stack
   * overflow inside the module would break it permanently.
   */
  async #watch(options) {
    return new Watch(merged({ timeout: this.#shared.fields.timeout }, options), this.#shared);
  }

  async #call(operation, text, options) {
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

/** Says of a method of structured output that the model cannot take what to do: callers did not set `toolChoice`. */
function advised(error, { structured }) {
  if (structured?.method && error?.field === "toolChoice") {
    error.message = `the method ${structured.method} does not work here; leave \`method\` unset to use one that does: ${error.message}`;
  }
  return error;
}

/** Returns the settings of the connection: model, endpoint and credentials. */
function connection(fields) {
  const { model, applicationInferenceProfile, family, gatewayUrl } = fields;
  if (!model) {
    throw problem("config", 'model is missing: give the id of a model or inference profile, such as "us.anthropic.claude-sonnet-4-6"', { field: "model" });
  }
  onlyOne(fields, SAME_FIELDS);
  const { credentials, provider } = chooseCredentials(fields);
  const profile = applicationInferenceProfile;
  const config = {
    model: profile ? decoded(profile) : model,
    // `model` names the model behind the profile.
    family: family ?? (profile ? model : undefined),
    credentials,
    region: fields.region?.trim() || undefined,
    endpointUrl: fields.endpointUrl || fields.endpointHost || undefined,
    gatewayUrl: gatewayUrl || undefined,
    environment: places(),
  };
  // Headers have no members, but entries.
  const { headers } = fields;
  if (headers) config.headers = typeof headers[Symbol.iterator] === "function" ? Object.fromEntries(headers) : headers;
  for (const name of PASSED_FIELDS) config[name] = fields[name] ?? undefined;
  const fetch = fields.fetch ?? fields.fetchFn;
  return { config, provider, fetch: fetch && ((url, init) => fetch(url, init)) };
}

function decoded(profile) {
  if (!/%[0-9a-f]{2}/i.test(profile)) return profile;
  try {
    return decodeURIComponent(profile);
  } catch (error) {
    throw problem("config", `applicationInferenceProfile is not well encoded: ${profile}`, { cause: error, field: "applicationInferenceProfile" });
  }
}
