/// <reference lib="es2020" preserve="true" />
// `bedrock-chat/gateway`: clients of OpenAI's, Anthropic's and Bedrock's own APIs reach every model on Bedrock.
import { type Answer, Gateway as Core, type Incoming } from "./bedrock_chat_gateway.js";
import { checkFields } from "./checks.js";
import { place } from "./connection.js";
import { isSet, problem } from "./error.js";
import type { BedrockChatFields } from "./fields.js";
import { json } from "./messages.js";
import { coreOptions } from "./options.js";
import type { UsageMetadata } from "./reply.js";
import { fromCore, loaded } from "./thrown.js";
import type { Task } from "./watch.js";

/** The price of a million tokens, in the currency of the budgets. */
export interface GatewayPrice {
  /** Price of a million input tokens that are neither read from nor written to the cache. */
  input: number;
  /** Price of a million output tokens, reasoning included. */
  output: number;
  /** Price of a million tokens read from the cache. Default: the price of input. */
  cacheRead?: number | undefined;
  /** Price of a million tokens written to the cache. Default: the price of input. */
  cacheWrite?: number | undefined;
}

/** A model of a gateway. */
export interface GatewayModel {
  /** The model on Bedrock: an id, an inference profile or an ARN. */
  id: string;
  /** Models that answer if this one is throttled, fails or is not there, in this order. Default: none. */
  fallbacks?: readonly string[] | undefined;
  /** The price of the tokens, for budgets and logs. Default: unknown. */
  price?: GatewayPrice | undefined;
}

/** A key of a client, and what the client may do with it. */
export interface GatewayKey {
  /**
   * The key, of at least 8 characters, or `sha256:` and the 64 hexadecimal digits of its SHA-256. Only the hash is
   * kept. Clients send it as `x-api-key`, or as a bearer token.
   */
  key: string;
  /** The models that the key may use, by the names that clients use or by Bedrock's ids; a `*` at the end matches any suffix. Default: all. */
  models?: readonly string[] | undefined;
  /** Maximum number of calls a minute. Lists of models, and requests that the gateway refuses before it calls Bedrock, do not count. Default: no limit. */
  requestsPerMinute?: number | undefined;
  /** Maximum number of tokens a minute, of input and output. A call's tokens are known at its end, so the calls after it wait. Default: no limit. */
  tokensPerMinute?: number | undefined;
  /** The maximum cost of the calls of a period. The last call may exceed it. It needs the price of each model that the key uses. Default: no limit. */
  budget?: number | undefined;
  /** The period of the budget, in UTC. Default: `"month"`. */
  budgetPeriod?: "day" | "month" | "total" | undefined;
  /** Metadata of the key's calls in AWS's logs of invocations. The gateway adds `gateway_key`, the key's name. At most 15. Default: none. */
  metadata?: { readonly [name: string]: string } | undefined;
  /** The Bedrock project of the key's calls, which splits AWS's bill. Default: none. */
  project?: string | undefined;
}

/** The settings of a chat that a gateway has. They hold for the calls of every model. */
type ChatSettings = Pick<
  BedrockChatFields,
  | "region" | "credentials" | "apiKey" | "awsAccessKeyId" | "awsSecretAccessKey" | "awsSessionToken" | "endpointUrl" | "gatewayUrl" | "cloudflareGateway" | "headers" | "fetch"
  | "fips" | "dualStack" | "signingName" | "maxRetries" | "paidResend" | "firstByteTimeout" | "idleTimeout" | "guardrailIdentifier" | "guardrailVersion"
  | "guardrailConfig" | "trace" | "serviceTier" | "latency" | "project" | "requestMetadata" | "promptCaching" | "fillMissingToolResults" | "capabilities"
>;

/**
 * The settings of a gateway: those of a chat, such as `region` and `credentials`, and its tables of models and keys.
 * Requests that pass on unchanged have only the guardrail, service tier, latency and project of the chat's options.
 */
export interface GatewaySettings extends ChatSettings {
  /**
   * The models by the names that clients use. A `*` at the end of a name matches any suffix; a `*` in the id is
   * replaced by that suffix. A name without `*` wins, then the longest. Default: none.
   */
  models?: { readonly [name: string]: string | GatewayModel } | undefined;
  /**
   * The keys of clients by their names, which logs show. A string is a key that may use all models without limits.
   * Without a key, all requests are refused.
   */
  keys?: { readonly [name: string]: string | GatewayKey } | undefined;
  /** Whether clients can use any model by its Bedrock id, also if `models` does not list it. Default: `true`. */
  anyModel?: boolean | undefined;
  /** The origins of pages that may read the answers, such as `https://chat.example.com`, or `*`. Default: none. */
  corsOrigins?: readonly string[] | undefined;
  /** Maximum length of a request's body, in bytes. Default: 25,000,000. */
  maxBodyBytes?: number | undefined;
  /**
   * Counts the use of keys for several gateways, for example in a Durable Object, so that they share limits and budgets. It
   * is called only for keys with a limit or a budget. Default: the use is counted in the memory of this gateway.
   */
  counter?: GatewayCounter | undefined;
  /** Called at the end of each call of a client, for logs and metrics. Its errors are logged. Default: none. */
  onCall?: ((call: GatewayCall) => unknown) | undefined;
}

/** A call of a client that has ended. Refused calls are included. It has no secrets, and no part of the conversation. */
export interface GatewayCall {
  /** When the call began, in milliseconds since 1970. */
  beganAt: number;
  /**
   * The name of the client's key; empty for a request without a known key. As anyone can send these, at most 10 a minute
   * are reported. The `error` of the next one then says how many were not.
   */
  key: string;
  /** The model's name, as the client wrote it. */
  model: string;
  /** The model on Bedrock that was called last: an id, a profile or an ARN. */
  modelId: string;
  /** The path, without the query; its first 200 characters for a request without a known key. */
  path: string;
  /** The names of the request's parts that were left out, as in the header `x-gateway-removed`, up to 2,000 bytes in total. Absent if nothing was left out. */
  removed?: string[];
  /** The status that the client received; 499, if the client left before it. */
  status: number;
  /** Whether the answer was a stream. */
  streamed: boolean;
  /** The tokens used. */
  usage: UsageMetadata;
  /** `true` if tokens in `usage` are estimated, as the answer ended before the service reported them. The estimate is 1 token for 4 bytes of the request, or of the text that had arrived. */
  usageEstimated?: true;
  /** The cost, if the settings have the model's price. */
  cost?: number;
  /** Milliseconds from the request to the first byte of the answer. */
  firstByteMs?: number;
  /** Milliseconds from the request to the end of the answer. */
  durationMs: number;
  /** AWS's id of the request. */
  requestId?: string;
  /** Why the call failed, with what only the operator may read. */
  error?: string;
}

/** The use of a key. */
export interface GatewayKeyUse {
  /** When this was brought up to date, in milliseconds since 1970. */
  at: number;
  /** How many calls count toward the limit of a minute. It falls steadily, from the limit to 0 in a minute. */
  requests: number;
  /** How many tokens count toward the limit of a minute. It falls in the same way, and may exceed the limit. */
  tokens: number;
  /** The cost of the calls in the period. */
  spent: number;
  /** The period as a number: a day such as 20261129, a month such as 202611, or 0. */
  period: number;
}

/** The tokens and the cost of a call that has ended. */
export interface GatewaySpending {
  /** The tokens of input and output. */
  tokens: number;
  /** The cost; 0, if the settings do not have the model's price. */
  cost: number;
}

/** Counts the use of keys for several gateways. It can call `admit` and `record` of a `Gateway` with the same settings. */
export interface GatewayCounter {
  /**
   * Counts a call of the key with this name, unless it exceeds a limit of the key. Returns what the key had used before.
   * If it throws, the call is refused with status 503, and only the log has the error.
   */
  admit(key: string): GatewayKeyUse | Promise<GatewayKeyUse>;
  /** Counts the tokens and the cost of a call at its end. Nothing waits for it. Its errors are logged. */
  record(key: string, spending: GatewaySpending): unknown;
}

/** A gateway. */
export interface Gateway {
  /**
   * Answers a request. An error is a response with its status, in the form of the API that was called. The answer is
   * passed on as the model writes it. Cancelling its body, or aborting the signal of the request, ends the call. The
   * function may be used without its object.
   */
  fetch(request: Request): Promise<Response>;
  /**
   * Returns what a key has used, by its name. Limits and budgets are kept in memory: store this after each call and
   * `restore` it, to keep budgets over a restart. It does not have the use that a `counter` counts.
   */
  used(key: string): GatewayKeyUse;
  /** Sets what a key has used, by its name. */
  restore(key: string, used: Partial<GatewayKeyUse>): void;
  /**
   * Counts a call of a key for another gateway, whose `counter` calls this, unless it exceeds a limit of the key. Returns
   * what the key had used before; `used` has the use after it.
   */
  admit(key: string): GatewayKeyUse;
  /** Counts the tokens and the cost of a call that another gateway answered. */
  record(key: string, spending: GatewaySpending): void;
}

/**
 * Creates a gateway, for a Worker or a server.
 *
 * ```js
 * export default createGateway({
 *   region: "us-east-1",
 *   models: { "claude-sonnet-4-6": "us.anthropic.claude-sonnet-4-6" },
 *   keys: { alice: "gw-0123456789", bob: { key: "gw-9876543210", requestsPerMinute: 60 } },
 * });
 * ```
 */
export function createGateway(settings: GatewaySettings): Gateway {
  if (!settings || typeof settings !== "object") throw problem("config", "createGateway takes an object, such as createGateway({ region, models, keys })");
  checkFields(settings, "gateway");
  const core = created(settings);
  return {
    fetch: (request) => handled(core, request),
    used: (key) => JSON.parse(calling(() => core.used(key))),
    restore: (key, used) => calling(() => core.restore(key, json(used, "the use of a key"))),
    admit: (key) => JSON.parse(calling(() => core.admit(key))),
    record: (key, { tokens, cost }) => calling(() => core.record(key, tokens, cost)),
  };
}

function created(settings: GatewaySettings): Core {
  const { models, keys, anyModel, corsOrigins, maxBodyBytes, counter, onCall, ...chat } = settings;
  const own = Object.fromEntries(Object.entries({ models, keys, anyModel, corsOrigins, maxBodyBytes }).filter(([, value]) => isSet(value)));
  const { config, fetch, provider } = place(chat);
  const ended = onCall && ((call: string) => logging("onCall", () => onCall(withTotal(JSON.parse(call)))));
  const admit = counter && (async (key: string) => json(await counter.admit(key), "the use of a key"));
  const record = counter && ((key: string, tokens: number, cost: number) => logging("counter.record", () => counter.record(key, { tokens, cost })));
  const [text, options] = [json(own, "the settings"), json({ ...config, ...coreOptions(chat) }, "the settings")];
  const create = () => new Core(text, options, fetch, provider, ended ?? undefined, admit ?? undefined, record ?? undefined);
  return calling(() => loaded(create, "bedrock-chat/gateway/manual"));
}

/** Returns a call with the total of its tokens, which the module's `Usage` does not have. */
const withTotal = ({ usage, ...call }: GatewayCall): GatewayCall => ({ ...call, usage: { ...usage, total_tokens: usage.input_tokens + usage.output_tokens } });

/** Calls a function of the settings, and logs its error. */
async function logging(name: string, call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    console.error(`bedrock-chat: ${name} failed with`, error);
  }
}

/** Calls the module; it throws errors as JSON. */
function calling<Value>(call: () => Value): Value {
  try {
    return call();
  } catch (thrown) {
    throw fromCore(thrown);
  }
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Statuses of responses that cannot have a body. */
const WITHOUT_BODY = [204, 205, 304];

async function handled(core: Core, request: Request): Promise<Response> {
  const { method, url, signal } = request;
  if (!METHODS.includes(method)) return new Response(JSON.stringify({ message: `no path takes ${method}` }), { status: 405, headers: { "content-type": "application/json" } });
  const target = /^[^:]+:\/\/[^/?#]*([^#]*)/.exec(url)?.[1] || "/";
  const task = calling(() => core.handle(method, target, JSON.stringify([...request.headers]), incoming(request)));
  const leave = () => task.cancel();
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave);
  let answer: Answer;
  try {
    answer = await task.promise;
  } catch (thrown) {
    // The client does not read this response.
    if (signal?.aborted) return new Response(null, { status: 499 });
    throw fromCore(thrown);
  } finally {
    signal?.removeEventListener("abort", leave);
    task.free();
  }
  const { status } = answer;
  const headers = new Headers(JSON.parse(answer.headers));
  const isEmpty = method === "HEAD" || WITHOUT_BODY.includes(status);
  const body = outgoing(answer, signal);
  if (isEmpty) await body.cancel();
  return new Response(isEmpty ? null : body, { status, headers });
}

/** Returns the body of a request as the module reads it. */
function incoming(request: Request): Incoming | undefined {
  const reader = request.body?.getReader();
  return reader && { read: async () => (await reader.read()).value, cancel: () => void reader.cancel().catch(() => {}) };
}

/** Returns the body of an answer. It ends the call when it is cancelled, or when the signal is aborted. */
function outgoing(answer: Answer, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  let reading: Task<Uint8Array | undefined> | undefined;
  let ended = false;
  let fail = (_: unknown) => {};
  const end = () => {
    if (ended) return;
    ended = true;
    signal?.removeEventListener("abort", leave);
    reading?.cancel();
    answer.free();
  };
  const leave = () => {
    end();
    // A reader gets an error. workerd has ended such a request by then: it would report the error as an exception of the
    // Worker.
    setTimeout(() => fail(signal?.reason));
  };
  signal?.addEventListener("abort", leave);
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => void (fail = (error) => controller.error(error)),
      pull: async (controller) => {
        // The client has left: `fail` is about to end the stream.
        if (ended) return;
        const next = (reading = answer.next());
        try {
          const piece = await next.promise;
          if (ended) return;
          if (piece) return controller.enqueue(piece);
          end();
          controller.close();
        } catch (thrown) {
          if (ended) return;
          end();
          controller.error(fromCore(thrown));
        } finally {
          next.free();
          reading = undefined;
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
  if (signal?.aborted) leave();
  return body;
}
