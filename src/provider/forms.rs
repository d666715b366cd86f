//! Alternative forms of a request, for a model that does not accept the caller's form.
//!
//! A form is changed before the first call if the table of facts lists it as refused. After a refusal by the
//! service, it is changed before the next call.

use crate::capabilities::{Capabilities, Capability};
use crate::message::{Message, Role};
use crate::request::{ChatRequest, ToolChoice};

/// The text for observers if [`fitted`] changed a tool choice.
pub(crate) const ASKED: &str =
    "the model cannot be forced to call a tool, so the system message asks for the call instead";

/// Returns the request with a forced tool choice replaced by a system message. Returns `None` unless the model cannot be
/// forced and is known to follow such a message.
pub(crate) fn fitted(request: &ChatRequest, can: impl FnOnce() -> Capabilities) -> Option<ChatRequest> {
    let can = forces(request).then(can)?;
    let asks = can.lacks(Capability::ForcedTools) && can.has(Capability::AskedTools);
    let mut fitted = asks.then(|| request.clone())?;
    ask(&mut fitted);
    Some(fitted)
}

/// Changes a request so that it does not use a capability that the service has refused.
pub(crate) fn without(request: &mut ChatRequest, lacks: Capability) {
    request.options.capabilities = request.options.capabilities.with(lacks, false);
    match lacks {
        Capability::StrictTools => request.options.tools.iter_mut().for_each(|tool| tool.strict = None),
        Capability::ForcedTools if forces(request) => ask(request),
        _ => {}
    }
}

/// Returns whether a request forces the model to call a tool, and a system message can ask for the call instead.
fn forces(request: &ChatRequest) -> bool {
    let is_forced = matches!(request.options.tool_choice, Some(ToolChoice::Any | ToolChoice::Tool(_)));
    is_forced && !request.options.tools.is_empty() && !request.messages.is_empty() && !request.raw
}

/// Sets the tool choice to `auto`, and inserts a system message that asks for the call. The message follows the
/// leading system messages, so the prompt cache still matches the text before it.
fn ask(request: &mut ChatRequest) {
    let text = match request.options.tool_choice.replace(ToolChoice::Auto) {
        Some(ToolChoice::Tool(name)) => ["Call the tool `", &name, "` now. Do not answer without that call."].concat(),
        _ => "Call one of the tools now. Do not answer without a call.".to_owned(),
    };
    let place = request.messages.iter().take_while(|message| message.role == Role::System).count();
    request.messages.insert(place, Message::system(text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::request::{ChatOptions, Tool};

    fn forced(choice: ToolChoice) -> ChatRequest {
        let tool = Tool { strict: Some(true), ..Tool::new("save", "", Json::empty_object()) };
        let options = ChatOptions { tools: vec![tool], tool_choice: Some(choice), ..ChatOptions::default() };
        let messages = [Message::system("Be brief."), Message::human("hi")];
        ChatRequest { options, ..ChatRequest::new(messages) }
    }

    #[test]
    fn forced_tool_is_asked_for_after_other_system_messages() {
        let can = Capabilities::of(&[Capability::AskedTools], &[Capability::ForcedTools]);
        for (choice, words) in [(ToolChoice::Any, "one of the tools"), ("save".into(), "the tool `save`")] {
            let asked = fitted(&forced(choice), || can).unwrap();
            assert_eq!(asked.options.tool_choice, Some(ToolChoice::Auto));
            let texts: Vec<String> = asked.messages.iter().map(Message::text).collect();
            assert!(texts.len() == 3 && texts[0] == "Be brief." && texts[1].contains(words), "{texts:?}");
            assert_eq!(asked.options.tools[0].strict, Some(true));
        }
        for can in [Capabilities::unknown(), Capabilities::of(&[], &[Capability::ForcedTools])] {
            assert!(fitted(&forced(ToolChoice::Any), || can).is_none(), "{can:?}");
        }
        assert!(fitted(&forced(ToolChoice::Auto), || can).is_none());
        assert!(fitted(&ChatRequest { raw: true, ..forced(ToolChoice::Any) }, || can).is_none());
    }

    #[test]
    fn refused_strict_and_tool_choice_are_dropped_one_by_one() {
        let mut request = forced("save".into());
        without(&mut request, Capability::StrictTools);
        assert_eq!((request.options.tools[0].strict, request.messages.len()), (None, 2));
        assert_eq!(request.options.tool_choice, Some("save".into()));
        without(&mut request, Capability::ForcedTools);
        assert_eq!((request.options.tool_choice.as_ref(), request.messages.len()), (Some(&ToolChoice::Auto), 3));
        without(&mut request, Capability::ForcedTools);
        assert_eq!(request.messages.len(), 3, "asked once");
    }
}
