//! The public reference server of MCP, in Node and over stdio. It is installed once, below cargo's target folder.
//! If Node or the registry is missing, the test says so and passes, unless `TEST_CLIENTS` is `required`.

use std::path::PathBuf;
use std::process::Stdio;

use bedrock_chat::{McpServer, Toolbox};
use rmcp::ServiceExt;
use serde_json::json;
use tokio::process::Command;

use crate::{install, result_of, texts_of};

const SERVER: &str = "@modelcontextprotocol/server-everything@2026.8.31";

/// Installs the server and returns its program. `Err` is the reason to skip.
fn installed() -> Result<PathBuf, String> {
    let home = install::node_modules("mcp-server", &[SERVER])?;
    Ok(home.join("node_modules/@modelcontextprotocol/server-everything/dist/index.js"))
}

#[tokio::test]
async fn reference_server_tools_run_over_stdio() {
    let program = match tokio::task::spawn_blocking(installed).await.unwrap() {
        Ok(program) => program,
        Err(reason) => return install::skipped(&reason),
    };
    let mut node = Command::new("node");
    node.arg(program).arg("stdio").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = node.kill_on_drop(true).spawn().unwrap();
    let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let client = ().serve(pipes).await.unwrap();

    let toolbox = Toolbox::from_mcp(McpServer::new(&client).prefix("every_")).await.unwrap();
    let names: Vec<String> = toolbox.tools().into_iter().map(|tool| tool.name).collect();
    assert!(names.len() > 8 && names.iter().all(|name| name.starts_with("every_")), "{names:?}");

    let result = |tool: &'static str, args| {
        let toolbox = &toolbox;
        async move { result_of(toolbox, tool, args).await }
    };
    assert_eq!(texts_of(&result("every_echo", json!({"message": "hi"})).await), ["Echo: hi"]);
    assert_eq!(
        texts_of(&result("every_get-tiny-image", json!({})).await),
        ["Here's the image you requested:", "image image/png", "The image above is the MCP logo."]
    );
    let weather = texts_of(&result("every_get-structured-content", json!({"location": "Chicago"})).await);
    assert_eq!(weather.len(), 1, "the text repeats the structured content: {weather:?}");
    let resource = json!({"resourceType": "Text", "resourceId": 1});
    let resource = texts_of(&result("every_get-resource-reference", resource).await);
    assert!(resource[1].starts_with("[resource demo://resource/dynamic/text/1, text/plain]\n"), "{resource:?}");
    let links = texts_of(&result("every_get-resource-links", json!({"count": 2})).await);
    assert!(links[1].starts_with("json {") && links[1].contains("resource_link"), "{links:?}");
    let refused = result("every_get-sum", json!({"a": "one"})).await;
    assert!(refused.is_error, "{refused:?}");
    client.cancel().await.unwrap();
}
