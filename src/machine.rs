//! Sources of temporary credentials that only exist on machines of AWS: containers and EC2 instances.

mod container;
mod imds;

pub use container::ContainerCredentials;
pub use imds::ImdsCredentials;

use zeroize::Zeroizing;

use crate::credentials::Variables;
use crate::error::{Error, ErrorKind, Result};
use crate::json::View;
use crate::sources::document::KeyDocument;
use crate::sources::http::Answer;
use crate::sources::time::parse_time;

/// Returns a variable, if it is not empty.
fn given(variables: &dyn Variables, name: &str) -> Option<String> {
    variables.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Reads the document of credentials that both services have; `None` if the answer is not JSON.
fn document(answer: &Answer) -> Option<KeyDocument> {
    let view = View::from_bytes(&answer.body).ok()?;
    let text = |name: &str| view.get(name)?.string();
    Some(KeyDocument {
        access_key_id: text("AccessKeyId"),
        secret_access_key: text("SecretAccessKey").map(Zeroizing::new),
        session_token: text("Token").map(Zeroizing::new),
        expiry: text("Expiration").map(|text| {
            let time = parse_time(&text);
            (text, time)
        }),
    })
}

/// Returns the error in a document: services answer with status 200, a `Code` and a `Message` where, for instance,
/// the role does not trust the instance.
fn stated_error(answer: &Answer) -> Result<()> {
    let view = View::from_bytes(&answer.body).ok();
    let text = |name: &str| view?.get(name)?.string();
    match (text("Code"), text("Message")) {
        (Some(code), Some(message)) if text("AccessKeyId").is_none() => Err(answer.named_error(&code, &message)),
        _ => Ok(()),
    }
}

/// Joins a base and a path, which is `/` at least: the URL that is sent must be in its normal form.
fn with_path(base: &str, path: &str) -> String {
    let slash = if path.starts_with('/') { "" } else { "/" };
    [base, slash, path].concat()
}

/// Returns the error of a variable that does not have its form.
fn malformed(name: &str, value: &str, form: &str) -> Error {
    Error::of(ErrorKind::Config, format_args!("`{name}` is malformed: `{value}`; set it to {form}"))
}

#[cfg(test)]
mod tests;
