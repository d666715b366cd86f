//! The whole Anthropic shape: a conversation with tools and an image in, its body out; an event
//! stream or a whole answer in, the message out.

use bedrock_chat::eventstream::FrameDecoder;
use bedrock_chat::{
    Accumulator, AiMessage, Anthropic, ChatOptions, ChatRequest, Codec, Content, Error, ErrorKind, Events, Headers,
    Json, Message, Mode, ModelId, Result, Role, Tool, ToolCall, ToolChoice,
};
use wasm_bindgen::prelude::*;

use crate::js_error;

/// Writes the body of a call: a system prompt, a question with a picture, a call of a tool with
/// JSON arguments, its result, and the tool itself, whose schema is JSON. All texts are `text`.
#[wasm_bindgen]
pub fn encode(
    model: &str,
    text: &str,
    json: &str,
    image: Vec<u8>,
    temperature: f64,
) -> core::result::Result<Vec<u8>, JsError> {
    body(model, text, json, image, temperature).map_err(js_error)
}

fn body(model: &str, text: &str, json: &str, image: Vec<u8>, temperature: f64) -> Result<Vec<u8>> {
    let model = ModelId::parse(model)?;
    let json = Json::parse(json).map_err(|_| Error::new(ErrorKind::Encode, "not JSON"))?;
    let mut options = ChatOptions::default();
    options.temperature = Some(temperature);
    options.tools = vec![Tool::new(text, text, json.clone())];
    options.tool_choice = Some(ToolChoice::Tool(text.to_owned()));
    let messages = vec![
        Message::system(text),
        Message::human(text).with(Content::image("image/png", image)),
        Message::new(Role::Ai, vec![Content::ToolCall(ToolCall::new(text, text, json))]),
        Message::tool(text, text),
    ];
    let request = ChatRequest::new(messages).with_options(options);
    Ok(Anthropic.encode(&model, &request, Mode::Stream)?.body)
}

/// Reads an event stream that comes in pieces: the text, the calls of tools, and why it stopped.
#[wasm_bindgen]
pub fn stream(bytes: &[u8], piece: usize) -> core::result::Result<String, JsError> {
    streamed(bytes, piece).map(line).map_err(js_error)
}

fn streamed(bytes: &[u8], piece: usize) -> Result<AiMessage> {
    let mut frames = FrameDecoder::new();
    let mut decoder = Anthropic.stream();
    let mut events = Events::default();
    let mut message = Accumulator::new();
    for bytes in bytes.chunks(piece.max(1)) {
        frames.push(bytes);
        while let Some(frame) = frames.next_frame()? {
            decoder.frame(&frame, &mut events)?;
            message.extend(&mut events);
        }
    }
    frames.finish()?;
    decoder.finish(&mut events)?;
    message.extend(&mut events);
    Ok(message.finish())
}

/// Reads a whole answer, as [`stream`] does.
#[wasm_bindgen]
pub fn decode(body: &[u8]) -> core::result::Result<String, JsError> {
    Anthropic.decode(body, &Headers::new()).map(line).map_err(js_error)
}

fn line(message: AiMessage) -> String {
    let mut line = message.text();
    for call in message.tool_calls() {
        line.push('|');
        line.push_str(&call.name);
        line.push_str(call.args.as_str());
    }
    line.push('|');
    line.push_str(message.stop_reason.as_ref().map_or("", |reason| reason.as_str()));
    line
}
