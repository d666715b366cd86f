//! Conversations from and for other libraries: LangChain's messages and OpenAI's.
//!
//! ```sh
//! cargo run --example messages
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{Json, Message, interop};

/// LangChain's format (here as LangChain for Python writes it) and OpenAI's, mixed.
const HISTORY: &str = r#"[
    {"role": "system", "content": "Be brief."},
    {"type": "human", "content": [{"type": "text", "text": "What is the weather in Paris?"}]},
    {"type": "ai", "content": "", "tool_calls": [{"name": "get_weather", "args": {"location": "Paris"}, "id": "toolu_1", "type": "tool_call"}]},
    {"role": "tool", "tool_call_id": "toolu_1", "content": "18 degrees"}
]"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().build()?;

    let mut messages = interop::read_messages(&Json::parse(HISTORY)?)?;
    for message in &messages {
        println!("{}: {} blocks", message.role.as_str(), message.content.len());
    }
    let tools = [bedrock_chat::Tool::new("get_weather", "The weather in a place", Json::empty_object())];
    let reply = chat.bind_tools(tools).invoke(&messages).await?;

    println!("LangChain's AIMessage: {}", interop::reply_to_langchain(&reply));
    messages.push(Message::from(&reply));
    println!("LangChain: {}", interop::to_langchain(&messages));
    println!("OpenAI: {}", interop::to_openai(&messages));

    // The crate's own format loses nothing. It is the format that serde writes.
    let saved = serde_json::to_string(&messages)?;
    let loaded: Vec<Message> = serde_json::from_str(&saved)?;
    println!("saved and loaded: {}", loaded == messages);
    Ok(())
}
