//! Requests in OpenAI's and Anthropic's APIs, fitted to a model that lacks some of what these APIs have.

use super::dialect::{Asked, leave_out};
use crate::api::Api;
use crate::capabilities::{Capabilities, Capability};
use crate::message::{CacheTtl, Content, Media, Message, Role, ToolResult};
use crate::model::ModelId;
use crate::provider::repair::drops_reasoning;
use crate::request::ReasoningDisplay;

/// The minimum of `max_output_tokens` of the Responses API.
const MIN_RESPONSES_TOKENS: u64 = 16;

/// The name of reasoning in the history that a model does not accept.
pub(crate) const EARLIER_REASONING: &str = "earlier reasoning";

/// Fits a request to a model, so that clients which send the same request to every model are answered. A part that
/// is left out is named in `removed`.
///
/// | part | for a model without it |
/// |---|---|
/// | `temperature`, `top_p` and `top_k` | left out: agents send a temperature of 0 to every model |
/// | the same, for Claude with reasoning | left out |
/// | a temperature above 1, where 1 is the maximum | sent as 1 |
/// | cache points, and their lifetime of an hour | left out |
/// | `stop` | left out: agents send stop sequences to every model |
/// | a system message after other messages | part of the user's turn |
/// | `strict` of a tool | left out: the arguments may differ from the schema |
/// | `parallel_tool_calls: false` | left out: the model may call several tools at once |
/// | a schema for the answer | asked for in the prompt |
/// | the resolution of an image | left out, except over OpenAI's APIs |
/// | the wish to read the reasoning | left out |
/// | a limit below 16 tokens, over the Responses API | raised to 16 |
/// | reasoning of earlier turns, of another vendor's model or without a signature | left out by the codec |
pub(crate) fn fit(asked: &mut Asked, model: &ModelId, api: Api, can: Capabilities) {
    // The default of OpenAI's APIs, which clients send. Claude models refuse it beside a temperature.
    if asked.options.top_p == Some(1.0) && model.vendor() == Some("anthropic") {
        asked.options.top_p = None;
    }
    let is_reasoning_claude = model.vendor() == Some("anthropic")
        && asked.options.reasoning.as_ref().is_some_and(|reasoning| reasoning.is_on());
    if can.lacks(Capability::Sampling) || is_reasoning_claude {
        leave_out_sampling(asked);
    }
    lower_temperature(asked, model, api);
    leave_out_cache_points(asked, can);
    if can.lacks(Capability::StopSequences) && !std::mem::take(&mut asked.options.stop).is_empty() {
        leave_out(&mut asked.removed, "stop");
    }
    if drops_reasoning(&asked.messages, model, api, can) {
        leave_out(&mut asked.removed, EARLIER_REASONING);
    }
    // Clients of Anthropic's API ask for 1 token to see whether a model answers.
    if api == Api::Responses && asked.options.max_tokens.is_some_and(|tokens| tokens < MIN_RESPONSES_TOKENS) {
        asked.options.max_tokens = Some(MIN_RESPONSES_TOKENS);
        asked.removed.push("max_tokens (raised to 16)".to_owned());
    }
    if !can.has(Capability::SystemAnywhere) {
        lower_late_system(&mut asked.messages);
    }
    if can.lacks(Capability::StrictTools) {
        for tool in &mut asked.options.tools {
            if tool.strict.take() == Some(true) {
                leave_out(&mut asked.removed, "tools.strict");
            }
        }
    }
    let is_serial = !can.lacks(Capability::SerialTools) && !asked.options.tools.is_empty();
    if asked.options.parallel_tool_calls == Some(false) && !is_serial {
        asked.options.parallel_tool_calls = None;
        leave_out(&mut asked.removed, "parallel_tool_calls");
    }
    if can.lacks(Capability::JsonSchema)
        && let Some(format) = asked.options.response_format.take()
    {
        let schema = format.schema.as_str();
        let parts = ["Answer with one JSON value that fits this JSON Schema, and with nothing else:\n", schema];
        let place = asked.messages.iter().take_while(|message| message.role == Role::System).count();
        asked.messages.insert(place, Message::system(parts.concat()));
    }
    if !matches!(api, Api::Responses | Api::ChatCompletions) {
        for message in &mut asked.messages {
            remove_detail(&mut message.content, &mut asked.removed);
        }
    }
    // The option must not switch reasoning on.
    let is_on = match &asked.options.reasoning {
        Some(reasoning) => reasoning.is_on(),
        None => can.has(Capability::ReasoningByDefault),
    };
    let has_display = match api {
        Api::Responses => can.has(Capability::ReasoningEffort),
        api => can.has(Capability::AdaptiveReasoning) && api != Api::ChatCompletions,
    };
    if asked.shows_reasoning && is_on && has_display && asked.options.reasoning_display.is_none() {
        asked.options.reasoning_display = Some(ReasoningDisplay::Summarized);
    }
}

/// Leaves out how tokens are chosen. 1 is the default of the APIs, so leaving it out changes nothing.
fn leave_out_sampling(asked: &mut Asked) {
    let options = &mut asked.options;
    for (name, value) in [("temperature", options.temperature.take()), ("top_p", options.top_p.take())] {
        if value.is_some_and(|value| value != 1.0) {
            leave_out(&mut asked.removed, name);
        }
    }
    if options.top_k.take().is_some() {
        leave_out(&mut asked.removed, "top_k");
    }
}

/// Lowers a temperature above 1: OpenAI's APIs allow 2. Converse has a maximum of 1, and so do the formats of these vendors:
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html>
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>
fn lower_temperature(asked: &mut Asked, model: &ModelId, api: Api) {
    const VENDORS: &[&str] = &["amazon", "anthropic", "cohere", "meta", "mistral"];
    let is_limited = api == Api::Converse || model.vendor().is_some_and(|vendor| VENDORS.contains(&vendor));
    if let Some(temperature) =
        asked.options.temperature.as_mut().filter(|temperature| is_limited && **temperature > 1.0)
    {
        asked.removed.push("temperature (sent as 1)".to_owned());
        *temperature = 1.0;
    }
}

/// Leaves out cache points for models without prompt caching, and their hour for models that keep them for 5 minutes.
/// Clients made for Claude set both for every model. The answer is the same.
fn leave_out_cache_points(asked: &mut Asked, can: Capabilities) {
    let Asked { messages, options, removed, .. } = asked;
    if can.lacks(Capability::PromptCaching) {
        let mut is_changed = false;
        for tool in &mut options.tools {
            is_changed |= tool.cache_point.take().is_some();
        }
        for message in messages {
            let before = message.content.len();
            message.content.retain(|block| !block.is_cache_point());
            is_changed |= message.content.len() < before;
        }
        if is_changed {
            leave_out(removed, "cache_control");
        }
    } else if can.lacks(Capability::OneHourCache) {
        let blocks = messages.iter_mut().flat_map(|message| &mut message.content);
        let points = blocks.filter_map(|block| match block {
            Content::CachePoint(point) => Some(point),
            _ => None,
        });
        for point in points.chain(options.tools.iter_mut().filter_map(|tool| tool.cache_point.as_mut())) {
            if point.ttl.take_if(|ttl| *ttl == CacheTtl::OneHour).is_some() {
                leave_out(removed, "cache_control.ttl");
            }
        }
    }
}

/// Makes system messages after other messages part of the user's turn. The tags say that the user did not write them.
fn lower_late_system(messages: &mut [Message]) {
    let mut has_begun = false;
    for message in messages {
        if message.role != Role::System {
            has_begun = true;
        } else if has_begun {
            message.role = Role::Human;
            for block in &mut message.content {
                if let Content::Text(text) = block {
                    text.text = ["<system>\n", &text.text, "\n</system>"].concat();
                }
            }
        }
    }
}

fn remove_detail(content: &mut [Content], removed: &mut Vec<String>) {
    for block in content {
        match block {
            Content::Image(Media { detail: detail @ Some(_), .. }) => {
                *detail = None;
                leave_out(removed, "image detail");
            }
            Content::ToolResult(ToolResult { content, .. }) => remove_detail(content, removed),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::message::{CachePoint, MediaSource};
    use crate::request::{Reasoning, ResponseFormat, Tool};

    fn model() -> ModelId {
        ModelId::parse("meta.llama3-3-70b-instruct-v1:0").unwrap()
    }

    fn asked() -> Asked {
        let image = Media::new("image/png", MediaSource::Base64("iVBO".into())).with_detail("high");
        let mut tool = Tool::new("f", "", Json::empty_object());
        tool.strict = Some(true);
        let mut asked = Asked {
            messages: vec![
                Message::system("Be brief."),
                Message::human("hi").with(Content::Image(image.clone())),
                Message::system("Now French."),
                Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("c", [Content::Image(image)]))]),
            ],
            shows_reasoning: true,
            ..Asked::default()
        };
        asked.options.tools = vec![tool];
        asked.options.parallel_tool_calls = Some(false);
        asked.options.response_format = Some(ResponseFormat::new("r", Json::parse(r#"{"type":"object"}"#).unwrap()));
        asked.options.reasoning = Some(Reasoning::Effort("low".into()));
        asked
    }

    #[test]
    fn request_is_fitted_to_a_model_without_the_features() {
        use Capability::{AdaptiveReasoning, JsonSchema, SerialTools, StrictTools, SystemAnywhere};
        let can = Capabilities::of(&[], &[SystemAnywhere, StrictTools, JsonSchema, AdaptiveReasoning, SerialTools]);
        let mut asked = asked();
        fit(&mut asked, &model(), Api::Invoke, can);
        let roles: Vec<Role> = asked.messages.iter().map(|message| message.role).collect();
        assert_eq!(roles, [Role::System, Role::System, Role::Human, Role::Human, Role::Tool]);
        assert!(asked.messages[1].text().ends_with(r#"{"type":"object"}"#));
        assert_eq!(asked.messages[3].text(), "<system>\nNow French.\n</system>");
        assert_eq!(asked.removed, ["tools.strict", "parallel_tool_calls", "image detail"]);
        assert!(!format!("{:?}", asked.messages).contains("high"));
        let options = asked.options;
        assert_eq!(
            (options.tools[0].strict, options.parallel_tool_calls, options.reasoning_display),
            (None, None, None)
        );
        assert_eq!(options.response_format, None);
    }

    #[test]
    fn request_is_unchanged_for_a_model_with_the_features() {
        use Capability::{AdaptiveReasoning, JsonSchema, ReasoningEffort, StrictTools, SystemAnywhere};
        let can = Capabilities::of(&[SystemAnywhere, StrictTools, JsonSchema, AdaptiveReasoning, ReasoningEffort], &[]);
        let (before, mut after) = (asked(), asked());
        fit(&mut after, &model(), Api::Responses, can);
        assert_eq!(
            (&after.messages, &after.options.tools, after.removed.len()),
            (&before.messages, &before.options.tools, 0)
        );
        assert_eq!(after.options.parallel_tool_calls, Some(false));
        assert_eq!(after.options.reasoning_display, Some(ReasoningDisplay::Summarized));
        for (reasoning, expected) in [(None, None), (Some(Reasoning::Disabled), None)] {
            let mut silent = asked();
            silent.options.reasoning = reasoning;
            fit(&mut silent, &model(), Api::Invoke, can);
            assert_eq!(silent.options.reasoning_display, expected, "the option would switch reasoning on");
        }
    }

    #[test]
    fn default_top_p_is_not_sent_to_claude() {
        let claude = ModelId::parse("us.anthropic.claude-sonnet-4-6").unwrap();
        for (model, top_p, expected) in [(&claude, 1.0, None), (&claude, 0.5, Some(0.5)), (&model(), 1.0, Some(1.0))] {
            let mut asked = Asked::default();
            asked.options.top_p = Some(top_p);
            fit(&mut asked, model, Api::Invoke, Capabilities::unknown());
            assert_eq!((asked.options.top_p, asked.removed.len()), (expected, 0));
        }
    }

    #[test]
    fn sampling_is_left_out_for_models_without_it() {
        let claude = ModelId::parse("us.anthropic.claude-opus-4-8").unwrap();
        let without = Capabilities::unknown().with(Capability::Sampling, false);
        for (temperature, removed) in [(0.0, &["temperature", "top_k"][..]), (1.0, &["top_k"])] {
            let mut asked = Asked::default();
            let options = &mut asked.options;
            (options.temperature, options.top_p, options.top_k) = (Some(temperature), Some(1.0), Some(5));
            fit(&mut asked, &claude, Api::Invoke, without);
            let options = &asked.options;
            assert_eq!((options.temperature, options.top_p, options.top_k), (None, None, None));
            assert_eq!(asked.removed, removed);
        }
    }

    #[test]
    fn sampling_is_left_out_for_claude_with_reasoning() {
        let claude = ModelId::parse("us.anthropic.claude-sonnet-4-6").unwrap();
        for (model, reasoning, expected) in [
            (&claude, Some(Reasoning::Budget(2000)), None),
            (&claude, Some(Reasoning::Disabled), Some(0.2)),
            (&claude, None, Some(0.2)),
            (&model(), Some(Reasoning::Budget(2000)), Some(0.2)),
        ] {
            let mut asked = Asked::default();
            (asked.options.temperature, asked.options.reasoning) = (Some(0.2), reasoning);
            fit(&mut asked, model, Api::Invoke, Capabilities::unknown());
            assert_eq!((asked.options.temperature, asked.removed.len()), (expected, usize::from(expected.is_none())));
        }
    }

    #[test]
    fn temperature_above_one_is_lowered_where_one_is_the_maximum() {
        let open = ModelId::parse("qwen.qwen3-32b-v1:0").unwrap();
        for (model, api, given, expected) in [
            (&model(), Api::Invoke, 1.5, 1.0),
            (&model(), Api::Invoke, 1.0, 1.0),
            (&open, Api::Invoke, 1.5, 1.5),
            (&open, Api::Converse, 1.5, 1.0),
        ] {
            let mut asked = Asked::default();
            asked.options.temperature = Some(given);
            fit(&mut asked, model, api, Capabilities::unknown());
            assert_eq!(asked.options.temperature, Some(expected));
            let names: &[&str] = if given == expected { &[] } else { &["temperature (sent as 1)"] };
            assert_eq!(asked.removed, names);
        }
    }

    #[test]
    fn serial_tools_are_left_out_for_models_without_them() {
        let unknown = Capabilities::unknown();
        for (can, expected) in [(unknown, Some(false)), (unknown.with(Capability::SerialTools, false), None)] {
            let mut asked = asked();
            fit(&mut asked, &model(), Api::Converse, can);
            assert_eq!(asked.options.parallel_tool_calls, expected);
        }
    }

    #[test]
    fn cache_points_and_their_hour_are_left_out_for_models_without() {
        use Capability::{OneHourCache, PromptCaching};
        let hour = CachePoint::default().with_ttl(CacheTtl::OneHour);
        for (can, blocks, ttl, removed) in [
            (Capabilities::unknown(), 2, Some(CacheTtl::OneHour), None),
            (Capabilities::unknown().with(OneHourCache, false), 2, None, Some("cache_control.ttl")),
            (
                Capabilities::unknown().with(PromptCaching, false).with(OneHourCache, false),
                1,
                None,
                Some("cache_control"),
            ),
        ] {
            let mut asked = asked();
            asked.messages = vec![Message::human("hi").with(Content::CachePoint(hour))];
            asked.options.tools[0].strict = None;
            asked.options.tools[0].cache_point = Some(hour);
            asked.options.parallel_tool_calls = None;
            fit(&mut asked, &model(), Api::Converse, can);
            assert_eq!(asked.messages[0].content.len(), blocks);
            assert_eq!(asked.options.tools[0].cache_point.and_then(|point| point.ttl), ttl);
            assert_eq!(asked.removed.first().map(String::as_str), removed);
        }
    }

    #[test]
    fn stop_sequences_are_left_out_for_models_without_them() {
        let without = Capabilities::unknown().with(Capability::StopSequences, false);
        for (can, stop, removed) in [(without, vec![], vec!["stop"]), (Capabilities::unknown(), vec!["END"], vec![])] {
            let mut asked = Asked::default();
            asked.options.stop = vec!["END".to_owned()];
            fit(&mut asked, &model(), Api::Converse, can);
            assert_eq!(
                (asked.options.stop, asked.removed),
                (
                    stop.iter().map(|text| text.to_string()).collect(),
                    removed.iter().map(|text| text.to_string()).collect()
                )
            );
        }
    }
}
