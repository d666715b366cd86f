// A language model of the AI SDK over the core's chat model.
import type { LanguageModelV4, LanguageModelV4GenerateResult, LanguageModelV4StreamPart, LanguageModelV4StreamResult } from "@ai-sdk/provider";
import { type Sent, callError } from "./ai-sdk-errors.js";
import type { AmazonBedrockChatModelSettings, AmazonBedrockProviderSettings } from "./ai-sdk-fields.js";
import { type AnyCallOptions, type Prepared, prepared } from "./ai-sdk-options.js";
import { Parts, both, contentOf, eventsOf, usageOf } from "./ai-sdk-parts.js";
import { conversationOf } from "./ai-sdk-prompt.js";
import type { StreamEvent } from "./events.js";
import { BedrockChat, BedrockChatError, type BedrockChatFields, type ChatStream, type FetchLike, type Messages } from "./index.js";

type Headers = { [name: string]: string };

/** A chat model that runs one call at a time, and the request and response headers of that call. */
interface Line {
  chat: BedrockChat;
  /** The headers that every call of this model sends. */
  key: string;
  isConverse: boolean;
  sent: Sent;
  headers: Headers | undefined;
}

/** The core's stream, with a member that other entries use. */
type Events = ChatStream & { batch(): Promise<readonly StreamEvent[]> };

/** A language model: version 4 of the specification, or 3, which differs in a few parts. */
export class AmazonBedrockChatLanguageModel implements Omit<LanguageModelV4, "specificationVersion" | "doGenerate" | "doStream"> {
  declare readonly specificationVersion: "v3" | "v4";
  declare readonly provider: "amazon-bedrock";
  declare readonly modelId: string;
  /** Media in Amazon S3 is not downloaded: models that can read it get its address. */
  declare readonly supportedUrls: Record<string, RegExp[]>;
  #settings: AmazonBedrockProviderSettings & AmazonBedrockChatModelSettings;
  #version: number;
  /** Models that no call uses, by the headers that they send. */
  #idle = new Map<string, Line[]>();
  /** Calls that have ended. */
  #released = new WeakSet<object>();

  constructor(modelId: string, settings: AmazonBedrockProviderSettings & AmazonBedrockChatModelSettings, version: 3 | 4) {
    this.specificationVersion = `v${version}`;
    this.provider = "amazon-bedrock";
    this.modelId = modelId;
    this.supportedUrls = { "*/*": [/^s3:\/\//] };
    this.#settings = settings;
    this.#version = version;
  }

  /** Sends a prompt and waits for the reply. */
  async doGenerate(call: AnyCallOptions): Promise<LanguageModelV4GenerateResult> {
    return this.#with(call, async (line, { options, held, warnings }, messages) => {
      const reply = await line.chat.invoke(messages, options);
      this.#release(line, call);
      const parts = new Parts({ version: this.#version, held, prompt: call.prompt, generateId: this.#generateId, whole: line.isConverse ? undefined : () => reply });
      const out: LanguageModelV4StreamPart[] = [];
      for (const event of eventsOf(reply)) parts.add(event, out);
      parts.finish(out);
      const { response_metadata: metadata, usage_metadata: usage, responseHeaders: headers = line.headers } = reply;
      return {
        content: contentOf(out),
        finishReason: parts.finishReason,
        usage: usageOf(usage, metadata.usage),
        warnings,
        request: line.sent,
        response: { ...about(metadata.request_id ?? headers?.["x-amzn-requestid"], headers, this.modelId), ...(headers ? { headers } : {}) },
        providerMetadata: both(parts.metadata()),
      } as LanguageModelV4GenerateResult;
    });
  }

  /** Sends a prompt and returns the parts of the reply as they arrive. */
  async doStream(call: AnyCallOptions): Promise<LanguageModelV4StreamResult> {
    return this.#with(call, async (line, { options, held, warnings }, messages) => {
      const stream = (await line.chat.stream(messages, options)) as Events;
      const whole = line.isConverse ? undefined : () => stream.soFar;
      const parts = new Parts({ version: this.#version, held, prompt: call.prompt, generateId: this.#generateId, whole });
      const { headers, sent } = line;
      const release = () => this.#release(line, call);
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
                const error = callError(thrown, call.abortSignal, sent);
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
      } as LanguageModelV4StreamResult;
    });
  }

  #generateId = (): string => this.#settings.generateId?.() ?? crypto.randomUUID();

  /** Runs a call on a model that no other call uses. */
  async #with<Result>(call: AnyCallOptions, work: (line: Line, ready: Prepared, messages: Messages) => Promise<Result>): Promise<Result> {
    let line: Line | undefined;
    try {
      line = this.#take(call);
      const ready = prepared(line.chat, call);
      // Claude reports over Converse at which text it stopped only if it is asked.
      if (line.isConverse && /(^|[./])anthropic\./.test(this.modelId)) ready.options.responseFieldPaths ??= ["/delta/stop_sequence"];
      return await work(line, ready, conversationOf(call.prompt) as unknown as Messages);
    } catch (error) {
      const sent = line?.sent ?? {};
      if (line) this.#release(line, call);
      throw callError(error, call.abortSignal, sent);
    }
  }

  #take({ headers: ofCall }: AnyCallOptions): Line {
    const headers: Headers = {};
    for (const [name, value] of Object.entries({ ...this.#settings.headers, ...ofCall })) if (value !== undefined) headers[name.toLowerCase()] = value;
    const key = JSON.stringify(headers);
    const line = this.#idle.get(key)?.pop() ?? this.#line(headers, key);
    line.sent = {};
    line.headers = undefined;
    return line;
  }

  /** Keeps a model for later calls. Each call releases its model once: after that, another call may use it. */
  #release(line: Line, call: AnyCallOptions): void {
    if (this.#released.has(call)) return;
    this.#released.add(call);
    if (this.#idle.size > MOST_IDLE) this.#idle.clear();
    const idle = this.#idle.get(line.key);
    if (!idle) this.#idle.set(line.key, [line]);
    else if (idle.length < MOST_IDLE) idle.push(line);
  }

  #line(headers: Headers, key: string): Line {
    const line: Omit<Line, "chat"> = { key, isConverse: false, sent: {}, headers: undefined };
    const fields = { ...fieldsOf(this.modelId, this.#settings), headers, fetch: watched(this.#settings.fetch, line) } as BedrockChatFields;
    if (fields.api) return Object.assign(line, { chat: new BedrockChat(fields), isConverse: fields.api === "converse" });
    try {
      return Object.assign(line, { chat: new BedrockChat({ ...fields, api: "converse" }), isConverse: true });
    } catch (error) {
      if (!(error instanceof BedrockChatError) || error.kind !== "unsupported") throw error;
      // The model has other APIs, such as those of `bedrock-mantle`.
      return Object.assign(line, { chat: new BedrockChat(fields), isConverse: false });
    }
  }
}

/** Maximum number of models that are kept for later calls with the same headers, and of such sets of headers. */
const MOST_IDLE = 8;

/** Returns the provider's settings as fields of the core. */
function fieldsOf(model: string, settings: AmazonBedrockProviderSettings & AmazonBedrockChatModelSettings): BedrockChatFields {
  const { accessKeyId, secretAccessKey, sessionToken, credentialProvider, baseURL, headers, fetch, generateId, apiKey, modelFamily, family = modelFamily, ...own } = settings;
  const fields: BedrockChatFields = { maxRetries: 0, ...own, model, family, endpointUrl: baseURL };
  if (apiKey?.trim()) fields.apiKey = apiKey.trim();
  else if (credentialProvider) fields.credentials = async () => credentialProvider();
  else Object.assign(fields, { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey, awsSessionToken: sessionToken });
  return fields;
}

/** Returns a \`fetch\` that keeps the request and the response headers of a call. */
function watched(custom: typeof globalThis.fetch | undefined, line: Omit<Line, "chat">): FetchLike {
  const send: FetchLike = async (url, init) => {
    // The original provider's bodies are strings, and functions of its users read them as such.
    const text = () => new TextDecoder().decode(init.body);
    let body: unknown;
    line.sent = {
      url,
      get body() {
        return (body ??= JSON.parse(text()));
      },
    };
    const response = await (custom ? custom(url, { ...init, body: text() }) : globalThis.fetch(url, init));
    const headers = Object.fromEntries(response.headers);
    delete headers["set-cookie"];
    line.headers = headers;
    return response;
  };
  // Node's own \`fetch\` has limits on silence that the core switches off.
  return custom ? send : Object.assign(send, { callsGlobalFetch: true });
}

/** Returns what is known about a response. */
function about(id: string | undefined, headers: Headers | undefined, modelId: string): { id?: string; timestamp?: Date; modelId: string } {
  const { date } = headers ?? {};
  return { ...(id ? { id } : {}), ...(date ? { timestamp: new Date(date) } : {}), modelId };
}
