import { equal, fails, ok, pause, until } from "./check.js";
import { answer, speaks } from "./frames.js";
import { KEYS } from "./bedrock.js";

/** Returns a function that collects garbage, in Node only. */
function collector() {
  const [v8, vm] = ["node:v8", "node:vm"].map((name) => globalThis.process?.getBuiltinModule?.(name));
  v8?.setFlagsFromString?.("--expose-gc");
  return globalThis.gc ?? (v8 && vm?.runInNewContext("gc"));
}

export const load = [
  ["forty concurrent calls finish, and failed calls do not affect the others", async ({ chat, bedrock }) => {
    const model = chat({ maxRetries: 0 });
    await bedrock.faults({ drip_ms: 5, skip: 0, times: 20, path_contains: "stream" });
    const ask = async (number) => {
      if (number % 10 === 3) return fails(() => model.invoke([["human", ""]]).then(() => { throw Object.assign(new Error("x"), { kind: "x" }); }));
      const text = number % 2 ? (await model.invoke(`number ${number}.`)).text : (await (await model.stream(`number ${number}.`)).message()).text;
      ok(text.includes(`number ${number}.`), text);
      return undefined;
    };
    const failed = (await Promise.all(Array.from({ length: 40 }, (_, number) => ask(number)))).filter(Boolean);
    equal(failed.length, 4);
  }],

  ["thousand streams do not leak memory", async ({ mock, memory }) => {
    const model = mock(speaks(answer(..."a stream of some words, to be read to its end".split(" ")), 700));
    const read = async (number) => {
      const stream = await model.stream("hello");
      // Some streams are ended in the middle.
      for await (const { text } of stream) if (number % 3 === 0 && text) break;
    };
    for (let number = 0; number < 100; number++) await read(number);
    const before = memory?.();
    for (let number = 0; number < 1000; number++) await read(number);
    if (memory) equal(memory(), before, "bytes of the module's memory");
  }],

  ["model that its own functions refer to is collected with them, but not during a call", async ({ mock, BedrockChat }) => {
    const collect = collector();
    if (!collect) return;
    const waited = async () => {
      await pause(10);
      collect();
    };
    const speak = speaks(answer("ok"));
    let asked = 0;
    const open = () => {
      let model;
      const fetch = async (url, init) => {
        await waited();
        return model instanceof BedrockChat && asked++ % 2 ? speak(url, init) : new Response("{}", { status: 503 });
      };
      const credentials = async () => {
        await waited();
        return model && KEYS;
      };
      return (model = mock(fetch, { credentials, maxRetries: 1 }));
    };
    const stream = await open().stream("hello");
    equal((await stream.message()).text, "ok");
    equal(asked, 2);
    const forgotten = await (async () => {
      const model = open();
      equal((await (await model.stream("hello")).message()).text, "ok");
      return new WeakRef(model);
    })();
    await until(async () => (await waited(), !forgotten.deref()), "the model is forgotten");
  }],

  ["calls on a full stack do not affect other calls", async ({ mock }) => {
    const model = mock(speaks(answer("ok")), { streaming: true });
    const calls = [];
    const descend = () => {
      let left = 0;
      try {
        left = descend() + 1;
      } catch {
        return 0;
      }
      // Some calls have no stack for their own code, some none for the module.
      if (left < 400 && left % 10 === 0) calls.push(fails(() => model.invoke("hello").then(() => { throw new Error("it had room"); })));
      return left;
    };
    try {
      descend();
    } catch {
      // Full.
    }
    await Promise.allSettled(calls);
    equal((await model.invoke("hello")).text, "ok");
    equal((await mock(speaks(answer("ok")), { streaming: true }).invoke("hello")).text, "ok");
  }],
];
