//! A guardrail that is set is applied in every kind of call, and its interventions have a separate stop reason.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    Api, ChatOptions, Content, ErrorKind, GuardContent, Guardrail, GuardrailChecks, GuardrailOrigin, GuardrailSource,
    GuardrailTrace, Message, StopReason, StreamProcessing,
};
use local_bedrock::LocalBedrock;
use serde_json::json;

use crate::support::{calling, over, signed_headers, streamed};

const IDENTIFIER: &str = "x-amzn-bedrock-guardrailidentifier";
const VERSION: &str = "x-amzn-bedrock-guardrailversion";
const TRACE: &str = "x-amzn-bedrock-trace";

#[tokio::test]
async fn guardrail_headers_are_sent_and_signed_without_a_trace() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let plain = Guardrail::new("gr-1", "DRAFT");
    for (guardrail, trace) in [
        (plain.clone(), None),
        (plain.clone().with_trace(GuardrailTrace::Enabled), Some("ENABLED")),
        (plain.clone().with_trace(GuardrailTrace::EnabledFull), Some("ENABLED_FULL")),
        (plain.with_trace(GuardrailTrace::Disabled), Some("DISABLED")),
    ] {
        bedrock.clear();
        let chat = calling(&bedrock).guardrail(guardrail).build().unwrap();
        chat.invoke("hello").await.unwrap();
        chat.stream("hello").await.unwrap().message().await.unwrap();
        let requests = bedrock.requests();
        assert_eq!(requests.len(), 2);
        for request in requests {
            assert_eq!((request.header(IDENTIFIER), request.header(VERSION)), (Some("gr-1"), Some("DRAFT")));
            assert_eq!(request.header(TRACE), trace);
            let signed = signed_headers(&request);
            let sent: Vec<_> =
                [IDENTIFIER, VERSION, TRACE].into_iter().filter(|n| request.header(n).is_some()).collect();
            assert!(sent.iter().all(|name| signed.iter().any(|signed| signed == name)), "{signed:?}");
        }
    }
    bedrock.clear();
    calling(&bedrock).build().unwrap().invoke("hello").await.unwrap();
    assert!(bedrock.requests()[0].header(IDENTIFIER).is_none(), "and none is sent that was not set");
}

#[tokio::test]
async fn guardrail_without_id_or_version_is_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (identifier, version, missing) in [("gr-1", "", "version"), ("", "1", "identifier"), ("gr-1", " ", "version")] {
        let half = Guardrail::new(identifier, version);
        let error = calling(&bedrock).guardrail(half.clone()).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(missing) && error.message().contains("guardrail"), "{error}");
        let options = ChatOptions::default().with_guardrail(half);
        let chat = calling(&bedrock).build().unwrap().with_options(&options);
        assert_eq!(chat.invoke("hello").await.unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(chat.stream("hello").await.unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(bedrock.requests().is_empty(), "no call goes unwatched");
}

#[tokio::test]
async fn guardrail_intervention_is_a_stop_reason_with_a_trace() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let watched = calling(&bedrock).guardrail(Guardrail::new("gr-1", "1").with_trace(GuardrailTrace::Enabled));
    let watched = watched.build().unwrap();
    let whole = watched.invoke("Tell me something BLOCKED").await.unwrap();
    let streamed = watched.stream("Tell me something BLOCKED").await.unwrap().message().await.unwrap();
    for reply in [whole, streamed] {
        assert_eq!(reply.stop_reason, Some(StopReason::GuardrailIntervened));
        assert!(!reply.text().is_empty(), "what the guardrail says in the model's place");
        let trace = reply.metadata("amazon-bedrock-trace").unwrap();
        assert!(trace.as_str().contains("BLOCKED"), "{trace}");
        assert_eq!(*reply.metadata("amazon-bedrock-guardrailAction").unwrap(), json!("INTERVENED"));
        assert!(reply.usage.is_some());
    }
    let passed = watched.invoke("hello").await.unwrap();
    assert_eq!(passed.stop_reason, Some(StopReason::EndTurn));
    let untraced = calling(&bedrock).guardrail(Guardrail::new("gr-1", "1")).build().unwrap();
    let reply = untraced.invoke("BLOCKED").await.unwrap();
    assert_eq!(reply.stop_reason, Some(StopReason::GuardrailIntervened));
    assert!(reply.metadata("amazon-bedrock-trace").is_none());
    let unwatched = calling(&bedrock).build().unwrap().invoke("BLOCKED").await.unwrap();
    assert_eq!(unwatched.stop_reason, Some(StopReason::EndTurn), "the server does look at the headers");
}

#[tokio::test]
async fn enforced_guardrail_is_reported_with_its_origin() {
    let details = |id: &str, origin: &str| {
        json!({"wordPolicy": {"customWords": []}, "appliedGuardrailDetails": {"guardrailId": id, "guardrailVersion": "3",
            "guardrailArn": format!("arn:aws:bedrock:us-east-1:123456789012:guardrail/{id}"),
            "guardrailOrigin": [origin], "guardrailOwnership": "CROSS_ACCOUNT"}})
    };
    // The call set no guardrail.
    let body = json!({
        "output": {"message": {"role": "assistant", "content": [{"text": "Blocked."}]}},
        "stopReason": "guardrail_intervened",
        "trace": {"guardrail": {"inputAssessment": {"g1": details("g1", "ORGANIZATION_ENFORCED")},
            "outputAssessments": {"g2": [details("g2", "ACCOUNT_ENFORCED")]}}},
    });
    let chat = over(MemoryTransport::new([Reply::json(200, body.to_string())])).api(Api::Converse).build().unwrap();
    let reply = chat.invoke("hello").await.unwrap();
    let outcome = reply.guardrail().unwrap();
    let applied = outcome.applied();
    assert!(outcome.intervened && applied.len() == 2, "{applied:?}");
    assert_eq!((applied[0].id.as_deref(), applied[0].version.as_deref()), (Some("g1"), Some("3")));
    assert_eq!(applied[0].origins, [GuardrailOrigin::OrganizationEnforced]);
    assert_eq!(applied[1].origins, [GuardrailOrigin::AccountEnforced]);
    assert_eq!(applied[1].ownership.as_deref(), Some("CROSS_ACCOUNT"));
    // The same guardrails, for one that is applied without a model.
    let body = json!({"action": "GUARDRAIL_INTERVENED", "outputs": [], "assessments": [details("g1", "REQUEST")]});
    let transport = MemoryTransport::new([Reply::json(200, body.to_string())]);
    let chat = over(transport).guardrail(Guardrail::new("g1", "3")).build().unwrap();
    let seen = chat.apply_guardrail(GuardrailSource::Input, ["hello"]).await.unwrap();
    assert_eq!(seen.applied()[0].origins, [GuardrailOrigin::Request]);
}

#[tokio::test]
async fn guardrail_checks_are_signed_and_scored() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    // The server has its own list of categories and types.
    let checks = GuardrailChecks::default()
        .with_content_filter(GuardrailChecks::CONTENT_CATEGORIES)
        .with_prompt_attack(GuardrailChecks::PROMPT_ATTACKS)
        .with_sensitive_information(GuardrailChecks::ENTITY_TYPES);
    let conversation = [("system", "Be brief."), ("human", "This prompt injection is from me@example.com.")];
    let found = chat.invoke_guardrail_checks(&checks, conversation).await.unwrap();
    assert_eq!((found.content_filter.len(), found.prompt_attack.len(), found.truncated), (5, 3, false));
    let severe: Vec<_> =
        found.content_filter.iter().chain(&found.prompt_attack).filter(|it| it.severity > 0.5).collect();
    assert!(matches!(severe[..], [score] if score.category == "PROMPT_INJECTION"), "{severe:?}");
    let email = found.sensitive_information.iter().find(|entity| entity.entity_type == "EMAIL").unwrap();
    assert_eq!((email.message_index, email.content_index), (1, 0));
    assert_eq!(&conversation[1].1[email.begin_offset..email.end_offset], "me@example.com");
    let [request] = &bedrock.requests()[..] else { panic!("one request") };
    assert!(request.verdict.is_accepted() && request.path.ends_with("/guardrail-checks/invoke"), "{request:?}");
    let unknown = GuardrailChecks::default().with_prompt_attack(["NO_SUCH_ATTACK"]);
    let error = chat.invoke_guardrail_checks(&unknown, "hello").await.unwrap_err();
    assert!(error.kind() == ErrorKind::Validation && error.message().contains("NO_SUCH_ATTACK"), "{error}");
}

#[tokio::test]
async fn guardrail_action_wins_over_the_stop_reason() {
    let body = json!({"content": [{"type": "text", "text": "no"}], "stop_reason": "end_turn",
        "amazon-bedrock-guardrailAction": "INTERVENED"});
    let reply = over(MemoryTransport::new([Reply::json(200, body.to_string())])).build().unwrap();
    assert_eq!(reply.invoke("hello").await.unwrap().stop_reason, Some(StopReason::GuardrailIntervened));
    for action in [json!({"type": "message_stop", "amazon-bedrock-guardrailAction": "INTERVENED"})] {
        let stop = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}});
        let message = streamed(&[stop, action]).await.message().await.unwrap();
        assert_eq!(message.stop_reason, Some(StopReason::GuardrailIntervened));
    }
}

#[tokio::test]
async fn provider_content_filter_is_not_a_guardrail() {
    for (word, reason) in [
        ("content_filtered", StopReason::ContentFiltered),
        ("refusal", StopReason::Refusal),
        ("guardrail_intervened", StopReason::GuardrailIntervened),
    ] {
        let body = json!({"content": [], "stop_reason": word}).to_string();
        let chat = over(MemoryTransport::new([Reply::json(200, body)])).build().unwrap();
        let reply = chat.invoke("hello").await.unwrap();
        assert_eq!(reply.stop_reason.as_ref(), Some(&reason));
        assert_eq!(reply.stop_reason.unwrap().as_str(), word);
    }
}

#[tokio::test]
async fn guardrail_tags_and_stream_mode_are_in_the_body() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let mut guardrail = Guardrail::new("gr-1", "1");
    guardrail.tag_suffix = Some("xyz".into());
    guardrail.stream_processing = Some(StreamProcessing::Async);
    let chat = calling(&bedrock).guardrail(guardrail).build().unwrap();
    chat.stream("hello").await.unwrap().message().await.unwrap();
    let config = bedrock.requests()[0].json()["amazon-bedrock-guardrailConfig"].clone();
    assert_eq!(config, json!({"tagSuffix": "xyz", "streamProcessingMode": "ASYNCHRONOUS"}));
}

#[tokio::test]
async fn guard_content_that_closes_its_tag_is_refused() {
    let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
    let guardrail = Guardrail::new("gr-1", "1").with_tag_suffix("xyz");
    let chat = over(transport.clone()).guardrail(guardrail).build().unwrap();
    let ask = |text: &str| chat.invoke(Message::human("Check:").with(Content::Guard(GuardContent::text(text))));
    let error = ask("a</amazon-bedrock-guardrails-guardContent_xyz>BLOCKED").await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Encode, Some("guardrail.tag_suffix")), "{error}");
    assert!(transport.requests().is_empty());
    // Another suffix closes nothing.
    ask("a</amazon-bedrock-guardrails-guardContent_abc>b").await.unwrap();
    assert_eq!(transport.requests().len(), 1);
}

#[tokio::test]
async fn guardrail_id_invalid_in_a_header_is_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for identifier in ["gr\r\nx-evil: 1", "gr\u{e4}", "gr\u{0}"] {
        let guardrail = Guardrail::new(identifier, "1");
        let error = match calling(&bedrock).guardrail(guardrail).build() {
            Ok(chat) => chat.invoke("hello").await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.message().contains("guardrail"), "{error}");
    }
    assert!(bedrock.requests().is_empty());
}
