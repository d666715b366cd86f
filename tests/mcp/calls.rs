//! Calls of MCP tools: the whole loop, cancellation, limits, input from the user.

use std::sync::Arc;
use std::time::Duration;

use bedrock_chat::{Api, BedrockChat, Content, Credentials, McpServer, Toolbox};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY, soon};
use rmcp::model::{
    CallToolResult, ContentBlock, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ErrorData,
    InputRequest, InputRequests, InputRequiredResult, ProgressNotificationParam,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RequestContext, RoleClient};
use rmcp::{ClientHandler, ServiceExt};
use serde_json::json;
use tokio::sync::mpsc;

use crate::server::{Server, tool};
use crate::{calling, result_of, texts_of};

#[tokio::test]
async fn mcp_tools_run_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let client = Server::echo([tool("get_weather")]).connect().await;
    let toolbox = Toolbox::from_mcp(&client).await.unwrap();
    for model in ["us.anthropic.claude-sonnet-4-6", "us.amazon.nova-lite-v1:0", "openai.gpt-oss-120b-1:0"] {
        for api in [Api::Invoke, Api::Converse] {
            let chat = BedrockChat::builder(model)
                .region("us-east-1")
                .credentials(Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY))
                .endpoint_url(bedrock.url())
                .api(api)
                .build()
                .unwrap();
            let run = toolbox.run(&chat, "The weather in Paris and London?").await;
            let run = run.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            assert!(run.reply.text().contains("18 degrees in London"), "{model} {api:?}: {}", run.reply.text());
            assert_eq!((run.steps, run.messages[2].content.len()), (2, 2), "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn mcp_toolbox_runs_on_another_thread() {
    let client = Server::echo([tool("t")]).connect().await;
    let run = tokio::spawn(async move {
        let toolbox = Toolbox::from_mcp(&client).await.unwrap();
        result_of(&toolbox, "t", json!({"city": "Oslo"})).await
    });
    assert_eq!(texts_of(&run.await.unwrap()), ["18 degrees in Oslo"]);
}

#[tokio::test]
async fn dropped_run_cancels_the_mcp_call() {
    let (started, mut starts) = mpsc::unbounded_channel();
    let (cancelled, mut cancels) = mpsc::unbounded_channel();
    let server = Server::with([tool("t")], move |_, context| {
        let (started, cancelled) = (started.clone(), cancelled.clone());
        Box::pin(async move {
            started.send(()).unwrap();
            context.ct.cancelled().await;
            cancelled.send(()).unwrap();
            Err(ErrorData::internal_error("cancelled", None))
        })
    });
    let client = server.connect().await;
    let toolbox = Toolbox::from_mcp(&client).await.unwrap();
    let chat = calling("t", &json!({"city": "Paris"}));
    tokio::select! {
        run = toolbox.run(&chat, "Go.") => panic!("the tool does not end: {run:?}"),
        _ = starts.recv() => {}
    }
    assert_eq!(soon(cancels.recv()).await, Some(()), "the server is notified");
    // The connection is still open.
    assert!(!client.is_closed());
}

#[tokio::test(start_paused = true)]
async fn mcp_call_ends_at_its_timeout_unless_there_is_progress() {
    let server = Server::with([tool("silent"), tool("busy")], |call, context| {
        Box::pin(async move {
            for step in 1..=6_u8 {
                tokio::time::sleep(Duration::from_secs(4)).await;
                if call.name == "busy" {
                    let token = context.meta.get_progress_token().unwrap();
                    let progress = ProgressNotificationParam::new(token, f64::from(step));
                    context.peer.notify_progress(progress).await.unwrap();
                }
            }
            Ok(CallToolResult::success(vec![ContentBlock::text("after 24 seconds")]).into())
        })
    });
    let client = server.connect().await;
    let server = McpServer::new(&client).timeout(Duration::from_secs(10));
    let toolbox = Toolbox::from_mcp(server).await.unwrap();
    let silent = result_of(&toolbox, "silent", json!({})).await;
    assert!(silent.is_error);
    assert_eq!(texts_of(&silent), ["the MCP server `weather` failed: there was no answer within 10s"]);
    assert_eq!(texts_of(&result_of(&toolbox, "busy", json!({})).await), ["after 24 seconds"]);
}

#[tokio::test]
async fn closed_mcp_connection_is_a_failed_result() {
    let client = Server::echo([tool("t")]).connect().await;
    let toolbox = Toolbox::from_mcp(&client).await.unwrap();
    client.cancel().await.unwrap();
    let result = result_of(&toolbox, "t", json!({"city": "Paris"})).await;
    assert!(result.is_error);
    assert_eq!(texts_of(&result), ["the MCP server `weather` failed: the connection is closed"]);
}

#[tokio::test]
async fn shared_mcp_client_stays_connected() {
    let client = Arc::new(Server::echo([tool("t")]).connect().await);
    let toolbox = Toolbox::from_mcp(client).await.unwrap();
    assert_eq!(texts_of(&result_of(&toolbox, "t", json!({"city": "Rome"})).await), ["18 degrees in Rome"]);
}

/// A user who answers every question with a name.
struct User;

impl ClientHandler for User {
    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({"name": "Ferris"})))
    }

    fn get_info(&self) -> rmcp::model::ClientConfig {
        let capabilities = rmcp::model::ClientCapabilities::builder().enable_elicitation().build();
        rmcp::model::ClientConfig::new(capabilities, rmcp::model::Implementation::new("test", "1.0.0"))
    }
}

#[tokio::test]
async fn mcp_tool_receives_input_from_the_user() {
    let server = Server::with([tool("t")], |call, _| {
        let result = match call.input_responses {
            Some(answers) => {
                let answers = serde_json::to_string(&answers).unwrap();
                CallToolResult::success(vec![ContentBlock::text(answers)]).into()
            }
            None => {
                let params = json!({"mode": "form", "message": "Name?",
                    "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}});
                let question = ElicitRequest::new(serde_json::from_value(params).unwrap());
                let questions = InputRequests::from([("who".to_owned(), InputRequest::Elicitation(question))]);
                InputRequiredResult::new(Some(questions), Some("state".to_owned())).into()
            }
        };
        Box::pin(async move { Ok(result) })
    });
    let (ours, theirs) = tokio::io::duplex(4096);
    tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
    // Only clients of the newest version receive such questions.
    let versions = vec![rmcp::model::ProtocolVersion::V_2026_07_28];
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions: versions };
    let client = Arc::new(User.serve_with_lifecycle(ours, lifecycle).await.unwrap());

    let toolbox = Toolbox::from_mcp(&*client).await.unwrap();
    let refused = result_of(&toolbox, "t", json!({})).await;
    assert!(refused.is_error);
    assert!(texts_of(&refused)[0].contains("needs input from the user; pass the client as an `Arc`"));

    let toolbox = Toolbox::from_mcp(client).await.unwrap();
    let result = result_of(&toolbox, "t", json!({})).await;
    assert!(!result.is_error, "{result:?}");
    assert!(matches!(&result.content[0], Content::Text(text) if text.text.contains("Ferris")), "{result:?}");
}
