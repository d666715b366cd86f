//! The public reference server of MCP, in Node and over stdio. It is installed once, below cargo's target folder.
//! If Node or the registry is missing, the test says so and passes.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use bedrock_chat::{McpServer, Toolbox};
use rmcp::ServiceExt;
use serde_json::json;
use tokio::process::Command;

use crate::{result_of, told};

const SERVER: &str = "@modelcontextprotocol/server-everything@2026.8.31";

/// Installs the server and returns its program. `Err` is the reason to skip.
async fn installed() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-server");
    let done = home.join("installed");
    if std::fs::read_to_string(&done).ok().as_deref() != Some(SERVER) {
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("package.json"), r#"{"private": true}"#).unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", SERVER]).current_dir(&home);
        let output = npm.output().await.map_err(|error| format!("npm: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let unreachable = ["ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ENETUNREACH", "network"];
            assert!(unreachable.iter().any(|sign| said.contains(sign)), "npm failed: {said}");
            return Err(said);
        }
        std::fs::write(done, SERVER).unwrap();
    }
    Ok(home.join("node_modules/@modelcontextprotocol/server-everything/dist/index.js"))
}

#[tokio::test]
async fn reference_server_tools_run_over_stdio() {
    let program = match installed().await {
        Ok(program) => program,
        Err(reason) => return println!("skipped: {reason}"),
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
    assert_eq!(told(&result("every_echo", json!({"message": "hi"})).await), ["Echo: hi"]);
    assert_eq!(
        told(&result("every_get-tiny-image", json!({})).await),
        ["Here's the image you requested:", "image image/png", "The image above is the MCP logo."]
    );
    let weather = told(&result("every_get-structured-content", json!({"location": "Chicago"})).await);
    assert_eq!(weather.len(), 1, "the text repeats the structured content: {weather:?}");
    let resource = json!({"resourceType": "Text", "resourceId": 1});
    let resource = told(&result("every_get-resource-reference", resource).await);
    assert!(resource[1].starts_with("[resource demo://resource/dynamic/text/1, text/plain]\n"), "{resource:?}");
    let links = told(&result("every_get-resource-links", json!({"count": 2})).await);
    assert!(links[1].starts_with("json {") && links[1].contains("resource_link"), "{links:?}");
    let refused = result("every_get-sum", json!({"a": "one"})).await;
    assert!(refused.is_error, "{refused:?}");
    client.cancel().await.unwrap();
}
