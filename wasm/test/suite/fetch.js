// How the package calls `fetch`, and how it handles the result.
import { equal, fails, includes, ok } from "./check.js";
import { answer, chunk, response, speaks } from "./frames.js";

/** A `fetch` that counts its calls. */
function counted(run) {
  const fetch = (url, init) => {
    fetch.calls++;
    return run(url, init);
  };
  fetch.calls = 0;
  return fetch;
}

/** Both ways to ask. */
const WAYS = {
  invoke: (model) => model.invoke("hello"),
  stream: async (model) => (await model.stream("hello")).message(),
};

const isBrowser = typeof document !== "undefined";

export const fetching = [
  ["redirect is not followed, and its error names the address without its query", async ({ chat, bedrock, url }) => {
    for (const way of Object.values(WAYS)) {
      for (const status of [301, 307, 308]) {
        await bedrock.clear();
        await bedrock.faults({ status, headers: { location: `${url}/elsewhere?token=SECRET` } });
        const error = await fails(() => way(chat()));
        includes(error.message, "redirects are not followed");
        // Browsers hide the target of a redirect.
        if (!isBrowser) includes(error.message, `${url}/elsewhere`);
        ok(!error.message.includes("SECRET") && !error.retryable, error.message);
        equal((await bedrock.requests()).length, 1);
      }
    }
  }],

  ["headers given to fetch can be spread and read by name", async ({ chat, bedrock }) => {
    let named;
    const traced = (url, init) => {
      named = init.headers["content-type"];
      return fetch(url, { ...init, headers: { ...init.headers, traceparent: "00-1-2-01" } });
    };
    for (const way of Object.values(WAYS)) {
      await bedrock.clear();
      await way(chat({ fetch: traced, headers: { "X-Team": "blue" } }));
      const [{ headers, signature }] = await bedrock.requests();
      equal([named, headers.traceparent, headers["x-team"], signature.verdict], ["application/json", "00-1-2-01", "blue", "signed"]);
    }
  }],

  ["fetch that throws at once is a config error, and called once", async ({ mock }) => {
    for (const thrown of [new TypeError("Illegal invocation"), new ReferenceError("x is not defined"), "a string", undefined, null, { message: 5 }]) {
      const fetch = counted(() => { throw thrown; });
      for (const way of Object.values(WAYS)) {
        const error = await fails(() => way(mock(fetch, { maxRetries: 2 })), "config");
        equal(error.retryable, false);
      }
      equal(fetch.calls, 2);
    }
  }],

  ["fetch that returns no usable Response is a config error, and called once", async ({ mock }) => {
    const used = async (read) => {
      const given = response([new Uint8Array(3)]);
      await read(given);
      return given;
    };
    for (const [give, part] of [
      [() => undefined, "`status`"], [async () => null, "`status`"], [async () => 5, "`status`"], [async () => ({}), "`status`"],
      [async () => ({ status: 200 }), "`headers`"], [async () => ({ status: 200, headers: {} }), "`headers`"],
      [async () => ({ status: 200, headers: [], body: { getReader: async () => ({}), bodyUsed: true }, bodyUsed: true }), "unread"],
      [() => used((given) => given.text()), "unread"], [() => used((given) => given.body.getReader()), "Response"],
    ]) {
      const fetch = counted(give);
      for (const way of Object.values(WAYS)) includes((await fails(() => way(mock(fetch, { maxRetries: 2 })), "config")).message, part);
      equal(fetch.calls, 2, part);
    }
  }],

  ["a Response without a body is an error with its status, unless it is an empty success", async ({ mock }) => {
    for (const status of [204, 304, 404, 500]) {
      for (const way of Object.values(WAYS)) equal((await fails(() => way(mock(async () => new Response(null, { status }))))).status, status);
    }
    for (const way of Object.values(WAYS)) ok(await fails(() => way(mock(async () => new Response(null)))));
  }],

  ["fetch failure without connection is of kind connect, and retried", async ({ mock }) => {
    const nobody = Object.assign(new AggregateError([Object.assign(new Error("connect ECONNREFUSED ::1:1"), { syscall: "connect" })]), {});
    for (const thrown of [
      ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "DEPTH_ZERO_SELF_SIGNED_CERT", "CERT_HAS_EXPIRED"].map((code) => new TypeError("fetch failed", { cause: Object.assign(new Error("no"), { code }) })),
      new TypeError("fetch failed", { cause: nobody }), new TypeError("fetch failed", { cause: Object.assign(new Error("late"), { code: "ETIMEDOUT", syscall: "connect" }) }),
      Object.assign(new Error("Unable to connect. Is the computer able to access the url?"), { code: "ConnectionRefused" }),
      new TypeError("error sending request for url (http://x/): client error (Connect): tcp connect error: Connection refused"),
    ]) {
      for (const way of Object.values(WAYS)) equal((await fails(() => way(mock(async () => { throw thrown; })), "connect")).retryable, true);
    }
  }],

  ["fetch failure after sending is not retried, as it may be paid for", async ({ mock }) => {
    const caused = (code) => new TypeError("fetch failed", { cause: Object.assign(new Error("why"), { code }) });
    for (const [kind, ...errors] of [
      ["timeout", caused("UND_ERR_HEADERS_TIMEOUT"), caused("UND_ERR_BODY_TIMEOUT"), new DOMException("The operation timed out.", "TimeoutError")],
      ["interrupted", caused("UND_ERR_SOCKET"), caused("ECONNRESET"), new TypeError("Failed to fetch"), new TypeError("Load failed"), new Error("Network connection lost."), "a string", undefined],
      ["cancelled", new DOMException("The operation was aborted.", "AbortError")],
    ]) {
      for (const thrown of errors) {
        const fetch = counted(async () => { throw thrown; });
        for (const way of Object.values(WAYS)) equal((await fails(() => way(mock(fetch, { maxRetries: 2 })), kind)).retryable, false);
        equal(fetch.calls, 2, kind);
      }
    }
  }],

  ["fetch error names its cause once", async ({ mock }) => {
    const caused = new TypeError("fetch failed", { cause: Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" }) });
    const { message } = await fails(() => mock(async () => { throw caused; }).invoke("hello"), "connect");
    equal(message.split("fetch failed: connect ECONNREFUSED 127.0.0.1:1").length, 2, message);
    const round = new Error("round");
    round.cause = round;
    await fails(() => mock(async () => { throw round; }).invoke("hello"), "interrupted");
  }],

  ["timeout of fetch within the answer is a timeout error, and not retried", async ({ mock }) => {
    const late = new TypeError("terminated", { cause: Object.assign(new Error("Body Timeout Error"), { code: "UND_ERR_BODY_TIMEOUT" }) });
    const fetch = counted(async () => {
      const body = new ReadableStream({ pull: (controller) => controller.error(late) });
      return new Response(body, { headers: { "content-type": "application/vnd.amazon.eventstream" } });
    });
    for (const way of Object.values(WAYS)) await fails(() => way(mock(fetch, { maxRetries: 2 })), "timeout");
    equal(fetch.calls, 2);
  }],

  ["response headers are on replies and errors, without secrets and out of JSON", async ({ mock }) => {
    const headers = { "x-team": "blue", "set-cookie": "SECRET" };
    const speaking = mock(async () => response(answer("ok").map((event) => chunk(event)), { headers }));
    const stream = await speaking.stream("hello");
    const streamed = await stream.message();
    const whole = mock(async () => Response.json({ content: [{ type: "text", text: "ok" }], usage: {}, stop_reason: "end_turn" }, { headers }));
    const unary = await whole.invoke("hello");
    const refused = mock(async () => new Response('{"message":"no"}', { status: 400, headers }));
    const error = await fails(() => refused.invoke("hello"));
    for (const has of [streamed, stream.soFar, unary, error]) {
      equal(has.responseHeaders["x-team"], "blue");
      const json = JSON.stringify(has);
      ok(!json.includes("x-team") && !JSON.stringify(has.responseHeaders).includes("SECRET"), json);
    }
    equal((await fails(() => mock(async () => { throw new TypeError("Failed to fetch"); }).invoke("hello"))).responseHeaders, undefined);
  }],

  ["retry follows an answer that ends before its content, but not one that is cut within it", async ({ mock }) => {
    const start = chunk(answer("x")[0]);
    for (const [first, calls, kind] of [
      [() => new Response(), 2], [() => response([]), 2], [() => response([start]), 2],
      [() => response([...answer("ok").slice(0, 3).map((event) => chunk(event))]), 1, "truncated"],
    ]) {
      const fetch = counted(async () => (fetch.calls === 1 ? first() : response(answer("ok").map((event) => chunk(event)))));
      const asked = async () => (await mock(fetch, { maxRetries: 1 }).stream("hello")).message();
      if (kind) await fails(asked, kind);
      else equal((await asked()).text, "ok");
      equal(fetch.calls, calls);
    }
    const cutJson = counted(async () => new Response('{"content":[{"type":"te', { headers: { "content-type": "application/json" } }));
    await fails(() => mock(cutJson, { maxRetries: 1 }).invoke("hello"), "truncated");
    equal(cutJson.calls, 1);
  }],

  ["attempts are not counted for a call that was never sent", async ({ mock }) => {
    const fetch = counted(speaks(answer("ok")));
    const error = await fails(() => mock(fetch, { credentials: undefined, apiKey: "a key" }).invoke("hello"), "credentials");
    equal([fetch.calls, error.attempts], [0, 0]);
    equal((await fails(() => mock(() => 5).invoke("hello"), "config")).attempts, 0);
    equal((await fails(() => mock(fetch).invoke("hello", { maxTokens: "many" }), "config")).attempts, 0);
    equal((await fails(() => mock(fetch).invoke(5), "encode")).attempts, 0);
    equal((await fails(() => mock(fetch).invoke("hello", { signal: AbortSignal.abort() }), "cancelled")).attempts, 0);
    equal(fetch.calls, 0);
  }],

  ["attempts of a timeout and of a cancelled call count sent requests", async ({ mock }) => {
    const told = (error, attempts) => {
      equal([error.attempts, error.region], [attempts, "us-east-1"], error.message);
      includes(error.message, `[model ${error.model}, region us-east-1`);
    };
    for (const [failures, reason, kind] of [[0, new DOMException("late", "TimeoutError"), "timeout"], [2, new DOMException("late", "TimeoutError"), "timeout"], [1, undefined, "cancelled"]]) {
      for (const way of ["invoke", "stream"]) {
        const stop = new AbortController();
        const fetch = counted(() => {
          if (fetch.calls <= failures) return Promise.resolve(new Response('{"message":"busy"}', { status: 503, headers: { "retry-after": "0" } }));
          setTimeout(() => stop.abort(reason));
          return new Promise(() => {});
        });
        const model = mock(fetch, { maxRetries: 2 });
        const other = model.invoke("hello", { signal: AbortSignal.abort() });
        told(await fails(() => other, "cancelled"), 0);
        told(await fails(() => model[way]("hello", { signal: stop.signal }), kind), failures + 1);
      }
    }
    // The timer goes off once the request is sent: on a busy machine, 20 ms may pass before.
    const start = globalThis.setTimeout;
    let goOff;
    globalThis.setTimeout = (run, after, ...more) => (after === 20 ? void (goOff = run) : start(run, after, ...more));
    try {
      const late = await fails(() => mock(() => new Promise(() => goOff())).invoke("hello", { timeout: 20 }), "timeout");
      told(late, 1);
      includes(late.message, "20 ms [model");
    } finally {
      globalThis.setTimeout = start;
    }
  }],

  ["stream cut by its timeout has the number of attempts", async ({ chat, bedrock }) => {
    await bedrock.faults({ hang_after_frames: 3 });
    const stop = new AbortController();
    const stream = await chat().stream("hello", { signal: stop.signal });
    await stream.next();
    stop.abort();
    const error = await fails(() => stream.message(), "cancelled");
    equal([error.attempts, error.region], [1, "us-east-1"]);
  }],

  ["paidResend retries calls that may have been paid for", async ({ mock }) => {
    const fetch = counted(async () => { throw new TypeError("Failed to fetch"); });
    const error = await fails(() => mock(fetch, { maxRetries: 1, paidResend: true }).invoke("hello"), "interrupted");
    equal([fetch.calls, error.attempts, error.retryable], [2, 2, false]);
  }],

  ["aborted signal prevents the call of fetch", async ({ mock }) => {
    const fetch = counted(speaks(answer("ok")));
    for (const way of ["invoke", "stream"]) await fails(() => mock(fetch)[way]("hello", { signal: AbortSignal.abort() }), "cancelled");
    equal(fetch.calls, 0);
  }],

  ["unreachable endpoint is of kind connect if the runtime reports it", async ({ chat }) => {
    const error = await fails(() => chat({ endpointUrl: "http://127.0.0.1:2", maxRetries: 0 }).invoke("hello"));
    const tells = Boolean(globalThis.process?.versions?.undici);
    ok(["connect", "interrupted"].includes(error.kind) && (!tells || error.kind === "connect"), `${error.kind}: ${error.message}`);
  }],
];
