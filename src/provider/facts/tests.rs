//! The facts of single models.

use super::*;
use crate::capabilities::Capability::{AskedTools, ForcedToolsWithReasoning, Sampling};

fn known(id: &str, api: Api) -> Capabilities {
    super::known(&ModelId::parse(id).unwrap(), api)
}

#[test]
fn facts_follow_the_model_behind_a_profile() {
    for id in ["anthropic.claude-opus-4-8", "us.anthropic.claude-opus-4-8-v1:0", "global.anthropic.claude-opus-4-8"] {
        let can = known(id, Api::Invoke);
        assert!(can.lacks(StrictTools) && can.lacks(JsonSchema) && can.has(SystemAnywhere), "{id}: {can:?}");
    }
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    assert_eq!(known(arn, Api::Converse), Capabilities::of(&[Tools], &[SerialTools]));
    assert_eq!(known(arn, Api::Invoke), Capabilities::unknown());
}

#[test]
fn facts_of_claude_reasoning_by_version() {
    let forms = |id: &str| {
        let can = known(&format!("anthropic.claude-{id}"), Api::Invoke);
        [ReasoningBudget, AdaptiveReasoning, ReasoningEffort, ReasoningOff].map(|one| can.get(one) == Some(true))
    };
    assert_eq!(forms("3-7-sonnet-20250219-v1:0"), [true, false, false, true]);
    assert_eq!(forms("sonnet-4-5-20250929-v1:0"), [true, false, false, true]);
    assert_eq!(forms("opus-4-5-20251101-v1:0"), [true, false, true, true]);
    assert_eq!(forms("sonnet-4-6"), [true, true, true, true]);
    assert_eq!(forms("opus-4-7"), [false, true, true, false]);
    assert_eq!(forms("sonnet-5"), [false, true, true, true]);
    assert_eq!(forms("sonnet-5-5"), [false, true, true, false]);
}

#[test]
fn facts_of_forced_tools_by_claude_version() {
    for api in [Api::Invoke, Api::Converse] {
        for (id, forced, with_reasoning, by_default) in [
            ("3-7-sonnet-20250219-v1:0", Some(true), Some(false), Some(false)),
            ("sonnet-4-5-20250929-v1:0", Some(true), Some(false), Some(false)),
            ("sonnet-4-6", Some(true), Some(false), Some(false)),
            ("opus-4-7", Some(true), Some(false), Some(false)),
            ("opus-4-8", Some(true), None, Some(false)),
            ("sonnet-5", Some(true), None, Some(true)),
            ("haiku-5-5", Some(true), None, Some(true)),
            ("mythos-5-1", None, None, Some(true)),
            ("sonnet-5-5", Some(false), None, Some(true)),
            ("opus-5-5", Some(false), None, Some(true)),
            ("fable-5-1", Some(false), None, Some(true)),
        ] {
            let can = known(&format!("anthropic.claude-{id}"), api);
            let facts = [ForcedTools, ForcedToolsWithReasoning, ReasoningByDefault].map(|one| can.get(one));
            assert_eq!(facts, [forced, with_reasoning, by_default], "{id} {api:?}");
            assert!(can.has(AskedTools) && can.get(NamedTools) == forced, "{id} {api:?}");
        }
    }
    let grok = known("us.xai.grok-4.7", Api::Converse);
    assert!(grok.has(Tools) && grok.has(ForcedTools) && grok.has(NamedTools) && grok.lacks(PromptCaching));
}

#[test]
fn facts_of_prompt_caching_and_sampling() {
    for api in [Api::Invoke, Api::Converse] {
        for (id, caches, for_an_hour, samples) in [
            ("anthropic.claude-v2:1", Some(false), Some(false), Some(true)),
            ("anthropic.claude-3-5-haiku-20241022-v1:0", Some(true), Some(false), Some(true)),
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", Some(true), Some(true), Some(true)),
            ("anthropic.claude-sonnet-4-6", Some(true), None, Some(true)),
            ("anthropic.claude-opus-4-7", Some(true), Some(true), Some(false)),
            ("anthropic.claude-sonnet-5-5", Some(true), Some(true), Some(false)),
            ("anthropic.claude-haiku-5", Some(true), Some(true), None),
            ("anthropic.claude-haiku-5-5", Some(true), Some(true), Some(false)),
            ("amazon.nova-lite-v1:0", Some(true), Some(false), None),
        ] {
            let can = known(id, api);
            let facts = [PromptCaching, OneHourCache, Sampling].map(|one| can.get(one));
            assert_eq!(facts, [caches, for_an_hour, samples], "{id} {api:?}");
        }
    }
    let old = "anthropic.claude-3-haiku-20240307-v1:0";
    assert!(known(old, Api::Invoke).has(PromptCaching));
    for id in [old, "amazon.titan-text-express-v1", "openai.gpt-5.6-sol", "us.deepseek.r1-v1:0"] {
        assert!(known(id, Api::Converse).lacks(PromptCaching), "{id}");
    }
}

#[test]
fn facts_of_serial_tools_over_converse() {
    for (id, expected) in [
        ("us.anthropic.claude-sonnet-4-6", true),
        ("openai.gpt-oss-120b-1:0", true),
        ("qwen.qwen3-32b-v1:0", false),
        ("us.xai.grok-4.7", false),
        ("new.model-v1:0", false),
    ] {
        assert_eq!(known(id, Api::Converse).get(SerialTools), Some(expected), "{id}");
    }
    assert!(known("qwen.qwen3-32b-v1:0", Api::Invoke).has(SerialTools));
    assert!(known("cohere.command-r-v1:0", Api::Invoke).lacks(SerialTools));
}

#[test]
fn facts_differ_by_api() {
    let llama = "us.meta.llama4-scout-17b-instruct-v1:0";
    assert!(known(llama, Api::Converse).has(Tools) && known(llama, Api::Invoke).lacks(Tools));
    assert!(known("qwen.qwen3-32b-v1:0", Api::Invoke).lacks(Images));
    assert!(!known("qwen.qwen3-vl-235b-a22b", Api::Invoke).has(Images));
}
