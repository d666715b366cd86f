//! Credentials, and the trait of their providers.

mod cached;
mod environment;
mod flight;
mod short_term;

pub use cached::CachedCredentials;
pub use environment::EnvironmentCredentials;
pub(crate) use environment::{Variables, flag, variable as environment_variable};
pub use short_term::short_term_api_key;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::platform::{BoxFuture, MaybeSend, MaybeSync};

/// Credentials of a call: AWS credentials that sign it, or a Bedrock API key that is sent with it. `Debug`
/// shows no secret. The memory is wiped on drop.
///
/// ```
/// use bedrock_chat::Credentials;
/// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
/// assert_eq!(format!("{credentials:?}"), r#"Credentials { access_key_id: "AKIDEXAMPLE", .. }"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    kind: Secret,
    expires_at: Option<Duration>,
}

#[derive(Clone, PartialEq, Eq)]
enum Secret {
    Keys { access_key_id: String, secret_access_key: Zeroizing<String>, session_token: Option<Zeroizing<String>> },
    Bearer(Zeroizing<String>),
    Anonymous,
}

/// The parts of credentials, for the call path.
pub(crate) enum Parts<'a> {
    Keys { access_key_id: &'a str, secret_access_key: &'a str, session_token: Option<&'a str> },
    Bearer(&'a str),
    Anonymous,
}

impl Credentials {
    /// Creates AWS credentials from an access key id and its secret access key.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        let kind = Secret::Keys {
            access_key_id: access_key_id.into(),
            secret_access_key: Zeroizing::new(secret_access_key.into()),
            session_token: None,
        };
        Self { kind, expires_at: None }
    }

    /// Creates credentials from a [Bedrock API
    /// key](https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html). It is sent as a bearer token,
    /// and calls are not signed.
    pub fn bearer(api_key: impl Into<String>) -> Self {
        Self { kind: Secret::Bearer(Zeroizing::new(api_key.into().trim().to_owned())), expires_at: None }
    }

    /// Creates anonymous credentials: calls are neither signed nor sent with a key. They are for gateways that sign
    /// calls, and a call that would be sent to AWS with them fails. No region is needed for a custom endpoint or a
    /// [`gateway_url`](crate::BedrockChatBuilder::gateway_url). AWS's SDKs say `anonymous`, `no_auth` or `UNSIGNED`.
    ///
    /// ```
    /// use bedrock_chat::{BedrockChat, Credentials};
    /// let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0")
    ///     .credentials(Credentials::anonymous())
    ///     .gateway_url("http://litellm.internal:4000/bedrock")
    ///     .header("x-litellm-api-key", "sk-1234")
    ///     .build()?;
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    #[doc(alias = "none")]
    #[doc(alias = "no_auth")]
    #[doc(alias = "unsigned")]
    pub fn anonymous() -> Self {
        Self { kind: Secret::Anonymous, expires_at: None }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self.kind, Secret::Anonymous)
    }

    /// Sets the session token of temporary credentials. An empty token removes it. API keys ignore it.
    #[must_use]
    pub fn with_session_token(mut self, token: impl Into<String>) -> Self {
        if let Secret::Keys { session_token, .. } = &mut self.kind {
            *session_token = Some(Zeroizing::new(token.into())).filter(|token| !token.is_empty());
        }
        self
    }

    /// Sets the time at which the credentials expire, since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn with_expiry(mut self, since_epoch: Duration) -> Self {
        self.expires_at = Some(since_epoch);
        self
    }

    /// Returns when the credentials expire, since 1970-01-01T00:00:00Z.
    pub fn expires_at(&self) -> Option<Duration> {
        self.expires_at
    }

    /// Returns the access key id; `None` for an API key.
    pub fn access_key_id(&self) -> Option<&str> {
        match &self.kind {
            Secret::Keys { access_key_id, .. } => Some(access_key_id),
            Secret::Bearer(_) | Secret::Anonymous => None,
        }
    }

    /// Returns the secret access key; `None` for an API key. Keep it out of logs.
    pub fn secret_access_key(&self) -> Option<&str> {
        match &self.kind {
            Secret::Keys { secret_access_key, .. } => Some(secret_access_key),
            Secret::Bearer(_) | Secret::Anonymous => None,
        }
    }

    /// Returns the session token of temporary credentials; `None` if there is none. Keep it out of logs.
    pub fn session_token(&self) -> Option<&str> {
        match &self.kind {
            Secret::Keys { session_token, .. } => session_token.as_ref().map(|token| token.as_str()),
            Secret::Bearer(_) | Secret::Anonymous => None,
        }
    }

    pub(crate) fn parts(&self) -> Parts<'_> {
        match &self.kind {
            Secret::Keys { access_key_id, secret_access_key, session_token } => Parts::Keys {
                access_key_id,
                secret_access_key,
                session_token: session_token.as_ref().map(|token| token.as_str()),
            },
            Secret::Bearer(key) => Parts::Bearer(key),
            Secret::Anonymous => Parts::Anonymous,
        }
    }

    /// Returns the texts that must not be printed.
    pub(crate) fn secrets(&self) -> [&str; 2] {
        match self.parts() {
            Parts::Keys { secret_access_key, session_token, .. } => {
                [secret_access_key, session_token.unwrap_or_default()]
            }
            Parts::Bearer(key) => [key, ""],
            Parts::Anonymous => ["", ""],
        }
    }

    /// Rejects empty and malformed keys early: AWS's own errors for them are misleading.
    pub(crate) fn check(&self) -> Result<()> {
        let problem = match self.parts() {
            Parts::Keys { access_key_id, .. } if access_key_id.trim().is_empty() => {
                "access key id is empty; is the variable that it is read from set?"
            }
            Parts::Keys { secret_access_key, .. } if secret_access_key.trim().is_empty() => {
                "secret access key is empty; is the variable that it is read from set?"
            }
            Parts::Keys { access_key_id, session_token, .. }
                if !is_header_text(access_key_id) || !is_header_text(session_token.unwrap_or_default()) =>
            {
                "access key id or session token contains white space or is not ASCII; remove those characters"
            }
            Parts::Keys { secret_access_key, .. } if secret_access_key.contains(char::is_whitespace) => {
                "secret access key contains white space; remove it"
            }
            Parts::Bearer("") => "Bedrock API key is empty; is the variable that it is read from set?",
            Parts::Bearer(key) if !is_header_text(key) => {
                "Bedrock API key contains a character that is not valid in a header; remove it"
            }
            _ => return Ok(()),
        };
        Err(Error::new(ErrorKind::Credentials, problem))
    }
}

/// Returns whether a text can be sent in a header as it is.
fn is_header_text(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Credentials");
        match &self.kind {
            Secret::Keys { access_key_id, .. } => debug.field("access_key_id", access_key_id),
            Secret::Bearer(_) => debug.field("bearer", &"<secret>"),
            Secret::Anonymous => debug.field("anonymous", &true),
        };
        debug.finish_non_exhaustive()
    }
}

/// A provider of credentials. It is called before every attempt, so keys may change between attempts. Wrap a
/// slow provider in [`CachedCredentials`].
///
/// Closures that return a future are providers too.
///
/// ```
/// use bedrock_chat::{BoxFuture, Credentials, ProvideCredentials, Result};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl ProvideCredentials for Vault {
///     fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
///         Box::pin(async { Ok(Credentials::new("AKIDEXAMPLE", "secret").with_session_token("token")) })
///     }
/// }
/// ```
///
/// A program that has `aws-config` anyway can use its chain in a closure. This needs `aws-config` and
/// `aws-credential-types`:
///
/// ```ignore
/// use aws_credential_types::provider::ProvideCredentials as _;
///
/// let chain = std::sync::Arc::new(aws_config::default_provider::credentials::default_provider().await);
/// let provider = CachedCredentials::new(move || {
///     let chain = chain.clone();
///     async move {
///         let keys = chain.provide_credentials().await.map_err(|error| {
///             Error::new(ErrorKind::Credentials, "`aws-config` has no credentials").with_source(error)
///         })?;
///         let found = Credentials::new(keys.access_key_id(), keys.secret_access_key())
///             .with_session_token(keys.session_token().unwrap_or_default());
///         let expiry = keys.expiry().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
///         Ok(match expiry {
///             Some(expiry) => found.with_expiry(expiry),
///             None => found,
///         })
///     }
/// });
/// ```
pub trait ProvideCredentials: MaybeSend + MaybeSync + 'static {
    /// Returns the credentials to use now.
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>>;

    /// Called when the service refused these credentials as expired. A provider with a cache should drop them.
    /// Does nothing by default.
    fn forget(&self, rejected: &Credentials) {
        let _ = rejected;
    }

    /// Returns what the provider waits for now, such as `STS for role NAME`. It is part of the error of a call that
    /// reaches its own time limit meanwhile. Returns `None` by default.
    fn waiting_for(&self) -> Option<String> {
        None
    }
}

impl ProvideCredentials for Credentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

/// Several chats can share one provider, such as one [`CachedCredentials`].
impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        (**self).credentials()
    }

    fn forget(&self, rejected: &Credentials) {
        (**self).forget(rejected);
    }

    fn waiting_for(&self) -> Option<String> {
        (**self).waiting_for()
    }
}

impl<F, R> ProvideCredentials for F
where
    F: Fn() -> R + MaybeSend + MaybeSync + 'static,
    R: Future<Output = Result<Credentials>> + MaybeSend + 'static,
{
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(self())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_credentials_hides_secrets() {
        let keys = Credentials::new("AKID", "SECRET").with_session_token("TOKEN");
        let bearer = Credentials::bearer(" KEY ");
        let printed = format!("{keys:?} {bearer:?}");
        for secret in ["SECRET", "TOKEN", "KEY "] {
            assert!(!printed.contains(secret), "{printed}");
        }
        assert!(matches!(bearer.parts(), Parts::Bearer("KEY")));
    }

    #[test]
    fn empty_credentials_are_refused_by_name() {
        for (credentials, word) in [
            (Credentials::new("", "s"), "access key id"),
            (Credentials::new("a", " "), "secret access key"),
            (Credentials::bearer(" "), "API key"),
            (Credentials::bearer("a\nb"), "character"),
            (Credentials::new("AKID\n", "s"), "white space"),
            (Credentials::new("AKID", "s\n"), "secret access key contains white space"),
            (Credentials::new("a", "s").with_session_token("to ken"), "white space"),
        ] {
            assert!(credentials.check().unwrap_err().message().contains(word));
        }
        assert!(Credentials::new("a", "b").check().is_ok());
    }
}
