import { equal, fails, ok } from "./check.js";
import { answer, speaks } from "./frames.js";

export const load = [
  ["forty calls at a time all finish, and those that fail harm no other", async ({ chat, bedrock }) => {
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

  ["a thousand streams do not make the module grow", async ({ mock, memory }) => {
    const model = mock(speaks(answer(..."a stream of some words, to be read to its end".split(" ")), 700));
    const read = async (number) => {
      const stream = await model.stream("hello");
      // Some are left in the middle.
      for await (const { text } of stream) if (number % 3 === 0 && text) break;
    };
    for (let number = 0; number < 100; number++) await read(number);
    const before = memory?.();
    for (let number = 0; number < 1000; number++) await read(number);
    if (memory) equal(memory(), before, "bytes of the module's memory");
  }],
];
