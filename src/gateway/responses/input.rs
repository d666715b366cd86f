//! The items of a request's input.

use crate::gateway::dialect::leave_out;
use crate::gateway::failure::Failure;
use crate::gateway::openai::reasoning;
use crate::gateway::openai::tools::{LOCAL_SHELL, TOOL_SEARCH, ToolNames, input_args, joined};
use crate::interop;
use crate::json::{Json, Kind, View, Writer, quoted};
use crate::message::{Content, InvalidToolCall, Message, Role, ToolCall, ToolResult};

fn wrong(message: impl Into<String>) -> Failure {
    Failure::of_field("input", message)
}

/// Reads the input: a text, or items. Tools that items add are appended to `tools`.
pub(super) fn messages(
    input: View<'_>,
    names: &ToolNames,
    tools: &mut Vec<Json>,
    removed: &mut Vec<String>,
) -> Result<Vec<Message>, Failure> {
    let mut reader = Reader { messages: Vec::new(), names, tools, removed };
    match input.kind() {
        Kind::String => reader.messages.push(Message::human(input.string().unwrap_or_default())),
        Kind::Array => {
            for (at, item) in input.items().enumerate() {
                reader.item(item, at)?;
            }
        }
        _ => return Err(wrong("`input` is neither a text nor a list of items")),
    }
    Ok(reader.messages)
}

struct Reader<'a> {
    messages: Vec<Message>,
    names: &'a ToolNames,
    tools: &'a mut Vec<Json>,
    removed: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn item(&mut self, item: View<'_>, at: usize) -> Result<(), Failure> {
        let kind = item.word_at("type");
        match kind {
            "message" | "" if item.get("role").is_some() => self.message(item, at)?,
            "reasoning" => self.reasoning(item)?,
            "function_call" => {
                let args = item.text_at("arguments");
                self.push(Role::Ai, call(item, self.sent(item), &args));
            }
            "custom_tool_call" => {
                let args = input_args(&item.text_at("input"));
                self.push(Role::Ai, call(item, self.sent(item), args.as_str()));
            }
            "local_shell_call" => {
                let args = shell_args(item);
                self.push(Role::Ai, call(item, LOCAL_SHELL.to_owned(), args.as_str()));
            }
            "tool_search_call" => {
                let args = item.get("arguments").map_or_else(Json::empty_object, Json::from);
                self.push(Role::Ai, call(item, TOOL_SEARCH.to_owned(), args.as_str()));
            }
            "tool_search_output" => {
                self.tools.extend(item.copies("tools"));
                self.push(Role::Tool, found_tools(item));
            }
            "function_call_output" | "custom_tool_call_output" | "local_shell_call_output" => {
                let result = self.result(item, at)?;
                self.push(Role::Tool, result);
            }
            "additional_tools" => self.tools.extend(item.copies("tools")),
            // The query of a search that OpenAI ran; the answer after it has the result.
            "web_search_call" => leave_out(self.removed, "input.web_search_call"),
            "item_reference" => {
                return Err(wrong(format!("item {at} is a reference; the gateway keeps no items, so send the item")));
            }
            kind => {
                let shown: String = kind.chars().take(40).collect();
                let message = format!("item {at} of `input` has the unsupported type {}; leave it out", quoted(&shown));
                return Err(wrong(message));
            }
        }
        Ok(())
    }

    /// Adds a block to the last message, or to a new one of another role.
    fn push(&mut self, role: Role, block: Content) {
        match self.messages.last_mut() {
            Some(last) if last.role == role => last.content.push(block),
            _ => self.messages.push(Message::new(role, [block])),
        }
    }

    /// Returns the name of the function for the tool that an item calls.
    fn sent(&self, item: View<'_>) -> String {
        let (name, namespace) = (item.text_at("name"), item.string_at("namespace"));
        let is_it = |tool: &&crate::gateway::openai::tools::ToolName| {
            tool.name == name && (namespace.is_none() || tool.namespace == namespace)
        };
        match self.names.0.iter().find(is_it) {
            Some(tool) => tool.sent.clone(),
            None => joined(namespace.as_deref(), &name),
        }
    }

    fn message(&mut self, item: View<'_>, at: usize) -> Result<(), Failure> {
        let message = read_message(item.word_at("role"), item.get("content"), at)?;
        match self.messages.last_mut() {
            // The parts of one turn of the model.
            Some(last) if last.role == Role::Ai && message.role == Role::Ai => last.content.extend(message.content),
            _ => self.messages.push(message),
        }
        Ok(())
    }

    /// Adds reasoning that a model wrote through this gateway. No other model can read it.
    fn reasoning(&mut self, item: View<'_>) -> Result<(), Failure> {
        match reasoning::opened(&item.text_at("encrypted_content"))? {
            Some((block, model)) => {
                self.push(Role::Ai, block);
                if let Some(last) = self.messages.last_mut() {
                    last.model = model;
                }
            }
            // Reasoning without encrypted content is for readers only.
            None if item.get("encrypted_content").is_some() => leave_out(self.removed, "input.reasoning"),
            None => {}
        }
        Ok(())
    }

    fn result(&mut self, item: View<'_>, at: usize) -> Result<Content, Failure> {
        let id = item.string_at("call_id").or_else(|| item.string_at("id"));
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            return Err(wrong(format!("item {at} of `input` has no `call_id`; set the id of its call")));
        };
        let output = read_message("user", item.get("output"), at)?;
        Ok(Content::ToolResult(ToolResult::new(id, output.content)))
    }
}

/// Reads content in the form of a message.
fn read_message(role: &str, content: Option<View<'_>>, at: usize) -> Result<Message, Failure> {
    let mut w = Writer::new();
    w.begin_object();
    w.field("role", role);
    if let Some(content) = content {
        w.member("content", content);
    }
    w.end_object();
    let message = interop::read_message(&Json::written(w));
    message.map_err(|error| wrong(["item ", &at.to_string(), " of `input`: ", error.message()].concat()))
}

/// Returns a call of a function. Arguments that are not an object make an invalid call.
fn call(item: View<'_>, name: String, args: &str) -> Content {
    let id = item.string_at("call_id").unwrap_or_else(|| item.text_at("id"));
    let args = if args.trim().is_empty() { "{}" } else { args };
    match Json::parse(args) {
        Ok(args) if args.view().kind() == Kind::Object => Content::ToolCall(ToolCall::new(id, name, args)),
        _ => Content::InvalidToolCall(InvalidToolCall::new(id, name, args, "the arguments are not a JSON object")),
    }
}

/// Returns the result of a search for tools. The model receives the tools themselves as its tools.
fn found_tools(item: View<'_>) -> Content {
    let names: Vec<String> = item.list("tools").map(|tool| tool.text_at("name")).collect();
    let text = if names.is_empty() { "no tools found".to_owned() } else { ["loaded: ", &names.join(", ")].concat() };
    Content::ToolResult(ToolResult::new(item.text_at("call_id"), [Content::text(text)]))
}

/// Returns the arguments of the local shell's function.
fn shell_args(item: View<'_>) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in item.members("action").filter(|(key, value)| *key != "type" && !value.is_null()) {
        w.raw_member(key, value);
    }
    w.end_object();
    Json::written(w)
}
