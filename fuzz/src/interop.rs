//! Messages in LangChain's and OpenAI's JSON.
//!
//! - Any JSON is read, or refused as something that cannot be encoded.
//! - Messages that were written and read back are the same when they are written and read again.
//! - Messages from LangChain's form have the same text and the same tool calls.
//!
//! Input: whether the messages are made of choices; the JSON, or choices.

use bedrock_chat::{Content, ErrorKind, Json, Message, Role, Text, interop};

use crate::input::Input;
use crate::seeds;

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    if input.flag() {
        return check_messages(&input.messages());
    }
    let text = String::from_utf8_lossy(input.rest()).into_owned();
    let Ok(json) = Json::parse(&text) else { return };
    match interop::read_messages(&json) {
        Ok(messages) => check_messages(&messages),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Encode, "{error}"),
    }
}

/// Returns recorded questions and requests, and random bytes that choose messages.
pub fn seeds() -> Vec<Vec<u8>> {
    let calls = seeds::recorded(usize::MAX);
    let asked = calls.iter().map(|call| call.messages.to_string());
    let sent = calls.iter().flat_map(|call| &call.requests);
    let sent = sent.filter_map(|request| request.get("messages").or(request.get("input"))).map(|json| json.to_string());
    let mut all: Vec<String> = asked.chain(sent).filter(|text| text.len() < 3000).collect();
    all.sort();
    all.dedup();
    let all = all.into_iter().map(|text| [b"\0", text.as_bytes()].concat());
    all.chain(seeds::noise(64, 160).into_iter().map(|noise| [b"\x01", noise.as_slice()].concat())).collect()
}

fn check_messages(messages: &[Message]) {
    let again = read(&interop::to_langchain(messages));
    assert_eq!(said(&again), said(messages), "through {}", interop::to_langchain(messages));
    // LangChain has each call twice, as a block and in a list, so calls of one message with the same id are one.
    if !messages.iter().any(repeats_a_call) {
        assert_eq!(calls(&again), calls(messages), "through {}", interop::to_langchain(messages));
    }
    let mut twice = read(&interop::to_langchain(&again));
    let mut again = again;
    twice.iter_mut().chain(&mut again).for_each(|message| drop_empty_text(&mut message.content));
    assert_eq!(twice, again, "a second time, from {messages:?}");
    let openai = interop::to_openai(messages);
    // An object that a model wrote as arguments may have been kept as text, so only the second reading is compared.
    if let Ok(mut again) = interop::read_messages(&openai) {
        // A message without content is not written.
        again.retain(|message| !message.content.is_empty());
        again.iter_mut().for_each(|message| drop_empty_text(&mut message.content));
        assert_eq!(read(&interop::to_openai(&again)), again, "a second time, from {openai}");
    }
}

fn read(json: &Json) -> Vec<Message> {
    interop::read_messages(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// Removes empty text, which is the same as no content.
fn drop_empty_text(content: &mut Vec<Content>) {
    content.retain(|block| !matches!(block, Content::Text(text) if *text == Text::default()));
    for block in content {
        if let Content::ToolResult(result) = block {
            drop_empty_text(&mut result.content);
        }
    }
}

/// Returns the text of each side. Empty text blocks are left out, and results are separate messages.
fn said(messages: &[Message]) -> Vec<(Role, String)> {
    let mut said: Vec<(Role, String)> = Vec::new();
    for message in messages {
        let role = if message.role == Role::Tool { Role::Human } else { message.role };
        if message.text().is_empty() {
            continue;
        }
        match said.last_mut() {
            Some((last, text)) if *last == role => text.push_str(&message.text()),
            _ => said.push((role, message.text())),
        }
    }
    said
}

fn repeats_a_call(message: &Message) -> bool {
    let ids: Vec<_> = message.tool_calls().map(|call| &call.id).collect();
    (1..ids.len()).any(|at| ids[..at].contains(&ids[at]))
}

fn calls(messages: &[Message]) -> Vec<(String, String, Json)> {
    let replies = messages.iter().filter(|message| message.role == Role::Ai);
    let blocks = replies.flat_map(|message| &message.content);
    let calls = blocks.filter_map(|block| match block {
        Content::ToolCall(call) => Some((call.id.clone(), call.name.clone(), call.args.clone())),
        _ => None,
    });
    calls.collect()
}
