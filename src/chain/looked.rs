//! The sources that were looked at.

use std::fmt::Write as _;

use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};

/// The result of one source: credentials, or why it did not provide any.
pub(super) type Found = std::result::Result<Credentials, String>;

/// The sources that were looked at, and why each has no credentials.
#[derive(Default)]
pub(super) struct Looked(Vec<(&'static str, String)>);

impl Looked {
    /// Returns the credentials of a source, or records why it did not provide any.
    pub(super) fn at(&mut self, source: &'static str, found: Found) -> Option<Credentials> {
        found.map_err(|why| self.0.push((source, why))).ok()
    }

    /// Returns the error that nothing was found, with one line for each source.
    pub(super) fn nothing(self, what: &str, advice: &str) -> Error {
        let mut message = format!("{what}; {advice}. These were looked at, in this order:");
        for (source, why) in self.0 {
            let _ = write!(message, "\n  {source}: {why}");
        }
        message.push_str("\nThe documentation of `DefaultCredentials` describes each.");
        Error::new(ErrorKind::Credentials, message)
    }
}
