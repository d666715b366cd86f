import { BaseTransformOutputParser, OutputParserException } from "@langchain/core/output_parsers";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { growing, hold, inner, valueIn } from "./hold.js";
import { textOf } from "./reply.js";
import { isSchema, validated } from "./schema.js";

/**
 * A chat model that answers with values of a schema: by a tool that it is made to call, by the
 * model's own JSON Schema mode, or by asking for JSON in the prompt, whichever the model can.
 */
export function structured(model, schema, config, plan) {
  const held = hold(schema, config, plan);
  const traced = { ls_structured_output_format: { kwargs: { method: held.method }, schema: traceable(held) } };
  const llm = model.withConfig({ ...traced, ...held.options });
  const { includeRaw } = config;
  return llm.pipe(new AnswerParser(held, includeRaw)).withConfig({ runName: includeRaw ? "StructuredOutputRunnable" : "StructuredOutput" });
}

/** The schema as LangChain's own models tell it to LangSmith; one that only we can convert, as it is sent. */
function traceable({ schema, json }) {
  if (!isSchema(schema)) return json;
  try {
    const told = toJsonSchema(schema);
    return told === schema ? json : told;
  } catch {
    return json;
  }
}

/**
 * Reads the value out of an answer. Streamed, it gives ever more complete values, the last of which is checked; with
 * the answer itself it gives the pieces of that first.
 */
class AnswerParser extends BaseTransformOutputParser {
  lc_namespace = ["langchain", "output_parsers", "bedrock"];
  #held;
  #includeRaw;

  static lc_name() {
    return "AnswerParser";
  }

  constructor(held, includeRaw) {
    super({});
    this.#held = held;
    this.#includeRaw = includeRaw;
  }

  async parseResult([{ message }]) {
    return this.#includeRaw ? { raw: message, ...(await this.#outcome(message)) } : this.#read(message);
  }

  async parse(text) {
    return this.parseResult([{ text, message: { content: text, tool_calls: [] } }]);
  }

  getFormatInstructions() {
    return "";
  }

  async *_transform(chunks) {
    let whole;
    const gathered = (async function* () {
      for await (const chunk of chunks) {
        whole = whole?.concat ? whole.concat(chunk) : chunk;
        yield chunk;
      }
    })();
    if (!this.#includeRaw) return yield* growing(gathered, this.#held, () => whole && this.#read(whole));
    for await (const raw of gathered) yield { raw };
    if (whole) yield this.#outcome(whole);
  }

  /** The value, or why there is none. */
  async #outcome(message) {
    try {
      return { parsed: await this.#read(message) };
    } catch (parsingError) {
      return { parsed: null, parsingError };
    }
  }

  async #read(message) {
    const { value, issues } = await validated(this.#held.schema, this.#found(message));
    if (issues) throw failed(`the answer does not fit the schema: ${issues.join("; ")}`, message);
    return value;
  }

  #found(message) {
    const held = this.#held;
    const { name } = held;
    const call = message.tool_calls?.find((call) => call.name === name);
    const cut = message.invalid_tool_calls?.some((call) => call.name === name);
    // Added up by LangChain, a call that was cut looks whole: what it says is not what the model would have said.
    if (cut || (call && CUT.has(message.response_metadata?.stop_reason))) {
      throw failed(`the value is not whole: the model stopped with ${message.response_metadata?.stop_reason}`, message);
    }
    if (call) return inner(call.args, held);
    const tool = held.method === "functionCalling";
    if (tool && CUT.has(message.response_metadata?.stop_reason)) {
      throw failed(`there is no value: the model stopped with ${message.response_metadata?.stop_reason}`, message);
    }
    const value = valueIn(textOf(message.content), held);
    if (value === undefined) throw failed(`${tool ? `the model did not call ${name}, and ` : ""}there is no JSON value in the answer`, message);
    return value;
  }
}

function failed(why, { content, tool_calls }) {
  const output = textOf(content) || JSON.stringify(tool_calls ?? []);
  return new OutputParserException(`${why}. The answer: ${output.slice(0, 300)}`, output);
}

const CUT = new Set(["max_tokens", "length", "model_context_window_exceeded"]);
