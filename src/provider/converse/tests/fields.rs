//! Additional fields of each family.

use serde_json::json;

use super::*;
use crate::capabilities::{Capabilities, Capability};
use crate::error::ErrorKind;
use crate::request::{Reasoning, Tool, ToolChoice};

const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";

fn extra(model: &str, options: &ChatOptions) -> Json {
    member(&body(model, &[Message::human("a")], options), &["additionalModelRequestFields"])
}

fn thinking(reasoning: Reasoning) -> ChatOptions {
    ChatOptions { reasoning: Some(reasoning), ..ChatOptions::default() }
}

#[test]
fn top_k_has_the_name_of_the_family() {
    let options = ChatOptions { top_k: Some(20), ..ChatOptions::default() };
    assert_eq!(extra(CLAUDE, &options), json!({"top_k": 20}));
    assert_eq!(extra("us.mistral.pixtral-large-2502-v1:0", &options), json!({"top_k": 20}));
    assert_eq!(extra("cohere.command-r-plus-v1:0", &options), json!({"k": 20}));
    assert_eq!(extra(NOVA, &options), json!({"inferenceConfig": {"topK": 20}}));
    assert_eq!(extra(ARN, &options), json!({"top_k": 20}));
}

#[test]
fn reasoning_of_claude_is_budget_adaptive_or_effort() {
    const CLAUDE: &str = "us.anthropic.claude-sonnet-4-6";
    assert_eq!(
        extra(CLAUDE, &thinking(Reasoning::Budget(2048))),
        json!({"thinking": {"type": "enabled", "budget_tokens": 2048}})
    );
    assert_eq!(extra(CLAUDE, &thinking(Reasoning::Adaptive)), json!({"thinking": {"type": "adaptive"}}));
    assert_eq!(extra(CLAUDE, &thinking(Reasoning::Disabled)), json!({"thinking": {"type": "disabled"}}));
    assert_eq!(
        extra(CLAUDE, &thinking(Reasoning::Effort("low".into()))),
        json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}})
    );
}

#[test]
fn reasoning_effort_has_the_field_of_the_family() {
    let low = thinking(Reasoning::Effort("low".into()));
    assert_eq!(extra(NOVA, &low), json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}));
    assert_eq!(extra("openai.gpt-oss-120b-1:0", &low), json!({"reasoning_effort": "low"}));
    assert_eq!(extra("us.openai.gpt-5.6-sol", &low), json!({"reasoning": {"effort": "low"}}));
    assert_eq!(extra("moonshotai.kimi-k2-thinking", &low), json!({"reasoning_effort": "low"}));
    assert_eq!(extra("zai.glm-4.6", &low), json!({"reasoning_effort": "low"}));
    for model in [ARN, "newvendor.model-v1:0"] {
        assert_eq!(extra(model, &low), json!(null));
        let body = body(model, &[Message::human("a")], &low);
        assert_eq!(member(&body, &["outputConfig"]), json!({"effort": "low"}));
    }
}

#[test]
fn reasoning_is_disabled_in_the_form_of_the_family() {
    let off = thinking(Reasoning::Disabled);
    assert_eq!(extra(NOVA, &off), json!({"reasoningConfig": {"type": "disabled"}}));
    assert_eq!(extra("us.openai.gpt-5.6-sol", &off), json!({"reasoning": {"effort": "none"}}));
    assert_eq!(extra("openai.gpt-oss-20b-1:0", &off), json!(null));
    assert_eq!(extra(LLAMA, &off), json!(null));
}

#[test]
fn reasoning_budget_for_effort_models_is_refused() {
    for model in [NOVA, "openai.gpt-oss-120b-1:0", "us.openai.gpt-5.6-sol", LLAMA, ARN] {
        for reasoning in [Reasoning::Budget(2048), Reasoning::Adaptive] {
            let error = refusal(model, &[Message::human("a")], &thinking(reasoning));
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(
                error.message().contains(model)
                    && error.message().contains("accepts only an effort for reasoning; set one, such as `low`"),
                "{error}"
            );
        }
    }
    let model = ModelId::parse(ARN).unwrap().with_family("anthropic");
    let request = ChatRequest::new([Message::human("a")]).with_options(thinking(Reasoning::Budget(2048)));
    let call = Converse.encode(&model, &request, Mode::Invoke).unwrap();
    assert!(String::from_utf8(call.body.to_vec()).unwrap().contains("budget_tokens"), "the family was stated");
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let high = thinking(Reasoning::Effort("high".into()));
    let error = refusal(NOVA, &[Message::human("a")], &ChatOptions { max_tokens: Some(10), ..high.clone() });
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("max_tokens") && error.message().contains("high"), "{error}");
    body("us.anthropic.claude-sonnet-4-6", &[Message::human("a")], &ChatOptions { max_tokens: Some(10), ..high });
    let hot = ChatOptions { temperature: Some(0.5), ..thinking(Reasoning::Budget(2048)) };
    assert!(refusal(CLAUDE, &[Message::human("a")], &hot).message().contains("temperature"));
}

#[test]
fn beta_features_and_model_kwargs_are_merged() {
    let options = ChatOptions {
        top_k: Some(20),
        anthropic_beta: vec!["context-1m-2025-08-07".into()],
        model_kwargs: Some(self::json(r#"{"anthropic_beta":["b"],"metadata":{"user_id":"u"}}"#)),
        ..ChatOptions::default()
    };
    assert_eq!(
        extra(CLAUDE, &options),
        json!({"anthropic_beta": ["context-1m-2025-08-07", "b"], "top_k": 20, "metadata": {"user_id": "u"}})
    );
}

#[test]
fn parallel_tool_calls_has_the_form_of_the_family() {
    let tools = vec![Tool::new("f", "", Json::empty_object())];
    let serial = ChatOptions { tools, parallel_tool_calls: Some(false), ..ChatOptions::default() };
    let forced = ChatOptions { tool_choice: Some(ToolChoice::Tool("f".into())), ..serial.clone() };
    let choice = |type_: &str| json!({"tool_choice": {"type": type_, "disable_parallel_tool_use": true}});
    assert_eq!(extra(CLAUDE, &serial), choice("auto"));
    assert_eq!(
        extra(CLAUDE, &forced),
        json!({"tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": true}})
    );
    let body = body(CLAUDE, &[Message::human("a")], &forced);
    assert_eq!(member(&body, &["toolConfig", "toolChoice"]), json!(null), "not in two places");
    assert_eq!(extra("openai.gpt-oss-120b-1:0", &serial), json!({"parallel_tool_calls": false}));
    let error = refusal(LLAMA, &[Message::human("a")], &serial);
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("parallel_tool_calls"), "{error}");
    // The caller corrects the table.
    let corrected = |can: bool| {
        let capabilities = Capabilities::unknown().with(Capability::SerialTools, can);
        ChatOptions { capabilities, ..serial.clone() }
    };
    assert_eq!(extra(LLAMA, &corrected(true)), json!({"parallel_tool_calls": false}));
    for model in [CLAUDE, "openai.gpt-oss-120b-1:0"] {
        assert_eq!(refusal(model, &[Message::human("a")], &corrected(false)).kind(), ErrorKind::Unsupported);
    }
    let toolless = ChatOptions { parallel_tool_calls: Some(false), ..ChatOptions::default() };
    for model in [CLAUDE, LLAMA] {
        assert_eq!(extra(model, &toolless), json!(null), "there is nothing to call");
    }
}

#[test]
fn tool_choice_of_a_native_tool_is_next_to_that_tool() {
    let bash = || Tool::native(self::json(r#"{"type":"bash_20250124","name":"bash"}"#));
    let plain = Tool::new("f", "", Json::empty_object());
    let with = |tools: &[Tool], choice: &ToolChoice| {
        let options =
            ChatOptions { tools: tools.to_vec(), tool_choice: Some(choice.clone()), ..ChatOptions::default() };
        let body = body(CLAUDE, &[Message::human("a")], &options);
        (member(&body, &["toolConfig", "toolChoice"]), member(&body, &["additionalModelRequestFields", "tool_choice"]))
    };
    let named = json!({"type": "tool", "name": "bash"});
    assert_eq!(with(&[bash(), plain.clone()], &"bash".into()), (Json::from(json!(null)), Json::from(named)));
    assert_eq!(with(&[bash()], &ToolChoice::Any), (Json::from(json!(null)), Json::from(json!({"type": "any"}))));
    let (neutral, own) = with(&[bash(), plain], &"f".into());
    assert_eq!((neutral, own), (Json::from(json!({"tool": {"name": "f"}})), Json::from(json!(null))));
}

#[test]
fn native_tools_of_anthropic_are_sent_only_to_claude() {
    let native = Tool::native(self::json(r#"{"type":"bash_20250124","name":"bash"}"#));
    let plain = Tool::new("f", "", Json::empty_object());
    let options = ChatOptions { tools: vec![native, plain], ..ChatOptions::default() };
    assert_eq!(extra(CLAUDE, &options), json!({"tools": [{"type": "bash_20250124", "name": "bash"}]}));
    let body = body(CLAUDE, &[Message::human("a")], &options);
    assert_eq!(member(&body, &["toolConfig", "tools"]).view().items().count(), 1);
    let error = refusal(LLAMA, &[Message::human("a")], &options);
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.message().contains("\"bash\""), "{error}");
}

#[test]
fn capabilities_of_tools_and_schemas_by_family() {
    let can = |model: &str| {
        let can = Converse.capabilities(&ModelId::parse(model).unwrap());
        (can.has(Capability::Tools), can.has(Capability::ForcedTools), can.has(Capability::JsonSchema))
    };
    assert_eq!(can(CLAUDE), (true, true, true));
    assert_eq!(can(NOVA), (true, true, false));
    assert_eq!(can("openai.gpt-oss-120b-1:0"), (true, false, true));
    for model in [LLAMA, ARN, "newvendor.model-v1:0"] {
        assert_eq!(can(model), (true, false, false));
    }
    assert!(Nova.capabilities(&ModelId::parse(NOVA).unwrap()).has(Capability::ForcedTools));
}
