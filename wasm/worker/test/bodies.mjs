// How a Worker reads the body of a request.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { setTimeout as pass } from "node:timers/promises";
import { ask, textOf } from "../harness/ask.mjs";
import { HANGS } from "../../test/suite/check.js";

export const LONGEST = 25_000_000;
const MEGABYTE = Buffer.alloc(1_000_000, " ");

export function bodyTests(url) {
  const chat = (body, options) => ask(`${url()}/chat`, body, options);
  const refused = async (answer) => {
    const { error } = await answer.json();
    assert.deepEqual([answer.status, error.kind, error.message], [413, "encode", "the body is longer than 25 MB"]);
  };

  test("a body with a too large content-length is refused before it is read", { timeout: HANGS }, async () => {
    for (const length of [LONGEST + 1, 2 ** 33]) {
      const onRequest = (request) => request.setHeader("content-length", length);
      await refused(await chat(unended("{"), { onRequest }));
    }
  });

  test("a body without an end is cut off at the limit", { timeout: HANGS }, async () => {
    let sent = 0;
    const endless = (async function* () {
      for (;;) {
        yield MEGABYTE;
        sent += MEGABYTE.length;
        // Leaves the answer time to arrive, so that not every run ends in a reset.
        if (sent > LONGEST) await pass(50);
      }
    })();
    try {
      await refused(await chat(Readable.from(endless)));
    } catch (error) {
      // A client that is still sending may be cut off before it receives the answer.
      if (!["ECONNRESET", "EPIPE"].includes(error.code)) throw error;
    }
    assert.ok(sent < 2 * LONGEST, `${sent} bytes were taken`);
  });

  test("a body may have 25 MB, but not one byte more", { timeout: HANGS }, async () => {
    for (const body of [long(LONGEST), Readable.from([long(LONGEST)])]) {
      assert.match(textOf(await (await chat(body)).events()), /How long\?$/);
    }
    await refused(await chat(unended(long(LONGEST + 1))));
  });

  test("a character that is cut between two pieces of a body is decoded", async () => {
    const bytes = [...Buffer.from(JSON.stringify({ messages: "é€𝄞" }))];
    const onRequest = (request) => request.setNoDelay(true);
    const slowly = (async function* () {
      for (const byte of bytes) yield pass(4, Buffer.from([byte]));
    })();
    assert.match(textOf(await (await chat(Readable.from(slowly), { onRequest })).events()), /é€𝄞$/);
  });

  test("a byte order mark before the body is ignored", async () => {
    const answer = await chat(`\uFEFF${JSON.stringify({ messages: "x" })}`);
    assert.equal(answer.status, 200, await answer.text());
  });
}

/** A question of this many bytes. */
const long = (bytes) => JSON.stringify({ messages: "How long?" }).padEnd(bytes);

/** A body that begins with this text, and then stalls. */
export function unended(text) {
  const body = new Readable({ read() {} });
  body.push(text);
  return body;
}
