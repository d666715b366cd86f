//! Tokens of identity providers (OpenID Connect).

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::Result;
use crate::platform::{BoxFuture, MaybeSend, MaybeSync};

/// A token of an identity provider, such as a JSON Web Token. White space around it is removed. `Debug` does not
/// show it. The memory is wiped on drop.
///
/// ```
/// use bedrock_chat::IdentityToken;
/// assert_eq!(format!("{:?}", IdentityToken::new("eyJhbGciOi.J9.c2ln")), "IdentityToken(<secret>)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityToken(Zeroizing<String>);

impl IdentityToken {
    /// Creates a token from its text.
    pub fn new(text: impl Into<String>) -> Self {
        let text = Zeroizing::new(text.into());
        match text.trim().len() == text.len() {
            true => Self(text),
            false => Self(Zeroizing::new(text.trim().to_owned())),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for IdentityToken {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for IdentityToken {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityToken(<secret>)")
    }
}

/// A provider of identity tokens. It is called for every request for credentials, so tokens may change.
///
/// An [`IdentityToken`] is a provider that always returns the same token. Closures that return a future of a text
/// are providers too.
///
/// ```
/// use bedrock_chat::{Error, ErrorKind, WebIdentityCredentials};
/// // Kubernetes renews this file.
/// let token = || async {
///     let path = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";
///     std::fs::read_to_string(path)
///         .map_err(|error| Error::new(ErrorKind::Credentials, "the token file cannot be read").with_source(error))
/// };
/// let credentials = WebIdentityCredentials::new("arn:aws:iam::123456789012:role/chat", token);
/// ```
pub trait ProvideIdentityToken: MaybeSend + MaybeSync + 'static {
    /// Returns the token to use now.
    fn token(&self) -> BoxFuture<'_, Result<IdentityToken>>;
}

impl ProvideIdentityToken for IdentityToken {
    fn token(&self) -> BoxFuture<'_, Result<IdentityToken>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

impl<P: ProvideIdentityToken + ?Sized> ProvideIdentityToken for Arc<P> {
    fn token(&self) -> BoxFuture<'_, Result<IdentityToken>> {
        (**self).token()
    }
}

impl<F, R, T> ProvideIdentityToken for F
where
    F: Fn() -> R + MaybeSend + MaybeSync + 'static,
    R: Future<Output = Result<T>> + MaybeSend + 'static,
    T: Into<IdentityToken>,
{
    fn token(&self) -> BoxFuture<'_, Result<IdentityToken>> {
        let token = self();
        Box::pin(async move { token.await.map(Into::into) })
    }
}
