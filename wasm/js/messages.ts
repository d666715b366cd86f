import { stringify } from "./bytes.js";
import { kindOf, problem } from "./error.js";

/** Returns a conversation as JSON. The module reads every form of a message, except what only JavaScript has. */
export function conversation(messages: unknown): string {
  const prompt = messages as { toChatMessages?: () => unknown } | null | undefined;
  const given = typeof prompt?.toChatMessages === "function" ? prompt.toChatMessages() : messages;
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
    if (text === undefined) throw new TypeError("its toJSON returns nothing");
    return text;
  } catch (error) {
    throw problem("encode", `${what} cannot be written as JSON: ${(error as Error).message}`, { cause: error });
  }
}
