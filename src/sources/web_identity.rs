//! Roles for web identities, from AWS Security Token Service (STS).

use std::fmt;
use std::sync::Arc;

use super::http::Connection;
use super::service_host::{ServiceHost, setters};
use super::sts::{AssumedRole, LIMIT, STS, answered, not_assumed, role_setters};
use super::token::ProvideIdentityToken;
use crate::credentials::{Credentials, ProvideCredentials};
use crate::error::{Error, ErrorKind, Result};
use crate::platform::BoxFuture;

/// A provider of the temporary credentials of an IAM role, for a token of an identity provider, with
/// [AssumeRoleWithWebIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
/// It needs no AWS keys: Kubernetes, GitHub Actions and pages with a login use it. Works on every target.
///
/// Each call of the provider sends a request: wrap it in [`CachedCredentials`](crate::CachedCredentials).
///
/// ```
/// use bedrock_chat::{BedrockChat, CachedCredentials, IdentityToken, WebIdentityCredentials};
/// let token = IdentityToken::new("eyJhbGciOi.J9.c2ln");
/// let role = WebIdentityCredentials::new("arn:aws:iam::123456789012:role/chat", token).with_region("us-east-1");
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials_provider(CachedCredentials::new(role))
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub struct WebIdentityCredentials {
    token: Arc<dyn ProvideIdentityToken>,
    role: AssumedRole,
    service_host: ServiceHost,
    connection: Connection,
}

impl WebIdentityCredentials {
    /// Creates a provider that assumes a role with the tokens of `token`.
    pub fn new(role_arn: impl Into<String>, token: impl ProvideIdentityToken) -> Self {
        Self {
            token: Arc::new(token),
            role: AssumedRole::new(role_arn.into()),
            service_host: ServiceHost::default(),
            connection: Connection::new(LIMIT),
        }
    }

    role_setters!();
    setters!("AWS_ENDPOINT_URL_STS");

    async fn assume(&self) -> Result<Credentials> {
        self.connection.begin();
        let role = &self.role.arn;
        let mut form = self.role.form("AssumeRoleWithWebIdentity", self.connection.runtime.now())?;
        let endpoint = self.service_host.endpoint(&STS, &self.service_host.region(&STS)?)?;
        let token = self.token.token().await;
        let token = token.map_err(|error| error.of_source(format_args!("role `{role}` has no identity token")))?;
        if token.as_str().is_empty() {
            return Err(Error::of(
                ErrorKind::Credentials,
                format_args!("role `{role}` has an empty identity token; check where it is read from"),
            ));
        }
        form.push("WebIdentityToken", token.as_str());
        let sent = self.connection.send(form.request(&endpoint), self.service_host.variable("AWS_CA_BUNDLE")).await;
        let answer = sent.map_err(|error| not_assumed(error, role, ""))?;
        answered(&answer, role, " with an identity token", &[token.as_str()])
    }
}

impl ProvideCredentials for WebIdentityCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(self.assume())
    }

    fn waiting_for(&self) -> Option<String> {
        self.role.awaited(&self.connection)
    }
}

impl fmt::Debug for WebIdentityCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebIdentityCredentials").field("role_arn", &self.role.arn).finish_non_exhaustive()
    }
}
