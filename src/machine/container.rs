//! Credentials of a container: ECS, EKS Pod Identity, Lambda with SnapStart, Greengrass.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{document, given, stated_error, with_path};
use crate::credentials::{Credentials, ProvideCredentials, Variables, environment_variable};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::method::Method;
use crate::platform::{BoxFuture, MaybeSend, MaybeSync, Runtime};
use crate::sources::http::Connection;
use crate::text::split_once;
use crate::transport::{HttpRequest, Transport, direct_transport};

/// The host of relative URIs.
const ECS: &str = "http://169.254.170.2";

/// Hosts that may be requested without TLS, besides this machine: those of ECS and of EKS.
const HOSTS: &[&str] = &["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(2);

/// A provider of the credentials that ECS, EKS Pod Identity and other containers offer over HTTP, as AWS's tools have
/// it: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, else `AWS_CONTAINER_CREDENTIALS_FULL_URI`; the request has the token in
/// the file `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`, else the one in `AWS_CONTAINER_AUTHORIZATION_TOKEN`. A full URI
/// without TLS must be that of this machine, of ECS or of EKS. There are three attempts of two seconds each.
///
/// Not available on wasm32. Each call of the provider sends a request: wrap it in
/// [`CachedCredentials`](crate::CachedCredentials). See AWS's [container credential
/// provider](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
///
/// ```
/// use bedrock_chat::{BedrockChat, CachedCredentials, ContainerCredentials};
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials_provider(CachedCredentials::new(ContainerCredentials::new()))
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub struct ContainerCredentials {
    variables: Arc<dyn Variables>,
    connection: Connection,
}

impl Default for ContainerCredentials {
    fn default() -> Self {
        Self::new()
    }
}

impl ContainerCredentials {
    /// Creates a provider that reads the variables for each request.
    pub fn new() -> Self {
        let mut connection = Connection::with_default(LIMIT, direct_transport);
        connection.advice = Some("check that the agent of ECS or EKS Pod Identity runs");
        Self { variables: Arc::new(environment_variable), connection }
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

    /// Sets the clock and the timer. Defaults to the system's.
    #[must_use]
    pub fn with_runtime(mut self, runtime: impl Runtime) -> Self {
        self.connection.runtime = Arc::new(runtime);
        self
    }

    /// Sets the limit on one attempt. Defaults to 2 seconds.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.connection.limit = limit;
        self
    }

    /// Returns whether the variables name an address.
    pub(crate) fn is_configured(variables: &dyn Variables) -> bool {
        given(variables, RELATIVE).is_some() || given(variables, FULL).is_some()
    }

    async fn get(&self) -> Result<Credentials> {
        let (url, host) = self.url()?;
        let mut headers = Headers::new();
        headers.push("accept", "application/json");
        let token = self.authorization()?;
        if let Some(token) = &token {
            headers.push("authorization", token.as_str());
        }
        let secret = token.as_ref().map_or("", |token| token.as_str());
        let mut attempt = 1;
        loop {
            let request = HttpRequest::new(Method::Get, url.as_str()).with_headers(headers.clone());
            match self.attempt(request).await {
                Ok(credentials) => return Ok(credentials),
                Err(error) if attempt == ATTEMPTS => {
                    return Err(error
                        .of_source(format_args!("no credentials of the container at `{host}` in {ATTEMPTS} attempts"))
                        .concealing(&[secret]));
                }
                Err(_) => attempt += 1,
            }
            self.connection.runtime.sleep(PAUSE).await;
        }
    }

    async fn attempt(&self, request: HttpRequest) -> Result<Credentials> {
        let answer = self.connection.send(request, self.variables.get("AWS_CA_BUNDLE")).await?;
        if answer.status != 200 {
            return Err(answer.error());
        }
        stated_error(&answer)?;
        let document = document(&answer).ok_or_else(|| {
            Error::new(ErrorKind::Decode, "the answer of the container is not JSON; check the address of credentials")
        })?;
        document.into_credentials("the container")
    }

    /// Returns the URL to request, and its host.
    fn url(&self) -> Result<(String, String)> {
        if let Some(path) = given(&*self.variables, RELATIVE) {
            return allowed(RELATIVE, &[ECS, &path].concat());
        }
        match given(&*self.variables, FULL) {
            Some(url) => allowed(FULL, &url),
            None => {
                let message = format!("no credentials of the container: neither `{RELATIVE}` nor `{FULL}` is set");
                Err(Error::new(ErrorKind::Credentials, message))
            }
        }
    }

    /// Returns the value of the header `authorization`.
    fn authorization(&self) -> Result<Option<Zeroizing<String>>> {
        let token = match given(&*self.variables, TOKEN_FILE) {
            Some(path) => std::fs::read_to_string(&path).map(|token| (TOKEN_FILE, token)).map_err(|error| {
                Error::of(
                    ErrorKind::Credentials,
                    format_args!("`{TOKEN_FILE}` cannot be read: `{path}`: {error}; check the file"),
                )
            })?,
            None => match self.variables.get(TOKEN).filter(|token| !token.is_empty()) {
                Some(token) => (TOKEN, token),
                None => return Ok(None),
            },
        };
        let (name, token) = (token.0, Zeroizing::new(token.1));
        // A line break would begin another header.
        if !Headers::is_value(&token) {
            return Err(Error::of(
                ErrorKind::Credentials,
                format_args!("`{name}` has a line break or another character that no header can have; remove it"),
            ));
        }
        Ok(Some(token))
    }
}

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// Returns the normalized URL and its host. Without TLS only loopback and the addresses of ECS and EKS are allowed, because
/// the token and the credentials are sent in clear text.
///
/// # Errors
/// `Credentials`, if the URL is malformed or its host may not be requested.
fn allowed(name: &str, url: &str) -> Result<(String, String)> {
    let refused = |why: &str| {
        Err(Error::of(
            ErrorKind::Credentials,
            format_args!("`{name}` is not used: {why}; it must be `https://` or the address of ECS or EKS"),
        ))
    };
    if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#') {
        return refused("it is not a URL");
    }
    let Some((_, rest)) = split_once(url, "://") else { return refused("it is not a URL") };
    let start = url.len() - rest.len();
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?')).map_or(url.len(), |at| start + at);
    let (base, path) = url.split_at_checked(end).unwrap_or_default();
    // It refuses user names, which could pretend to be another host.
    let endpoint = match Endpoint::custom(base) {
        Ok(endpoint) => endpoint,
        Err(error) => return refused(error.message()),
    };
    let host = endpoint.host();
    let host = match host.strip_prefix('[') {
        Some(address) => split_once(address, "]").map_or(address, |(address, _)| address),
        None => split_once(host, ":").map_or(host, |(host, _)| host),
    };
    if !endpoint.is_confidential() && !HOSTS.contains(&host) {
        return refused(&["its host is `", host, "`"].concat());
    }
    Ok((with_path(endpoint.url(), path), endpoint.host().to_owned()))
}

impl ProvideCredentials for ContainerCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(self.get())
    }

    fn waiting_for(&self) -> Option<String> {
        Some("the container".to_owned())
    }
}

impl fmt::Debug for ContainerCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerCredentials").finish_non_exhaustive()
    }
}
