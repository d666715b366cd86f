//! Tests of the API.

mod events;
mod items;
mod passed;
mod requests;

use super::ResponsesDialect;
use crate::gateway::dialect::{Asked, Dialect};
use crate::gateway::openai::testing::{json, reply, with};
use crate::json::{Json, View};
use crate::message::{AiMessage, Content, RedactedThinking, StopReason, Text, Thinking, ToolCall};

/// Tools in every form that is translated.
const TOOLS: &str = r#""tools":[
    {"type":"function","name":"f","description":"F","parameters":{"type":"object"},"strict":false},
    {"type":"custom","name":"apply_patch","description":"P","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
    {"type":"namespace","name":"mcp__docs","description":"D","tools":[{"type":"function","name":"search","parameters":{"type":"object"}}]},
    {"type":"local_shell"}]"#;

fn body(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"model":"m","input":"hi"{comma}{members}}}"#)
}

fn read(body: &str) -> Asked {
    with(body, |given| ResponsesDialect.read(given)).unwrap_or_else(|failure| panic!("{}: {body}", failure.message))
}

/// A reply with a block of every kind.
fn rich() -> AiMessage {
    let cited = r#"{"type":"web_search_result_location","url":"https://a.example/b","title":"B"}"#;
    let call = |id: &str, name: &str, args: &str| Content::ToolCall(ToolCall::new(id, name, json(args)));
    reply(
        [
            Content::Thinking(Thinking::new("Let me see.").with_signature("sig")),
            Content::RedactedThinking(RedactedThinking::new("ZGF0YQ==")),
            Content::text("Sunny é. "),
            Content::Text(Text::new("Cited.").with_citations([json(cited)])),
            call("c1", "f", r#"{"a":1}"#),
            call("c2", "apply_patch", r#"{"input":"*** \"x\"\n"}"#),
            call("c3", "mcp__docs__search", r#"{"q":"x"}"#),
            call("c4", "local_shell", r#"{"command":["ls"],"timeout_ms":9}"#),
        ],
        StopReason::ToolUse,
    )
}

fn whole(members: &str, reply: &AiMessage) -> Json {
    json(&with(&body(members), |given| ResponsesDialect.message(given, reply)))
}

fn member(json: &Json, path: &[&str]) -> Json {
    let mut view = json.view();
    for key in path {
        view = match key.parse::<usize>() {
            Ok(at) => view.items().nth(at).unwrap_or_else(|| panic!("{key} of {json}")),
            Err(_) => view.get_or_null(key).unwrap_or_else(|| panic!("{key} of {json}")),
        };
    }
    Json::from(view)
}

/// Returns the types of items or events.
fn types<'a>(list: impl IntoIterator<Item = View<'a>>) -> Vec<String> {
    list.into_iter().map(|item| item.text_at("type")).collect()
}
