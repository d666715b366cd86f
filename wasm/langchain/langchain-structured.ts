import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import { BaseTransformOutputParser, OutputParserException } from "@langchain/core/output_parsers";
import type { ChatGeneration, Generation } from "@langchain/core/outputs";
import type { Runnable } from "@langchain/core/runnables";
import { type JsonSchema7Type, toJsonSchema } from "@langchain/core/utils/json_schema";
import { BedrockChatError } from "./error.js";
import { type Held, type StructuredConfig, type StructuredPlan, type StructuredSpec, growing, hold, valueOf } from "./hold.js";
import type { BedrockChatCallOptions } from "./langchain-fields.js";
import { textOf } from "./reply.js";
import { isSchema, validated } from "./schema.js";

/** The part of a chat model that structured output uses. */
type Model = Pick<Runnable<BaseLanguageModelInput, AIMessageChunk, BedrockChatCallOptions>, "withConfig">;

/**
 * Returns a chat model that answers with values of a schema: by a tool that it must call, by the
 * model's own JSON Schema mode, or by asking for JSON in the prompt, whichever the model supports.
 */
export function structured(model: Model, schema: unknown, config: StructuredConfig<boolean>, plan: (spec: StructuredSpec) => StructuredPlan): Runnable<BaseLanguageModelInput, unknown> {
  const held = hold(schema, config, plan);
  const traced = { ls_structured_output_format: { kwargs: { method: held.method }, schema: traceable(held) } };
  const llm = model.withConfig({ ...traced, ...held.options });
  const { includeRaw } = config;
  return llm.pipe(new AnswerParser(held, includeRaw ?? false)).withConfig({ runName: includeRaw ? "StructuredOutputRunnable" : "StructuredOutput" });
}

/** Returns the schema that LangSmith shows: the form that LangChain's own models report, or else the sent one. */
function traceable({ schema, json }: Held): JsonSchema7Type {
  if (!isSchema(schema)) return json;
  try {
    const told = toJsonSchema(schema as Parameters<typeof toJsonSchema>[0]);
    return told === schema ? json : told;
  } catch {
    return json;
  }
}

/** The members of an answer that are read. */
type Answer = Pick<AIMessageChunk, "content"> & Partial<Pick<AIMessageChunk, "tool_calls" | "invalid_tool_calls" | "response_metadata">>;

/**
 * Reads the value in an answer. In a stream, it returns increasingly complete values and checks the last one; with
 * `includeRaw`, it first returns the pieces of the answer.
 */
class AnswerParser extends BaseTransformOutputParser<unknown> {
  override lc_namespace = ["langchain", "output_parsers", "bedrock"];
  #held: Held;
  #includeRaw: boolean;

  static override lc_name(): string {
    return "AnswerParser";
  }

  constructor(held: Held, includeRaw: boolean) {
    super({});
    this.#held = held;
    this.#includeRaw = includeRaw;
  }

  override async parseResult(generations: Generation[] | ChatGeneration[]): Promise<unknown> {
    const [{ message }] = generations as [ChatGeneration];
    return this.#parsed(message as AIMessageChunk);
  }

  override async parse(text: string): Promise<unknown> {
    return this.#parsed({ content: text, tool_calls: [] });
  }

  override getFormatInstructions(): string {
    return "";
  }

  override async *_transform(chunks: AsyncGenerator<string | BaseMessage>): AsyncGenerator<unknown> {
    let whole: AIMessageChunk | undefined;
    const gathered = (async function* () {
      for await (const chunk of chunks as AsyncGenerator<AIMessageChunk>) {
        whole = whole?.concat ? whole.concat(chunk) : chunk;
        yield chunk;
      }
    })();
    if (!this.#includeRaw) return yield* growing(gathered, this.#held, () => whole && this.#read(whole));
    for await (const raw of gathered) yield { raw };
    if (whole) yield this.#outcome(whole);
  }

  async #parsed(message: Answer): Promise<unknown> {
    return this.#includeRaw ? { raw: message, ...(await this.#outcome(message)) } : this.#read(message);
  }

  /** Returns the value, or the reason why there is no value. */
  async #outcome(message: Answer): Promise<{ parsed: unknown; parsingError?: unknown }> {
    try {
      return { parsed: await this.#read(message) };
    } catch (parsingError) {
      return { parsed: null, parsingError };
    }
  }

  async #read(message: Answer): Promise<unknown> {
    const { value, issues } = await validated(this.#held.schema, this.#found(message));
    if (issues) throw failed(`the answer does not fit the schema: ${issues.join("; ")}`, message);
    return value;
  }

  #found(message: Answer): unknown {
    try {
      return valueOf(message, this.#held);
    } catch (error) {
      throw error instanceof BedrockChatError ? new OutputParserException(error.message, output(message)) : error;
    }
  }
}

function failed(why: string, message: Answer): OutputParserException {
  const text = output(message);
  return new OutputParserException(`${why}. The answer: ${text.slice(0, 300)}`, text);
}

/** Returns the answer as text, for errors. */
const output = ({ content, tool_calls }: Answer): string => textOf(content) || JSON.stringify(tool_calls ?? []);
