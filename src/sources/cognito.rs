//! Amazon Cognito identity pools.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::document::KeyDocument;
use super::http::{Answer, Connection};
use super::service_host::{Names, ServiceHost, setters};
use super::sts::LIMIT;
use super::token::{IdentityToken, ProvideIdentityToken};
use crate::credentials::{Credentials, ProvideCredentials};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::json::{View, Writer};
use crate::method::Method;
use crate::platform::BoxFuture;
use crate::text::split_once;
use crate::transport::HttpRequest;

const COGNITO: Names = Names {
    title: "Cognito",
    host: "cognito-identity",
    variable: "AWS_ENDPOINT_URL_COGNITO_IDENTITY",
    // Its usual hosts serve IPv4 and IPv6.
    dual_stack: false,
};

/// A provider of temporary credentials from an Amazon Cognito identity pool, for guests and for users with a login
/// ([enhanced flow](https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html)). It needs
/// no AWS keys, so pages can use it. Works on every target.
///
/// The identity that Cognito assigns is kept, so that one provider is one user. Each call of the provider sends a
/// request: wrap it in [`CachedCredentials`](crate::CachedCredentials).
///
/// ```
/// use bedrock_chat::{BedrockChat, CachedCredentials, CognitoCredentials, IdentityToken};
/// let pool = CognitoCredentials::new("us-east-1:12345678-1234-1234-1234-123456789012")
///     .with_login("accounts.google.com", IdentityToken::new("eyJhbGciOi.J9.c2ln"));
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials_provider(CachedCredentials::new(pool))
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub struct CognitoCredentials {
    pool: String,
    logins: Vec<(String, Arc<dyn ProvideIdentityToken>)>,
    role: Option<String>,
    identity: Mutex<Option<String>>,
    service_host: ServiceHost,
    connection: Connection,
}

/// The logins of one request: names of identity providers with their tokens.
type Logins<'a> = Vec<(&'a str, IdentityToken)>;

impl CognitoCredentials {
    /// Creates a provider for an identity pool, such as `us-east-1:12345678-1234-1234-1234-123456789012`. The
    /// region is that of the id.
    pub fn new(identity_pool_id: impl Into<String>) -> Self {
        Self {
            pool: identity_pool_id.into().trim().to_owned(),
            logins: Vec::new(),
            role: None,
            identity: Mutex::default(),
            service_host: ServiceHost::default(),
            connection: Connection::new(LIMIT),
        }
    }

    /// Adds a login: the name of an identity provider as the pool has it, such as `accounts.google.com` or
    /// `cognito-idp.us-east-1.amazonaws.com/POOL`, and its token. Without a login, the user is a guest.
    #[must_use]
    pub fn with_login(mut self, provider: impl Into<String>, token: impl ProvideIdentityToken) -> Self {
        self.logins.push((provider.into(), Arc::new(token)));
        self
    }

    /// Sets the role to use, if the pool's rules offer the user several. Defaults to the pool's choice.
    #[must_use]
    pub fn with_role_arn(mut self, arn: impl Into<String>) -> Self {
        self.role = Some(arn.into());
        self
    }

    /// Sets the identity, such as one that [`CognitoCredentials::identity_id`] returned in an earlier session.
    /// Defaults to the identity that Cognito assigns.
    #[must_use]
    pub fn with_identity_id(self, id: impl Into<String>) -> Self {
        self.keep(Some(id.into()));
        self
    }

    setters!("AWS_ENDPOINT_URL_COGNITO_IDENTITY");

    /// Returns the identity; `None` before the first credentials.
    pub fn identity_id(&self) -> Option<String> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, identity: Option<String>) {
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = identity;
    }

    async fn get(&self) -> Result<Credentials> {
        self.connection.begin();
        let Some((region, _)) = split_once(&self.pool, ":") else {
            return Err(Error::of(
                ErrorKind::Config,
                format_args!("identity pool id is malformed: `{}`; it is like `us-east-1:UUID`", self.pool),
            )
            .with_field("identity_pool_id"));
        };
        let endpoint = self.service_host.endpoint(&COGNITO, region)?;
        let mut logins = Vec::new();
        for (name, token) in &self.logins {
            let token = token.token().await;
            let token = token.map_err(|error| self.failed(error, &format!(": no token of `{name}`")))?;
            logins.push((name.as_str(), token));
        }
        let kept = self.identity_id();
        let is_kept = kept.is_some();
        let identity = match kept {
            Some(identity) => identity,
            None => self.assigned(&endpoint, &logins).await?,
        };
        match self.exchange(&endpoint, &identity, &logins).await {
            // Retry once with a new identity: the old one may be deleted or belong to another login.
            Err(error) if is_kept && matches!(error.aws_type(), Some(NOT_FOUND | NOT_AUTHORIZED)) => {
                self.keep(None);
                let identity = self.assigned(&endpoint, &logins).await?;
                self.exchange(&endpoint, &identity, &logins).await
            }
            done => done,
        }
    }

    /// Returns the identity that Cognito assigns.
    async fn assigned(&self, endpoint: &Endpoint, logins: &Logins<'_>) -> Result<String> {
        let answer = self.call(endpoint, "GetId", ("IdentityPoolId", &self.pool), logins).await?;
        let identity = View::from_bytes(&answer.body).ok().and_then(|view| view.get("IdentityId")?.string());
        identity.filter(|id| !id.is_empty()).ok_or_else(|| {
            let message = "the answer of Cognito has no identity id; check the endpoint";
            self.failed(Error::new(ErrorKind::Credentials, message), "")
        })
    }

    /// Exchanges an identity for credentials.
    async fn exchange(&self, endpoint: &Endpoint, identity: &str, logins: &Logins<'_>) -> Result<Credentials> {
        let answer = self.call(endpoint, "GetCredentialsForIdentity", ("IdentityId", identity), logins).await?;
        let view = View::from_bytes(&answer.body).ok();
        let member = |name: &str| view?.get("Credentials")?.get(name);
        let text = |name: &str| member(name)?.string();
        let document = KeyDocument {
            access_key_id: text("AccessKeyId"),
            secret_access_key: text("SecretKey").map(Zeroizing::new),
            session_token: text("SessionToken").map(Zeroizing::new),
            expiry: member("Expiration").map(|view| (view.raw().to_owned(), seconds(view))),
        };
        let credentials = document.into_credentials(COGNITO.title).map_err(|error| self.failed(error, ""))?;
        // A login may merge the identity into another one.
        let named = view.and_then(|view| view.get("IdentityId")?.string());
        self.keep(Some(named.unwrap_or_else(|| identity.to_owned())));
        Ok(credentials)
    }

    /// Calls an operation, and returns its answer if it has status 200.
    async fn call(
        &self,
        endpoint: &Endpoint,
        operation: &str,
        (key, id): (&str, &str),
        logins: &Logins<'_>,
    ) -> Result<Answer> {
        let mut w = Writer::new();
        w.begin_object();
        w.field(key, id);
        if !logins.is_empty() {
            w.key("Logins").begin_object();
            for (name, token) in logins {
                w.field(name, token.as_str());
            }
            w.end_object();
        }
        if let Some(role) = self.role.as_ref().filter(|_| key == "IdentityId") {
            w.field("CustomRoleArn", role);
        }
        w.end_object();
        let mut headers = Headers::new();
        headers.push("content-type", "application/x-amz-json-1.1");
        headers.push("x-amz-target", ["AWSCognitoIdentityService.", operation].concat());
        let slash = if endpoint.prefix().is_empty() { "/" } else { "" };
        let request = HttpRequest::new(Method::Post, [endpoint.url(), slash].concat())
            .with_headers(headers)
            .with_body(Bytes::from_owner(Zeroizing::new(w.finish().into_bytes())));
        let sent = self.connection.send(request, self.service_host.variable("AWS_CA_BUNDLE")).await;
        let answer = sent.map_err(|error| self.failed(error, &[": ", operation].concat()))?;
        if answer.status == 200 {
            return Ok(answer);
        }
        let mut error = self.failed(answer.error(), &[": ", operation].concat());
        for (_, token) in logins {
            error = error.concealing(&[token.as_str()]);
        }
        Err(match error.aws_type() {
            Some(NOT_AUTHORIZED) => error.with_advice("check the logins, and whether the pool allows guests"),
            Some(NOT_FOUND) => error.with_advice("check the identity pool id and its region"),
            Some("InvalidIdentityPoolConfigurationException") => error.with_advice("check the roles of the pool"),
            _ => error,
        })
    }

    fn failed(&self, error: Error, by: &str) -> Error {
        error.of_source(format_args!("Cognito has no credentials for identity pool `{}`{by}", self.pool))
    }
}

const NOT_FOUND: &str = "ResourceNotFoundException";
const NOT_AUTHORIZED: &str = "NotAuthorizedException";

/// Returns a time that is a number of seconds since 1970, with or without a fraction.
fn seconds(view: View<'_>) -> Option<Duration> {
    // Above is the year 10000: milliseconds.
    let seconds = view.f64().filter(|seconds| (0.0..253_402_300_800.0).contains(seconds))?;
    Some(Duration::from_secs(seconds as u64))
}

impl ProvideCredentials for CognitoCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(self.get())
    }

    fn waiting_for(&self) -> Option<String> {
        self.connection.is_waiting().then(|| ["Cognito for identity pool `", &self.pool, "`"].concat())
    }
}

impl fmt::Debug for CognitoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let logins: Vec<&str> = self.logins.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("CognitoCredentials")
            .field("identity_pool_id", &self.pool)
            .field("logins", &logins)
            .finish_non_exhaustive()
    }
}
