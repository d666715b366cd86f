//! Tools and the choice of a tool.

use crate::gateway::dialect::{Asked, leave_out};
use crate::gateway::failure::Failure;
use crate::gateway::openai::members;
use crate::gateway::openai::tools::{
    CallForm, LOCAL_SHELL, TOOL_SEARCH, ToolName, ToolNames, allow, choice_of_word, custom_tool, joined,
    local_shell_tool, unknown_choice,
};
use crate::json::{Json, Kind, View, Writer, quoted};
use crate::request::{Tool, ToolChoice};

/// Tools that OpenAI runs. Codex offers them to every model, so they are left out: the model answers without them.
/// Other tools of OpenAI have a user's own data, which the answer depends on.
const LEFT_OUT: &[&str] = &["web_search", "web_search_preview", "image_generation"];

/// Returns whether a tool is left out. Some types have a date at their end.
fn is_left_out(kind: &str) -> bool {
    LEFT_OUT.iter().any(|name| kind.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

/// Returns the tools whose calls are translated.
pub(super) fn names(body: View<'_>) -> ToolNames {
    let mut names = Vec::new();
    body.list("tools").for_each(|tool| add_names(tool, None, &mut names));
    // Codex adds tools later in the conversation.
    let adds = |item: &View<'_>| matches!(item.word_at("type"), "additional_tools" | "tool_search_output");
    for item in body.list("input").filter(adds) {
        item.list("tools").for_each(|tool| add_names(tool, None, &mut names));
    }
    ToolNames(names)
}

fn add_names(tool: View<'_>, namespace: Option<&str>, out: &mut Vec<ToolName>) {
    let name = tool.text_at("name");
    let mut add = |name: String, form| {
        let sent = joined(namespace, &name);
        out.push(ToolName { sent, name, namespace: namespace.map(str::to_owned), form });
    };
    match tool.word_at("type") {
        "function" if namespace.is_some() => add(name, CallForm::Function),
        "custom" => add(name, CallForm::Custom),
        "local_shell" => add(LOCAL_SHELL.to_owned(), CallForm::LocalShell),
        TOOL_SEARCH => add(TOOL_SEARCH.to_owned(), CallForm::ToolSearch),
        "namespace" => tool.list("tools").for_each(|inner| add_names(inner, Some(&name), out)),
        _ => {}
    }
}

/// Reads the tools of a request, and the tools that its items add.
pub(super) fn read(body: View<'_>, more: &[Json], asked: &mut Asked) -> Result<(), Failure> {
    let mut tools = Vec::new();
    for tool in members::list(body, "tools")?.into_iter().flat_map(View::items) {
        add(tool, None, &mut tools, &mut asked.removed)?;
    }
    let mut added = Vec::new();
    for tool in more {
        add(tool.view(), None, &mut added, &mut asked.removed)?;
    }
    // A client may find a tool twice. Models refuse two tools with one name.
    for tool in added {
        match tools.iter_mut().find(|known: &&mut Tool| known.name == tool.name) {
            Some(known) => *known = tool,
            None => tools.push(tool),
        }
    }
    if let Some(choice) = body.get("tool_choice") {
        asked.options.tool_choice = read_choice(choice, &mut tools)?;
    }
    // A choice without tools is refused by some models.
    if tools.is_empty() && matches!(asked.options.tool_choice, Some(ToolChoice::Auto | ToolChoice::None)) {
        asked.options.tool_choice = None;
    }
    asked.options.tools = tools;
    Ok(())
}

fn add(tool: View<'_>, namespace: Option<&str>, out: &mut Vec<Tool>, removed: &mut Vec<String>) -> Result<(), Failure> {
    let kind = tool.word_at("type");
    match kind {
        "function" => out.push(function(tool, namespace)?),
        "custom" => out.push(custom_tool(&joined(namespace, &tool.text_at("name")), tool)),
        "local_shell" => out.push(local_shell_tool()),
        TOOL_SEARCH if tool.word_at("execution") == "client" => {
            let parameters = tool.get("parameters").map_or_else(Json::empty_object, Json::from);
            out.push(Tool::new(TOOL_SEARCH, tool.text_at("description"), parameters));
        }
        // A search of OpenAI's among tools that are loaded later: here all tools are loaded.
        TOOL_SEARCH => leave_out(removed, "tools.tool_search"),
        "namespace" => {
            let name = tool.text_at("name");
            for inner in tool.list("tools") {
                add(inner, Some(&name), out, removed)?;
            }
        }
        _ if is_left_out(kind) => leave_out(removed, &["tools.", kind].concat()),
        _ => {
            let shown: String = kind.chars().take(40).collect();
            let message = format!("unsupported tool type: {}; only OpenAI runs it, so leave it out", quoted(&shown));
            return Err(Failure::of_field("tools", message));
        }
    }
    Ok(())
}

/// Reads a function.
fn function(tool: View<'_>, namespace: Option<&str>) -> Result<Tool, Failure> {
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in tool.raw_entries() {
        match key {
            // How OpenAI's service handles the tool.
            "output_schema" | "defer_loading" | "allowed_callers" | "async" => {}
            _ => w.raw_member(key, value),
        }
    }
    // A function without parameters may leave them out.
    if tool.get("parameters").is_none() {
        w.object("parameters");
        w.field("type", "object");
        w.end_object();
    }
    w.end_object();
    let mut tool = Tool::from_json(&Json::written(w)).map_err(|error| Failure::of_field("tools", error.message()))?;
    tool.name = joined(namespace, &tool.name);
    Ok(tool)
}

fn read_choice(choice: View<'_>, tools: &mut Vec<Tool>) -> Result<Option<ToolChoice>, Failure> {
    let name = |choice: View<'_>| match choice.word_at("type") {
        "local_shell" => Some(LOCAL_SHELL.to_owned()),
        "function" | "custom" => Some(joined(choice.string_at("namespace").as_deref(), &choice.string_at("name")?)),
        _ => None,
    };
    Ok(match choice.word_at("type") {
        _ if choice.kind() != Kind::Object => choice_of_word(choice)?,
        "allowed_tools" => {
            let known = choice.list("tools").filter(|tool| !is_left_out(tool.word_at("type")));
            let names: Option<Vec<String>> = known.map(name).collect();
            let Some(names) = names else { return Err(unknown_choice(choice)) };
            Some(allow(tools, &names, choice.word_at("mode"))?)
        }
        _ => match name(choice) {
            Some(name) => Some(ToolChoice::Tool(name)),
            None => return Err(unknown_choice(choice)),
        },
    })
}
