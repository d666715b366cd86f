//! Guarantees of the types to callers: traits, sizes, futures that can be sent.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    AiMessage, BedrockChat, BedrockChatBuilder, BoxFuture, CachedCredentials, ChatEvent, ChatStream, Credentials,
    Error, Message, ReqwestTransport, Result, TextStream,
};
use serde_json::json;

use crate::support::{over, streamed};

fn send<T: Send>(value: T) -> T {
    value
}

fn answering(text: &str) -> BedrockChat {
    let body = json!({"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}).to_string();
    over(MemoryTransport::new([Reply::json(200, body)])).build().unwrap()
}

#[test]
fn public_types_are_send_and_errors_one_word_wide() {
    fn is_send_and_sync<T: Send + Sync + 'static>() {}
    is_send_and_sync::<BedrockChat>();
    is_send_and_sync::<BedrockChatBuilder>();
    is_send_and_sync::<Error>();
    is_send_and_sync::<AiMessage>();
    is_send_and_sync::<Message>();
    is_send_and_sync::<ChatEvent>();
    is_send_and_sync::<Credentials>();
    is_send_and_sync::<CachedCredentials<Credentials>>();
    is_send_and_sync::<ReqwestTransport>();
    fn is_send<T: Send + Unpin + 'static>() {}
    is_send::<ChatStream>();
    is_send::<TextStream>();
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[tokio::test]
async fn call_futures_can_be_spawned_and_boxed() {
    let chat = answering("one");
    assert_eq!(tokio::spawn(async move { chat.invoke("hello").await }).await.unwrap().unwrap().text(), "one");
    let chat = answering("two");
    let boxed: BoxFuture<'static, Result<AiMessage>> = Box::pin(async move { chat.invoke("hello").await });
    assert_eq!(boxed.await.unwrap().text(), "two");
    let chat = answering("three");
    let messages = vec![("human".to_owned(), "hello".to_owned())];
    assert_eq!(send(chat.invoke(messages)).await.unwrap().text(), "three");

    let chunks = [json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "four"}})];
    let stream = streamed(&chunks).await;
    let read = tokio::spawn(async move {
        let mut stream = send(stream);
        let first = send(stream.next()).await;
        (first, send(stream.message()).await)
    });
    assert!(matches!(read.await.unwrap().0, Some(Ok(ChatEvent::Text { text, .. })) if text == "four"));

    let chat = over(MemoryTransport::new([Reply::chunks([r#"{"type":"message_stop"}"#])])).build().unwrap();
    let spawned = tokio::spawn(async move { chat.stream("hello").await?.text().next().await.transpose() });
    assert_eq!(spawned.await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn futures_and_streams_are_small() {
    let chat = answering("x");
    let invoke = size_of_val(&chat.invoke("hello"));
    let stream = size_of_val(&chat.stream("hello"));
    assert!(invoke <= 4096 && stream <= 4096, "{invoke} {stream}");
    assert!(size_of::<ChatStream>() <= 1024, "{}", size_of::<ChatStream>());
    assert!(size_of::<BedrockChat>() <= 64, "a clone is a few counters: {}", size_of::<BedrockChat>());
}

#[tokio::test]
async fn chat_clone_is_cheap_and_independent() {
    let transport = MemoryTransport::new((0..2).map(|_| Reply::json(200, r#"{"content":[]}"#)));
    let plain = over(transport.clone()).build().unwrap();
    let options = bedrock_chat::ChatOptions::default().with_temperature(0.5);
    let warm = plain.clone().with_options(&options);
    plain.invoke("hello").await.unwrap();
    warm.invoke("hello").await.unwrap();
    let bodies: Vec<serde_json::Value> =
        transport.requests().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
    assert_eq!((bodies[0].get("temperature"), bodies[1].get("temperature")), (None, Some(&json!(0.5))));
}

/// Any executor works. tokio is needed only if the transport uses it.
#[test]
fn memory_transport_needs_no_async_runtime() {
    let reply = futures_executor::block_on(answering("x").invoke("hello")).unwrap();
    assert_eq!(reply.text(), "x");
}
