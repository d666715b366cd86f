//! Fallbacks: other chats that answer when one fails, wherever a chat is used.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    Api, BedrockChat, BoxFuture, ChatEvent, CircuitBreaker, Credentials, ErrorKind, Fallbacks, Json, Message, Observer,
    RetryPolicy, Run, RunConfig, RunStart, Runtime, Service, Step, StructuredMethod, Toolbox,
};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};

use crate::structured::{QUESTION, Trip};
use crate::{BOTH, CLAUDE, GPT_OSS, LLAMA, NOVA, calling, chat, sent, weather};

fn region(bedrock: &LocalBedrock, model: &str, api: Api) -> BedrockChat {
    calling(bedrock, model, api).retry(RetryPolicy::never()).build().unwrap()
}

fn throttled() -> Fault {
    Fault::error(429, "ThrottlingException", "Too many tokens")
}

/// A server that throttles every call, and one that answers.
async fn servers() -> (LocalBedrock, LocalBedrock) {
    let (virginia, oregon) = (LocalBedrock::start().await.unwrap(), LocalBedrock::start().await.unwrap());
    virginia.faults().push(throttled().forever());
    (virginia, oregon)
}

fn noted(json: Option<&Json>) -> Value {
    json.map_or(Value::Null, |json| serde_json::from_str(json.as_str()).unwrap())
}

/// The kinds of what failed before, as `fallback` in metadata has them.
fn kinds(fallback: &Value) -> Vec<&str> {
    fallback["failed"].as_array().unwrap().iter().map(|failed| failed["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn fallback_answers_over_every_api_also_in_streams() {
    let (virginia, oregon) = servers().await;
    let first = region(&virginia, CLAUDE, Api::Invoke);
    for (model, api, service) in [
        (CLAUDE, Api::Invoke, Service::Runtime),
        (NOVA, Api::Converse, Service::Runtime),
        (GPT_OSS, Api::ChatCompletions, Service::Runtime),
        ("us.openai.gpt-5.6-sol", Api::Responses, Service::Runtime),
        ("xai.grok-4.3", Api::Responses, Service::Mantle),
        ("us.anthropic.claude-sonnet-4-6", Api::Messages, Service::Mantle),
    ] {
        let second = calling(&oregon, model, api).service(service).build().unwrap();
        let chat = first.with_fallbacks([second]);
        let reply = chat.invoke("hello").await.unwrap();
        assert!(reply.text().contains("hello"), "{model} {api:?}");
        let fallback = json!({"target": 1, "failed": [{
            "model": CLAUDE, "region": "us-east-1", "api": "invoke", "kind": "throttled", "attempts": 1,
        }]});
        assert_eq!(noted(reply.metadata("fallback")), fallback, "{model} {api:?}");

        let mut stream = chat.stream("hello").await.unwrap();
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            events.push(event.unwrap());
        }
        assert!(matches!(events[0], ChatEvent::Start { .. }), "{model} {api:?}: {:?}", events[0]);
        assert!(matches!(&events[1], ChatEvent::Metadata { key, .. } if key == "fallback"), "{:?}", events[1]);
        assert!(stream.so_far().text().contains("hello"));
        assert_eq!(noted(stream.so_far().metadata("fallback")), fallback, "{model} {api:?}");
    }
    // A chat that answers by itself says nothing.
    let chat = region(&oregon, CLAUDE, Api::Invoke).with_fallbacks([first]);
    assert!(chat.invoke("hello").await.unwrap().metadata("fallback").is_none());
}

#[tokio::test]
async fn fallback_of_typed_output_has_its_own_method() {
    let (virginia, oregon) = servers().await;
    for api in BOTH {
        let (first, second) = (region(&virginia, CLAUDE, api), region(&oregon, NOVA, api));
        let alone = |chat: &BedrockChat| chat.with_structured_output::<Trip>().chosen_method();
        let methods = (alone(&first), alone(&second));
        assert_ne!(methods.0, methods.1);
        let structured = first.with_fallbacks([second.clone()]).with_structured_output::<Trip>();
        assert_eq!(structured.chosen_method(), methods.0, "of the first chat");
        assert_eq!(structured.invoke(QUESTION).await.unwrap().city, "Lisbon", "{api:?}");
        let by_fallback = sent(&oregon);
        second.with_structured_output::<Trip>().invoke(QUESTION).await.unwrap();
        assert_eq!(by_fallback, sent(&oregon), "the same request as without a fallback");

        let mut stream = structured.stream(QUESTION).await.unwrap();
        while let Some(partial) = stream.next().await {
            partial.unwrap();
        }
        assert_eq!(stream.value().unwrap().city, "Lisbon", "{api:?}");
        assert_eq!(kinds(&noted(stream.so_far().metadata("fallback"))), ["throttled"]);
        let raw = structured.invoke_raw(QUESTION).await.unwrap().raw;
        assert_eq!(noted(raw.metadata("fallback"))["target"], 1);
    }
}

#[tokio::test]
async fn fallback_after_a_value_that_does_not_fit() {
    let reply = |text: &str| {
        let text = json!({"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"});
        MemoryTransport::new([Reply::json(200, text.to_string())])
    };
    let over = |text: &str| over(reply(text));
    let other = Fallbacks::new([over("{\"n\":2}")]).when(|error| error.kind() == ErrorKind::Decode);
    let chat = over("I cannot.").with_fallbacks(other);
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    let structured = chat.with_structured_schema::<Json>("answer", schema).method(StructuredMethod::Prompt);
    assert_eq!(structured.invoke("a").await.unwrap().as_str(), "{\"n\":2}");
}

/// Get the current weather.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct GetWeather {
    city: String,
}

#[tokio::test]
async fn fallback_continues_the_loop_of_a_toolbox() {
    let toolbox =
        Toolbox::new().tool(|args: GetWeather| async move { Ok::<_, String>(format!("18 degrees in {}", args.city)) });
    for (streaming, model, api, service) in [
        (false, NOVA, Api::Invoke, Service::Runtime),
        (true, NOVA, Api::Converse, Service::Runtime),
        (false, GPT_OSS, Api::ChatCompletions, Service::Runtime),
        (true, "us.openai.gpt-5.6-sol", Api::Responses, Service::Runtime),
        (false, "us.anthropic.claude-sonnet-4-6", Api::Messages, Service::Mantle),
    ] {
        let (virginia, oregon) = (LocalBedrock::start().await.unwrap(), LocalBedrock::start().await.unwrap());
        // The first chat answers with calls, and is then throttled.
        virginia.faults().push(throttled().skip(1).forever());
        let first = calling(&virginia, CLAUDE, Api::Invoke).streaming(streaming).retry(RetryPolicy::never());
        let second = calling(&oregon, model, api).service(service).build().unwrap();
        let chat = first.build().unwrap().with_fallbacks([second]);
        let mut replies = Vec::new();
        let run = toolbox.run_with(&chat, "The weather in Paris?", |step| {
            if let Step::Reply(reply) = step {
                replies.push(noted(reply.metadata("fallback")));
            }
        });
        let run = run.await.unwrap();
        assert!(run.reply.text().contains("18 degrees in Paris"), "{api:?}: {}", run.reply.text());
        assert_eq!(run.steps, 2);
        assert_eq!((&replies[0], &replies[1]["target"]), (&Value::Null, &json!(1)), "{api:?}");
        assert_eq!((virginia.requests().len(), oregon.requests().len()), (2, 1));
    }
}

#[tokio::test]
async fn fallback_has_the_bound_tools_and_options() {
    let (virginia, oregon) = servers().await;
    let second = calling(&oregon, CLAUDE, Api::Invoke).max_tokens(77).build().unwrap();
    let chat = region(&virginia, CLAUDE, Api::Invoke).with_fallbacks([second]);
    let options = bedrock_chat::ChatOptions::default().with_temperature(0.25);
    let chat = chat.bind_tools([weather()]).with_tool_choice("get_weather").with_options(&options);
    chat.invoke("The weather in Paris?").await.unwrap();
    let body = sent(&oregon);
    assert_eq!((body["tools"][0]["name"].as_str(), body["temperature"].as_f64()), (Some("get_weather"), Some(0.25)));
    assert_eq!(body["tool_choice"]["name"], "get_weather");
    assert_eq!(body["max_tokens"], 77, "its own option");
}

#[tokio::test]
async fn fallback_answers_in_batches_and_completions() {
    let (virginia, oregon) = servers().await;
    let chat = region(&virginia, CLAUDE, Api::Converse).with_fallbacks([chat(&oregon, NOVA, Api::Converse)]);
    let replies = chat.batch((0..20).map(|n| Message::human(format!("Number {n}?")))).await;
    for (n, reply) in replies.into_iter().enumerate() {
        assert!(reply.unwrap().text().contains(&format!("Number {n}?")));
    }
    let llama = region(&virginia, LLAMA, Api::Invoke).with_fallbacks([region(&oregon, LLAMA, Api::Invoke)]);
    assert!(!llama.complete("Once upon a time").await.unwrap().text().is_empty());
    let stream = llama.complete_stream("Once upon a time").await.unwrap();
    assert_eq!(noted(stream.message().await.unwrap().metadata("fallback"))["target"], 1);
}

#[tokio::test]
async fn fallback_is_not_used_for_validation_errors() {
    let (first, second) = (LocalBedrock::start().await.unwrap(), LocalBedrock::start().await.unwrap());
    first.faults().push(Fault::error(403, "AccessDeniedException", "No access to the model").forever());
    let first = region(&first, CLAUDE, Api::Invoke);
    let other = || [chat(&second, CLAUDE, Api::Invoke)];
    assert_eq!(first.with_fallbacks(other()).invoke("hello").await.unwrap_err().kind(), ErrorKind::AccessDenied);
    assert!(second.requests().is_empty());
    let denied = [ErrorKind::AccessDenied];
    let chat = first.with_fallbacks(Fallbacks::new(other()).when(move |error| denied.contains(&error.kind())));
    assert!(chat.invoke("hello").await.is_ok());
}

#[tokio::test]
async fn fallback_conditions_choose_the_chat() {
    let servers = [(); 3].map(|()| LocalBedrock::start());
    let [first, region_two, long] = servers;
    let (first, region_two, long) = (first.await.unwrap(), region_two.await.unwrap(), long.await.unwrap());
    let chat =
        region(&first, CLAUDE, Api::Invoke).with_fallbacks([region(&region_two, CLAUDE, Api::Invoke)]).with_fallbacks(
            Fallbacks::new([region(&long, NOVA, Api::Invoke)]).when(|error| error.kind() == ErrorKind::ContextOverflow),
        );
    let counts = || (region_two.requests().len(), long.requests().len());
    first.faults().push(Fault::error(400, "ValidationException", "prompt is too long: 903884 tokens > 200000 maximum"));
    assert_eq!(noted(chat.invoke("hello").await.unwrap().metadata("fallback"))["target"], 2);
    assert_eq!(counts(), (0, 1), "the other region would refuse it too");
    first.faults().push(throttled());
    assert_eq!(noted(chat.invoke("hello").await.unwrap().metadata("fallback"))["target"], 1);
    assert_eq!(counts(), (1, 1));
    first.faults().push(throttled());
    region_two.faults().push(Fault::error(503, "ServiceUnavailableException", "Down"));
    let error = chat.invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), counts()), (ErrorKind::Service, (2, 1)), "{error}");
    assert!(error.message().contains(&format!("{CLAUDE} in us-east-1 (throttled)")), "{error}");
}

#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<Value>>>);

impl Observer for Notes {
    fn start(&self, start: &RunStart<'_>) -> Option<Box<dyn Run>> {
        let fallback = start.config.metadata.iter().find(|(key, _)| key == "fallback").map(|(_, value)| value);
        let tags = &start.config.tags;
        self.0.lock().unwrap().push(json!({"id": start.config.id, "tags": tags, "fallback": noted(fallback)}));
        Some(Box::new(self.clone()))
    }
}

impl Run for Notes {}

#[tokio::test]
async fn fallback_is_reported_to_observers() {
    let (virginia, oregon) = servers().await;
    let notes = Notes::default();
    let watched = |bedrock: &LocalBedrock| {
        let chat = calling(bedrock, CLAUDE, Api::Invoke).retry(RetryPolicy::never());
        chat.observer(notes.clone()).build().unwrap()
    };
    let chat = watched(&virginia).with_fallbacks([watched(&oregon)]);
    chat.with_config(RunConfig::default().with_id("an-id").with_tags(["test"])).invoke("hello").await.unwrap();
    let taken = notes.0.lock().unwrap().clone();
    assert_eq!(taken[0], json!({"id": "an-id", "tags": ["test"], "fallback": null}));
    assert_eq!((&taken[1]["id"], &taken[1]["tags"]), (&Value::Null, &json!(["test"])), "two runs have two ids");
    assert_eq!(kinds(&taken[1]["fallback"]), ["throttled"]);
    assert_eq!(taken.len(), 2);
}

/// A clock that stands still until a test sets it.
#[derive(Clone, Debug, Default)]
struct SetClock(Arc<AtomicU64>);

impl Runtime for SetClock {
    fn now(&self) -> Duration {
        Duration::from_secs(1_735_787_045 + self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn random(&self) -> f64 {
        0.5
    }
}

fn over(transport: MemoryTransport) -> BedrockChat {
    with_clock(transport, SetClock::default())
}

fn with_clock(transport: MemoryTransport, clock: SetClock) -> BedrockChat {
    let builder = BedrockChat::builder(CLAUDE).region("us-east-1").credentials(Credentials::new("AKID", "secret"));
    builder.transport(transport).runtime(clock).retry(RetryPolicy::never()).build().unwrap()
}

const ANSWER: &str = r#"{"content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn"}"#;

#[tokio::test]
async fn circuit_breaker_skips_a_chat_that_keeps_failing() {
    let clock = SetClock::default();
    let (down, other) = (MemoryTransport::default(), MemoryTransport::default());
    let answers = |transport: &MemoryTransport, statuses: &[u16]| {
        statuses.iter().for_each(|status| transport.push(Reply::json(*status, ANSWER)));
    };
    let chat = with_clock(down.clone(), clock.clone()).with_fallbacks([with_clock(other.clone(), clock.clone())]);
    // Clones and bound options share the breaker.
    let chats = [chat.clone(), chat.bind_tools([weather()])];
    answers(&down, &[503; 5]);
    answers(&other, &[200; 8]);
    for n in 0..5 {
        chats[n % 2].invoke("hello").await.unwrap();
    }
    let reply = chats[0].invoke("hello").await.unwrap();
    let skipped = json!({"target": 1, "failed": [{
        "model": CLAUDE, "region": "us-east-1", "api": "invoke", "kind": "service", "skipped": true,
    }]});
    assert_eq!(noted(reply.metadata("fallback")), skipped);
    assert_eq!(down.requests().len(), 5);
    // After the pause one call tries it.
    clock.0.store(30, Ordering::SeqCst);
    answers(&down, &[503]);
    chats[1].invoke("hello").await.unwrap();
    chats[0].invoke("hello").await.unwrap();
    assert_eq!((down.requests().len(), other.requests().len()), (6, 8));
    clock.0.store(60, Ordering::SeqCst);
    answers(&down, &[200, 200]);
    for chat in &chats {
        assert!(chat.invoke("hello").await.unwrap().metadata("fallback").is_none(), "it is closed again");
    }
    assert_eq!((down.requests().len(), other.requests().len()), (8, 8));
}

#[tokio::test]
async fn circuit_breakers_that_are_all_open_are_ignored() {
    let clock = SetClock::default();
    let (first, second) = (MemoryTransport::default(), MemoryTransport::default());
    let breaker = CircuitBreaker::default().with_failures(1);
    let others = Fallbacks::new([with_clock(second.clone(), clock.clone())]).circuit_breaker(breaker);
    let chat = with_clock(first.clone(), clock.clone()).with_fallbacks(others);
    for transport in [&first, &second] {
        [503, 503].iter().for_each(|status| transport.push(Reply::json(*status, "{}")));
    }
    for _ in 0..2 {
        assert_eq!(chat.invoke("hello").await.unwrap_err().kind(), ErrorKind::Service);
    }
    assert_eq!((first.requests().len(), second.requests().len()), (2, 2));
    second.push(Reply::json(200, ANSWER));
    first.push(Reply::json(503, "{}"));
    assert_eq!(chat.stream("hello").await.unwrap_err().kind(), ErrorKind::Decode, "not a stream");
    second.push(Reply::json(200, ANSWER));
    first.push(Reply::json(503, "{}"));
    assert_eq!(chat.invoke("hello").await.unwrap().text(), "ok");

    // Without breakers every call begins with the first chat.
    let others = Fallbacks::new([with_clock(second.clone(), clock.clone())]).circuit_breaker(None);
    let chat = with_clock(first.clone(), clock).with_fallbacks(others);
    let before = first.requests().len();
    for _ in 0..7 {
        first.push(Reply::json(503, "{}"));
        second.push(Reply::json(200, ANSWER));
        chat.invoke("hello").await.unwrap();
    }
    assert_eq!(first.requests().len(), before + 7);
}
