//! Tools, the tool choice, and structured output.

use bedrock_chat::{ChatOptions, Json, Result, Tool, ToolChoice};
use serde_json::{Value, json};

use crate::suite::case::Scenario;

/// Sets the tools of a scenario.
///
/// # Errors
/// An error, if a tool cannot be read.
pub(crate) fn set(scenario: &Scenario, options: &mut ChatOptions) -> Result<()> {
    let format = scenario.option("tool_format").and_then(Value::as_str).unwrap_or("anthropic");
    let tools = scenario.option("tools").and_then(Value::as_array).into_iter().flatten();
    options.tools = tools
        .enumerate()
        .map(|(at, tool)| Tool::from_json(&Json::from(in_form(tool, format, at))))
        .collect::<Result<_>>()?;
    if let Some(choice) = scenario.option("tool_choice") {
        options.tool_choice = Some(self::choice(choice));
        if choice["disable_parallel_tool_use"] == true {
            options.parallel_tool_calls = Some(false);
        }
    }
    if let Some(output) = scenario.option("structured_output").filter(|_| !scenario.operation.is_sse_api()) {
        // Same as LangChain: structured output is a forced tool.
        let description = output["description"].as_str().unwrap_or_default();
        let name = output["name"].as_str().unwrap_or_default();
        options.tools = vec![Tool::new(name, description, output["schema"].clone())];
        options.tool_choice = Some(ToolChoice::Tool(name.to_owned()));
    }
    Ok(())
}

/// Returns a tool in the form that the clients received. The recorded options have it in Anthropic's form.
fn in_form(tool: &Value, format: &str, at: usize) -> Value {
    let format = if format == "mixed" { ["anthropic", "openai"][at % 2] } else { format };
    // Missing members are left out.
    let filled = |members: Value| {
        let Value::Object(members) = members else { unreachable!("the value is an object literal") };
        Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
    };
    let (name, description, schema) = (&tool["name"], &tool["description"], &tool["input_schema"]);
    match format {
        "anthropic" | "raw" => tool.clone(),
        "openai" => {
            let function =
                json!({"name": name, "description": description, "parameters": schema, "strict": tool["strict"]});
            filled(json!({"type": "function", "function": filled(function), "cache_control": tool["cache_control"]}))
        }
        "langchain" => filled(json!({"name": name, "description": description, "schema": schema})),
        "bedrock" => {
            let spec = json!({"name": name, "description": description, "inputSchema": {"json": schema}});
            json!({"toolSpec": filled(spec)})
        }
        other => panic!("{other:?} is not a format of tools"),
    }
}

fn choice(value: &Value) -> ToolChoice {
    match value {
        Value::String(name) => ToolChoice::from(name.as_str()),
        value => match value["type"].as_str().unwrap_or_default() {
            "tool" => ToolChoice::Tool(value["name"].as_str().unwrap_or_default().to_owned()),
            "function" => ToolChoice::Tool(value["function"]["name"].as_str().unwrap_or_default().to_owned()),
            name => ToolChoice::from(name),
        },
    }
}
