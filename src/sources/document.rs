//! Credentials in the answer of a service.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Result};

/// The members of temporary credentials, as a service sent them.
pub(crate) struct KeyDocument {
    pub(crate) access_key_id: Option<String>,
    pub(crate) secret_access_key: Option<Zeroizing<String>>,
    pub(crate) session_token: Option<Zeroizing<String>>,
    /// The text of the expiry, and the time that it is.
    pub(crate) expiry: Option<(String, Option<Duration>)>,
}

impl KeyDocument {
    /// Returns the credentials. `from` names the source, for errors; they never quote the answer.
    ///
    /// # Errors
    /// `Credentials`, if a member is missing or empty, or if the expiry is malformed.
    pub(crate) fn into_credentials(self, from: &str) -> Result<Credentials> {
        let missing = |what: &str| {
            Error::of(ErrorKind::Credentials, format_args!("the answer of {from} has no {what}; check the endpoint"))
        };
        let id = self.access_key_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("access key id"))?;
        let secret = self.secret_access_key.filter(|secret| !secret.is_empty());
        let mut secret = secret.ok_or_else(|| missing("secret access key"))?;
        let mut token = self.session_token.filter(|token| !token.is_empty()).ok_or_else(|| missing("session token"))?;
        let (text, expiry) = self.expiry.ok_or_else(|| missing("expiry"))?;
        let Some(expiry) = expiry else {
            return Err(Error::of(
                ErrorKind::Credentials,
                format_args!("the answer of {from} has a malformed expiry: `{text}`; check the endpoint"),
            ));
        };
        // The texts are moved, so that no copy of a secret stays in memory.
        let credentials = Credentials::new(id, std::mem::take(&mut *secret));
        Ok(credentials.with_session_token(std::mem::take(&mut *token)).with_expiry(expiry))
    }
}
