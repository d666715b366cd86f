//! A server of `rmcp` in this process. Each test sets its tools and results.

use std::sync::{Arc, Mutex};

use bedrock_chat::BoxFuture;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleClient, RoleServer, RunningService, Service};
use rmcp::{ServerHandler, ServiceExt};
use serde_json::{Value, json};

pub(crate) type Answer = Result<CallToolResponse, ErrorData>;
pub(crate) type Answers =
    Arc<dyn Fn(CallToolRequestParams, RequestContext<RoleServer>) -> BoxFuture<'static, Answer> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) tools: Arc<Mutex<Vec<Tool>>>,
    /// The tools on each page of the list.
    pub(crate) page: usize,
    pub(crate) calls: Arc<Mutex<Vec<CallToolRequestParams>>>,
    pub(crate) answers: Answers,
}

/// Returns a tool with one text argument, `city`.
pub(crate) fn tool(name: &'static str) -> Tool {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    Tool::new(name, format!("The {name} of a city"), rmcp::model::object(schema))
}

impl Server {
    /// Creates a server whose tools all return the same result.
    pub(crate) fn new(tools: impl IntoIterator<Item = Tool>, result: CallToolResult) -> Self {
        Self::with(tools, move |_, _| {
            let result = result.clone();
            Box::pin(async move { Ok(result.into()) })
        })
    }

    /// Creates a server whose tools call a function.
    pub(crate) fn with(
        tools: impl IntoIterator<Item = Tool>,
        answers: impl Fn(CallToolRequestParams, RequestContext<RoleServer>) -> BoxFuture<'static, Answer>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let tools = Arc::new(Mutex::new(tools.into_iter().collect()));
        Self { name: "weather", tools, page: usize::MAX, calls: Arc::default(), answers: Arc::new(answers) }
    }

    /// Creates a server that answers with its argument `city`.
    pub(crate) fn echo(tools: impl IntoIterator<Item = Tool>) -> Self {
        Self::with(tools, |call, _| {
            let city = call.arguments.unwrap_or_default().get("city").and_then(Value::as_str).unwrap_or("?").to_owned();
            let text = ContentBlock::text(format!("18 degrees in {city}"));
            Box::pin(async move { Ok(CallToolResult::success(vec![text]).into()) })
        })
    }

    /// Starts the server and returns its client.
    pub(crate) async fn connect(self) -> RunningService<RoleClient, ()> {
        self.connect_to(()).await
    }

    pub(crate) async fn connect_to<C: Service<RoleClient>>(self, client: C) -> RunningService<RoleClient, C> {
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(async move { self.serve(theirs).await.unwrap().waiting().await });
        client.serve(ours).await.unwrap()
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(self.name, "1.0.0"))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let start: usize = request.and_then(|request| request.cursor).map_or(0, |cursor| cursor.parse().unwrap());
        let tools = self.tools.lock().unwrap();
        let end = tools.len().min(start.saturating_add(self.page));
        let mut page = ListToolsResult::with_all_items(tools[start..end].to_vec());
        page.next_cursor = (end < tools.len()).then(|| end.to_string());
        Ok(page)
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> Answer {
        self.calls.lock().unwrap().push(request.clone());
        (self.answers)(request, context).await
    }
}
