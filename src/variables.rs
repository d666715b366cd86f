//! The default credentials where there are no files: those of variables.

use std::sync::Arc;

use crate::credentials::{Credentials, EnvironmentCredentials, ProvideCredentials, Variables};
use crate::error::{Error, ErrorKind, Result};
use crate::platform::BoxFuture;
use crate::sources::DefaultOf;

/// Returns the variables, and `None` for the missing profile: without files, no profile can be missing.
///
/// # Errors
/// `Config`, if a profile was chosen.
pub(crate) fn settings(
    variables: &Arc<dyn Variables>,
    profile: Option<&str>,
    _has_credentials: bool,
) -> Result<(Arc<dyn Variables>, Option<String>)> {
    match profile {
        None => Ok((Arc::clone(variables), None)),
        Some(_) => Err(Error::new(
            ErrorKind::Config,
            "profiles are not available on wasm32, where there are no files; pass credentials or a provider",
        )
        .with_field("profile")),
    }
}

/// Returns the default provider of a chat, and whether it has keys, which sign for a region.
///
/// # Errors
/// `Credentials`, if there are none: better now than at the first call.
pub(crate) fn default_provider(chat: DefaultOf<'_>) -> Result<(Arc<dyn ProvideCredentials>, bool)> {
    let found = EnvironmentCredentials::read(|name| chat.variables.get(name))?;
    Ok((Arc::new(FromVariables(chat.variables)), found.access_key_id().is_some()))
}

/// A provider that reads variables again for every attempt.
struct FromVariables(Arc<dyn Variables>);

impl ProvideCredentials for FromVariables {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(std::future::ready(EnvironmentCredentials::read(|name| self.0.get(name))))
    }
}
