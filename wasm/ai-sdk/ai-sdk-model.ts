// A language model of the AI SDK over the core's chat model.
import type { LanguageModelV4, LanguageModelV4GenerateResult, LanguageModelV4StreamPart, LanguageModelV4StreamResult } from "@ai-sdk/provider";
import { type Outcome, callError } from "./ai-sdk-errors.js";
import type { AmazonBedrockCredentials, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
import { type AnyCallOptions, type Prepared, prepared } from "./ai-sdk-options.js";
import { Parts, both, contentOf, eventsOf, usageOf } from "./ai-sdk-parts.js";
import { conversationOf, ours } from "./ai-sdk-prompt.js";
import { VERSION } from "./ai-sdk-version.js";
import { environment, onlyAnonymous } from "./credentials.js";
import { isSet } from "./error.js";
import { BedrockChat, BedrockChatError, type BedrockChatFields, type FetchLike, type Messages } from "./index.js";
import type { Members } from "./schema.js";

type Headers = { [name: string]: string };

/** A chat model that runs one call at a time, and the outcome of that call. */
interface Line {
  chat: BedrockChat;
  family: string | undefined;
  /** The family and the headers of every call of this model. */
  key: string;
  outcome: Outcome;
}

/** A language model: version 4 of the specification, or 3, which differs in a few parts. */
export class AmazonBedrockChatLanguageModel implements Omit<LanguageModelV4, "specificationVersion" | "doGenerate" | "doStream"> {
  declare readonly specificationVersion: "v3" | "v4";
  declare readonly provider: "amazon-bedrock";
  declare readonly modelId: string;
  /** Media in Amazon S3 is not downloaded: models that can read it get its address. */
  declare readonly supportedUrls: Record<string, RegExp[]>;
  #settings: AmazonBedrockProviderSettings;
  #version: 3 | 4;
  /** Whether calls use Converse. It is not known before the first call, unless the settings name an API. */
  #isConverse: boolean | undefined;
  /** Models that no call uses, by the headers that they send. */
  #idle = new Map<string, Line[]>();

  constructor(modelId: string, settings: AmazonBedrockProviderSettings, version: 3 | 4) {
    this.specificationVersion = `v${version}`;
    this.provider = "amazon-bedrock";
    this.modelId = modelId;
    this.supportedUrls = { "*/*": [/^s3:\/\//] };
    this.#settings = settings;
    this.#version = version;
    if (settings.api) this.#isConverse = settings.api === "converse";
  }

  /** Sends a prompt and waits for the reply. */
  async doGenerate(call: AnyCallOptions): Promise<LanguageModelV4GenerateResult> {
    return this.#with(call, async (line, { options, held, warnings }, messages, release) => {
      const reply = await line.chat.invoke(messages, options);
      release();
      const parts = new Parts({ version: this.#version, held, prompt: call.prompt, generateId: this.#generateId });
      const out: LanguageModelV4StreamPart[] = [];
      for (const event of eventsOf(reply)) parts.add(event, out);
      parts.finish(out);
      const { response_metadata: metadata, usage_metadata: usage, responseHeaders: headers = line.outcome.headers } = reply;
      return {
        content: contentOf(out),
        finishReason: parts.finishReason,
        usage: usageOf(usage, metadata.usage),
        warnings,
        request: line.outcome.sent,
        response: { ...about(metadata.request_id ?? headers?.["x-amzn-requestid"], headers, this.modelId), ...(headers ? { headers } : {}) },
        providerMetadata: both(parts.metadata()),
      };
    });
  }

  /** Sends a prompt and returns the parts of the reply as they arrive. */
  async doStream(call: AnyCallOptions): Promise<LanguageModelV4StreamResult> {
    return this.#with(call, async (line, { options, held, warnings }, messages, release) => {
      const stream = await line.chat.stream(messages, options);
      const parts = new Parts({ version: this.#version, held, prompt: call.prompt, generateId: this.#generateId });
      const { outcome } = line;
      const { headers, sent } = outcome;
      const first: LanguageModelV4StreamPart[] = [{ type: "stream-start", warnings }, { type: "response-metadata", ...about(stream.requestId, headers, this.modelId) }];
      return {
        stream: new ReadableStream<LanguageModelV4StreamPart>(
          {
            start(controller) {
              for (const part of first) controller.enqueue(part);
            },
            async pull(controller) {
              const out: LanguageModelV4StreamPart[] = [];
              let isOver = false;
              try {
                while (!out.length && !isOver) {
                  const events = await stream.batch();
                  for (const event of events) {
                    if (call.includeRawChunks) out.push({ type: "raw", rawValue: event });
                    parts.add(event, out);
                  }
                  isOver = !events.length;
                }
                if (isOver) parts.finish(out);
              } catch (thrown) {
                isOver = true;
                const error = await callError(thrown, call.abortSignal, outcome);
                if (call.abortSignal?.aborted) {
                  release();
                  controller.error(error);
                  return;
                }
                out.push({ type: "error", error });
                parts.finish(out, true);
              }
              for (const part of out) controller.enqueue(part);
              if (!isOver) return;
              release();
              controller.close();
            },
            async cancel() {
              await stream.return();
              release();
            },
          },
          { highWaterMark: 0 },
        ),
        request: sent,
        response: headers ? { headers } : {},
      };
    });
  }

  #generateId = (): string => this.#settings.generateId?.() ?? crypto.randomUUID();

  /** Runs a call on a model that no other call uses, until the call's work calls `release` or fails. */
  async #with<Result>(call: AnyCallOptions, work: (line: Line, ready: Prepared, messages: Messages, release: () => void) => Promise<Result>): Promise<Result> {
    let line: Line | undefined;
    let held: Line | undefined;
    // A second time has no effect: after the first one, another call may use the model.
    const release = () => {
      if (held) this.#keep(held);
      held = undefined;
    };
    try {
      line = held = this.#take(call);
      const { family } = line;
      const isOf = (...names: string[]) => names.some((name) => `.${family ?? this.modelId}`.replaceAll("/", ".").includes(`.${name}`));
      const ready = prepared(line.chat, call, isOf, this.#isConverse === true);
      // Claude reports over Converse at which text it stopped only if it is asked.
      if (this.#isConverse && isOf("anthropic")) ready.options.responseFieldPaths ??= ["/delta/stop_sequence"];
      return await work(line, ready, conversationOf(call.prompt), release);
    } catch (error) {
      const outcome = line?.outcome ?? { sent: {} };
      release();
      throw await callError(error, call.abortSignal, outcome);
    }
  }

  #take({ headers: ofCall, providerOptions }: AnyCallOptions): Line {
    const headers: Headers = {};
    for (const [name, value] of Object.entries({ ...this.#settings.headers, ...ofCall })) if (value !== undefined) headers[name.toLowerCase()] = value;
    headers["user-agent"] = [headers["user-agent"], `bedrock-chat/${VERSION}`].filter(Boolean).join(" ");
    const { modelFamily, family = modelFamily ?? this.#familyOf(providerOptions) } = this.#settings;
    const key = JSON.stringify([family, headers]);
    const line = this.#idle.get(key)?.pop() ?? this.#line(headers, family, key);
    line.outcome = { sent: {} };
    return line;
  }

  /** Returns the family of a profile that does not name its model: a budget of reasoning is for Claude. */
  #familyOf(providerOptions: AnyCallOptions["providerOptions"]): string | undefined {
    const { reasoningConfig } = ours({ providerOptions });
    return this.modelId.includes(":application-inference-profile/") && isSet((reasoningConfig as Members | undefined)?.["budgetTokens"]) ? "anthropic" : undefined;
  }

  /** Keeps a model for later calls. */
  #keep(line: Line): void {
    if (this.#idle.size > MOST_IDLE) this.#idle.clear();
    const idle = this.#idle.get(line.key);
    if (!idle) this.#idle.set(line.key, [line]);
    else if (idle.length < MOST_IDLE) idle.push(line);
  }

  #line(headers: Headers, family: string | undefined, key: string): Line {
    const line: Omit<Line, "chat"> = { key, family, outcome: { sent: {} } };
    return Object.assign(line, { chat: this.#chat({ ...fieldsOf(this.modelId, this.#settings), family, headers, fetch: watched(this.#settings.fetch, line) }) });
  }

  #chat(fields: BedrockChatFields): BedrockChat {
    if (this.#isConverse !== false) {
      try {
        const chat = new BedrockChat({ ...fields, api: "converse" });
        this.#isConverse = true;
        return chat;
      } catch (error) {
        if (this.#isConverse || !(error instanceof BedrockChatError) || error.kind !== "unsupported") throw error;
        // The model has other APIs, such as those of `bedrock-mantle`.
        this.#isConverse = false;
      }
    }
    return new BedrockChat(fields);
  }
}

/** Maximum number of models that are kept for later calls with the same headers, and of such sets of headers. */
const MOST_IDLE = 8;

/** Returns the provider's settings as fields of the core. */
function fieldsOf(model: string, settings: AmazonBedrockProviderSettings): BedrockChatFields {
  const { accessKeyId, secretAccessKey, sessionToken, credentialProvider, baseURL, headers, fetch, generateId, apiKey, modelFamily, ...own } = settings;
  const fields: BedrockChatFields = { maxRetries: 0, ...own, model, endpointUrl: baseURL };
  if (typeof own.credentials === "string") onlyAnonymous({ apiKey: apiKey?.trim() || undefined, accessKeyId, secretAccessKey, sessionToken, credentialProvider });
  if (apiKey?.trim()) fields.apiKey = apiKey.trim();
  else if (credentialProvider) fields.credentials = credentialProvider as () => Promise<AmazonBedrockCredentials>;
  else Object.assign(fields, keysOf({ accessKeyId, secretAccessKey, sessionToken }));
  return fields;
}

/** Returns the keys of the settings. If only a part of them is set, the environment has the others. */
function keysOf({ accessKeyId, secretAccessKey, sessionToken }: Pick<AmazonBedrockProviderSettings, "accessKeyId" | "secretAccessKey" | "sessionToken">): Partial<BedrockChatFields> {
  const isWhole = isSet(accessKeyId) && isSet(secretAccessKey);
  const isPart = !isWhole && (isSet(accessKeyId) || isSet(secretAccessKey) || isSet(sessionToken));
  const other = (name: string) => (isPart ? environment(name) : undefined);
  return { awsAccessKeyId: accessKeyId ?? other("AWS_ACCESS_KEY_ID"), awsSecretAccessKey: secretAccessKey ?? other("AWS_SECRET_ACCESS_KEY"), awsSessionToken: sessionToken ?? other("AWS_SESSION_TOKEN") };
}

/** Returns a `fetch` that keeps the request and the outcome of a call. */
function watched(custom: typeof globalThis.fetch | undefined, line: Omit<Line, "chat">): FetchLike {
  const send: FetchLike = async (url, init) => {
    // The original provider's bodies are strings, and functions of its users read them as such.
    const text = () => new TextDecoder().decode(init.body);
    let body: unknown;
    const outcome: Outcome = (line.outcome = {
      sent: {
        url,
        get body() {
          return (body ??= JSON.parse(text()));
        },
      },
    });
    try {
      const response = await (custom ? custom(url, { ...init, body: text() }) : globalThis.fetch(url, init));
      const headers = Object.fromEntries(response.headers);
      delete headers["set-cookie"];
      outcome.headers = headers;
      outcome.status = response.status;
      // A mock may have fewer members than a `Response`.
      if (response.ok === false && "clone" in response) outcome.answer = response.clone().text().catch(() => undefined);
      return response;
    } catch (error) {
      outcome.failure = { error, isCustom: Boolean(custom) };
      throw error;
    }
  };
  // Node's own `fetch` has limits on silence that the core switches off.
  return custom ? send : Object.assign(send, { callsGlobalFetch: true });
}

/** Returns what is known about a response. */
function about(id: string | undefined, headers: Headers | undefined, modelId: string): { id?: string; timestamp?: Date; modelId: string } {
  const { date } = headers ?? {};
  return { ...(id ? { id } : {}), ...(date ? { timestamp: new Date(date) } : {}), modelId };
}
