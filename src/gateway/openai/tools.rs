//! Tools of OpenAI's APIs that other models do not have, as functions: custom tools, whose input is a plain text, the
//! tools of a namespace, the local shell, and the client's search for tools. Calls of these functions are translated back.

use crate::gateway::failure::Failure;
use crate::json::{Json, Kind, View, Writer, quoted};
use crate::request::{Tool, ToolChoice};

/// The form of a tool's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallForm {
    /// Arguments in JSON.
    Function,
    /// A plain text.
    Custom,
    /// The action of a local shell.
    LocalShell,
    /// A search for further tools, which the client runs.
    ToolSearch,
}

/// A tool whose calls are translated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToolName {
    /// The name of the function that is sent to the model.
    pub(crate) sent: String,
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) form: CallForm,
}

/// The tools whose calls are translated. All others are functions with their own name.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToolNames(pub(crate) Vec<ToolName>);

impl ToolNames {
    /// Returns the tool of a function that the model called.
    pub(crate) fn of_sent(&self, sent: &str) -> Option<&ToolName> {
        self.0.iter().find(|tool| tool.sent == sent)
    }

    /// Returns the form of the calls of a function.
    pub(crate) fn form(&self, sent: &str) -> CallForm {
        self.of_sent(sent).map_or(CallForm::Function, |tool| tool.form)
    }
}

/// The name of the search for tools.
pub(crate) const TOOL_SEARCH: &str = "tool_search";

/// The name of the local shell.
pub(crate) const LOCAL_SHELL: &str = "local_shell";

/// The argument with the text of a custom tool.
const INPUT: &str = "input";

/// Returns the name of the function for a tool in a namespace.
pub(crate) fn joined(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        None | Some("") => name.to_owned(),
        Some(namespace) if namespace.ends_with("__") => [namespace, name].concat(),
        Some(namespace) => [namespace, "__", name].concat(),
    }
}

/// Returns the function for a custom tool. A grammar cannot be enforced, so the description contains it.
pub(crate) fn custom_tool(sent: &str, tool: View<'_>) -> Tool {
    const SCHEMA: &str = concat!(
        r#"{"type":"object","properties":{"input":{"type":"string","description":"The whole input, as plain text"}},"#,
        r#""required":["input"],"additionalProperties":false}"#
    );
    let mut description = tool.text_at("description");
    if !description.is_empty() {
        description.push_str("\n\n");
    }
    description.push_str("Put the whole input, as plain text, into the argument `input`.");
    let format = tool.get("format").filter(|format| format.word_at("type") == "grammar");
    if let Some(format) = format {
        // Chat Completions has one more object around it.
        let grammar = format.get("grammar").unwrap_or(format);
        let parts = [" It must fit this ", &grammar.text_at("syntax"), " grammar:\n", &grammar.text_at("definition")];
        description.push_str(&parts.concat());
    }
    Tool::new(sent, description, Json::parse(SCHEMA).unwrap_or_else(|_| Json::empty_object()))
}

/// Returns the function for the local shell.
pub(crate) fn local_shell_tool() -> Tool {
    const SCHEMA: &str = concat!(
        r#"{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"},"#,
        r#""description":"The program and its arguments"},"working_directory":{"type":"string"},"#,
        r#""timeout_ms":{"type":"integer"}},"required":["command"],"additionalProperties":false}"#
    );
    let schema = Json::parse(SCHEMA).unwrap_or_else(|_| Json::empty_object());
    Tool::new(LOCAL_SHELL, "Runs a command on the user's computer and returns its output", schema)
}

/// Returns the arguments of the function for the input of a custom tool.
pub(crate) fn input_args(input: &str) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    w.field(INPUT, input);
    w.end_object();
    Json::written(w)
}

/// Returns the input of a custom tool from the arguments of its function. Arguments in another form are the input.
pub(crate) fn input_of(args: &str) -> String {
    let input = View::parse(args).ok().and_then(|args| args.string_at(INPUT));
    input.unwrap_or_else(|| args.to_owned())
}

/// Returns a choice that is a word.
pub(crate) fn choice_of_word(choice: View<'_>) -> Result<Option<ToolChoice>, Failure> {
    match choice.word() {
        "auto" => Ok(Some(ToolChoice::Auto)),
        "none" => Ok(Some(ToolChoice::None)),
        "required" => Ok(Some(ToolChoice::Any)),
        _ => Err(unknown_choice(choice)),
    }
}

/// Returns the error for a choice that cannot be read.
pub(crate) fn unknown_choice(choice: View<'_>) -> Failure {
    let kind = if choice.kind() == Kind::Object { choice.word_at("type") } else { choice.word() };
    let shown: String = kind.chars().take(40).collect();
    let message =
        format!("unsupported tool choice: {}; use `auto`, `none`, `required` or a tool's name", quoted(&shown));
    Failure::of_field("tool_choice", message)
}

/// Applies a choice among some of the tools: the others are not sent.
pub(crate) fn allow(tools: &mut Vec<Tool>, allowed: &[String], mode: &str) -> Result<ToolChoice, Failure> {
    let is_known = |name: &&String| tools.iter().any(|tool| tool.name == **name);
    if let Some(name) = allowed.iter().find(|name| !is_known(name)) {
        let shown: String = name.chars().take(64).collect();
        let message = format!("`tool_choice` allows an unknown tool: {}; add it to `tools`", quoted(&shown));
        return Err(Failure::of_field("tool_choice", message));
    }
    tools.retain(|tool| allowed.contains(&tool.name));
    Ok(if mode == "required" { ToolChoice::Any } else { ToolChoice::Auto })
}
