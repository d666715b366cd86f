//! The credentials of one profile.

use std::fmt;

use super::attempt::Attempt;
use super::{Context, context_setters};
use crate::credentials::{Credentials, ProvideCredentials};
use crate::error::Result;
use crate::platform::BoxFuture;

/// A provider of the credentials of one profile: its role, web identity, SSO, keys, login or process, in that order. It
/// does not use keys of the environment, nor containers and instances, unless the profile's `credential_source` says
/// so. See [`DefaultCredentials`](crate::DefaultCredentials) for the keys of profiles.
///
/// Not available on wasm32. Each call of the provider reads the files and may send requests: wrap it in
/// [`CachedCredentials`](crate::CachedCredentials).
///
/// ```
/// use bedrock_chat::{BedrockChat, CachedCredentials, ProfileCredentials};
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials_provider(CachedCredentials::new(ProfileCredentials::new("work")))
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub struct ProfileCredentials {
    context: Context,
}

impl ProfileCredentials {
    /// Creates a provider for the profile of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { context: Context { profile: Some(name.into()), ..Context::default() } }
    }

    context_setters!();
}

impl ProvideCredentials for ProfileCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(async { Attempt::new(&self.context)?.resolve_profile().await })
    }

    fn waiting_for(&self) -> Option<String> {
        self.context.waiting.source()
    }
}

impl fmt::Debug for ProfileCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileCredentials").field("profile", &self.context.profile).finish_non_exhaustive()
    }
}
