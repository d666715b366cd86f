// Tools that Anthropic defines for Claude: their schemas and the beta features that they need.
import type { Members } from "./schema.js";

/** The schema of a tool's input, as a Standard Schema. */
export interface AnthropicToolSchema<Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: unknown; readonly output: Input } | undefined;
    readonly validate: (value: unknown) => { readonly value: Input; readonly issues?: undefined } | { readonly issues: readonly { readonly message: string }[] };
    readonly jsonSchema: { readonly input: (options?: unknown) => Record<string, unknown>; readonly output: (options?: unknown) => Record<string, unknown> };
  };
}

/** A tool that Anthropic defines and the program runs. */
export interface AnthropicTool<Input, Output> {
  type: "provider";
  isProviderExecuted: false;
  id: `${string}.${string}`;
  args: Record<string, unknown>;
  inputSchema: AnthropicToolSchema<Input>;
  execute: (input: Input, options: any) => AsyncIterable<Output> | PromiseLike<Output> | Output;
}

/** A tool of Anthropic that Bedrock does not have. A call warns, and does not send it. */
export interface AnthropicServerTool {
  type: "provider";
  isProviderExecuted: true;
  id: `${string}.${string}`;
  args: Record<string, unknown>;
  inputSchema: AnthropicToolSchema<unknown>;
  outputSchema: AnthropicToolSchema<unknown>;
}

/** The members that a program adds to a tool: how it is run, and the hooks of the AI SDK. */
export interface AnthropicToolOptions<Input, Output> {
  execute?: ((input: Input, options: any) => AsyncIterable<Output> | PromiseLike<Output> | Output) | null | undefined;
  needsApproval?: boolean | ((input: Input, options: any) => boolean | PromiseLike<boolean>) | undefined;
  toModelOutput?: ((options: any) => any) | undefined;
  onInputStart?: ((options: any) => void | PromiseLike<void>) | undefined;
  onInputDelta?: ((options: any) => void | PromiseLike<void>) | undefined;
  onInputAvailable?: ((options: any) => void | PromiseLike<void>) | undefined;
}

/** The display of a computer, in pixels. The tool's description has its size. */
export interface ComputerDisplay {
  displayWidthPx: number;
  displayHeightPx: number;
  displayNumber?: number | undefined;
}

/** A command of the tool `bash`. */
export interface BashInput {
  command: string;
  restart?: boolean;
}

/** A command of the text editor. */
export interface TextEditorInput<Command extends string = "view" | "create" | "str_replace" | "insert"> {
  command: Command;
  path: string;
  file_text?: string;
  insert_line?: number;
  new_str?: string;
  insert_text?: string;
  old_str?: string;
  view_range?: number[];
}

type FirstAction = "key" | "type" | "mouse_move" | "left_click" | "left_click_drag" | "right_click" | "middle_click" | "double_click" | "screenshot" | "cursor_position";
type LaterAction = FirstAction | "hold_key" | "left_mouse_down" | "left_mouse_up" | "triple_click" | "scroll" | "wait";

/** An action on a computer. */
export interface ComputerInput<Action extends string> {
  action: Action;
  coordinate?: number[];
  text?: string;
  duration?: number;
  region?: number[];
  scroll_amount?: number;
  scroll_direction?: "up" | "down" | "left" | "right";
  start_coordinate?: number[];
}

/** A command of the memory. Which other members it has depends on the command. */
export interface MemoryInput {
  command: "view" | "create" | "str_replace" | "insert" | "delete" | "rename";
  path?: string;
  view_range?: number[];
  file_text?: string;
  old_str?: string;
  new_str?: string;
  insert_line?: number;
  insert_text?: string;
  old_path?: string;
  new_path?: string;
}

type Factory<Input, Args = object> = <Output = never>(options: Args & AnthropicToolOptions<Input, Output>) => AnthropicTool<Input, Output>;
type Simple<Input, Args = object> = <Output = never>(options?: Args & AnthropicToolOptions<Input, Output>) => AnthropicTool<Input, Output>;
type ServerFactory = (args?: Record<string, unknown>) => AnthropicServerTool;

/** The tools by the names of the original provider. */
export interface AnthropicTools {
  bash_20241022: Simple<BashInput>;
  bash_20250124: Simple<BashInput>;
  textEditor_20241022: Simple<TextEditorInput<TextEditorInput["command"] | "undo_edit">>;
  textEditor_20250124: Simple<TextEditorInput<TextEditorInput["command"] | "undo_edit">>;
  textEditor_20250429: Simple<TextEditorInput>;
  textEditor_20250728: Simple<TextEditorInput, { maxCharacters?: number | undefined }>;
  computer_20241022: Factory<ComputerInput<FirstAction>, ComputerDisplay>;
  computer_20250124: Factory<ComputerInput<LaterAction>, ComputerDisplay>;
  computer_20251124: Factory<ComputerInput<LaterAction | "zoom">, ComputerDisplay & { enableZoom?: boolean | undefined }>;
  memory_20250818: Simple<MemoryInput>;
  advisor_20260301: ServerFactory;
  codeExecution_20250522: ServerFactory;
  codeExecution_20250825: ServerFactory;
  codeExecution_20260120: ServerFactory;
  computerToolset_20260801: ServerFactory;
  toolSearchBm25_20251119: ServerFactory;
  toolSearchRegex_20251119: ServerFactory;
  webFetch_20250910: ServerFactory;
  webFetch_20260209: ServerFactory;
  webFetch_20260318: ServerFactory;
  webSearch_20250305: ServerFactory;
  webSearch_20260209: ServerFactory;
  webSearch_20260318: ServerFactory;
}

const TEXT = { type: "string" };
const WHOLE = { type: "integer" };
const NUMBER = { type: "number" };
const oneOf = (words: string) => ({ type: "string", enum: words.split(" ") });
const wholes = (length: number) => ({ type: "array", items: WHOLE, minItems: length, maxItems: length });
const object = (properties: Members, required: string[]): Members => ({ type: "object", properties, required, additionalProperties: false });

const BASH = object({ command: TEXT, restart: { type: "boolean" } }, ["command"]);
const editor = (commands: string): Members =>
  object({ command: oneOf(commands), path: TEXT, file_text: TEXT, insert_line: WHOLE, new_str: TEXT, insert_text: TEXT, old_str: TEXT, view_range: { type: "array", items: WHOLE } }, ["command", "path"]);
const EDITS = "view create str_replace insert";
const FIRST = "key type mouse_move left_click left_click_drag right_click middle_click double_click screenshot cursor_position";
const LATER = `${FIRST} hold_key left_mouse_down left_mouse_up triple_click scroll wait`;
const computer = (actions: string, more: Members): Members => object({ action: oneOf(actions), coordinate: wholes(2), text: TEXT, ...more }, ["action"]);
const SCROLL = { duration: NUMBER, scroll_amount: NUMBER, scroll_direction: oneOf("up down left right"), start_coordinate: wholes(2) };
const MEMORY = object(
  { command: oneOf("view create str_replace insert delete rename"), path: TEXT, view_range: wholes(2), file_text: TEXT, old_str: TEXT, new_str: TEXT, insert_line: WHOLE, insert_text: TEXT, old_path: TEXT, new_path: TEXT },
  ["command"],
);

/** A tool: its schema, and the beta feature that it needs. */
type Row = readonly [schema: Members, beta?: string];

/** The tools that Claude on Bedrock can call, by their ids without `anthropic.`. */
const ROWS: { readonly [id: string]: Row } = {
  bash_20241022: [BASH, "computer-use-2024-10-22"],
  bash_20250124: [BASH, "computer-use-2025-01-24"],
  text_editor_20241022: [editor(`${EDITS} undo_edit`), "computer-use-2024-10-22"],
  text_editor_20250124: [editor(`${EDITS} undo_edit`), "computer-use-2025-01-24"],
  text_editor_20250429: [editor(EDITS), "computer-use-2025-01-24"],
  text_editor_20250728: [editor(EDITS)],
  computer_20241022: [computer(FIRST, {}), "computer-use-2024-10-22"],
  computer_20250124: [computer(LATER, SCROLL), "computer-use-2025-01-24"],
  computer_20251124: [computer(`${LATER} zoom`, { ...SCROLL, region: wholes(4) }), "computer-use-2025-11-24"],
  memory_20250818: [MEMORY, "context-management-2025-06-27"],
};

/** Tools that Anthropic's servers run, by the names of the original provider. Bedrock does not have them. */
const SERVER_TOOLS = [
  "advisor_20260301", "codeExecution_20250522", "codeExecution_20250825", "codeExecution_20260120", "computerToolset_20260801", "toolSearchBm25_20251119",
  "toolSearchRegex_20251119", "webFetch_20250910", "webFetch_20260209", "webFetch_20260318", "webSearch_20250305", "webSearch_20260209", "webSearch_20260318",
];

/** A tool of a provider in a call of the AI SDK. */
interface ProviderTool {
  id: string;
  name: string;
  args: Record<string, unknown>;
}

/** Returns a tool of Anthropic in the core's form, and its beta feature; `undefined` if Bedrock does not have it. */
export function anthropicTool({ id, name, args }: ProviderTool): { tool: { name: string; description?: string; input_schema: Members }; beta?: string | undefined } | undefined {
  const row = /^anthropic\./.test(id) ? ROWS[id.slice("anthropic.".length)] : undefined;
  if (!row) return undefined;
  const [input_schema, beta] = row;
  // The service has no members for the arguments of these tools.
  const { displayWidthPx: width, displayHeightPx: height, displayNumber: display, enableZoom, maxCharacters } = args;
  const notes = [
    id.includes("computer") && `Controls a computer. Its display has ${width} by ${height} pixels.`,
    display !== undefined && `The number of the display is ${display}.`,
    enableZoom === false && "Do not use the action zoom.",
    maxCharacters && `The command view shows at most ${maxCharacters} characters.`,
  ].filter(Boolean);
  return { tool: { name, ...(notes.length ? { description: notes.join(" ") } : {}), input_schema }, beta };
}

/** Returns the schema of a tool's input. */
function schemaOf(schema: Members): AnthropicToolSchema<never> {
  const json = () => schema;
  return { "~standard": { version: 1, vendor: "bedrock-chat", validate: (value) => checked(schema, value), jsonSchema: { input: json, output: json } } };
}

/** Checks the members of an input: which are required, and their types. */
function checked({ properties = {}, required = [] }: { properties?: Members; required?: string[] }, value: unknown): { value: never } | { issues: { message: string }[] } {
  const given = value as Members | null;
  if (typeof given !== "object" || !given || Array.isArray(given)) return { issues: [{ message: "the input is not an object" }] };
  const missing = required.filter((name) => given[name] === undefined).map((name) => ({ message: `the input has no \`${name}\`` }));
  const wrong = Object.entries(properties).filter(([name, type]) => given[name] !== undefined && !fits(type as Members, given[name])).map(([name]) => ({ message: `the value of \`${name}\` does not fit the schema` }));
  const issues = [...missing, ...wrong];
  return issues.length ? { issues } : { value: given as never };
}

function fits({ type, enum: words, items }: { type?: unknown; enum?: unknown[]; items?: Members }, value: unknown): boolean {
  if (type === "array") return Array.isArray(value) && value.every((item) => fits(items ?? {}, item));
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type && (!words || words.includes(value));
}

interface Sandbox {
  run(options: { command: string; abortSignal: unknown }): unknown;
}

/** Runs a command of `bash` in the sandbox of the AI SDK's call. */
function inSandbox({ command }: BashInput, { abortSignal, experimental_sandbox: sandbox }: { abortSignal?: unknown; experimental_sandbox?: Sandbox }): unknown {
  if (!sandbox) throw new Error("no sandbox to run the command in; pass `execute` to the tool, or a sandbox to the call");
  return sandbox.run({ command, abortSignal });
}

/** Returns the id of a tool by its name in the original provider. */
const idOf = (name: string): `${string}.${string}` => `anthropic.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;

function toolsOf(): AnthropicTools {
  const tools: { [name: string]: unknown } = {};
  for (const [id, [schema]] of Object.entries(ROWS)) {
    const name = id.replace("text_editor", "textEditor");
    const fallback = id.startsWith("bash") ? inSandbox : undefined;
    tools[name] = ({ execute = fallback, needsApproval, toModelOutput, onInputStart, onInputDelta, onInputAvailable, ...args }: AnthropicToolOptions<never, unknown> = {}) => ({
      type: "provider", isProviderExecuted: false, id: idOf(name), args, inputSchema: schemaOf(schema), execute: execute ?? undefined, needsApproval, toModelOutput, onInputStart, onInputDelta, onInputAvailable,
    });
  }
  const any = schemaOf({});
  for (const name of SERVER_TOOLS) tools[name] = (args = {}) => ({ type: "provider", isProviderExecuted: true, id: idOf(name), args, inputSchema: any, outputSchema: any });
  return tools as unknown as AnthropicTools;
}

/** Tools that Anthropic defines, by the names of the original provider. */
export const anthropicTools: AnthropicTools = /* @__PURE__ */ toolsOf();
