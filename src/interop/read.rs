//! Reading messages in any of the common forms.

use super::{blocks, members};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View, quoted};
use crate::message::{Content, InvalidToolCall, JsonContent, Message, Role, ToolCall, ToolResult};

/// Reads a conversation: a string, or a list of messages in the forms of [`read_message`].
///
/// ```
/// use bedrock_chat::{interop, Json, Message};
/// let json = Json::parse(r#"[["system", "Be brief."], {"role": "user", "content": "hello"}]"#)?;
/// let messages = interop::read_messages(&json)?;
/// assert_eq!(messages, [Message::system("Be brief."), Message::human("hello")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Encode`, with the place of the message that cannot be read.
pub fn read_messages(json: &Json) -> Result<Vec<Message>> {
    let view = json.view();
    let mut messages = Vec::new();
    match view.kind() {
        Kind::Array if !is_pair(view) => {
            for item in view.items() {
                messages.push(read(item, messages.len())?);
            }
        }
        // One message, also as a pair.
        Kind::String | Kind::Object | Kind::Array => messages.push(read(view, 0)?),
        _ => return Err(problem(0, "is neither a string nor a list of messages", view)),
    }
    Ok(messages)
}

/// Reads one message: a string (the user's), a `["role", content]` pair, a message of LangChain (with `role` or
/// `type`, also as serialized by `toJSON` or `messages_to_dict`), or one of OpenAI.
///
/// ```
/// use bedrock_chat::{interop, Json};
/// let json = Json::parse(r#"{"type":"ai","content":"","tool_calls":[{"id":"1","name":"now","args":{}}]}"#)?;
/// assert_eq!(interop::read_message(&json)?.tool_calls().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Encode`, if the value is in none of these forms.
pub fn read_message(json: &Json) -> Result<Message> {
    read(json.view(), 0)
}

fn problem(at: usize, what: &str, view: View<'_>) -> Error {
    let shown: String = view.raw().chars().take(80).collect();
    Error::of(ErrorKind::Encode, format_args!("message {at} {what}: {shown}"))
}

fn is_object(view: Option<View<'_>>) -> bool {
    view.is_some_and(|view| view.kind() == Kind::Object)
}

fn is_pair(view: View<'_>) -> bool {
    let mut items = view.items();
    items.next().is_some_and(|role| Role::parse(role.word()).is_some())
        && items.next().is_some()
        && items.next().is_none()
}

fn read(view: View<'_>, at: usize) -> Result<Message> {
    match view.kind() {
        Kind::String => return Ok(Message::human(view.string().unwrap_or_default())),
        Kind::Array if is_pair(view) => {
            let mut items = view.items();
            let role = items.next().and_then(|role| Role::parse(role.word())).unwrap_or(Role::Human);
            return Ok(Message::new(role, items.next().map(blocks::content).transpose()?.unwrap_or_default()));
        }
        Kind::Object => {}
        _ => return Err(problem(at, "is not in a known form of a message", view)),
    }
    // Serialized by LangChain: {lc, type: "constructor", id: [.., "HumanMessage"], kwargs}, or {type, data}.
    let class = view.get("id").and_then(|id| id.items().last()).and_then(View::string);
    let (inner, class) = match (view.get("kwargs"), class) {
        (Some(kwargs), Some(class)) => (kwargs, Some(class)),
        _ => (view.get("data").filter(|data| data.get("content").is_some()).unwrap_or(view), None),
    };
    let role = class.as_deref().and_then(role_of_class).or_else(|| {
        [inner, view].iter().find_map(|view| ["role", "type"].iter().find_map(|key| Role::parse(view.word_at(key))))
    });
    let Some(role) = role else {
        return Err(problem(at, "has no known role (\"system\", \"human\", \"ai\", \"tool\" or OpenAI's names)", view));
    };
    // LangChain's own classes have only members that are known to be notes.
    if class.is_none() && inner.raw() == view.raw() {
        members::check_message(at, view)?;
    }
    let control = inner.get("cache_control").or_else(|| inner.get("additional_kwargs")?.get("cache_control"));
    let point = control.map(blocks::cache_point).transpose()?;
    let mut content = inner.get("content").map(blocks::content).transpose()?.unwrap_or_default();
    if role == Role::Tool {
        let id = inner.text_at("tool_call_id");
        // A message that already has result blocks does not need another one.
        if content.iter().any(|block| matches!(block, Content::ToolResult(_))) {
            content.extend(point);
            return Ok(Message::new(role, content));
        }
        // An object that is not a block is the tool's result.
        if let ([Content::Raw(raw)], true) = (content.as_slice(), is_object(inner.get("content"))) {
            content = vec![Content::Json(JsonContent { value: raw.block.clone() })];
        }
        let mut result = ToolResult::new(id, content);
        result.is_error = inner.word_at("status") == "error";
        let mut content = vec![Content::ToolResult(result)];
        content.extend(point);
        return Ok(Message::new(role, content));
    }
    let more = inner.get("additional_kwargs");
    let calls = inner.get("tool_calls").filter(|calls| calls.items().next().is_some());
    let calls = calls.or_else(|| more?.get("tool_calls"));
    for call in calls.into_iter().flat_map(View::items) {
        add_call(&mut content, call, at)?;
    }
    for call in inner.list("invalid_tool_calls") {
        let text = |key: &str| call.text_at(key);
        let invalid = InvalidToolCall { id: text("id"), name: text("name"), args: text("args"), error: text("error") };
        // A raw block of the same call would be sent as a valid call.
        content.retain(|block| match block {
            Content::ToolCall(ToolCall { id, .. }) | Content::InvalidToolCall(InvalidToolCall { id, .. }) => {
                *id != invalid.id
            }
            _ => true,
        });
        content.push(Content::InvalidToolCall(invalid));
    }
    if let Some(refusal) = inner.string_at("refusal") {
        content.push(Content::text(refusal));
    }
    content.extend(point);
    let mut message = Message::new(role, content);
    if role == Role::Ai {
        let metadata = inner.get("response_metadata");
        message.model = ["model_name", "model"].iter().find_map(|key| metadata?.string_at(key));
    }
    Ok(message)
}

/// Adds a call from the list next to the content. A call that is also a block keeps its position, with the arguments
/// from the list: a streamed block may lack them.
///
/// # Errors
/// `Encode`, if both have arguments and these differ.
fn add_call(content: &mut Vec<Content>, call: View<'_>, at: usize) -> Result<()> {
    let call = blocks::tool_call(call);
    let id = |block: &Content| match block {
        Content::ToolCall(ToolCall { id, .. }) | Content::InvalidToolCall(InvalidToolCall { id, .. }) => {
            Some(id.clone())
        }
        _ => None,
    };
    let own = id(&call);
    let is_twin = |block: &Content| id(block).is_some() && id(block) == own;
    match content.iter().position(|block| is_twin(block) && !differ(block, &call)) {
        Some(place) => content.iter_mut().skip(place).take(1).for_each(|twin| *twin = with_extra(call.clone(), twin)),
        None if content.iter().any(is_twin) => {
            let shown = quoted(&own.unwrap_or_default());
            return Err(Error::of(
                ErrorKind::Encode,
                format_args!(
                    "message {at} has the tool call {shown} in `content` and `tool_calls` with different arguments; leave one out"
                ),
            ));
        }
        None => content.push(call),
    }
    Ok(())
}

/// Returns whether two calls have arguments that are not the same.
fn differ(a: &Content, b: &Content) -> bool {
    match (a, b) {
        (Content::ToolCall(a), Content::ToolCall(b)) => {
            a.args.view().has_members() && b.args.view().has_members() && a.args != b.args
        }
        _ => false,
    }
}

/// Returns a call of the list with the further members of its block.
fn with_extra(mut call: Content, twin: &Content) -> Content {
    if let (Content::ToolCall(call), Content::ToolCall(twin)) = (&mut call, twin)
        && call.extra.is_empty()
    {
        call.extra.clone_from(&twin.extra);
    }
    call
}

fn role_of_class(class: &str) -> Option<Role> {
    let name = class.strip_suffix("Chunk").unwrap_or(class).strip_suffix("Message")?;
    Role::parse(&name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Message {
        read_message(&Json::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn reads_messages_in_every_usual_form() {
        for text in [
            r#""hello""#,
            r#"["human","hello"]"#,
            r#"{"role":"user","content":"hello"}"#,
            r#"{"role":"human","content":[{"type":"text","text":"hello"}]}"#,
            r#"{"type":"human","content":"hello"}"#,
            r#"{"type":"human","data":{"content":"hello"}}"#,
            r#"{"lc":1,"type":"constructor","id":["langchain_core","messages","HumanMessage"],"kwargs":{"content":"hello"}}"#,
        ] {
            assert_eq!(one(text), Message::human("hello"), "{text}");
        }
    }

    #[test]
    fn tool_call_in_two_forms_is_read_once() {
        let call = |message: &Message| message.tool_calls().cloned().collect::<Vec<_>>();
        let expected = [ToolCall::new("1", "now", Json::parse(r#"{"zone":"UTC"}"#).unwrap())];
        for text in [
            r#"{"type":"ai","content":"","tool_calls":[{"id":"1","name":"now","args":{"zone":"UTC"}}]}"#,
            r#"{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"now","arguments":"{\"zone\":\"UTC\"}"}}]}"#,
            r#"{"type":"ai","content":[{"type":"tool_use","id":"1","name":"now","input":{"zone":"UTC"}}],"tool_calls":[{"id":"1","name":"now","args":{"zone":"UTC"}}]}"#,
            r#"{"type":"ai","content":[{"type":"tool_use","id":"1","name":"now","input":"","index":1}],"tool_calls":[{"id":"1","name":"now","args":{"zone":"UTC"}}]}"#,
            r#"{"type":"ai","content":"","additional_kwargs":{"tool_calls":[{"id":"1","function":{"name":"now","arguments":"{\"zone\":\"UTC\"}"}}]}}"#,
        ] {
            assert_eq!(call(&one(text)), expected, "{text}");
        }
    }

    #[test]
    fn tool_result_keeps_its_id_and_status() {
        let message = one(r#"{"type":"tool","tool_call_id":"1","status":"error","content":"boom"}"#);
        assert_eq!(message, Message::tool_error("1", "boom"));
        assert_eq!(one(r#"{"role":"tool","tool_call_id":"1","content":"ok"}"#), Message::tool("1", "ok"));
    }

    #[test]
    fn tool_result_object_is_json_unless_it_is_a_block() {
        let content = |text: &str| match one(text).content.into_iter().next() {
            Some(Content::ToolResult(result)) => result.content,
            other => panic!("{other:?}"),
        };
        let value = Json::parse(r#"{"temp":5}"#).unwrap();
        let expected = [Content::Json(JsonContent { value })];
        assert_eq!(content(r#"{"role":"tool","tool_call_id":"1","content":{"temp":5}}"#), expected);
        let block = r#"{"role":"tool","tool_call_id":"1","content":{"type":"text","text":"mild"}}"#;
        assert_eq!(content(block), [Content::text("mild")]);
    }

    #[test]
    fn invalid_message_is_refused_with_its_position() {
        let error =
            read_messages(&Json::parse(r#"["hello", {"role":"narrator","content":"x"}]"#).unwrap()).unwrap_err();
        assert!(error.message().starts_with("message 1"), "{error}");
        for text in ["1", "[1]", "[null]", "{}"] {
            assert!(read_messages(&Json::parse(text).unwrap()).is_err(), "{text}");
        }
    }
}
