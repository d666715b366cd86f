//! Options and `model_kwargs` that set members of the same object: both are sent, or the call is refused.

use bedrock_chat::{Api, ChatOptions, Guardrail, Json, Message, Reasoning, ResponseFormat, ToolChoice};

use super::options::tool;
use super::{Faults, MODES, Wanted};

/// A row: its name, the models, the API, the function that sets the option, `model_kwargs`, and the expectation.
type Row = (&'static str, &'static [&'static str], Api, fn(&mut ChatOptions), &'static str, Wanted);

const CLAUDE: &[&str] = &["us.anthropic.claude-sonnet-4-6"];
const NOVA: &[&str] = &["us.amazon.nova-2-lite-v1:0"];
const OPEN: &[&str] = &["openai.gpt-oss-120b-1:0", "qwen.qwen3-vl-235b-a22b", "us.writer.palmyra-x5-v1:0"];
const TITAN: &[&str] = &["amazon.titan-text-premier-v1:0"];

fn kwargs() -> &'static [&'static str] {
    &["model_kwargs"]
}

fn format(options: &mut ChatOptions) {
    let schema = r#"{"type":"object","properties":{"needle_answer":{"type":"string"}},"required":["needle_answer"],"additionalProperties":false}"#;
    options.response_format = Some(ResponseFormat::new("needle_format", Json::parse(schema).unwrap()));
}

fn rows() -> Vec<Row> {
    let any = |o: &mut ChatOptions| (o.tools, o.tool_choice) = (vec![tool()], Some(ToolChoice::Any));
    let both = |found: &[&str]| Wanted::new(found, kwargs());
    let mut rows: Vec<Row> = Vec::new();
    for api in [Api::Invoke, Api::Converse] {
        rows.extend([
            (
                "tool_choice beside a flag of tool_choice",
                CLAUDE,
                api,
                any as fn(&mut ChatOptions),
                r#"{"tool_choice":{"disable_parallel_tool_use":true}}"#,
                both(&["\"any\"", "disable_parallel_tool_use"]),
            ),
            (
                "parallel_tool_calls beside a kind of tool_choice",
                CLAUDE,
                api,
                |o| (o.tools, o.parallel_tool_calls) = (vec![tool()], Some(false)),
                r#"{"tool_choice":{"type":"any"}}"#,
                both(&["\"any\"", "disable_parallel_tool_use"]),
            ),
            (
                "response_format beside an effort of output_config",
                CLAUDE,
                api,
                format,
                r#"{"output_config":{"effort":"low"}}"#,
                both(&["needle_answer", "\"low\""]),
            ),
            (
                "reasoning beside a member of thinking",
                CLAUDE,
                api,
                |o| (o.reasoning, o.max_tokens) = (Some(Reasoning::Budget(2049)), Some(5000)),
                r#"{"thinking":{"display":"omitted"}}"#,
                both(&["2049", "omitted"]),
            ),
            (
                "reasoning by effort beside a format of output_config",
                CLAUDE,
                api,
                |o| o.reasoning = Some(Reasoning::Effort("low".into())),
                r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false,"properties":{"needle_answer":{"type":"string"}}}}}}"#,
                both(&["\"low\"", "needle_answer"]),
            ),
            (
                "anthropic_beta in two places",
                CLAUDE,
                api,
                |o| o.anthropic_beta = vec!["needle-a".into()],
                r#"{"anthropic_beta":["needle-b"]}"#,
                both(&["needle-a", "needle-b"]),
            ),
            (
                "top_k in two places",
                CLAUDE,
                api,
                |o| o.top_k = Some(397),
                r#"{"top_k":211}"#,
                both(&["397", "211"]),
            ),
        ]);
    }
    rows.extend([
        (
            "stop beside stop_sequences",
            CLAUDE,
            Api::Invoke,
            (|o| o.stop = vec!["NEEDLESTOP".into()]) as fn(&mut ChatOptions),
            r#"{"stop_sequences":["OTHERSTOP"]}"#,
            both(&["NEEDLESTOP", "OTHERSTOP"]),
        ),
        (
            "tools in two places",
            CLAUDE,
            Api::Invoke,
            |o| o.tools = vec![tool()],
            r#"{"tools":[{"type":"bash_20250124","name":"bash"}]}"#,
            both(&["needle_tool", "bash_20250124"]),
        ),
        (
            "temperature in two places",
            CLAUDE,
            Api::Invoke,
            |o| o.temperature = Some(0.4375),
            r#"{"temperature":0.8125}"#,
            both(&["0.4375", "0.8125"]),
        ),
        (
            "system in two places",
            CLAUDE,
            Api::Invoke,
            |_| {},
            r#"{"system":"needle kwarg"}"#,
            both(&["needle rules", "needle kwarg"]),
        ),
        (
            "temperature beside a member of inferenceConfig",
            NOVA,
            Api::Invoke,
            |o| o.temperature = Some(0.4375),
            r#"{"inferenceConfig":{"topK":397}}"#,
            both(&["0.4375", "397"]),
        ),
        (
            "reasoning beside a member of inferenceConfig",
            NOVA,
            Api::Invoke,
            |o| o.reasoning = Some(Reasoning::Effort("low".into())),
            r#"{"inferenceConfig":{"topK":397}}"#,
            both(&["\"low\"", "397"]),
        ),
        (
            "tools beside a member of toolConfig",
            NOVA,
            Api::Invoke,
            |o| o.tools = vec![tool()],
            r#"{"toolConfig":{"toolChoice":{"any":{}}}}"#,
            both(&["needle_tool", "\"any\""]),
        ),
        (
            "temperature beside a member of textGenerationConfig",
            TITAN,
            Api::Invoke,
            |o| o.temperature = Some(0.4375),
            r#"{"textGenerationConfig":{"topP":0.8125}}"#,
            both(&["0.4375", "0.8125"]),
        ),
        (
            "response_format beside a flag of response_format",
            OPEN,
            Api::Invoke,
            format,
            r#"{"response_format":{"json_schema":{"strict":false}}}"#,
            both(&["needle_answer", "\"strict\":false"]),
        ),
        (
            "tools in two places, chat completions",
            OPEN,
            Api::Invoke,
            |o| o.tools = vec![tool()],
            r#"{"tools":[{"type":"function","function":{"name":"other_tool","parameters":{"type":"object"}}}]}"#,
            both(&["needle_tool", "other_tool"]),
        ),
        (
            "guardrail beside a member of its configuration",
            CLAUDE,
            Api::Invoke,
            |o| {
                let mut guardrail = Guardrail::new("grneedle", "73");
                guardrail.tag_suffix = Some("needlesuffix".into());
                o.guardrail = Some(guardrail);
            },
            r#"{"amazon-bedrock-guardrailConfig":{"streamProcessingMode":"ASYNCHRONOUS"}}"#,
            both(&["needlesuffix", "ASYNCHRONOUS"]),
        ),
    ]);
    rows
}

#[test]
fn object_from_two_sources_is_merged_or_refused() {
    let mut faults = Faults::default();
    for (name, models, api, set, kwargs, wanted) in rows() {
        let mut options = ChatOptions::default();
        set(&mut options);
        options.model_kwargs = Some(Json::parse(kwargs).unwrap());
        let messages = [Message::system("needle rules"), Message::human("hello")];
        let messages = if models == TITAN { &messages[1..] } else { &messages[..] };
        for model in models {
            for mode in MODES {
                faults.try_one(name, &wanted, model, api, mode, messages, &options);
            }
        }
    }
    faults.report("two places");
}
