import { stringify } from "./bytes.js";
import { kindOf, problem } from "./error.js";

/** A conversation as JSON. The module reads every form of a message; here is what only JavaScript has. */
export function conversation(messages) {
  const given = typeof messages?.toChatMessages === "function" ? messages.toChatMessages() : messages;
  if (typeof given !== "string" && (typeof given !== "object" || given === null)) {
    throw problem(
      "encode",
      `the first argument is ${kindOf(given)}; it must be a string, a message, or a list of messages such as ["human", "hello"] or { role: "user", content: "hello" }`,
    );
  }
  return json(given, "the messages");
}

export function json(value, what) {
  try {
    const text = stringify(value);
    if (text === undefined) throw new TypeError("its toJSON gives nothing");
    return text;
  } catch (error) {
    throw problem("encode", `${what} cannot be written as JSON: ${error.message}`, { cause: error });
  }
}
