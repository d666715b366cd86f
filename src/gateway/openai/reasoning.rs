//! Reasoning on its way through a client. A model accepts its reasoning only as it wrote it, with its signature.
//! OpenAI's Responses API has one opaque text for that, `encrypted_content`: here it contains the block, and the model
//! that wrote it, as reasoning is sent back to models of the same vendor only.

use crate::gateway::failure::Failure;
use crate::interop;
use crate::json::{Json, View, Writer};
use crate::message::{Content, Message};

/// The beginning of the text. The number is the version of the form.
const PREFIX: &str = "bedrock-chat.1.";

/// Returns the text for a block of reasoning.
pub(crate) fn sealed(block: &Content, model: Option<&str>) -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.opt_field("model", model);
    w.key("block");
    interop::write_block(&mut w, block);
    w.end_object();
    let mut text = PREFIX.to_owned();
    crate::base64::encode(w.finish().as_bytes(), &mut text);
    text
}

/// Returns the block in a text, and the model that wrote it. `None` for a text of another service.
///
/// # Errors
/// A text that was changed.
pub(crate) fn opened(text: &str) -> Result<Option<(Content, Option<String>)>, Failure> {
    let Some(encoded) = text.strip_prefix(PREFIX) else { return Ok(None) };
    let mut bytes = Vec::new();
    let block = crate::base64::decode(encoded.as_bytes(), &mut bytes).ok().and_then(|()| {
        let view = View::from_bytes(&bytes).ok()?;
        Some((block(view.get("block")?)?, view.string_at("model")))
    });
    match block {
        Some(block) => Ok(Some(block)),
        None => Err(Failure::of_field("input", "`encrypted_content` was changed; send reasoning as it was received")),
    }
}

/// Reads a block of reasoning in Anthropic's form.
pub(crate) fn block(view: View<'_>) -> Option<Content> {
    let mut w = Writer::new();
    w.begin_object();
    w.field("role", "assistant");
    w.array("content");
    w.raw(view);
    w.end_array();
    w.end_object();
    let Message { content, .. } = interop::read_message(&Json::written(w)).ok()?;
    let is_reasoning = |block: &Content| matches!(block, Content::Thinking(_) | Content::RedactedThinking(_));
    content.into_iter().next().filter(is_reasoning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{RedactedThinking, Thinking};

    #[test]
    fn sealed_reasoning_is_opened_unchanged() {
        let plain = Thinking::new("Let me \"see\" é").with_signature("sig==");
        let of_responses = Thinking::new("hm")
            .with_signature("rsn_1")
            .with_extra("id", Json::string("rs_1"))
            .with_extra("content", Json::parse(r#"[{"type":"reasoning_text","text":"hm"}]"#).unwrap());
        for block in [
            Content::Thinking(plain),
            Content::Thinking(of_responses),
            Content::Thinking(Thinking::new("").with_signature("s")),
            Content::RedactedThinking(RedactedThinking::new("ZGF0YQ==")),
        ] {
            for model in [Some("claude-x"), None] {
                let text = sealed(&block, model);
                assert_eq!(opened(&text).unwrap(), Some((block.clone(), model.map(str::to_owned))), "{text}");
                let cut = text.get(..text.len() - 5).unwrap();
                assert_eq!(opened(cut).unwrap_err().field.as_deref(), Some("input"));
            }
        }
        assert_eq!(opened("rsn_1").unwrap(), None, "of another service");
        let text = sealed(&Content::text("not reasoning"), None);
        assert!(opened(&text).is_err());
    }
}
