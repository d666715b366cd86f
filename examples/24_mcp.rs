//! Tools of an MCP server, here one in the same process.
//!
//! ```sh
//! cargo run --example mcp --features mcp
//! cargo run --example mcp --features mcp -- npx -y @modelcontextprotocol/server-everything
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::process::Stdio;

use bedrock_chat::{McpServer, Step, Toolbox};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleClient, RoleServer, RunningService};
use rmcp::{ServerHandler, ServiceExt};

/// A small server. Real ones are separate programs, or behind a URL.
struct Weather;

impl ServerHandler for Weather {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = serde_json::json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let tool = Tool::new("weather.get", "Get the current weather in a city", rmcp::model::object(schema));
        Ok(ListToolsResult::with_all_items(vec![tool]))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let args = call.arguments.unwrap_or_default();
        let text = format!("18 degrees in {}", args.get("city").and_then(|city| city.as_str()).unwrap_or("no city"));
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

/// Connects to the server named on the command line, or else to the one above.
async fn connect() -> Result<RunningService<RoleClient, ()>, Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let Some(program) = words.next() else {
        let (ours, theirs) = tokio::io::duplex(4096);
        let server = async move { Weather.serve(theirs).await.ok()?.waiting().await.ok() };
        tokio::spawn(server);
        return Ok(().serve(ours).await?);
    };
    let mut command = tokio::process::Command::new(program);
    let mut child = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let pipes = child.stdout.take().zip(child.stdin.take()).ok_or("the server has no pipes")?;
    Ok(().serve(pipes).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().build()?;

    let client = connect().await?;
    let server = McpServer::new(&client).prefix("mcp_").timeout(std::time::Duration::from_secs(30));
    let toolbox = Toolbox::from_mcp(server).await?;
    for tool in toolbox.tools() {
        println!("{}: {}", tool.name, tool.description.unwrap_or_default());
    }

    let run = toolbox
        .run_with(&chat, "What is the weather in Paris and London?", |step| match step {
            Step::Call(call) => println!("  -> {} {}", call.name, call.args),
            Step::Result(result) => println!("  <- {} blocks, failed: {}", result.content.len(), result.is_error),
            _ => {}
        })
        .await?;
    println!("{}", run.reply.text());
    client.cancel().await?;
    Ok(())
}
