//! Complete wire formats: encodes a conversation with tools and an image, and decodes an event stream
//! or a complete response.

use std::sync::Arc;

use bedrock_chat::eventstream::FrameDecoder;
use bedrock_chat::{
    Accumulator, AiMessage, Call, ChatOptions, ChatRequest, Codec, Content, Error, ErrorKind, Events, Headers, Json,
    Message, Mode, ModelId, Result, Role, Tool, ToolCall, ToolChoice,
};
use wasm_bindgen::prelude::*;

use crate::js_error;

/// One wire format only.
#[cfg(not(feature = "all"))]
fn codec(_: &ModelId) -> Result<Arc<dyn Codec>> {
    Ok(Arc::new(bedrock_chat::Anthropic))
}

/// All wire formats; the model id decides which.
#[cfg(feature = "all")]
fn codec(model: &ModelId) -> Result<Arc<dyn Codec>> {
    bedrock_chat::codec_for(model, None, None)
}

/// Encodes the body of a request, and decodes the response.
///
/// The request has all kinds of parts: a system prompt, a question with an image, a tool call with
/// JSON arguments, its result, and the tool with a JSON schema. All texts are `text`. The response is an event stream
/// that arrives in pieces of `piece` bytes, or a complete body if `piece` is 0. Returns the request
/// body, and a line with the response's text, tool calls and stop reason.
#[wasm_bindgen]
pub fn chat(
    model: &str,
    text: &str,
    json: &str,
    image: Vec<u8>,
    temperature: f64,
    answer: &[u8],
    piece: usize,
) -> core::result::Result<Vec<u8>, JsError> {
    let chat = || {
        let model = ModelId::parse(model)?;
        let codec = codec(&model)?;
        let request = request(text, json, image, temperature)?;
        let call = codec.encode(&model, &request, Mode::Stream)?;
        let message = match piece {
            0 => codec.decode(&call, answer, &Headers::new())?,
            _ => streamed(&*codec, &call, answer, piece)?,
        };
        let mut out = call.body.to_vec();
        out.push(b'\n');
        out.extend_from_slice(line(message).as_bytes());
        Ok(out)
    };
    chat().map_err(js_error)
}

fn request(text: &str, json: &str, image: Vec<u8>, temperature: f64) -> Result<ChatRequest> {
    let json = Json::parse(json).map_err(|_| Error::new(ErrorKind::Encode, "not JSON"))?;
    let options = ChatOptions::default()
        .with_temperature(temperature)
        .with_tools([Tool::new(text, text, json.clone())])
        .with_tool_choice(ToolChoice::Tool(text.to_owned()));
    let messages = vec![
        Message::system(text),
        Message::human(text).with(Content::image("image/png", image)),
        Message::new(Role::Ai, vec![Content::ToolCall(ToolCall::new(text, text, json))]),
        Message::tool(text, text),
    ];
    Ok(ChatRequest::new(messages).with_options(options))
}

fn streamed(codec: &dyn Codec, call: &Call, bytes: &[u8], piece: usize) -> Result<AiMessage> {
    let mut frames = FrameDecoder::new();
    let mut decoder = codec.stream(call);
    let mut events = Events::default();
    let mut message = Accumulator::new();
    for bytes in bytes.chunks(piece) {
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
