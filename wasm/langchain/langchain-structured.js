import { BaseTransformOutputParser, OutputParserException } from "@langchain/core/output_parsers";
import { RunnableLambda } from "@langchain/core/runnables";
import { problem } from "./error.js";
import { thinks } from "./options.js";
import { partialJson } from "./partial.js";
import { textOf } from "./reply.js";
import { jsonSchema, namedSchema, validated } from "./schema.js";
import { candidates, closed } from "./structured.js";

const METHODS = ["functionCalling", "jsonSchema", "jsonMode"];

/**
 * A chat model that answers with values of a schema: by a tool that it is made to call, by the
 * model's own JSON Schema mode, or by asking for JSON in the prompt, whichever the model can.
 */
export function structured(model, schema, { name, method, includeRaw, strict }, can, settings) {
  if (method && !METHODS.includes(method)) {
    throw problem("config", `method must be one of ${METHODS.join(", ")}; it is ${JSON.stringify(method)}`);
  }
  const { schema: inner, ...named } = namedSchema(schema);
  const json = jsonSchema(inner);
  const title = String(name ?? named.name ?? json.title ?? "extract").replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 64);
  const description = json.description ?? named.description ?? schema.description ?? "The answer.";
  const how = method ?? (can.forcedTools && !thinks(settings) ? "functionCalling" : can.jsonSchema ? "jsonSchema" : "jsonMode");
  const traced = { ls_structured_output_format: { kwargs: { method: how }, schema: json } };
  const wrapped = how === "functionCalling" && json.type !== "object";

  let llm;
  if (how === "functionCalling") {
    const tool = { name: title, description, input_schema: wrapped ? wrap(json) : json };
    llm = model.bindTools([tool], { ...traced, strict, tool_choice: { type: "tool", name: title } });
  } else if (how === "jsonSchema") {
    llm = model.withConfig({ ...traced, responseFormat: { name: title, description, schema: closed(json) } });
  } else {
    const ask = `Answer with one JSON value that fits this JSON Schema, and with nothing else:\n${JSON.stringify(json)}`;
    llm = RunnableLambda.from((input) => asked(input, ask)).pipe(model.withConfig(traced));
  }
  const parser = new AnswerParser(inner, how === "functionCalling" ? title : undefined, wrapped);
  const answer = includeRaw ? RunnableLambda.from((raw, config) => both(raw, parser, config)) : parser;
  return llm.pipe(answer).withConfig({ runName: includeRaw ? "StructuredOutputRunnable" : "StructuredOutput" });
}

async function both(raw, parser, config) {
  try {
    return { raw, parsed: await parser.invoke(raw, config) };
  } catch (parsingError) {
    return { raw, parsed: null, parsingError };
  }
}

/** The arguments of a tool are an object; a value of another kind is a member of one. */
function wrap({ $defs, definitions, ...value }) {
  return { type: "object", properties: { value }, required: ["value"], ...($defs && { $defs }), ...(definitions && { definitions }) };
}

/** The conversation with the request for JSON behind its system messages. */
function asked(input, ask) {
  const messages = typeof input === "string" ? [["human", input]] : (input.toChatMessages?.() ?? input);
  const list = Array.isArray(messages) ? messages : [messages];
  const isSystem = (message) => (message.getType?.() ?? message.role ?? message[0]) === "system";
  const at = list.findIndex((message) => !isSystem(message));
  const before = at < 0 ? list.length : at;
  return [...list.slice(0, before), ["system", ask], ...list.slice(before)];
}

/** Reads the value out of an answer. Streamed, it gives ever more complete values, the last of which is checked. */
class AnswerParser extends BaseTransformOutputParser {
  lc_namespace = ["langchain", "output_parsers", "bedrock"];
  #schema;
  #tool;
  #wrapped;

  static lc_name() {
    return "AnswerParser";
  }

  constructor(schema, tool, wrapped) {
    super({});
    this.#schema = schema;
    this.#tool = tool;
    this.#wrapped = wrapped;
  }

  async parseResult([{ message }]) {
    const { value, issues } = await validated(this.#schema, this.#found(message));
    if (issues) throw this.#failed(`the answer does not fit the schema: ${issues.join("; ")}`, message);
    return value;
  }

  async parse(text) {
    return this.parseResult([{ text, message: { content: text, tool_calls: [] } }]);
  }

  getFormatInstructions() {
    return "";
  }

  async *_transform(chunks) {
    let whole;
    let text = "";
    let last;
    for await (const chunk of chunks) {
      whole = whole?.concat ? whole.concat(chunk) : chunk;
      const more = this.#tool === undefined ? textOf(chunk.content) : chunk.tool_call_chunks?.[0]?.args;
      if (!more) continue;
      text += more;
      const value = this.#inner(partialJson(text));
      const written = JSON.stringify(value);
      if (written !== undefined && written !== last) yield value;
      last = written;
    }
    if (!whole) return;
    const value = await this.parseResult([{ message: whole }]);
    if (JSON.stringify(value) !== last) yield value;
  }

  #inner(value) {
    return this.#wrapped ? value?.value : value;
  }

  #found(message) {
    if (this.#tool !== undefined) {
      const call = message.tool_calls?.find(({ name }) => name === this.#tool);
      // Added up by LangChain, a call that was cut looks whole: what it says is not what the model would have said.
      const cut = CUT.has(message.response_metadata?.stop_reason) || message.invalid_tool_calls?.some(({ name }) => name === this.#tool);
      if (cut) throw this.#failed(`the value is not whole: the model stopped with ${message.response_metadata?.stop_reason}`, message);
      if (call) return this.#inner(call.args);
    }
    const text = textOf(message.content);
    for (const candidate of candidates(text)) {
      try {
        return JSON.parse(candidate);
      } catch {
        // Prose around it, perhaps.
      }
    }
    throw this.#failed(this.#tool === undefined ? "there is no JSON value in the answer" : `the model did not call ${this.#tool}, and there is no JSON value in its answer`, message);
  }

  #failed(why, { content, tool_calls }) {
    const output = textOf(content) || JSON.stringify(tool_calls ?? []);
    return new OutputParserException(`${why}. The answer: ${output.slice(0, 300)}`, output);
  }
}

const CUT = new Set(["max_tokens", "length", "model_context_window_exceeded"]);
