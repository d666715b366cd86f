//! A custom codec: for models that you imported, or that are newer than this crate.
//!
//! ```sh
//! cargo run --example own_codec
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    AiMessage, Anthropic, BedrockChat, Call, ChatEvent, ChatRequest, Codec, Content, Credentials, Error, ErrorKind,
    Events, Headers, Json, Mode, ModelId, Result, Role, StopReason, StreamDecoder, eventstream,
};

/// A small format: `{"turns": ["..."]}` in, `{"said": "...", "why": "..."}` out.
#[derive(Debug)]
struct Parrot;

impl Codec for Parrot {
    fn encode(&self, model: &ModelId, request: &ChatRequest, _: Mode) -> Result<Call> {
        let human = |role: Role| matches!(role, Role::Human | Role::System);
        let turns: Vec<String> =
            request.messages.iter().filter(|message| human(message.role)).map(|message| message.text()).collect();
        let mut headers = Headers::new();
        headers.push("content-type", "application/json");
        let body = serde_json::json!({ "turns": turns }).to_string().into_bytes();
        // The call is not a stream, even if one was requested: the whole answer is then returned as events.
        Ok(Call::new(model.path("invoke"), headers, body, false))
    }

    fn decode(&self, _: &Call, body: &[u8], _: &Headers) -> Result<AiMessage> {
        let decode = |why: &str| Error::new(ErrorKind::Decode, why.to_owned());
        let answer: serde_json::Value = serde_json::from_slice(body).map_err(|_| decode("the answer is not JSON"))?;
        let said = answer.get("said").and_then(|said| said.as_str()).ok_or_else(|| decode("nothing was said"))?;
        let mut reply = AiMessage::default();
        reply.content.push(Content::text(said));
        reply.stop_reason = answer.get("why").and_then(|why| why.as_str()).map(StopReason::parse);
        Ok(reply)
    }

    fn stream(&self, _: &Call) -> Box<dyn StreamDecoder> {
        Box::new(Silence)
    }
}

/// The model does not stream, so no frame arrives.
struct Silence;

impl StreamDecoder for Silence {
    fn frame(&mut self, frame: &eventstream::Frame<'_>, out: &mut Events) -> Result<()> {
        out.unknown(frame.event_type().unwrap_or_default(), frame.payload());
        Ok(())
    }

    fn finish(&mut self, _: &mut Events) -> Result<()> {
        Ok(())
    }
}

/// Claude's own format, with one more field in the body of every call.
#[derive(Debug)]
struct Stamped;

impl Codec for Stamped {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        let mut request = request.clone();
        request.options.model_kwargs = Some(Json::from(serde_json::json!({ "metadata": { "user_id": "u-1" } })));
        Anthropic.encode(model, &request, mode)
    }

    fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        Anthropic.decode(call, body, headers)
    }

    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
        Anthropic.stream(call)
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let answer = || Reply::json(200, r#"{"said":"Polly wants a cracker.","why":"stop"}"#);
    let memory = MemoryTransport::new([answer(), answer()]);
    let chat = BedrockChat::builder("arn:aws:bedrock:us-east-1:123456789012:imported-model/parrot")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .codec(Parrot)
        .transport(memory.clone())
        .build()?;
    println!("{}", chat.invoke("Say something.").await?.text());
    let mut stream = chat.stream("Say it again.").await?;
    while let Some(event) = stream.next().await {
        if let ChatEvent::Text { text, .. } = event? {
            println!("as events: {text}");
        }
    }
    if let Some(request) = memory.requests().first() {
        println!("sent: {}", String::from_utf8_lossy(&request.body));
    }

    // Signing, retries, framing and timeouts stay the same around any codec.
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().codec(Stamped).build()?;
    println!("{}", chat.stream("Hello?").await?.message().await?.text());
    Ok(())
}
