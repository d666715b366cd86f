//! Checks of the headers that the caller sets.

use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;

/// Headers that the crate sets. A second one from the caller would break the signature.
const RESERVED: &[&str] = &[
    "authorization",
    "host",
    "content-length",
    "content-type",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

/// Checks the headers. Calls with anonymous credentials have no `authorization` of the crate, so the caller may set it.
pub(super) fn check_headers(headers: &Headers, anonymous: bool) -> Result<()> {
    for (name, value) in headers.iter() {
        let problem = if RESERVED.contains(&name) && !(anonymous && name == "authorization") {
            "is set by the crate; leave it out (credentials are a separate option)"
        } else if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
        {
            "is not the name of a header"
        } else if !Headers::is_value(value) {
            "has a value that a header cannot carry"
        } else {
            continue;
        };
        return Err(Error::of(ErrorKind::Config, format_args!("the header \"{name}\" {problem}")).with_field("header"));
    }
    Ok(())
}
