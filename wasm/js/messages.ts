import { stringify } from "./bytes.js";
import { kindOf, problem } from "./error.js";

/** A conversation as JSON. The module reads every form of a message; here is what only JavaScript has. */
export function conversation(messages: any): string {
  const given: unknown = typeof messages?.toChatMessages === "function" ? messages.toChatMessages() : messages;
  if (typeof given !== "string" && (typeof given !== "object" || given === null)) {
    throw problem(
      "encode",
      `the first argument is ${kindOf(given)}; it must be a string, a message, or a list of messages such as ["human", "hello"] or { role: "user", content: "hello" }`,
    );
  }
  return json(given, "the messages");
}

/** Returns a value as JSON; `what` names it in an error. */
export function json(value: unknown, what: string): string {
  try {
    const text = stringify(value);
    if (text === undefined) throw new TypeError("its toJSON gives nothing");
    return text;
  } catch (error) {
    throw problem("encode", `${what} cannot be written as JSON: ${(error as Error).message}`, { cause: error });
  }
}
