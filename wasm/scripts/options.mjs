// Writes the npm package's parts of the table of options, wasm/options.json:
//
//   node wasm/scripts/options.mjs            writes the files
//   node wasm/scripts/options.mjs --check    fails if a file is not up to date
//
// Both fail if an option of Rust's `ChatOptions` or of the builder is not in the table.
//
// The groups of the table say where an option may be set: `settings` on the constructor and on every call, `call` on
// calls and `withOptions`, `bound` on `withOptions` and `batch`, `batch` on `batch`, `constructor` on the constructor.
// A row has these members:
//
//   name       the option's name in JavaScript
//   check      the check of its value: a name in wasm/js/checks.ts, or a list of the words that it may be
//   doc        its documentation
//   type       its type in TypeScript, unless `check` says it
//   rust       its name in Rust, if that is not `name` in snake case. A path is for a part of an option. null: it is not
//              in Rust
//   read       the function of wasm/src/read.rs that reads it, unless `check` says it; `own`: the reader is not generated
//   parse      what `read` parses a word with
//   members    paths in Rust of its members
//   merged     whether the members of a call's value are merged with those of the constructor's
//   passed     false: JavaScript changes the value before the module reads it
//   sameAs     the option that it is another name of
//   langchain  `call`: LangChain has it on calls only; `identity`: a part of what identifies a LangChain model
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const table = JSON.parse(readFileSync(join(root, "wasm/options.json"), "utf8"));
const NOTE = "Written by wasm/scripts/options.mjs from wasm/options.json: change the table, not this file.";

const TYPES = {
  whole: "number", number: "number", flag: "boolean", text: "string", texts: "string | readonly string[]",
  lines: "readonly string[]", pairs: "{ [key: string]: string }",
};
const READERS = { whole: "whole", number: "number", flag: "flag", text: "text", texts: "texts", lines: "texts", pairs: "pairs" };

const { settings, call, bound, batch, constructor } = table;
const rows = [settings, call, bound, batch, constructor].flat();
const names = (list) => list.map(({ name }) => name);
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The option's path in Rust, if Rust has it. */
function rustOf({ name, rust, sameAs }) {
  if (rust === null || sameAs) return undefined;
  return rust ?? snake(name);
}

const typeOf = ({ check, type }) => type ?? (Array.isArray(check) ? check.map((word) => JSON.stringify(word)).join(" | ") : TYPES[check]);
const readerOf = ({ check, read }) => read ?? READERS[check];

/** Text as a comment of at most 120 columns. */
function comment(text, indent) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last && `${indent} * ${last} ${word}`.length > 120) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  if (lines.length === 1 && `${indent}/** ${text} */`.length <= 120) return `${indent}/** ${text} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

function member(row) {
  const type = row.required ? `: ${typeOf(row)}` : `?: ${typeOf(row)} | undefined`;
  return `${comment(row.doc, "  ")}  ${row.name}${type};\n`;
}

const interfaces = [
  ["BedrockChatSettings", "The options that the constructor and every call take. Unset options are not sent.", "", settings],
  ["CallOptions", "The options of a call. Methods take them as `Removable`: null removes an option.", " extends BedrockChatSettings", call],
  ["BoundOptions", "The options that `withOptions` sets for every call. Null removes an option.", " extends CallOptions", bound],
  ["BatchOptions", "The options of a batch.", " extends BoundOptions", batch],
  ["BedrockChatFields", "The constructor's fields.", " extends BedrockChatSettings", constructor],
];

function declarations() {
  const own = ["BedrockCredentialsProvider", "Capabilities", "CircuitBreaker", "CloudflareGateway", "Fallback", "FetchLike", "GuardrailConfig", "RateLimits", "Reasoning", "ResponseFormat", "Thinking", "Tool", "ToolChoice"];
  const types = interfaces.map(([name, doc, base, list]) => `${comment(doc, "")}export interface ${name}${base} {\n${list.map(member).join("")}}\n`);
  const calls = names(settings.filter(isOfCall));
  return `import type { ${own.join(", ")} } from "./fields.js";
import type { RateLimiter } from "./limiter.js";

${types.join("\n")}
/** The options that LangChain's chat model takes on calls only. */
export type LangChainCallOption = ${calls.map((name) => JSON.stringify(name)).join(" | ")};
`;
}

/** Whether LangChain has an option on calls only. */
const isOfCall = ({ langchain, sameAs }) => langchain === "call" || settings.some((row) => row.name === sameAs && row.langchain === "call");

function constants() {
  const checks = (list) => `{\n${list.map(({ name, check }) => `  ${name}: ${JSON.stringify(check).replaceAll(",", ", ")},\n`).join("")}}`;
  const list = (items) => `[${items.map((item) => `\n  ${JSON.stringify(item).replaceAll(",", ", ")},`).join("")}\n]`;
  const passed = (of) => names(of.filter((row) => row.passed !== false && !row.sameAs && rustOf(row)));
  const same = (of) => of.filter(({ sameAs }) => sameAs).map(({ name, sameAs }) => [sameAs, name]);
  return [
    ["SETTINGS", "The options that the constructor and every call take, with the checks of their values.", checks(settings)],
    ["CALL", "Options that only a call has.", checks(call)],
    ["BATCH", "Further options of a batch.", checks([...bound, ...batch])],
    ["CONSTRUCTOR", "Fields that only the constructor has.", checks(constructor)],
    ["PASSED_SETTINGS", "Options that are passed to the module unchanged.", list(passed(settings))],
    ["PASSED_FIELDS", "Fields of the constructor that are passed to the module unchanged.", list(passed(constructor))],
    ["MERGED", "Options whose members are merged.", list(names(settings.filter(({ merged }) => merged)))],
    ["SAME_SETTINGS", "Two names of one option.", list(same(settings))],
    ["SAME_FIELDS", "Two names of one field of the constructor.", list(same(constructor))],
    ["LANGCHAIN_SETTINGS", "Options that LangChain's chat model has as properties, which every call may change.", list(names(settings.filter((row) => !isOfCall(row))))],
    ["LANGCHAIN_IDENTITY", "Fields that identify a LangChain model, besides its id and region: another endpoint may answer differently.", list(names(constructor.filter(({ langchain }) => langchain === "identity")))],
  ];
}

const typescript = () => [`// ${NOTE}\n${declarations()}`, ...constants().map(([name, doc, value]) => `${comment(doc, "")}export const ${name} = ${value} as const;\n`)].join("\n");

/** The reader of the module, and the names of options for its errors. */
function rust() {
  const owners = new Map();
  for (const row of settings.filter(rustOf)) {
    const [option] = rustOf(row).split(".");
    if (!owners.has(option)) owners.set(option, row);
  }
  const reads = [...owners].map(([option, row]) => {
    const key = rustOf(row).includes(".") ? option : row.name;
    const parse = row.parse ? `, ${row.parse}` : "";
    return `    options.${option} = read::${readerOf(row)}(fields, "${key}"${parse})?;\n`;
  });
  const sets = constructor.filter((row) => rustOf(row) && readerOf(row) !== "own").map((row) => {
    const name = rustOf(row);
    return `    if let Some(value) = read::${readerOf(row)}(fields, "${row.name}")? {\n        builder = builder.${name}(value);\n    }\n`;
  });
  const pairs = new Map();
  for (const row of rows) {
    for (const [name, path] of Object.entries(row.members ?? {})) pairs.set(path, `${row.name}.${name}`);
    const path = rustOf(row);
    if (!path) continue;
    const [option] = path.split(".");
    // An option that is split into parts in JavaScript has the name of its first part.
    if (!pairs.has(option)) pairs.set(option, row.name);
    pairs.set(path, row.name);
  }
  const named = [...pairs].filter(([from, to]) => from !== to).map(([from, to]) => `    ("${from}", "${to}"),\n`);
  const parsed = settings.filter(({ parse }) => parse).map(({ parse }) => parse.split("::")[0]);
  const removable = [...owners].map(([option, row]) => `    ("${row.name}", ChatOption::${option.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase())}),\n`);
  const used = ["BedrockChatBuilder", "ChatOption", "ChatOptions", "Result", ...new Set(parsed)].sort();
  return `//! ${NOTE}

use bedrock_chat::{${used.join(", ")}};

use crate::members::Members;
use crate::read;

/// Reads the options of a call.
pub(crate) fn read_options(fields: &Members<'_>, options: &mut ChatOptions) -> Result<()> {
${reads.join("")}    Ok(())
}

/// Reads the fields of the constructor that need no special reader.
pub(crate) fn read_fields(fields: &Members<'_>, mut builder: BedrockChatBuilder) -> Result<BedrockChatBuilder> {
${sets.join("")}    Ok(builder)
}

/// Options by their names in JavaScript. An option that JavaScript has in parts has the name of the first part.
pub(crate) static OPTIONS: &[(&str, ChatOption)] = &[
${removable.join("")}];

/// The names of options in Rust and in JavaScript, where they differ.
pub(crate) static NAMES: &[(&str, &str)] = &[
${named.join("")}];
`;
}

/** The names of Rust's options that the table has no row for, and of rows without such an option. */
function differences() {
  const first = (list) => list.map(rustOf).filter(Boolean).map((path) => path.split(".")[0]);
  const source = (path) => readFileSync(join(root, path), "utf8");
  const [, fields = ""] = /^options! \{\n([\s\S]*?)\n\}/m.exec(source("src/request/options.rs")) ?? [];
  const options = [...fields.matchAll(/^ {4}[a-z]+ (\w+):/gm)].map(([, name]) => name);
  const files = ["src/chat/builder.rs", ...readdirSync(join(root, "src/chat/builder")).map((name) => `src/chat/builder/${name}`)];
  const setters = files.flatMap((path) => [...source(path).matchAll(/^ {4}pub fn (\w+)(?:<[^(]*>)?\((?:mut )?self, /gm)].map(([, name]) => name));
  if (options.length < 20 || setters.length < 20) return ["`ChatOptions` or the builder's setters are not where wasm/scripts/options.mjs looks for them"];
  const [ofOptions, ofBuilder] = [first(settings), first([...bound, ...constructor])];
  const missing = [...options.filter((name) => !ofOptions.includes(name)), ...setters.filter((name) => !ofOptions.includes(name) && !ofBuilder.includes(name) && !Object.hasOwn(table.rustOnly, name))];
  const unknown = [...ofOptions.filter((name) => !options.includes(name)), ...ofBuilder.filter((name) => !setters.includes(name))];
  return [
    ...missing.map((name) => `\`${name}\` of Rust has no row in wasm/options.json: add one, or a line in \`rustOnly\``),
    ...unknown.map((name) => `wasm/options.json has a row of \`${name}\`, which Rust does not have`),
  ];
}

const files = { "wasm/js/table.ts": typescript(), "wasm/src/options.rs": rust() };
const problems = differences();
for (const [path, text] of Object.entries(files)) {
  if (process.argv[2] !== "--check") writeFileSync(join(root, path), text);
  else if (readFileSync(join(root, path), "utf8") !== text) problems.push(`${path} is not up to date: run 'node wasm/scripts/options.mjs'`);
}
for (const problem of problems) console.error(`options: ${problem}`);
process.exitCode = problems.length ? 1 : 0;
