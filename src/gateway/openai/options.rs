//! The options that both APIs write in the same way.

use super::members;
use crate::gateway::dialect::{Asked, leave_out};
use crate::gateway::failure::Failure;
use crate::json::{Json, Kind, View};
use crate::message::Message;
use crate::request::{ChatOptions, Reasoning, ResponseFormat, ServiceTier};

/// Reads the members with the same name in both APIs.
pub(crate) fn read_common(body: View<'_>, asked: &mut Asked) -> Result<(), Failure> {
    let options = &mut asked.options;
    options.temperature = members::number(body, "temperature")?;
    options.top_p = members::number(body, "top_p")?;
    // `true` is the default of every model.
    options.parallel_tool_calls = members::flag(body, "parallel_tool_calls")?.filter(|is_parallel| !is_parallel);
    read_tier(body, options, &mut asked.removed)?;
    read_metadata(body, options, &mut asked.removed)
}

/// Reads the service tier. `auto` and `default` are what the service does without a tier. Tiers that only OpenAI has
/// change the price and the delay, but not the answer.
fn read_tier(body: View<'_>, options: &mut ChatOptions, removed: &mut Vec<String>) -> Result<(), Failure> {
    match members::text(body, "service_tier")?.as_deref() {
        None | Some("auto" | "default") => {}
        Some(name) => match ServiceTier::parse(name) {
            Some(tier) => options.service_tier = Some(tier),
            None => leave_out(removed, "service_tier"),
        },
    }
    Ok(())
}

/// Reads the metadata, which AWS writes to its invocation logs, if AWS accepts it.
/// See <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.
fn read_metadata(body: View<'_>, options: &mut ChatOptions, removed: &mut Vec<String>) -> Result<(), Failure> {
    let Some(metadata) = members::object(body, "metadata")? else { return Ok(()) };
    let fits = |text: &str| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || " :_@$#=/+,-.".contains(c);
        text.len() <= 256 && text.chars().all(is_allowed)
    };
    let mut pairs = Vec::new();
    for (key, value) in metadata.entries() {
        match value.string().filter(|value| fits(value) && fits(&key) && !key.is_empty()) {
            Some(value) => pairs.push((key.into_owned(), value)),
            None => {
                leave_out(removed, "metadata");
                return Ok(());
            }
        }
    }
    options.request_metadata = pairs;
    Ok(())
}

/// Returns the reasoning for one of OpenAI's efforts.
pub(crate) fn effort(name: &str) -> Reasoning {
    match name {
        "none" => Reasoning::Disabled,
        name => Reasoning::Effort(name.to_owned()),
    }
}

/// The instruction that replaces OpenAI's JSON mode, which has no schema.
pub(crate) const JSON_MODE: &str = "Answer with one JSON object, and with nothing else.";

/// Reads a format. `kind` is the object with its type, and `inner` the one with its name and schema.
pub(crate) fn read_format(kind: View<'_>, inner: View<'_>, field: &str, asked: &mut Asked) -> Result<(), Failure> {
    match kind.word_at("type") {
        "text" => {}
        "json_object" => asked.messages.insert(0, Message::system(JSON_MODE)),
        "json_schema" => {
            let Some(schema) = inner.get("schema").filter(|schema| schema.kind() == Kind::Object) else {
                return Err(Failure::of_field(field, format!("`{field}` has no schema; add `schema`")));
            };
            let name = inner.string_at("name").unwrap_or_else(|| "response".to_owned());
            let mut format = ResponseFormat::new(name, Json::from(schema));
            format.description = inner.string_at("description");
            asked.options.response_format = Some(format);
        }
        _ => {
            let message =
                format!("`{field}` has a missing or unknown `type`; use `text`, `json_object` or `json_schema`");
            return Err(Failure::of_field(field, message));
        }
    }
    Ok(())
}
