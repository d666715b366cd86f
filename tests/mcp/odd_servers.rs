//! A server that sends prepared JSON: lists that are wrong, and blocks of types that `rmcp` does not know.

use bedrock_chat::{ErrorKind, Toolbox};
use rmcp::ServiceExt;
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::{result_of, texts_of};

/// Starts a server that answers lists with `list` and calls with `result`. Errors have the member `error`. The cursor
/// `new` becomes one that no other page has.
async fn connect(list: Value, result: Value) -> RunningService<RoleClient, ()> {
    let (ours, theirs) = tokio::io::duplex(4096);
    tokio::spawn(async move {
        let (read, mut write) = tokio::io::split(theirs);
        let mut lines = BufReader::new(read).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let request: Value = line.parse().unwrap();
            let answer = match request["method"].as_str().unwrap() {
                "initialize" => json!({"protocolVersion": request["params"]["protocolVersion"],
                    "capabilities": {"tools": {}}, "serverInfo": {"name": "odd", "version": "1"}}),
                "tools/list" if list["nextCursor"] == "new" => {
                    json!({"tools": list["tools"], "nextCursor": request["id"].to_string()})
                }
                "tools/list" => list.clone(),
                "tools/call" => result.clone(),
                _ => continue,
            };
            let mut reply = json!({"jsonrpc": "2.0", "id": request["id"]});
            match answer.get("error") {
                Some(error) => reply["error"] = error.clone(),
                None => reply["result"] = answer,
            }
            write.write_all(format!("{reply}\n").as_bytes()).await.unwrap();
        }
    });
    ().serve(ours).await.unwrap()
}

fn list() -> Value {
    json!({"tools": [{"name": "t", "inputSchema": {"type": "object"}, "newer": true}]})
}

#[tokio::test]
async fn unknown_mcp_block_is_kept_as_text() {
    let hologram = json!({"type": "hologram", "size": 3});
    let result = json!({"content": [{"type": "text", "text": "a"}, hologram], "isError": true});
    let client = connect(list(), result).await;
    let toolbox = Toolbox::from_mcp(&client).await.unwrap();
    let result = result_of(&toolbox, "t", json!({})).await;
    assert!(result.is_error);
    assert_eq!(texts_of(&result), ["a", &hologram.to_string()]);
}

#[tokio::test]
async fn mcp_answer_in_another_format_is_a_failed_result() {
    for answer in [json!({"resources": []}), json!({"content": "text"}), json!({"forecast": 1})] {
        let client = connect(list(), answer.clone()).await;
        let result = result_of(&Toolbox::from_mcp(&client).await.unwrap(), "t", json!({})).await;
        assert!(result.is_error);
        assert_eq!(texts_of(&result), ["the MCP server `odd` failed: the answer is not in MCP's format"], "{answer}");
    }
}

#[tokio::test]
async fn wrong_mcp_tool_list_is_an_error_with_the_server() {
    let no_method = json!({"error": {"code": -32601, "message": "tools/list"}});
    let failed = json!({"error": {"code": -32603, "message": "out of memory"}});
    for (list, kind, says) in [
        (json!({"tools": [], "nextCursor": "1"}), ErrorKind::Decode, "a cursor is repeated"),
        (json!({"tools": [], "nextCursor": "new"}), ErrorKind::Decode, "on more than 1000 pages"),
        (json!({"tools": [{"name": "t"}]}), ErrorKind::Decode, "the answer is not in MCP's format"),
        (json!({"tools": [{"name": "", "inputSchema": {}}]}), ErrorKind::Decode, "a tool without a name"),
        (no_method, ErrorKind::Unsupported, "has no tools"),
        (failed, ErrorKind::Service, "did not list its tools: out of memory; see the server's log"),
    ] {
        let client = connect(list.clone(), json!({})).await;
        let error = Toolbox::from_mcp(&client).await.unwrap_err();
        assert!(error.message().contains("the MCP server `odd`"), "{error}");
        assert!(error.message().contains(says), "{error}");
        assert_eq!(error.kind(), kind, "{list}");
    }
}

#[tokio::test]
async fn mcp_list_over_a_closed_connection_is_a_connect_error() {
    let client = connect(list(), json!({})).await;
    let peer = client.peer().clone();
    client.cancel().await.unwrap();
    let error = Toolbox::from_mcp(peer).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message().contains("the connection is closed; check that the server runs"), "{error}");
}
