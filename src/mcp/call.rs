//! Calls of MCP tools.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, CancelledNotificationParam, ClientRequest, ContentBlock,
    ErrorCode, JsonObject, RequestId, ServerResult,
};
use rmcp::service::{Peer, PeerRequestOptions, RoleClient, RunningService, Service, ServiceError};
use serde::Deserialize;
use serde_json::Value;

use super::{OnResult, content};
use crate::error::ErrorKind;
use crate::message::ToolCall;
use crate::platform::BoxFuture;
use crate::toolbox::Outcome;

/// A client that answers the server's questions while a tool runs.
pub(super) trait Ask: Send + Sync {
    fn ask(&self, params: CallToolRequestParams) -> BoxFuture<'_, Result<CallToolResult, ServiceError>>;
}

impl<S: Service<RoleClient>> Ask for RunningService<RoleClient, S> {
    fn ask(&self, params: CallToolRequestParams) -> BoxFuture<'_, Result<CallToolResult, ServiceError>> {
        Box::pin(self.call_tool(params))
    }
}

/// The state that all calls of a server share.
pub(super) struct Caller {
    pub(super) peer: Peer<RoleClient>,
    pub(super) client: Option<Arc<dyn Ask>>,
    pub(super) on_result: Option<OnResult>,
    pub(super) timeout: Option<Duration>,
    pub(super) server: String,
}

impl Caller {
    /// Calls a tool by its name on the server.
    pub(super) async fn call(&self, name: Cow<'static, str>, call: ToolCall) -> Outcome {
        let args: JsonObject =
            call.args.read_as().map_err(|error| format!("the arguments are not a JSON object: {error}"))?;
        let params = CallToolRequestParams::new(name).with_arguments(args);
        match self.result(params).await {
            Ok(mut result) => {
                if let Some(on_result) = &self.on_result {
                    on_result(&call, &mut result);
                }
                content::outcome(result)
            }
            Err(why) => Err(format!("the MCP server `{}` failed: {why}", self.server).into()),
        }
    }

    async fn result(&self, params: CallToolRequestParams) -> Result<CallToolResult, String> {
        let text_of = |error: ServiceError| explained(&error).1;
        match self.request(params.clone()).await.map_err(text_of)? {
            ServerResult::CallToolResult(result) => Ok(result),
            ServerResult::CustomResult(result) => {
                lenient(result.0).ok_or_else(|| text_of(ServiceError::UnexpectedResponse))
            }
            ServerResult::EmptyResult(_) | ServerResult::TaskAckResult(_) => Ok(CallToolResult::default()),
            // `rmcp` answers the questions only within its own call, so this one starts again.
            ServerResult::InputRequiredResult(_) => match &self.client {
                Some(client) => client.ask(params).await.map_err(text_of),
                None => {
                    Err("the tool needs input from the user; pass the client as an `Arc`, so that it can ask the user"
                        .to_owned())
                }
            },
            ServerResult::CreateTaskResult(_) => Err(
                "the tool runs as a task, which is not supported; do not announce tasks in the client's capabilities"
                    .to_owned(),
            ),
            _ => Err(text_of(ServiceError::UnexpectedResponse)),
        }
    }

    /// Sends a call and waits for its result. `Peer::call_tool` of `rmcp` would lose results with blocks of
    /// types that it does not know.
    async fn request(&self, params: CallToolRequestParams) -> Result<ServerResult, ServiceError> {
        let options = match self.timeout {
            Some(limit) => PeerRequestOptions::with_timeout(limit).reset_timeout_on_progress(),
            None => PeerRequestOptions::no_options(),
        };
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let handle = self.peer.send_cancellable_request(request, options).await?;
        let mut running = Running { peer: &self.peer, id: Some(handle.id.clone()) };
        let result = handle.await_response().await;
        running.id = None;
        result
    }
}

/// A call that is cancelled on the server if it is dropped before its result arrives.
struct Running<'a> {
    peer: &'a Peer<RoleClient>,
    id: Option<RequestId>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let why = "the caller dropped the call".to_owned();
        let cancel = pin!(self.peer.notify_cancelled(CancelledNotificationParam::new(Some(id), Some(why))));
        // The first poll puts the notification into the client's queue. Further ones would wait until it is sent.
        let _ = cancel.poll(&mut Context::from_waker(Waker::noop()));
    }
}

/// Reads a result with blocks that `rmcp` does not know. Such a block becomes a text with its JSON.
fn lenient(mut result: Value) -> Option<CallToolResult> {
    for block in result.get_mut("content")?.as_array_mut()? {
        if ContentBlock::deserialize(&*block).is_err() {
            *block = serde_json::to_value(ContentBlock::text(block.to_string())).ok()?;
        }
    }
    serde_json::from_value(result).ok()
}

/// Returns the kind of an error, its reason, and advice. The reason has no URLs, which may contain secrets.
pub(super) fn explained(error: &ServiceError) -> (ErrorKind, String, &'static str) {
    let connect = "check that the server runs, and keep its client (`RunningService`) alive";
    match error {
        ServiceError::McpError(error) => {
            let data = error.data.as_ref().map(|data| format!(" ({data})")).unwrap_or_default();
            let why = format!("{}{data}", without_urls(&error.message));
            match error.code {
                ErrorCode::METHOD_NOT_FOUND => {
                    (ErrorKind::Unsupported, why, "use another server: this one has no tools")
                }
                _ => (ErrorKind::Service, why, "see the server's log"),
            }
        }
        ServiceError::TransportSend(error) => {
            let mut cause: &(dyn StdError + 'static) = error.error.as_ref();
            while let Some(next) = cause.source() {
                cause = next;
            }
            (ErrorKind::Connect, format!("the request was not sent: {}", without_urls(&cause.to_string())), connect)
        }
        ServiceError::TransportClosed => (ErrorKind::Connect, "the connection is closed".to_owned(), connect),
        ServiceError::Timeout { timeout } => {
            (ErrorKind::Timeout, format!("there was no answer within {timeout:?}"), "set a longer `timeout`")
        }
        ServiceError::UnexpectedResponse => {
            (ErrorKind::Decode, "the answer is not in MCP's format".to_owned(), "report it to its authors")
        }
        error => (ErrorKind::Service, without_urls(&error.to_string()), "see the server's log"),
    }
}

/// Replaces the words that contain a URL.
fn without_urls(text: &str) -> String {
    let word = |word: &str| if word.contains("://") { "(URL)".to_owned() } else { word.to_owned() };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcp_error_text_has_no_urls() {
        let error = std::io::Error::other("error sending request for url (https://host/mcp?key=secret)");
        let error =
            rmcp::transport::DynamicTransportError::from_parts("http", std::any::TypeId::of::<()>(), Box::new(error));
        let (kind, why, _) = explained(&ServiceError::TransportSend(error));
        assert_eq!(kind, ErrorKind::Connect);
        assert_eq!(why, "the request was not sent: error sending request for url (URL)");
    }

    #[test]
    fn unknown_mcp_block_becomes_text() {
        let result = serde_json::json!({"content": [{"type": "text", "text": "a"}, {"type": "hologram", "size": 3}]});
        let result = lenient(result).unwrap();
        assert_eq!(result.content[1].as_text().unwrap().text, r#"{"size":3,"type":"hologram"}"#);
        assert_eq!(result.content[0].as_text().unwrap().text, "a");
        assert!(lenient(serde_json::json!({"tasks": []})).is_none());
    }
}
