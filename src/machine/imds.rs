//! Credentials of an EC2 instance, from its metadata service (IMDS).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{document, given, malformed, stated_error};
use crate::credentials::{Credentials, ProvideCredentials, Variables, environment_variable, flag};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::method::Method;
use crate::platform::{BoxFuture, MaybeSend, MaybeSync, Runtime};
use crate::sources::http::{Answer, Connection};
use crate::text::lossy;
use crate::transport::{HttpRequest, Transport, direct_transport};

const IPV4: &str = "http://169.254.169.254";
const IPV6: &str = "http://[fd00:ec2::254]";

const TOKEN: &str = "/latest/api/token";
const ROLE: &str = "/latest/meta-data/iam/security-credentials/";

/// How long a session token is valid, in seconds. Six hours, as in AWS's tools.
const TOKEN_SECONDS: &str = "21600";

/// A provider of the credentials of an EC2 instance's role, from its [metadata
/// service](https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html) (IMDS), as AWS's tools have it:
///
/// - Each request has a session token (IMDSv2). If the service has no token, requests are sent without one, unless
///   `AWS_EC2_METADATA_V1_DISABLED` is `true`.
/// - In a container with its own network the token arrives only if `HttpPutResponseHopLimit` of the instance is 2 or more:
///   see [the options of
///   instances](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-options.html). The default can be
///   1.
/// - `AWS_EC2_METADATA_DISABLED`, `AWS_EC2_METADATA_SERVICE_ENDPOINT` and `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` are
///   read, and `AWS_METADATA_SERVICE_TIMEOUT` (in seconds, 1 by default) and `AWS_METADATA_SERVICE_NUM_ATTEMPTS` (1 by
///   default).
/// - Credentials that expire soon or have expired are still used, for 12 to 20 minutes, in which the service may
///   recover. AWS accepts them in that time.
///
/// Not available on wasm32. Each call of the provider sends requests: wrap it in
/// [`CachedCredentials`](crate::CachedCredentials).
///
/// ```
/// use bedrock_chat::{BedrockChat, CachedCredentials, ImdsCredentials};
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials_provider(CachedCredentials::new(ImdsCredentials::new()))
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub struct ImdsCredentials {
    variables: Arc<dyn Variables>,
    endpoint: Option<String>,
    ipv6: Option<bool>,
    v1_disabled: Option<bool>,
    timeout: Option<Duration>,
    attempts: Option<u32>,
    connection: Connection,
}

impl Default for ImdsCredentials {
    fn default() -> Self {
        Self::new()
    }
}

/// The settings of one request for credentials.
struct Settings {
    base: String,
    attempts: u32,
    limit: Duration,
    v1_disabled: bool,
}

impl ImdsCredentials {
    /// Creates a provider that reads the variables for each request.
    pub fn new() -> Self {
        let mut connection = Connection::with_default(Duration::from_secs(1), direct_transport);
        // Its own advice depends on which request timed out.
        connection.advice = None;
        Self {
            variables: Arc::new(environment_variable),
            endpoint: None,
            ipv6: None,
            v1_disabled: None,
            timeout: None,
            attempts: None,
            connection,
        }
    }

    /// Sets the URL of the service. Defaults to `AWS_EC2_METADATA_SERVICE_ENDPOINT` of the environment, else to the
    /// address of the mode.
    #[must_use]
    pub fn with_endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets whether to use the address for IPv6. Defaults to `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` of the
    /// environment, else to `false`.
    #[must_use]
    pub fn with_ipv6(mut self, on: bool) -> Self {
        self.ipv6 = Some(on);
        self
    }

    /// Sets whether to refuse a service that has no session token (IMDSv1). Defaults to
    /// `AWS_EC2_METADATA_V1_DISABLED` of the environment, else to `false`.
    #[must_use]
    pub fn with_v1_disabled(mut self, on: bool) -> Self {
        self.v1_disabled = Some(on);
        self
    }

    /// Sets the limit on one request. Defaults to `AWS_METADATA_SERVICE_TIMEOUT` of the environment, else to 1 second.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Sets how often each request is tried. Defaults to `AWS_METADATA_SERVICE_NUM_ATTEMPTS` of the environment, else
    /// to 1; 0 counts as 1.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Sets where variables are read. Defaults to the environment of the process.
    #[must_use]
    pub fn with_environment(
        mut self,
        variable: impl Fn(&str) -> Option<String> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.variables = Arc::new(variable);
        self
    }

    /// Sets how requests are sent. Defaults to reqwest without proxies.
    #[must_use]
    pub fn with_transport(mut self, transport: impl Transport) -> Self {
        self.connection.set_transport(Arc::new(transport));
        self
    }

    /// Sets the clock, the timer and the randomness. Defaults to the system's.
    #[must_use]
    pub fn with_runtime(mut self, runtime: impl Runtime) -> Self {
        self.connection.runtime = Arc::new(runtime);
        self
    }

    /// Returns whether the environment switches the service off. AWS's tools take any other word for `false`.
    pub(crate) fn is_disabled(variables: &dyn Variables) -> bool {
        given(variables, DISABLED).is_some_and(|word| word.eq_ignore_ascii_case("true"))
    }

    async fn get(&self) -> Result<Credentials> {
        if Self::is_disabled(&*self.variables) {
            let message =
                format!("no credentials of the instance (IMDS): `{DISABLED}` is `true`; unset it to use them");
            return Err(Error::new(ErrorKind::Credentials, message));
        }
        let settings = self.settings()?;
        let failed = |error: Error| {
            error.of_source(format_args!("no credentials of the instance (IMDS) at `{}`", settings.base))
        };
        let mut missing = None;
        let token = self.token(&settings, &mut missing).await.map_err(failed)?;
        if token.is_none() && settings.v1_disabled {
            let message =
                format!("it returned no session token, and IMDSv1 is disabled (`{V1_DISABLED}` or `with_v1_disabled`)");
            let error = match missing {
                Some(missing) if missing.kind() == ErrorKind::Timeout => missing.with_advice(HOPS),
                Some(missing) => missing,
                None => Error::new(ErrorKind::Credentials, message),
            };
            return Err(failed(error));
        }
        let token = token.as_ref().map(|token| token.as_str());
        let found = self.with_token(&settings, token).await;
        found.map_err(|error| {
            let error = match missing.filter(|_| token.is_none() && error.status().is_some()) {
                Some(missing) => error.with_advice(&without_token(&missing)),
                None if error.kind() == ErrorKind::Timeout => error.with_advice(SLOW),
                None => error,
            };
            failed(error).concealing(&[token.unwrap_or_default()])
        })
    }

    async fn with_token(&self, settings: &Settings, token: Option<&str>) -> Result<Credentials> {
        let answer = self.read(settings, ROLE, token, |_| true).await?;
        let role = lossy(&answer.body).trim().to_owned();
        if role.is_empty() || !role.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#%\\".contains(&byte)) {
            let message = "the answer is not the name of a role; attach one role to the instance";
            return Err(Error::new(ErrorKind::Credentials, message));
        }
        let is_json = |answer: &Answer| document(answer).is_some();
        let answer = self.read(settings, &[ROLE, &role].concat(), token, is_json).await?;
        stated_error(&answer)?;
        let document = document(&answer).ok_or_else(|| Error::new(ErrorKind::Decode, "the answer is not JSON"))?;
        let found = document.into_credentials("the instance (IMDS)")?;
        Ok(self.extended(found))
    }

    /// Extends credentials that expire soon, or have expired, if the service has no newer ones: AWS accepts them while
    /// the service recovers.
    fn extended(&self, found: Credentials) -> Credentials {
        let now = self.connection.runtime.now();
        // 10 minutes, and 2 to 10 more so that instances do not all ask at the same time.
        let jitter = Duration::from_secs(120)
            + Duration::from_secs(480).mul_f64(self.connection.runtime.random().clamp(0.0, 1.0));
        let window = Duration::from_secs(600) + Duration::from_secs(jitter.as_secs());
        match found.expires_at() {
            Some(end) if end <= now + window => found.with_expiry(now + window),
            _ => found,
        }
    }

    /// Returns a session token, or `None` if the service provides no token: then only IMDSv1 is possible. Sets
    /// `missing` to the error of the last attempt that failed.
    async fn token(&self, settings: &Settings, missing: &mut Option<Error>) -> Result<Option<Zeroizing<String>>> {
        for _ in 0..settings.attempts {
            let mut headers = Headers::new();
            headers.push("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS);
            let request = HttpRequest::new(Method::Put, [&settings.base, TOKEN].concat()).with_headers(headers);
            let answer = match self.connection.send_within(settings.limit, request, None).await {
                Ok(answer) => answer,
                Err(error) if error.kind() == ErrorKind::Config => return Err(error),
                Err(error) => {
                    // A container behind more hops than the service allows gets no answer.
                    let is_silent = error.kind() == ErrorKind::Timeout && !error.is_retryable();
                    *missing = Some(error);
                    match is_silent {
                        true => return Ok(None),
                        false => continue,
                    }
                }
            };
            match answer.status {
                200 => {
                    let token = Zeroizing::new(lossy(&answer.body).into_owned());
                    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                        let message = "its session token has a character that no header can have; check the endpoint";
                        return Err(Error::new(ErrorKind::Credentials, message));
                    }
                    return Ok(Some(token).filter(|token| !token.is_empty()));
                }
                403..=405 => return Ok(None),
                400 => return Err(answer.error()),
                _ => *missing = Some(answer.error()),
            }
        }
        Ok(None)
    }

    /// Reads a path until there is a good answer, or no attempt is left.
    async fn read(
        &self,
        settings: &Settings,
        path: &str,
        token: Option<&str>,
        is_good: impl Fn(&Answer) -> bool,
    ) -> Result<Answer> {
        let mut attempt = 1;
        loop {
            let mut headers = Headers::new();
            if let Some(token) = token {
                headers.push("x-aws-ec2-metadata-token", token);
            }
            let request = HttpRequest::new(Method::Get, [&settings.base, path].concat()).with_headers(headers);
            let error = match self.connection.send_within(settings.limit, request, None).await {
                Ok(answer) if answer.status != 200 => answer.error(),
                Ok(answer) if answer.body.is_empty() => Error::new(ErrorKind::Decode, "its answer is empty"),
                Ok(answer) if !is_good(&answer) => Error::new(ErrorKind::Decode, "its answer is not JSON"),
                Ok(answer) => return Ok(answer),
                Err(error) if error.kind() == ErrorKind::Config => return Err(error),
                Err(error) => error,
            };
            if attempt == settings.attempts {
                return Err(error);
            }
            attempt += 1;
        }
    }

    fn settings(&self) -> Result<Settings> {
        let get = |name: &str| given(&*self.variables, name);
        let ipv6 = match (self.ipv6, get(MODE)) {
            (Some(ipv6), _) => ipv6,
            (None, Some(mode)) if mode.eq_ignore_ascii_case("ipv6") => true,
            (None, Some(mode)) if mode.eq_ignore_ascii_case("ipv4") => false,
            (None, Some(mode)) => return Err(malformed(MODE, &mode, "`IPv4` or `IPv6`")),
            (None, None) => flag(get, "AWS_IMDS_USE_IPV6")?.unwrap_or_default(),
        };
        let custom = self.endpoint.clone().filter(|url| !url.trim().is_empty()).or_else(|| get(ENDPOINT));
        let base = custom.unwrap_or_else(|| (if ipv6 { IPV6 } else { IPV4 }).to_owned());
        let v1_disabled = match self.v1_disabled {
            Some(on) => on,
            None => flag(get, V1_DISABLED)?.unwrap_or_default(),
        };
        let attempts = match (self.attempts, get(ATTEMPTS)) {
            (Some(attempts), _) => attempts,
            (None, Some(text)) => text.parse().map_err(|_| malformed(ATTEMPTS, &text, "a number"))?,
            (None, None) => 1,
        };
        let limit = match (self.timeout, get(TIMEOUT)) {
            (Some(limit), _) => limit,
            (None, Some(text)) => Duration::from_secs(text.parse().map_err(|_| malformed(TIMEOUT, &text, "seconds"))?),
            (None, None) => Duration::from_secs(1),
        };
        let base = Endpoint::custom(&base)?.url().to_owned();
        Ok(Settings { base, attempts: attempts.max(1), limit, v1_disabled })
    }
}

/// Returns what to say about a service that answers, but provides no session token. With the default hop limit of 1,
/// the answer to the request for a token does not reach a container with its own network.
fn without_token(missing: &Error) -> String {
    let advice = if missing.kind() == ErrorKind::Timeout { ["; ", HOPS] } else { ["", ""] };
    ["there is no session token: ", missing.message()].into_iter().chain(advice).collect()
}

/// Advice for a service that does not answer in time. Machines outside of EC2 do not have it.
const SLOW: &str = "if this is an EC2 instance, set `AWS_METADATA_SERVICE_TIMEOUT` to more seconds";

/// Advice for an answer that is lost on its way.
const HOPS: &str = "in a container, set `HttpPutResponseHopLimit` of the instance to 2";

const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const V1_DISABLED: &str = "AWS_EC2_METADATA_V1_DISABLED";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const TIMEOUT: &str = "AWS_METADATA_SERVICE_TIMEOUT";
const ATTEMPTS: &str = "AWS_METADATA_SERVICE_NUM_ATTEMPTS";

impl ProvideCredentials for ImdsCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(self.get())
    }

    fn waiting_for(&self) -> Option<String> {
        Some("the instance (IMDS)".to_owned())
    }
}

impl fmt::Debug for ImdsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImdsCredentials").finish_non_exhaustive()
    }
}
