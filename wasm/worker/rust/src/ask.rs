//! A client's request.

use bedrock_chat::json::{Kind, View};
use bedrock_chat::{ChatOptions, Json, Message, ModelId, Reasoning, interop};

use crate::answer::Refusal;
use crate::settings::Settings;

/// The fields of a request.
const FIELDS: &[&str] = &["messages", "model", "system", "options"];

/// A request that was read and is valid.
pub(crate) struct Ask {
    pub(crate) model: String,
    pub(crate) messages: Vec<Message>,
    pub(crate) options: ChatOptions,
}

impl Ask {
    pub(crate) fn read(body: &str, settings: &Settings<'_>) -> Result<Self, Refusal> {
        // Some clients send a byte order mark first.
        let body = body.strip_prefix('\u{feff}').unwrap_or(body);
        let body = Json::parse(body).map_err(|error| Refusal::bad(format!("the body is not JSON: {error}")))?;
        let view = body.view();
        if view.kind() != Kind::Object {
            return Err(Refusal::bad("the body must be an object, such as {\"messages\": \"Hello?\"}"));
        }
        known(view, "the body", FIELDS)?;
        let model = match present(view, "model") {
            None => settings.model(),
            Some(model) => model.string().unwrap_or_default(),
        };
        let is_id = model.starts_with(|first: char| first.is_ascii_alphanumeric())
            && model.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte));
        if !is_id || ModelId::parse(&model).is_err() {
            return Err(Refusal::bad(
                "model must be a model id, an inference profile or an ARN, as Bedrock lists them",
            ));
        }
        if !settings.allows(&model) {
            return Err(Refusal::bad(format!("the model {model} is not offered by this Worker")));
        }
        let mut messages = Vec::new();
        if let Some(system) = present(view, "system") {
            let system = system.string().ok_or_else(|| Refusal::bad("system must be a string"))?;
            if !system.trim().is_empty() {
                messages.push(Message::system(system));
            }
        }
        let given = present(view, "messages").ok_or_else(|| {
            Refusal::bad(
                "messages is missing: a string, or a list such as [{\"role\": \"user\", \"content\": \"Hello?\"}]",
            )
        })?;
        let given = interop::read_messages(&Json::from(given))?;
        if given.is_empty() {
            return Err(Refusal::bad("messages is empty: say something"));
        }
        messages.extend(given);
        let options = match present(view, "options") {
            None => ChatOptions::default(),
            Some(options) if options.kind() == Kind::Object => read_options(options)?,
            Some(_) => return Err(Refusal::bad("options must be an object")),
        };
        Ok(Self { model, messages, options })
    }
}

/// A field that is there and not null.
fn present<'a>(view: View<'a>, name: &str) -> Option<View<'a>> {
    view.get(name).filter(|value| !value.is_null())
}

fn known(view: View<'_>, what: &str, names: &[&str]) -> Result<(), Refusal> {
    match view.entries().find(|(name, _)| !names.contains(&name.as_ref())) {
        None => Ok(()),
        Some((name, _)) => {
            Err(Refusal::bad(format!("{what} has the unknown field \"{name}\"; it may have {}", names.join(", "))))
        }
    }
}

/// Reads the options that a client may set.
fn read_options(view: View<'_>) -> Result<ChatOptions, Refusal> {
    const NAMES: &[&str] = &["maxTokens", "temperature", "topP", "topK", "stop", "reasoning"];
    known(view, "options", NAMES)?;
    let whole = |name: &str| match present(view, name).map(|value| value.u64().filter(|number| *number > 0)) {
        Some(None) => Err(Refusal::bad(format!("options.{name} must be a whole number from 1 on"))),
        number => Ok(number.flatten()),
    };
    let number = |name: &str| match present(view, name).map(|value| value.f64().filter(|number| *number >= 0.0)) {
        Some(None) => Err(Refusal::bad(format!("options.{name} must be a number from 0 on"))),
        number => Ok(number.flatten()),
    };
    let mut options = ChatOptions::default();
    options.max_tokens = whole("maxTokens")?;
    options.temperature = number("temperature")?;
    options.top_p = number("topP")?;
    options.top_k = whole("topK")?;
    options.reasoning = whole("reasoning")?.map(Reasoning::Budget);
    if let Some(stop) = present(view, "stop") {
        let all: Option<Vec<String>> = match stop.kind() {
            Kind::Array => stop.items().map(View::string).collect(),
            _ => stop.string().map(|one| vec![one]),
        };
        options.stop = all.ok_or_else(|| Refusal::bad("options.stop must be a string or a list of strings"))?;
    }
    check_reasoning(&options)?;
    Ok(options)
}

/// Repeats a check of the crate: the crate's own error would count as one of the settings, whose text a client does
/// not receive.
fn check_reasoning(options: &ChatOptions) -> Result<(), Refusal> {
    let Some(Reasoning::Budget(budget)) = options.reasoning else { return Ok(()) };
    if budget < 1024 {
        return Err(Refusal::bad("options.reasoning must be at least 1024"));
    }
    if options.max_tokens.is_some_and(|max| max <= budget) {
        return Err(Refusal::bad(
            "options.maxTokens must be greater than options.reasoning: thinking counts as output",
        ));
    }
    if options.temperature.is_some_and(|temperature| temperature != 1.0) || options.top_k.is_some() {
        return Err(Refusal::bad("options.reasoning excludes options.temperature and options.topK: leave them out"));
    }
    Ok(())
}
