//! Which tools of a server are in a toolbox, and their names.

use bedrock_chat::{ErrorKind, McpServer, Toolbox};
use rmcp::model::{CallToolResult, ToolAnnotations};
use serde_json::json;

use crate::server::{Server, tool};
use crate::{result_of, texts_of};

fn names(toolbox: &Toolbox) -> Vec<String> {
    toolbox.tools().into_iter().map(|tool| tool.name).collect()
}

#[tokio::test]
async fn mcp_tools_of_all_pages_are_listed_as_sent() {
    let titled = rmcp::model::Tool::new_with_raw("d", None, rmcp::model::JsonObject::new()).with_title("The title");
    let server = Server { page: 2, ..Server::echo([tool("a"), tool("b"), tool("c"), titled]) };
    let toolbox = Toolbox::from_mcp(&server.connect().await).await.unwrap();
    assert_eq!(names(&toolbox), ["a", "b", "c", "d"]);
    let tools = toolbox.tools();
    assert_eq!(tools[2].description.as_deref(), Some("The c of a city"));
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    assert_eq!(tools[2].schema, schema);
    assert_eq!(tools[3].description.as_deref(), Some("The title"));
    assert!(tools.iter().all(|tool| tool.extra.is_empty() && tool.native.is_none()));
}

#[tokio::test]
async fn mcp_tool_is_called_by_its_name_on_the_server() {
    let long = "a.very/long:name.".repeat(6);
    let server = Server::echo([tool("weather.now"), tool(long.clone().leak())]);
    let calls = server.calls.clone();
    let client = server.connect().await;
    let toolbox = Toolbox::from_mcp(McpServer::new(&client).prefix("w_")).await.unwrap();
    let sent = names(&toolbox);
    assert_eq!(sent[0], "w_weather_now");
    assert_eq!((sent[1].len(), sent[1].starts_with("w_a_very_long_name_")), (64, true));
    for name in &sent {
        let result = result_of(&toolbox, name, json!({"city": "Paris"})).await;
        assert_eq!(texts_of(&result), ["18 degrees in Paris"]);
    }
    let called: Vec<String> = calls.lock().unwrap().iter().map(|call| call.name.to_string()).collect();
    assert_eq!(called, ["weather.now", &long]);
}

#[tokio::test]
async fn mcp_tools_are_selected_by_name_and_by_annotation() {
    let read_only = |name| tool(name).with_annotations(ToolAnnotations::new().read_only(true));
    let client = Server::echo([read_only("read"), tool("write"), read_only("list")]).connect().await;
    let server = McpServer::new(&client);
    let only = Toolbox::from_mcp(server.clone().only(["write", "read"])).await.unwrap();
    assert_eq!(names(&only), ["read", "write"]);
    let hinted = |tool: &rmcp::model::Tool| tool.annotations.as_ref().is_some_and(|a| a.read_only_hint == Some(true));
    let filtered = Toolbox::from_mcp(server.clone().filter(hinted)).await.unwrap();
    assert_eq!(names(&filtered), ["read", "list"]);
    let error = Toolbox::from_mcp(server.only(["read", "delete"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.message(),
        "the MCP server `weather` does not have the tool `delete`; use one of read, write, list"
    );
}

#[tokio::test]
async fn mcp_servers_with_the_same_tools_need_a_prefix() {
    let one = Server::echo([tool("search")]).connect().await;
    let two = Server { name: "archive", ..Server::echo([tool("search")]) };
    let calls = two.calls.clone();
    let two = two.connect().await;
    let toolbox = Toolbox::from_mcp(&one).await.unwrap();
    let error = toolbox.clone().mcp(&two).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("the tool `search` of the MCP server `archive` is already in"), "{error}");
    let toolbox = toolbox.mcp(McpServer::new(&two).prefix("archive_")).await.unwrap();
    assert_eq!(names(&toolbox), ["search", "archive_search"]);
    result_of(&toolbox, "archive_search", json!({"city": "Rome"})).await;
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn duplicate_mcp_tool_is_refused_with_the_server() {
    let client = Server::echo([tool("a"), tool("a")]).connect().await;
    let error = Toolbox::from_mcp(client.peer()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("the MCP server `weather` lists the tool `a` twice"), "{error}");
}

#[tokio::test]
async fn changed_mcp_tool_list_is_read_by_the_next_toolbox() {
    let server = Server::new([tool("a")], CallToolResult::default());
    let tools = server.tools.clone();
    let client = server.connect().await;
    assert_eq!(names(&Toolbox::from_mcp(&client).await.unwrap()), ["a"]);
    tools.lock().unwrap().push(tool("b"));
    assert_eq!(names(&Toolbox::from_mcp(&client).await.unwrap()), ["a", "b"]);
}

#[tokio::test]
async fn mcp_server_debug_has_names_but_no_functions() {
    let client = Server::echo([tool("a")]).connect().await;
    let shown = format!("{:?}", McpServer::new(&client).prefix("w_").only(["a"]));
    assert_eq!(shown, r#"McpServer { name: "weather", prefix: "w_", only: Some(["a"]), timeout: None, .. }"#);
}
