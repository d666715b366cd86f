import type { CallOptions, MessageLike } from "bedrock-chat";
import { readBody } from "./body.js";
import { allows, defaultModel, type Env } from "./env.js";
import { Refusal } from "./refusal.js";

/** A client's request. */
export interface Ask {
  model: string;
  messages: MessageLike[];
  options: CallOptions;
}

const MODEL_ID = /^(?!arn:)[A-Za-z0-9][A-Za-z0-9._:/-]*$|^arn(:[A-Za-z0-9-]+){3}:[0-9]*:[a-z-]+\/[A-Za-z0-9._:/-]+$/;

type Fields = Record<string, unknown>;

/** Reads `{ messages, model, system, options }`. An error says what is wrong with it. */
export async function readAsk(request: Request, env: Env): Promise<Ask> {
  const { messages, model = defaultModel(env), system = "", options = {} } = await readObject(request, [
    "messages", "model", "system", "options",
  ]);
  if (typeof model !== "string" || !MODEL_ID.test(model)) {
    throw Refusal.bad("model must be a model id, an inference profile or an ARN, as Bedrock lists them");
  }
  if (!allows(env, model)) throw Refusal.bad(`the model ${model} is not offered by this Worker`);
  if (typeof system !== "string") throw Refusal.bad("system must be a string");
  const said = readMessages(messages);
  return { model, messages: system.trim() ? [["system", system], ...said] : said, options: readOptions(options) };
}

/** The body, which must be a JSON object with no other fields than these. A member that is null counts as absent. */
export async function readObject(request: Request, names: string[]): Promise<Fields> {
  const text = (await readBody(request)) || "{}";
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw Refusal.bad(`the body is not JSON: ${(error as Error).message}`);
  }
  return fields(body, "the body", names);
}

function fields(value: unknown, what: string, names: string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw Refusal.bad(`${what} must be an object`);
  const present = Object.entries(value).filter(([, value]) => value !== null);
  const unknown = present.find(([name]) => !names.includes(name));
  if (unknown) throw Refusal.bad(`${what} has the unknown field "${unknown[0]}"; it may have ${names.join(", ")}`);
  return Object.fromEntries(present);
}

const ROLE = /^(system|developer|human|user|ai|assistant|model|tool|function)$/;

/** Returns a conversation as a list, also if it is one message. The package checks the messages. */
function readMessages(messages: unknown): MessageLike[] {
  if (messages === undefined) {
    throw Refusal.bad('messages is missing: a string, or a list such as [{"role": "user", "content": "Hello?"}]');
  }
  if (typeof messages !== "string" && typeof messages !== "object") {
    throw Refusal.bad("messages must be a string, a message or a list of messages");
  }
  if (!Array.isArray(messages) || isPair(messages)) return [messages as MessageLike];
  if (messages.length === 0) throw Refusal.bad("messages is empty: say something");
  return messages;
}

/** Returns whether a list is one message, such as `["human", "Hello?"]`. */
function isPair(list: unknown[]): boolean {
  return list.length === 2 && typeof list[0] === "string" && ROLE.test(list[0]);
}

/** Reads the options that a client may set. */
function readOptions(given: unknown): CallOptions {
  const names = ["maxTokens", "temperature", "topP", "topK", "stop", "reasoning"];
  const options = fields(given, "options", names);
  for (const name of ["maxTokens", "topK", "reasoning"]) {
    const value = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) > 0)) {
      throw Refusal.bad(`options.${name} must be a whole number from 1 on`);
    }
  }
  for (const name of ["temperature", "topP"]) {
    const value = options[name];
    if (value !== undefined && !(typeof value === "number" && value >= 0)) {
      throw Refusal.bad(`options.${name} must be a number from 0 on`);
    }
  }
  const stop = options.stop ?? [];
  if (![stop].flat().every((sequence) => typeof sequence === "string")) {
    throw Refusal.bad("options.stop must be a string or a list of strings");
  }
  checkReasoning(options as CallOptions);
  return options as CallOptions;
}

/**
 * Repeats a check of the package: the package's own error would count as one of the settings, whose text a client
 * does not receive.
 */
function checkReasoning({ reasoning, maxTokens, temperature, topK }: CallOptions): void {
  if (typeof reasoning !== "number") return;
  if (reasoning < 1024) throw Refusal.bad("options.reasoning must be at least 1024");
  if (maxTokens !== undefined && maxTokens <= reasoning) {
    throw Refusal.bad("options.maxTokens must be greater than options.reasoning: thinking counts as output");
  }
  if ((temperature !== undefined && temperature !== 1) || topK !== undefined) {
    throw Refusal.bad("options.reasoning excludes options.temperature and options.topK: leave them out");
  }
}
