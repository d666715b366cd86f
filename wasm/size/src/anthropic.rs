//! The whole Anthropic shape: a conversation with tools and an image in, its body out; an event
//! stream in, the message out.

use bedrock_chat::eventstream::FrameDecoder;
use bedrock_chat::{
    Accumulator, AiMessage, Anthropic, ChatOptions, ChatRequest, Codec, Content, Events, Headers, Json, Message, Mode,
    ModelId, Role, Tool, ToolCall, ToolChoice,
};
use wasm_bindgen::prelude::*;

/// Writes the body of a call: a system prompt, a question with a picture, a call of a tool and its
/// result, and the tool itself.
#[wasm_bindgen]
#[allow(clippy::too_many_arguments)]
pub fn encode(
    model: &str,
    system: &str,
    question: &str,
    image_type: &str,
    image: Vec<u8>,
    tool: &str,
    schema: &str,
    arguments: &str,
    result: &str,
    max_tokens: u32,
    temperature: f64,
) -> Result<Vec<u8>, JsError> {
    let model = ModelId::parse(model)?;
    let mut options = ChatOptions::default();
    options.max_tokens = Some(max_tokens.into());
    options.temperature = Some(temperature);
    options.tools = vec![Tool::new(tool, question, Json::parse(schema)?)];
    options.tool_choice = Some(ToolChoice::Tool(tool.to_owned()));
    let request = ChatRequest::new([
        Message::system(system),
        Message::human(question).with(Content::image(image_type, image)),
        Message::new(Role::Ai, [Content::ToolCall(ToolCall::new("toolu_1", tool, Json::parse(arguments)?))]),
        Message::tool("toolu_1", result),
    ])
    .with_options(options);
    Ok(Anthropic.encode(&model, &request, Mode::Stream)?.body)
}

/// Reads an event stream that comes in pieces: text, calls of tools, why it stopped, and tokens.
#[wasm_bindgen]
pub fn stream(bytes: &[u8], piece: usize) -> Result<String, JsError> {
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
    Ok(line(&message.finish()))
}

/// Reads a whole answer.
#[wasm_bindgen]
pub fn decode(body: &[u8]) -> Result<String, JsError> {
    Ok(line(&Anthropic.decode(body, &Headers::new())?))
}

fn line(message: &AiMessage) -> String {
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
