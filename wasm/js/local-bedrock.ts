/// <reference lib="es2020" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
// `bedrock-chat/local-bedrock`: a local imitation of Bedrock for tests, over Node's HTTP server.
import { readFileSync } from "node:fs";
import { initSync, instructions, LocalBedrock as Core } from "./bedrock_chat_local_bedrock.js";
import { Listener } from "./local-bedrock-listener.js";

/** A key pair that a local Bedrock accepts. */
export interface LocalCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** The token that must be sent with it. Default: none. */
  sessionToken?: string | undefined;
  /** Whether it has expired: requests get 403 `ExpiredTokenException`. It needs a session token. Default: `false`. */
  expired?: boolean | undefined;
}

/** The settings of a local Bedrock. */
export interface LocalBedrockOptions {
  /** The port. Default: 0, any free one. */
  port?: number | undefined;
  /** The port that is always `bedrock-mantle`. Default: 0, any free one. */
  mantlePort?: number | undefined;
  /** The address to listen on. There is no TLS, so use a loopback address. Default: `127.0.0.1`. */
  host?: string | undefined;
  /** A path in front of every operation, as on a gateway. Signatures include it. Default: none. */
  prefix?: string | undefined;
  /** The region that signatures must have in their scope. Default: any. */
  region?: string | undefined;
  /** Milliseconds before each frame of a stream. Default: 0. */
  frameDelay?: number | undefined;
  /** Seconds by which the server's clock is ahead; negative: behind. Default: 0. */
  clockOffset?: number | undefined;
  /** The time, in milliseconds since 1970, at which the server's clock stands still. Default: it runs. */
  fixedClock?: number | undefined;
  /** Whether signatures and keys are checked. Default: `true`. */
  verifySignatures?: boolean | undefined;
  /** Whether Anthropic Messages with two adjacent turns of one role are refused. Default: `false`. */
  strictAlternation?: boolean | undefined;
  /** The vendor behind ARNs that do not name a model. Default: `anthropic`. */
  opaqueFamily?: string | undefined;
  /** Application inference profiles: the last part of the ARN, and the id of the model behind it. Default: none. */
  applicationProfiles?: { readonly [id: string]: string } | undefined;
  /** More key pairs that are accepted. Default: none. */
  credentials?: readonly LocalCredentials[] | undefined;
  /** More bearer keys that are accepted. Default: none. */
  bearerKeys?: readonly string[] | undefined;
  /** The settings of STS, Cognito and the other services that issue keys, with the names of `POST /_local/identity`. Default: any role can be assumed. */
  identity?: { readonly [name: string]: unknown } | undefined;
}

/**
 * A failure for the next request, or the next few. All parts are optional and can be combined. The names are those of
 * `POST /_local/faults`.
 */
export interface Fault {
  /** Only requests whose raw path contains this text. Default: all. */
  path_contains?: string | undefined;
  /** Only this operation of the services that issue keys, such as `AssumeRole`. Default: all. */
  operation?: string | undefined;
  /** Number of requests that fit and are answered before the fault. Default: 0. */
  skip?: number | undefined;
  /** How many requests have the fault. Default: 1. */
  times?: number | undefined;
  /** Whether every request that fits has the fault, until `clearFaults`. Default: `false`. */
  forever?: boolean | undefined;
  /** Whether a request with a wrong signature has it too. Default: `false`. */
  before_auth?: boolean | undefined;
  /** The status, instead of the model's reply. */
  status?: number | undefined;
  /** The error's type, such as `ThrottlingException`. */
  error_type?: string | undefined;
  /** The shape of the error's body. Default: AWS's. */
  shape?: "openai" | "anthropic" | undefined;
  /** The message of the error's body. */
  message?: string | undefined;
  /** The body as text, instead of an error's body. */
  body?: string | undefined;
  /** The body as base64. */
  body_base64?: string | undefined;
  /** Headers to set on any reply. An empty value removes the header. */
  headers?: { [name: string]: string } | undefined;
  /** Sends the body in pieces of this many bytes. */
  chunk_size?: number | undefined;
  /** Seconds to add to the header `date`. */
  date_offset?: number | undefined;
  /** Whether there is no answer, while the connection stays open. Default: `false`. */
  hang?: boolean | undefined;
  /** Milliseconds before the headers. */
  delay_ms?: number | undefined;
  /** Milliseconds before each frame or piece. */
  drip_ms?: number | undefined;
  /** Sends nothing after this many frames or pieces, while the connection stays open. */
  hang_after_frames?: number | undefined;
  /** Whether the connection breaks before the headers. Default: `false`. */
  cut_before_headers?: boolean | undefined;
  /** Breaks the connection after this many bytes of the body. */
  cut_after_bytes?: number | undefined;
  /** Breaks the connection after this many frames or pieces. */
  cut_after_frames?: number | undefined;
  /** Ends the reply properly after this many frames. */
  end_after_frames?: number | undefined;
  /** Ends the reply properly in the middle of this frame, counted from 0. */
  truncate_frame?: number | undefined;
  /** Flips the lowest bit of this byte of the body, counted from 0. */
  flip_bit?: number | undefined;
  /** Frames to put into the stream, each before the frame `at`, counted from 0. */
  insert?: InsertedFrame[] | undefined;
}

/** A frame or event that the model did not send. The stream ends with an exception, an error or `failed`. */
export type InsertedFrame =
  | { kind: "exception"; at: number; exception_type: string; message: string }
  | { kind: "error" | "failed"; at: number; code: string; message: string }
  | { kind: "event"; at: number; event_type: string; payload: unknown }
  | { kind: "chunk"; at: number; json: unknown }
  | { kind: "text"; at: number; text: string };

/** A request as received, and how its reply ended. */
export interface RecordedRequest {
  /** Its position in order of arrival, from 0 at the start of the server. */
  number: number;
  method: string;
  /** The endpoint that it was meant for. */
  endpoint: "runtime" | "mantle" | "identity";
  /** The raw path, as on the wire. */
  path: string;
  /** The raw query, without the question mark. */
  query: string | null;
  /** Names in lower case, and values. */
  headers: [string, string][];
  /** The body as text. */
  body: string;
  /** When its body was complete, in seconds since 1970. */
  received_at: number;
  /** The result of checking its signature. */
  signature: { verdict: "signed" | "bearer" | "refused" | "unchecked"; [detail: string]: unknown };
  /** The reply's status, once it is known. */
  status: number | null;
  /** How the reply ended. */
  outcome: "pending" | "complete" | "closed_by_client" | "cut_by_fault";
  /** Milliseconds from `received_at` to the end of the reply. */
  ended_after_ms: number | null;
  /** How many frames of a stream, or pieces of another body, were sent. */
  frames_sent: number;
}

/**
 * A local imitation of Amazon Bedrock, which verifies signatures and bodies as the service does. Its small model always
 * returns the same reply to the same request. It keeps a program running until `close`.
 */
export class LocalBedrock {
  /** The endpoint for clients. */
  readonly url: string;
  /** The endpoint for clients that is always `bedrock-mantle`. */
  readonly mantleUrl: string;
  /** A key pair that is accepted. */
  readonly testCredentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
  /** A Bedrock API key that is accepted. */
  readonly testApiKey = "bedrock-api-key-local-test";
  readonly #core: Core;
  readonly #listeners: Listener[];
  readonly #region: string | undefined;
  /** The first requests, up to one whose reply has not ended. They do not change any more. */
  #ended: RecordedRequest[] = [];

  private constructor(core: Core, listeners: Listener[], urls: [string, string], region: string | undefined) {
    [this.#core, this.#listeners, this.#region] = [core, listeners, region];
    [this.url, this.mantleUrl] = urls;
  }

  /** Starts to listen. It rejects if the port is in use, or if an option is unknown. */
  static async start(options: LocalBedrockOptions = {}): Promise<LocalBedrock> {
    if (typeof options !== "object" || options === null) throw new TypeError("`start` takes an object: `LocalBedrock.start({ port: 8080 })`");
    const { port = 0, mantlePort = 0, host = "127.0.0.1", ...settings } = options;
    load();
    const core = created(settings);
    const listeners = [new Listener(core, false), new Listener(core, true)] as const;
    try {
      const ports = [await listeners[0].listen(port, host), await listeners[1].listen(mantlePort, host)];
      const prefix = options.prefix?.replace(/^\/*|\/*$/g, "");
      const [url, mantleUrl] = ports.map((port) => `http://${host.includes(":") ? `[${host}]` : host}:${port}${prefix ? `/${prefix}` : ""}`);
      return new LocalBedrock(core, [...listeners], [url!, mantleUrl!], options.region);
    } catch (error) {
      await Promise.all(listeners.map((listener) => listener.close()));
      throw error;
    }
  }

  /** The lines of shell that point clients at it. */
  get instructions(): string {
    return instructions(this.url, this.mantleUrl, this.#region);
  }

  /** Adds failures for the next requests. */
  pushFault(...faults: (Fault | readonly Fault[])[]): void {
    this.#control("POST", "faults", faults.flat());
  }

  /** Removes the failures that are left. */
  clearFaults(): void {
    this.#control("DELETE", "faults");
  }

  /** Returns every request so far, in order of arrival. They are kept, with their bodies, until `clear`. */
  requests(): RecordedRequest[] {
    // Numbers are not used again: with another first one, the requests were cleared, maybe over HTTP.
    if (this.#ended[0]?.number !== this.#core.firstRequest) this.#ended = [];
    const last = this.#ended.at(-1);
    const others = JSON.parse(this.#core.requestsSince(last ? last.number + 1 : 0)) as RecordedRequest[];
    const all = [...this.#ended, ...others];
    const open = others.findIndex(({ outcome }) => outcome === "pending");
    this.#ended = all.slice(0, open < 0 ? all.length : all.length - others.length + open);
    return all;
  }

  /** Replaces the settings of the services that issue keys. */
  setIdentity(identity: { readonly [name: string]: unknown }): void {
    this.#control("POST", "identity", identity);
  }

  /** Returns the number of connections that clients hold open. */
  openConnections(): number {
    return (this.#control("GET", "connections") as { open: number }).open;
  }

  /**
   * Sets the clock ahead by this many seconds; negative: behind. A client whose clock is more than five minutes wrong
   * is refused with 403. It sends the call once more with the server's time, also with `maxRetries: 0`, and keeps that time.
   */
  setClockOffset(seconds: number): void {
    if (!Number.isInteger(seconds)) throw new TypeError(`the offset must be a whole number of seconds: ${String(seconds)}`);
    this.#core.setClockOffset(seconds);
  }

  /** Removes requests, faults, stored responses and the contents of the prompt cache. */
  clear(): void {
    this.#control("DELETE", "");
  }

  /** Lets the program end although it still listens. */
  unref(): this {
    for (const listener of this.#listeners) listener.unref();
    return this;
  }

  /** Stops listening and closes all connections. */
  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  /** Same as `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #control(method: string, path: string, body?: unknown): unknown {
    const bytes = new TextEncoder().encode(body === undefined ? "" : json(body));
    const delivery = this.#core.receive(method, `/_local/${path}`, [], bytes, false).answer();
    try {
      const reply = JSON.parse(new TextDecoder().decode(delivery.piece())) as { message?: string };
      if (delivery.status >= 400) throw new TypeError(reply.message);
      return reply;
    } finally {
      delivery.free();
    }
  }
}

let isLoaded = false;

function load(): void {
  if (isLoaded) return;
  let module;
  try {
    module = readFileSync(new URL("./bedrock_chat_local_bedrock_bg.wasm", import.meta.url));
  } catch {
    throw new TypeError("the module of the local Bedrock is not beside its code; leave `bedrock-chat` out of the bundle");
  }
  initSync({ module });
  isLoaded = true;
}

function created(settings: object): Core {
  try {
    return new Core(json(settings));
  } catch (error) {
    // The core does not know the options of the listener.
    const message = (error as Error).message.replace("expected one of ", "expected one of `port`, `mantlePort`, `host`, ").replace(/ at line 1 column \d+$/, "");
    throw new TypeError(message);
  }
}

/** Returns a value as JSON, which has only `null` for `Infinity` and `NaN`. */
function json(value: unknown): string {
  return JSON.stringify(value, (name, member: unknown) => {
    if (typeof member === "number" && !Number.isFinite(member)) throw new TypeError(`\`${name}\` must be a finite number: ${member}`);
    return member;
  });
}
