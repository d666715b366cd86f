// Recorded calls of the original provider, and where this package differs from them on purpose.
import { readFileSync } from "node:fs";

const data = new URL("../../../../tests/conformance/data/", import.meta.url);
const read = (url) => readFileSync(url, "utf8");

export const recorded = {
  ...JSON.parse(read(new URL("../recorded.json", import.meta.url))),
  /** Returns the recorded scenarios of these files. */
  cases: (files) => files.flatMap((file) => read(new URL(`${file}.jsonl`, data)).split("\n").filter(Boolean).map((line) => JSON.parse(line))),
};

/** Returns a recorded response of the service. A call that was not sent has no response. */
export function answered(response) {
  const { status = 200, content_type: type, headers, body = {}, body_text: text, body_base64: bytes } = response ?? {};
  const sent = bytes === undefined ? (text ?? JSON.stringify(body)) : Buffer.from(bytes, "base64");
  return new Response(sent, { status, headers: { ...headers, ...(type ? { "content-type": type } : {}) } });
}

/** Returns the JSON pointers of the innermost values that differ. */
export function differing(left, right, path = "") {
  if (isObject(left) && isObject(right) && Array.isArray(left) === Array.isArray(right)) {
    const names = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
    return names.flatMap((name) => differing(left[name], right[name], `${path}/${name}`));
  }
  return Object.is(left, right) ? [] : [path];
}

const isObject = (value) => typeof value === "object" && value !== null;
