//! Signatures of reasoning that models other than Claude wrote.
//!
//! Anthropic's blocks do not name the model that wrote them, and a signature is valid only for the vendor that made it.
//! A client may change the model within a conversation, and sends the whole history. So the gateway marks what other
//! models sign. Over the Responses API reasoning also has members, such as its id, which must be sent back.

use crate::json::{Json, Kind, View, Writer};
use crate::message::{Content, Message};

/// The beginning of a marked signature. Claude's are base64, which has no colon.
const MARK: &str = "bedrock-chat:";

/// Returns whether Claude refuses a block of the history: reasoning that another model wrote. Claude does not write an
/// empty signature.
pub(super) fn is_foreign(block: View<'_>) -> bool {
    match block.word_at("type") {
        "thinking" => block.get("signature").is_some_and(|it| it.raw() == "\"\"" || it.word().starts_with(MARK)),
        "redacted_thinking" => block.word_at("data").starts_with(MARK),
        _ => false,
    }
}

/// Returns whether a text may contain such a block.
pub(super) fn may_be_foreign(text: &str) -> bool {
    [r#""signature":"""#, r#""signature": """#, MARK].iter().any(|part| crate::text::has(text, part))
}

/// Returns the signature for a client: empty, if the model did not sign.
pub(super) fn marked(signature: &str, extra: &[(String, Json)]) -> String {
    if signature.is_empty() && extra.is_empty() {
        return String::new();
    }
    let mut w = Writer::new();
    w.begin_object();
    w.field("signature", signature);
    w.object("members");
    extra.iter().for_each(|(key, value)| w.member(key, value.view()));
    w.end_object();
    w.end_object();
    [MARK, &w.finish()].concat()
}

/// Returns encrypted reasoning for a client.
pub(super) fn marked_data(data: &str) -> String {
    [MARK, data].concat()
}

/// Reads the reasoning of a history for models that are not Claude. Reasoning that Claude signed loses its signature, and
/// is then not sent. Returns whether encrypted reasoning of Claude was left out.
pub(super) fn unmark(messages: &mut [Message]) -> bool {
    let mut is_lost = false;
    for message in messages {
        message.content.retain_mut(|block| match block {
            Content::Thinking(thinking) => {
                let text = thinking.signature.take().unwrap_or_default();
                if let Some((signature, members)) = text.strip_prefix(MARK).and_then(read) {
                    (thinking.signature, thinking.extra) = (signature, members);
                }
                true
            }
            Content::RedactedThinking(redacted) => match redacted.data.strip_prefix(MARK) {
                Some(data) => {
                    redacted.data = data.to_owned();
                    true
                }
                None => {
                    is_lost = true;
                    false
                }
            },
            _ => true,
        });
    }
    is_lost
}

/// The signature and the members of a block.
type Signed = (Option<String>, Vec<(String, Json)>);

fn read(text: &str) -> Option<Signed> {
    let view = View::parse(text).ok().filter(|view| view.kind() == Kind::Object)?;
    let members = view.get("members")?.entries().map(|(key, value)| (key.into_owned(), Json::from(value)));
    Some((view.string_at("signature").filter(|signature| !signature.is_empty()), members.collect()))
}
