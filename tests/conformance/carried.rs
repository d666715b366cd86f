//! Checks whether this crate's message has a fact of a client's message.

use bedrock_chat::{AiMessage, Content, Json};
use serde_json::{Value, json};

use super::facts::Fact;
use super::request::normalized;

/// Returns whether the message has a fact.
pub(crate) fn carries(message: &AiMessage, fact: &Fact) -> bool {
    match fact {
        Fact::Text(text) => message.text() == *text || has_text_in_parts(message, text),
        Fact::Thinking { text, signature } => {
            let has_thinking = thinkings(message)
                .any(|(ours, signed)| ours == *text && (signature.is_none() || signed == *signature));
            has_thinking || (signature.is_none() && has_marked_thinking(message, text))
        }
        Fact::Redacted(data) => message
            .content
            .iter()
            .any(|block| matches!(block, Content::RedactedThinking(redacted) if redacted.data == *data)),
        Fact::Refusal(text) => message.text() == *text || in_raw(message, &json!({"refusal": text})),
        Fact::ToolCall(call) => message.tool_calls().any(|ours| {
            (call["id"].is_null() || is_id(&ours.id, &call["id"]))
                && call["name"] == ours.name.as_str()
                && same(&value(&ours.args), &call["args"])
        }),
        Fact::InvalidToolCall(call) => {
            message.invalid_tool_calls().any(|ours| is_id(&ours.id, &call["id"]) && call["name"] == ours.name.as_str())
        }
        Fact::Citation(citation) => message.content.iter().any(
            |block| matches!(block, Content::Text(text) if text.citations.iter().any(|c| contains(&plain(&value(c)), &plain(citation)))),
        ),
        Fact::Block(block) => in_raw(message, block),
        Fact::Order(order) => is_subsequence(order, &kinds(message)),
        // The typed reason may depend on more than this string. The string itself is kept.
        Fact::Stop(reason) => {
            message.stop_reason.is_some() && message.metadata("stop_reason").is_some_and(|ours| value(ours) == json!(reason))
        }
        Fact::StopSequence(sequence) => message.stop_sequence.as_ref() == Some(sequence),
        Fact::Usage(name, count) => *count == counted(message, name),
        Fact::Id(id) => message.id.as_ref() == Some(id),
        Fact::Model(model) => message.model.as_ref() == Some(model),
        Fact::RequestId(id) => message.request_id.as_ref() == Some(id),
        Fact::Metadata(key, theirs) => {
            message.metadata(key).is_some_and(|ours| contains(&value(ours), theirs))
                || COUNTS.iter().any(|(count, name)| count == key && theirs.as_u64() == Some(counted(message, name)))
                || theirs.as_str().is_some_and(|id| message.id.as_deref() == Some(id))
        }
        Fact::Structured(output) => {
            message.tool_calls().any(|call| same(&value(&call.args), output))
                || serde_json::from_str(&message.text()).is_ok_and(|text| same(&text, output))
        }
    }
}

/// Whether a block that this crate does not interpret has these members.
fn in_raw(message: &AiMessage, members: &Value) -> bool {
    message.content.iter().any(|ours| matches!(ours, Content::Raw(raw) if contains(&value(&raw.block), members)))
}

/// Returns whether an id is the service's. It may have been made unique within the conversation: the service numbers
/// calls from 0 in every reply.
fn is_id(ours: &str, theirs: &Value) -> bool {
    let theirs = theirs.as_str().unwrap_or_default();
    let is_numbered = theirs.strip_prefix("call_").is_some_and(|number| number.parse::<u32>().is_ok());
    ours == theirs || (is_numbered && ours.starts_with(&format!("{theirs}-")))
}

/// Token counts that are in the usage under another name.
const COUNTS: [(&str, &str); 4] = [
    ("inputTextTokenCount", "input"),
    ("totalOutputTextTokenCount", "output"),
    ("prompt_token_count", "input"),
    ("generation_token_count", "output"),
];

fn value(json: &Json) -> Value {
    serde_json::from_str(json.as_str()).unwrap()
}

/// Removes the style of names: Python's clients use other names than the service.
fn plain(citation: &Value) -> Value {
    match citation {
        Value::Object(object) => {
            object.iter().map(|(key, value)| (key.replace('_', "").to_lowercase(), plain(value))).collect()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    normalized(a.clone()) == normalized(b.clone())
}

/// Whether everything in `part` is in `whole`. Null and empty values need not be there.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(key, part)| {
            let is_empty = [json!(null), json!({}), json!([]), json!("")].contains(part);
            whole.get(key).map_or(is_empty, |whole| contains(whole, part))
        }),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        _ => same(whole, part),
    }
}

fn thinkings(message: &AiMessage) -> impl Iterator<Item = (String, Option<String>)> {
    message.content.iter().filter_map(|block| match block {
        Content::Thinking(thinking) => Some((thinking.text.clone(), thinking.signature.clone())),
        _ => None,
    })
}

/// Tags of models that write reasoning into their text.
const TAGS: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>")];

/// Whether the message has separated the reasoning that the client left in the text with its tags.
fn has_text_in_parts(message: &AiMessage, text: &str) -> bool {
    let bare = |text: &str| {
        let text = TAGS.iter().fold(text.to_owned(), |text, (open, close)| text.replace(open, "").replace(close, ""));
        text.split_whitespace().collect::<String>()
    };
    TAGS.iter().any(|(open, _)| text.starts_with(open))
        && bare(&(message.thinking() + " " + &message.text())) == bare(text)
}

/// Whether the message has reasoning in its text that the client separated.
fn has_marked_thinking(message: &AiMessage, thinking: &str) -> bool {
    TAGS.iter().any(|(open, close)| message.text().contains(&format!("{open}{thinking}{close}")))
}

fn counted(message: &AiMessage, name: &str) -> u64 {
    let usage = message.usage.unwrap_or_default();
    match name {
        "input" => usage.input_tokens,
        "output" => usage.output_tokens,
        "total" => usage.total_tokens(),
        "cache_read" => usage.input_token_details.cache_read,
        "cache_creation" => usage.input_token_details.cache_creation,
        "cache_creation_5m" => usage.input_token_details.cache_creation_5m,
        "cache_creation_1h" => usage.input_token_details.cache_creation_1h,
        "reasoning" => usage.output_token_details.reasoning,
        other => panic!("{other} is not a token count"),
    }
}

fn kinds(message: &AiMessage) -> Vec<&'static str> {
    let kind = |block: &Content| match block {
        // Text that contains reasoning with tags counts as both.
        Content::Text(text) if TAGS.iter().any(|(open, _)| text.text.starts_with(open)) => vec!["thinking", "text"],
        Content::Text(_) => vec!["text"],
        Content::Thinking(_) => vec!["thinking"],
        Content::RedactedThinking(_) => vec!["redacted"],
        Content::ToolCall(_) | Content::InvalidToolCall(_) => vec!["tool"],
        _ => Vec::new(),
    };
    message.content.iter().flat_map(kind).collect()
}

fn is_subsequence(part: &[&str], whole: &[&str]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|kind| whole.any(|other| other == kind))
}
