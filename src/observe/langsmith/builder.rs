//! The builder of the LangSmith observer.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::queue::Queue;
use super::run::Hide;
use super::send::{Key, Sender};
use super::worker::{OnError, Shared, State};
use super::{Handle, LangSmith, Redact};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;
use crate::platform::{Runtime, SystemRuntime};
use crate::retry::RetryPolicy;
use crate::transport::{Transport, default_transport};

/// LangSmith's own address.
const CLOUD: &str = "https://api.smith.langchain.com";

/// A builder of a LangSmith observer, from [`LangSmith::builder`] or [`LangSmithBuilder::read`].
///
/// ```
/// use bedrock_chat::{Json, LangSmith};
/// let langsmith = LangSmith::builder("lsv2_pt_…")
///     .endpoint("https://eu.api.smith.langchain.com")
///     .project("support")
///     .redact(|value| match value.as_str().contains("password") {
///         true => Json::empty_object(),
///         false => value,
///     })
///     .build()?;
/// assert_eq!(langsmith.dropped(), 0);
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[must_use]
pub struct LangSmithBuilder {
    api_key: Option<String>,
    endpoint: String,
    project: String,
    workspace: Option<String>,
    hide: Hide,
    sampling_rate: f64,
    transport: Option<Arc<dyn Transport>>,
    runtime: Arc<dyn Runtime>,
    retry: RetryPolicy,
    interval: Duration,
    most_runs: usize,
    most_bytes: usize,
    on_error: Option<Box<OnError>>,
}

impl fmt::Debug for LangSmithBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LangSmithBuilder")
            .field("endpoint", &self.endpoint)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

impl LangSmithBuilder {
    pub(super) fn new(api_key: Option<String>) -> Self {
        Self {
            api_key,
            endpoint: CLOUD.to_owned(),
            project: "default".to_owned(),
            workspace: None,
            hide: Hide { inputs: false, outputs: false, metadata: false, redact: None },
            sampling_rate: 1.0,
            transport: None,
            runtime: Arc::new(SystemRuntime),
            retry: RetryPolicy::default()
                .with_max_attempts(5)
                .with_base_delay(Duration::from_secs(1))
                .with_paid_resend(true),
            interval: Duration::from_millis(250),
            most_runs: 10_000,
            most_bytes: 64 * 1024 * 1024,
            on_error: None,
        }
    }

    /// Creates a builder from the given environment; `None` unless tracing is on.
    ///
    /// | variable | what it sets |
    /// |---|---|
    /// | `LANGSMITH_TRACING`, `LANGSMITH_TRACING_V2` | `true` switches tracing on |
    /// | `LANGSMITH_API_KEY` | the key |
    /// | `LANGSMITH_ENDPOINT` | the server; defaults to `https://api.smith.langchain.com` |
    /// | `LANGSMITH_PROJECT` | the project; defaults to `default` |
    /// | `LANGSMITH_WORKSPACE_ID` | the workspace, for keys that are good for several |
    /// | `LANGSMITH_HIDE_INPUTS`, `LANGSMITH_HIDE_OUTPUTS`, `LANGSMITH_HIDE_METADATA` | `true` keeps them in the process |
    /// | `LANGSMITH_TRACING_SAMPLING_RATE` | the share of traces to post, 0 to 1; defaults to 1 |
    ///
    /// Each variable may begin with `LANGCHAIN_` instead of `LANGSMITH_`, as in older set-ups.
    ///
    /// ```
    /// use bedrock_chat::LangSmithBuilder;
    /// assert!(LangSmithBuilder::read(|_| None)?.is_none());
    /// let on = LangSmithBuilder::read(|name| match name {
    ///     "LANGCHAIN_TRACING_V2" => Some("true".into()),
    ///     "LANGCHAIN_API_KEY" => Some("lsv2_pt_…".into()),
    ///     _ => None,
    /// })?;
    /// assert!(on.is_some());
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Config`, if tracing to LangSmith's own server is on without a key, or the sampling rate is not in
    /// 0 to 1.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let get = |name: &str| {
            let set = |prefix| variable(&format!("{prefix}_{name}")).map(|value| value.trim().to_owned());
            set("LANGSMITH")
                .filter(|value| !value.is_empty())
                .or_else(|| set("LANGCHAIN").filter(|value| !value.is_empty()))
        };
        let on = |name| get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if !on("TRACING_V2") && !on("TRACING") {
            return Ok(None);
        }
        let config = |message: String| Err(Error::new(ErrorKind::Config, message));
        let mut builder = Self::new(get("API_KEY"));
        if let Some(endpoint) = get("ENDPOINT") {
            builder.endpoint = endpoint;
        }
        if builder.api_key.is_none() && builder.endpoint.contains("smith.langchain.com") {
            return config("LANGSMITH_TRACING is on, but LANGSMITH_API_KEY is not set".into());
        }
        if let Some(project) = get("PROJECT") {
            builder.project = project;
        }
        builder.workspace = get("WORKSPACE_ID");
        builder.hide.inputs = on("HIDE_INPUTS");
        builder.hide.outputs = on("HIDE_OUTPUTS");
        builder.hide.metadata = on("HIDE_METADATA");
        if let Some(text) = get("TRACING_SAMPLING_RATE") {
            match text.parse() {
                Ok(rate) if (0.0..=1.0).contains(&rate) => builder.sampling_rate = rate,
                _ => return config(format!("LANGSMITH_TRACING_SAMPLING_RATE must be from 0 to 1, it is \"{text}\"")),
            }
        }
        Ok(Some(builder))
    }

    /// Sets the server. Defaults to `https://api.smith.langchain.com`; the European one is
    /// `https://eu.api.smith.langchain.com`.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = url.into();
        self
    }

    /// Sets the project that receives the runs. Defaults to `default`.
    pub fn project(mut self, name: impl Into<String>) -> Self {
        self.project = name.into();
        self
    }

    /// Sets the id of the workspace, for keys that are valid for several workspaces. Defaults to none.
    pub fn workspace(mut self, id: impl Into<String>) -> Self {
        self.workspace = Some(id.into());
        self
    }

    /// Sets whether inputs stay in the process. Defaults to `false`.
    pub fn hide_inputs(mut self, hide: bool) -> Self {
        self.hide.inputs = hide;
        self
    }

    /// Sets whether outputs stay in the process. Defaults to `false`.
    pub fn hide_outputs(mut self, hide: bool) -> Self {
        self.hide.outputs = hide;
        self
    }

    /// Sets whether metadata stay in the process, usage and the model's name among them. Defaults to `false`.
    pub fn hide_metadata(mut self, hide: bool) -> Self {
        self.hide.metadata = hide;
        self
    }

    /// Sets a function that changes inputs and outputs before they leave the process, each in LangChain's format. It
    /// runs where runs are sent, not where calls are made. It should return an object. Errors are posted unchanged.
    /// Defaults to no change.
    pub fn redact(mut self, redact: impl Fn(Json) -> Json + Send + Sync + 'static) -> Self {
        let redact: Box<Redact> = Box::new(redact);
        self.hide.redact = Some(redact);
        self
    }

    /// Sets the share of traces that are posted, from 0 to 1. Defaults to 1.
    pub fn sampling_rate(mut self, rate: f64) -> Self {
        self.sampling_rate = rate;
        self
    }

    /// Sets the transport. Defaults to the crate's default transport, with separate connections.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the clock, timer and randomness. Defaults to the system's clock and timer.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Arc::new(runtime);
        self
    }

    /// Sets when failed posts are sent again. There is no quota. Defaults to 5 attempts, with a first delay of up to
    /// 1 second.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        // Runs have ids, so a run that is sent twice is stored once.
        self.retry = policy.with_paid_resend(true);
        self
    }

    /// Sets how long runs are collected before they are sent together. Defaults to 250 milliseconds.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets the maximum number of posts in the queue, and approximately the bytes that they may keep. Above a limit,
    /// the oldest posts are dropped. Defaults to 10,000 and 64 MiB.
    pub fn queue(mut self, posts: usize, bytes: usize) -> Self {
        (self.most_runs, self.most_bytes) = (posts, bytes);
        self
    }

    /// Sets a function that receives the reason when runs are lost. Defaults to none:
    /// [`LangSmith::flush`] also returns it.
    pub fn on_error(mut self, tell: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Box::new(tell));
        self
    }

    /// Builds the observer.
    ///
    /// # Errors
    /// `Config`, if the endpoint is not a URL or there is no transport. Also for a key with an `http://` address
    /// of another machine, where others could read the key and the runs.
    pub fn build(self) -> Result<LangSmith> {
        let endpoint = Endpoint::custom(&self.endpoint)?;
        if self.api_key.is_some() {
            endpoint.check_confidential("LangSmith's key", "")?;
        }
        let transport = match self.transport {
            Some(transport) => transport,
            // `AWS_CA_BUNDLE` is for AWS.
            None => default_transport(Some(Duration::from_secs(10)), None)?,
        };
        let sender = Sender {
            endpoint: endpoint.url().trim_end_matches('/').to_owned(),
            api_key: self.api_key.map(|key| Key(zeroize::Zeroizing::new(key))),
            workspace: self.workspace,
            transport,
            runtime: self.runtime,
            retry: self.retry,
            plain: AtomicBool::new(false),
        };
        let shared = Shared {
            sender,
            project: self.project,
            hide: self.hide,
            interval: self.interval,
            on_error: self.on_error,
            state: Mutex::new(State::new(Queue::new(self.most_runs, self.most_bytes))),
        };
        Ok(LangSmith { handle: Arc::new(Handle { shared: Arc::new(shared), sampling_rate: self.sampling_rate }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<LangSmithBuilder>> {
        LangSmithBuilder::read(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into()))
    }

    #[test]
    fn tracing_is_off_unless_a_variable_says_true() {
        let key = ("LANGSMITH_API_KEY", "k");
        for off in [&[][..], &[("LANGSMITH_TRACING", "false"), key], &[("LANGSMITH_TRACING", "1"), key], &[key]] {
            assert!(read(off).unwrap().is_none(), "{off:?}");
        }
        for on in ["LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"] {
            assert!(read(&[(on, "true"), key]).unwrap().is_some(), "{on}");
        }
    }

    #[test]
    fn langsmith_variables_override_langchain_variables() {
        let builder = read(&[
            ("LANGSMITH_TRACING", "true"),
            ("LANGSMITH_API_KEY", " new "),
            ("LANGCHAIN_API_KEY", "old"),
            ("LANGSMITH_PROJECT", ""),
            ("LANGCHAIN_PROJECT", "older"),
            ("LANGSMITH_ENDPOINT", "https://eu.api.smith.langchain.com/"),
            ("LANGSMITH_HIDE_INPUTS", "true"),
            ("LANGSMITH_TRACING_SAMPLING_RATE", "0.25"),
            ("LANGSMITH_WORKSPACE_ID", "w"),
        ]);
        let builder = builder.unwrap().unwrap();
        assert_eq!((builder.api_key.as_deref(), builder.project.as_str()), (Some("new"), "older"));
        assert_eq!((builder.hide.inputs, builder.hide.outputs, builder.sampling_rate), (true, false, 0.25));
        assert_eq!(builder.workspace.as_deref(), Some("w"));
        let langsmith = builder.transport(crate::testing::MemoryTransport::default()).build().unwrap();
        assert_eq!(langsmith.handle.shared.sender.endpoint, "https://eu.api.smith.langchain.com");
    }

    #[test]
    fn tracing_without_a_key_is_an_error_that_names_the_variable() {
        let on = ("LANGSMITH_TRACING", "true");
        assert!(read(&[on]).unwrap_err().message().contains("LANGSMITH_API_KEY"));
        assert!(
            read(&[on, ("LANGSMITH_ENDPOINT", "http://localhost:1984")]).unwrap().is_some(),
            "a server of your own"
        );
        let rate = read(&[on, ("LANGSMITH_API_KEY", "k"), ("LANGSMITH_TRACING_SAMPLING_RATE", "2")]);
        assert!(rate.unwrap_err().message().contains("0 to 1"));
    }

    #[test]
    fn langsmith_key_over_http_is_refused_unless_loopback() {
        let build = |url: &str, key: Option<&str>| {
            let builder = LangSmithBuilder::new(key.map(str::to_owned)).endpoint(url);
            builder.transport(crate::testing::MemoryTransport::default()).build().map(|_| ()).map_err(|e| e.kind())
        };
        for url in ["https://smith.example", "http://localhost:1984", "http://127.0.0.1:1984", "http://[::1]"] {
            assert_eq!(build(url, Some("lsv2_secret")), Ok(()), "{url}");
        }
        for url in ["http://smith.example", "HTTP://smith.example", "http://localhost.example", "http://10.0.0.1"] {
            assert_eq!(build(url, Some("lsv2_secret")), Err(ErrorKind::Config), "{url}");
            assert_eq!(build(url, None), Ok(()), "{url}");
        }
    }

    #[test]
    fn debug_of_langsmith_hides_the_key() {
        let builder = LangSmithBuilder::new(Some("lsv2_secret".into()));
        assert!(!format!("{builder:?}").contains("lsv2_secret"));
        let langsmith = builder.transport(crate::testing::MemoryTransport::default()).build().unwrap();
        assert!(!format!("{langsmith:?} {:?}", langsmith.handle.shared.sender).contains("lsv2_secret"));
    }
}
