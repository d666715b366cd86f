//! Tools by hand: the model requests a call, and you run it. (`toolbox` runs this loop for you.)
//!
//! ```sh
//! cargo run --example tools
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{Json, Message, Tool, ToolChoice};

/// Get the current weather in a place.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct GetWeather {
    /// The city, for instance Paris.
    location: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().build()?;

    // One tool is from a Rust type, one from JSON in OpenAI's format. LangChain's, Anthropic's and Converse's formats
    // are accepted as well, also mixed (Tool::list_from_json).
    let population = Tool::from_json(&Json::parse(
        r#"{"type": "function", "function": {"name": "get_population", "description": "How many people live in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}"#,
    )?)?;
    let with_tools = chat.bind_tools([Tool::of::<GetWeather>(), population]);

    let mut messages = vec![Message::human("What is the weather in Paris and London?")];
    let reply = with_tools.invoke(&messages).await?;
    messages.push(Message::from(&reply));
    for call in reply.tool_calls() {
        println!("the model calls {} with {}", call.name, call.args);
        let arguments: GetWeather = call.args.read_as()?;
        messages.push(Message::tool(&call.id, format!("18 degrees in {}", arguments.location)));
    }
    // A call whose arguments were cut short, or are not a JSON object, is never returned as a valid call.
    for call in reply.invalid_tool_calls() {
        messages.push(Message::tool_error(&call.id, format!("cannot be run: {}", call.error)));
    }
    println!("answer: {}", with_tools.invoke(&messages).await?.text());

    // The model can be forced to call a tool: any tool (ToolChoice::Any), or this one.
    let forced = with_tools.with_tool_choice("get_population").invoke("Tell me about Rome.").await?;
    forced.tool_calls().for_each(|call| println!("forced: {}", call.name));
    // The model can also be forbidden to call tools.
    let none = with_tools.with_tool_choice(ToolChoice::None).invoke("What is the weather in Oslo?").await?;
    println!("none: {} calls", none.tool_calls().count());
    Ok(())
}
