//! Tools of MCP servers, over `rmcp`.

mod call;
mod content;
mod names;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{CallToolResult, PaginatedRequestParams};
use rmcp::service::{Peer, RoleClient, RunningService, Service};

use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;
use crate::message::ToolCall;
use crate::platform::BoxFuture;
use crate::request::Tool;
use crate::toolbox::{Outcome, Toolbox};

use call::{Ask, Caller};

/// Maximum number of pages of a list of tools. A server could go on without an end.
const MAX_PAGES: usize = 1000;

/// Selects tools.
type Filter = Arc<dyn Fn(&rmcp::model::Tool) -> bool + Send + Sync>;

/// Reads and changes a result before the model receives it.
type OnResult = Arc<dyn Fn(&ToolCall, &mut CallToolResult) + Send + Sync>;

/// A server of the Model Context Protocol (MCP), with the selection of its tools that a [`Toolbox`] can use.
///
/// Created from a connected client of `rmcp` 3, over any of its transports:
///
/// | client | meaning |
/// |---|---|
/// | `Peer<RoleClient>`, `&Peer<RoleClient>`, `&RunningService<RoleClient, _>` | The caller keeps the connection open as long as the tools are used. |
/// | `Arc<RunningService<RoleClient, _>>` | The toolbox keeps the connection open. Tools that need input from the user receive it from the client's handler. |
///
/// Natively only, with the feature `mcp`. See [the specification](https://modelcontextprotocol.io/specification/latest/server/tools).
///
/// ```
/// # async fn run(
/// #     chat: bedrock_chat::BedrockChat,
/// #     files: rmcp::service::RunningService<rmcp::RoleClient, ()>,
/// #     issues: rmcp::service::RunningService<rmcp::RoleClient, ()>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use bedrock_chat::{McpServer, Toolbox};
///
/// // For instance `let files = ().serve(TokioChildProcess::new(command)?).await?` of `rmcp`.
/// let toolbox = Toolbox::from_mcp(McpServer::new(&files).only(["read_file", "list_directory"]))
///     .await?
///     // Two servers may have tools of the same name.
///     .mcp(McpServer::new(&issues).prefix("issues_"))
///     .await?;
/// let run = toolbox.run(&chat, "Which open issues mention README.md?").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct McpServer {
    peer: Peer<RoleClient>,
    /// The client that can ask its user for input.
    client: Option<Arc<dyn Ask>>,
    prefix: String,
    only: Option<Vec<String>>,
    filter: Option<Filter>,
    on_result: Option<OnResult>,
    timeout: Option<Duration>,
}

impl McpServer {
    /// Creates a server from a connected client, with all its tools.
    pub fn new(client: impl Into<Self>) -> Self {
        client.into()
    }

    /// Sets a prefix for the names of the tools, as the model and [`Toolbox::tools`] have them. Defaults to none.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets which tools are used, by their names on the server. A name that the server does not have is an error
    /// of [`Toolbox::mcp`]. Defaults to all.
    #[must_use]
    pub fn only(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.only = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets which tools are used, by the server's description of them. Defaults to all.
    ///
    /// ```
    /// # fn read_only(server: bedrock_chat::McpServer) -> bedrock_chat::McpServer {
    /// // The annotations are hints, and only as trustworthy as the server.
    /// server.filter(|tool| tool.annotations.as_ref().is_some_and(|hints| hints.read_only_hint == Some(true)))
    /// # }
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: impl Fn(&rmcp::model::Tool) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Arc::new(filter));
        self
    }

    /// Sets a function that receives each result as the server sent it, and can change it before the model
    /// receives it. It is the only way to the parts that the model does not receive: `_meta`, the annotations of
    /// blocks, and the bytes of media that no API accepts in a tool result, such as audio. Defaults to none.
    ///
    /// ```
    /// # fn shown(server: bedrock_chat::McpServer) -> bedrock_chat::McpServer {
    /// server.on_result(|call, result| println!("{}: {:?}", call.name, result.meta))
    /// # }
    /// ```
    #[must_use]
    pub fn on_result(mut self, function: impl Fn(&ToolCall, &mut CallToolResult) + Send + Sync + 'static) -> Self {
        self.on_result = Some(Arc::new(function));
        self
    }

    /// Sets the time limit of a call. Each progress notification of the server restarts it. Calls that ask the user
    /// for input have no limit. Defaults to none.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Returns the server's name for itself, for errors.
    fn name(&self) -> String {
        let info = self.peer.peer_info();
        let name = info.as_ref().and_then(|info| info.server_info.as_ref()).map(|server| server.name.as_str());
        name.unwrap_or("(unnamed)").chars().take(40).collect()
    }

    /// Returns the tools that are used, from all pages of the server's list.
    async fn listed(&self, server: &str) -> Result<Vec<rmcp::model::Tool>> {
        let (mut tools, mut cursors) = (Vec::new(), Vec::new());
        loop {
            let params = PaginatedRequestParams::default().with_cursor(cursors.last().cloned());
            let page = self.peer.list_tools(Some(params)).await.map_err(|error| {
                let (kind, why, advice) = call::explained(&error);
                Error::of(kind, format_args!("the MCP server `{server}` did not list its tools: {why}; {advice}"))
            })?;
            tools.extend(page.tools);
            match page.next_cursor {
                None => break,
                Some(cursor) if cursors.contains(&cursor) => {
                    return Err(Error::of(
                        ErrorKind::Decode,
                        format_args!(
                            "the MCP server `{server}` lists its tools without an end: a cursor is repeated; report it to its authors"
                        ),
                    ));
                }
                Some(_) if cursors.len() + 1 == MAX_PAGES => {
                    return Err(Error::of(
                        ErrorKind::Decode,
                        format_args!(
                            "the MCP server `{server}` lists its tools on more than {MAX_PAGES} pages; report it to its authors"
                        ),
                    ));
                }
                Some(cursor) => cursors.push(cursor),
            }
        }
        if let Some(only) = &self.only {
            if let Some(missing) = only.iter().find(|name| !tools.iter().any(|tool| tool.name == **name)) {
                let known: Vec<_> = tools.iter().map(|tool| &*tool.name).collect();
                return Err(Error::of(
                    ErrorKind::Config,
                    format_args!(
                        "the MCP server `{server}` does not have the tool `{missing}`; use one of {}",
                        known.join(", ")
                    ),
                ));
            }
            tools.retain(|tool| only.iter().any(|name| tool.name == **name));
        }
        if let Some(filter) = &self.filter {
            tools.retain(|tool| filter(tool));
        }
        Ok(tools)
    }
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, only, timeout, .. } = self;
        let name = self.name();
        f.debug_struct("McpServer")
            .field("name", &name)
            .field("prefix", prefix)
            .field("only", only)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}

impl From<Peer<RoleClient>> for McpServer {
    fn from(peer: Peer<RoleClient>) -> Self {
        Self { peer, client: None, prefix: String::new(), only: None, filter: None, on_result: None, timeout: None }
    }
}

impl From<&Peer<RoleClient>> for McpServer {
    fn from(peer: &Peer<RoleClient>) -> Self {
        peer.clone().into()
    }
}

impl<S: Service<RoleClient>> From<&RunningService<RoleClient, S>> for McpServer {
    fn from(client: &RunningService<RoleClient, S>) -> Self {
        client.peer().into()
    }
}

impl<S: Service<RoleClient>> From<Arc<RunningService<RoleClient, S>>> for McpServer {
    fn from(client: Arc<RunningService<RoleClient, S>>) -> Self {
        Self { client: Some(client.clone()), ..Self::from(client.peer()) }
    }
}

impl Toolbox {
    /// Creates a toolbox with the tools of an MCP server. See [`Toolbox::mcp`].
    ///
    /// # Errors
    /// Same as [`Toolbox::mcp`].
    pub async fn from_mcp(server: impl Into<McpServer>) -> Result<Self> {
        Self::new().mcp(server).await
    }

    /// Adds the tools of an MCP server. Their list is read once, with all its pages. A server may change it and
    /// announce that (`tools/list_changed`): create the toolbox again then, for instance in
    /// `ClientHandler::on_tool_list_changed` of `rmcp`.
    ///
    /// # Tools
    /// Name, description and input schema are the server's; a tool without a description has its title instead.
    /// Bedrock accepts names of 1 to 64 characters of `A-Z a-z 0-9 _ -`. Other characters are replaced with `_`,
    /// and longer names end with a hash. The server is called with its own name. Members that are for programs
    /// (`annotations`, `outputSchema`, `icons`, `_meta`) are not sent to models; [`McpServer::filter`] can use
    /// them.
    ///
    /// # Results
    ///
    /// | block of the server | block of the result |
    /// |---|---|
    /// | text | text |
    /// | image in PNG, JPEG, GIF, WebP | image |
    /// | embedded text | text, with a line before it that has the URI and media type |
    /// | embedded bytes of an image, document or video | that block, and text with the URI and media type |
    /// | link to a resource | JSON: its URI, name, description and all other members |
    /// | structured content | JSON, unless a text block has the same value |
    /// | other bytes, audio | JSON with their size, as no API accepts them in a result |
    /// | types that `rmcp` does not know | their JSON |
    ///
    /// A model that does not accept one of these blocks, for instance a video, refuses the conversation before it is
    /// sent. [`McpServer::on_result`] can replace the block.
    ///
    /// An error of the tool (`isError`), an error of the protocol, and a closed connection are failed results.
    /// The model receives the reason, and the run continues.
    ///
    /// A run that is dropped cancels its calls: the server receives `notifications/cancelled`.
    ///
    /// # Errors
    /// Errors have the server's name. `Config`, if [`McpServer::only`] has a name that the server does not have,
    /// or if a tool's name is already in the toolbox. `Decode`, if the list is not valid: a name is empty or
    /// occurs twice. `Connect`, `Service` or `Timeout`, if the list cannot be read.
    pub async fn mcp(mut self, server: impl Into<McpServer>) -> Result<Self> {
        let server = server.into();
        let name = server.name();
        let tools = server.listed(&name).await?;
        let sent = names::sent(&name, &server.prefix, &tools, &self.tools())?;
        let caller = Arc::new(Caller {
            peer: server.peer,
            client: server.client,
            on_result: server.on_result,
            timeout: server.timeout,
            server: name,
        });
        for (tool, sent) in tools.into_iter().zip(sent) {
            let described = tool.description.as_deref().filter(|text| !text.trim().is_empty());
            let description = described.or(tool.title.as_deref()).unwrap_or_default();
            let schema = Json::from(serde_json::Value::Object((*tool.input_schema).clone()));
            let (caller, own_name) = (caller.clone(), tool.name.clone());
            self.add(Tool::new(sent, description, schema), move |call| -> BoxFuture<'static, Outcome> {
                let (caller, own_name) = (caller.clone(), own_name.clone());
                Box::pin(async move { caller.call(own_name, call).await })
            });
        }
        Ok(self)
    }
}
