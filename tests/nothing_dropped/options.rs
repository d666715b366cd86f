//! Every option of a call.

use bedrock_chat::{
    CachePoint, CacheTtl, ChatOptions, Guardrail, GuardrailTrace, Json, Latency, Message, Reasoning, ReasoningDisplay,
    ResponseFormat, ServiceTier, StreamProcessing, Tool, ToolChoice,
};

use super::{Faults, Wanted, has_rows};

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

pub(super) fn tool() -> Tool {
    let schema =
        r#"{"type":"object","properties":{"needle_property":{"type":"string"}},"required":["needle_property"]}"#;
    Tool::new("needle_tool", "needle description", json(schema))
}

/// A row: its name, the function that sets the option, and the expectation.
type Row = (&'static str, fn(&mut ChatOptions), Wanted);

fn guarded(options: &mut ChatOptions, change: fn(&mut Guardrail)) {
    let mut guardrail = Guardrail::new("grneedle", "73");
    change(&mut guardrail);
    options.guardrail = Some(guardrail);
}

fn format() -> ResponseFormat {
    let schema = r#"{"type":"object","properties":{"needle_answer":{"type":"string"}},"required":["needle_answer"],"additionalProperties":false}"#;
    let mut format = ResponseFormat::new("needle_format", json(schema));
    format.description = Some("needle answer".into());
    format
}

fn rows() -> Vec<Row> {
    vec![
        ("ChatOptions.max_tokens", |o| o.max_tokens = Some(1357), Wanted::new(&["1357"], &["max_tokens"])),
        ("ChatOptions.temperature", |o| o.temperature = Some(0.4375), Wanted::new(&["0.4375"], &["temperature"])),
        ("ChatOptions.top_p", |o| o.top_p = Some(0.8125), Wanted::new(&["0.8125"], &["top_p"])),
        ("ChatOptions.top_k", |o| o.top_k = Some(397), Wanted::new(&["397"], &["top_k"])),
        ("ChatOptions.stop", |o| o.stop = vec!["NEEDLESTOP".into()], Wanted::new(&["NEEDLESTOP"], &["stop"])),
        (
            "ChatOptions.tools",
            |o| o.tools = vec![tool()],
            Wanted::new(&["needle_tool", "needle description", "needle_property"], &["tool"]),
        ),
        (
            "ChatOptions.tool_choice any",
            |o| (o.tools, o.tool_choice) = (vec![tool()], Some(ToolChoice::Any)),
            Wanted::new(&[], &["tool"]).or(&["\"any\"", "\"required\""]),
        ),
        (
            "ChatOptions.tool_choice named",
            |o| (o.tools, o.tool_choice) = (vec![tool()], Some(ToolChoice::Tool("needle_tool".into()))),
            Wanted::new(&[], &["tool"]).or(&["tool_choice", "toolChoice"]),
        ),
        (
            "ChatOptions.parallel_tool_calls",
            |o| (o.tools, o.parallel_tool_calls) = (vec![tool()], Some(false)),
            Wanted::new(&[], &["parallel_tool_calls", "tools"]).or(&["parallel_tool"]),
        ),
        (
            "ChatOptions.reasoning budget",
            |o| (o.reasoning, o.max_tokens) = (Some(Reasoning::Budget(2049)), Some(5000)),
            Wanted::new(&["2049"], &["reasoning", "think"]),
        ),
        (
            "ChatOptions.reasoning adaptive",
            |o| o.reasoning = Some(Reasoning::Adaptive),
            Wanted::new(&["adaptive"], &["reasoning", "think"]),
        ),
        (
            "ChatOptions.reasoning effort",
            |o| (o.reasoning, o.max_tokens) = (Some(Reasoning::Effort("high".into())), Some(60_000)),
            // Claude before 4.6 receives a budget instead.
            Wanted::new(&[], &["reasoning", "think"]).or(&["\"high\"", "budget_tokens"]),
        ),
        (
            "ChatOptions.reasoning_display",
            |o| (o.reasoning, o.reasoning_display) = (Some(Reasoning::Adaptive), Some(ReasoningDisplay::Summarized)),
            Wanted::new(&["summarized"], &["reasoning", "think"]),
        ),
        (
            "ChatOptions.reasoning_display alone",
            |o| o.reasoning_display = Some(ReasoningDisplay::Summarized),
            Wanted::new(&[], &["reasoning", "think"]).or(&["summarized", "\"summary\":\"auto\""]),
        ),
        // The option adds results to unanswered calls, and there are no such calls here.
        ("ChatOptions.fill_missing_tool_results", |o| o.fill_missing_tool_results = Some(true), Wanted::new(&[], &[])),
        // The option is not sent: it controls how the other options are sent.
        ("ChatOptions.capabilities", |_| {}, Wanted::new(&[], &[])),
        (
            "ChatOptions.response_format",
            |o| o.response_format = Some(format()),
            Wanted::new(&["needle_answer"], &["response_format", "response format", "schema"]),
        ),
        (
            "ResponseFormat.schema",
            |o| o.response_format = Some(format()),
            Wanted::new(&["needle_answer"], &["response_format", "response format", "schema"]),
        ),
        (
            "ResponseFormat.name",
            |o| o.response_format = Some(format()),
            Wanted::new(&["needle_format"], &["response_format", "response format", "schema"]),
        ),
        (
            "ResponseFormat.description",
            |o| o.response_format = Some(format()),
            Wanted::new(&["needle answer"], &["response_format", "response format", "schema"]),
        ),
        ("ChatOptions.guardrail", |o| guarded(o, |_| {}), Wanted::new(&["grneedle", "73"], &["guardrail"])),
        ("Guardrail.identifier", |o| guarded(o, |_| {}), Wanted::new(&["grneedle"], &["guardrail"])),
        ("Guardrail.version", |o| guarded(o, |_| {}), Wanted::new(&["73"], &["guardrail"])),
        (
            "Guardrail.trace",
            |o| guarded(o, |g| g.trace = Some(GuardrailTrace::EnabledFull)),
            Wanted::new(&[], &["trace", "guardrail"]).or(&["enabled_full", "ENABLED_FULL"]),
        ),
        (
            "Guardrail.stream_processing",
            |o| guarded(o, |g| g.stream_processing = Some(StreamProcessing::Async)),
            // Without a stream the option has no effect.
            Wanted::new(&[], &["stream_processing", "guardrail"]).or(&[
                "\"async\"",
                "ASYNCHRONOUS",
                "/invoke\n",
                "/converse\n",
                "modelInput",
            ]),
        ),
        (
            "Guardrail.tag_suffix",
            |o| guarded(o, |g| g.tag_suffix = Some("needlesuffix".into())),
            Wanted::new(&["needlesuffix"], &["tag_suffix", "guardrail"]),
        ),
        ("ChatOptions.latency", |o| o.latency = Some(Latency::Optimized), Wanted::new(&["optimized"], &["latency"])),
        (
            "ChatOptions.service_tier",
            |o| o.service_tier = Some(ServiceTier::Flex),
            Wanted::new(&["flex"], &["service_tier"]),
        ),
        (
            "ChatOptions.project",
            |o| o.project = Some("needleproject".into()),
            Wanted::new(&["needleproject"], &["project"]),
        ),
        (
            "ChatOptions.prompt_caching",
            |o| o.prompt_caching = Some(CachePoint::default()),
            Wanted::new(&[], &["prompt_caching", "cach"]).or(&["cachePoint", "cache_control"]),
        ),
        (
            "ChatOptions.prompt_caching for an hour",
            |o| o.prompt_caching = Some(CachePoint::default().with_ttl(CacheTtl::OneHour)),
            Wanted::new(&["\"1h\""], &["prompt_caching", "cach"]),
        ),
        (
            "ChatOptions.request_metadata",
            |o| o.request_metadata = vec![("needlekey".into(), "needlevalue".into())],
            Wanted::new(&["needlekey", "needlevalue"], &["request_metadata"]),
        ),
        (
            "ChatOptions.anthropic_beta",
            |o| o.anthropic_beta = vec!["needle-beta".into()],
            Wanted::new(&["needle-beta"], &["anthropic_beta"]),
        ),
        (
            "ChatOptions.model_kwargs",
            |o| o.model_kwargs = Some(json(r#"{"needle_kwarg":{"needle":"needle kwarg"}}"#)),
            Wanted::new(&["needle_kwarg", "needle kwarg"], &["model_kwargs", "needle_kwarg"]),
        ),
        (
            "ChatOptions.response_field_paths",
            |o| o.response_field_paths = vec!["/needlepath".into()],
            Wanted::new(&["/needlepath"], &["response_field_paths"]),
        ),
        (
            "ChatOptions.prompt_variables",
            |o| o.prompt_variables = vec![("needlevariable".into(), "needlevalue".into())],
            Wanted::new(&["needlevariable", "needlevalue"], &["prompt_variables"]),
        ),
    ]
}

#[test]
fn every_option_is_in_a_batch_record_or_refused_by_name() {
    let mut faults = Faults::default();
    for (name, set, wanted) in rows() {
        let mut options = ChatOptions::default();
        set(&mut options);
        faults.try_records(name, &wanted, &[Message::human("hello")], &options);
    }
    faults.report("batch records");
}

#[test]
fn every_option_is_sent_or_refused_by_name() {
    let rows = rows();
    let mut names: Vec<&str> = rows.iter().map(|(name, ..)| *name).collect();
    // The field has no value to find in a request: it removes the values of other options.
    names.push("ChatOptions.removed");
    has_rows("ChatOptions", &ChatOptions::default(), &names);
    has_rows("Guardrail", &Guardrail::new("a", "1"), &names);
    has_rows("ResponseFormat", &format(), &names);
    let mut faults = Faults::default();
    for (name, set, wanted) in rows {
        faults.try_all(name, &wanted, &|| {
            let mut options = ChatOptions::default();
            set(&mut options);
            (vec![Message::human("hello")], options)
        });
    }
    faults.report("options");
}
