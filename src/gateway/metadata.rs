//! The metadata of calls in AWS's logs of invocations: those of the key, and the client's own.

use super::failure::Failure;
use super::settings::MAX_METADATA;
use crate::json::{Json, Kind, View, Writer, unescaped};

/// The member of Converse's body.
const MEMBER: &str = "requestMetadata";

/// Returns the metadata of a call: those of the key, and the client's own, unless the name is used or there
/// are too many.
/// The others are named in `removed`, after `prefix`.
pub(super) fn merged(
    key: &[(String, String)],
    given: Vec<(String, String)>,
    prefix: &str,
    removed: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut all = key.to_vec();
    for (name, value) in given {
        match all.len() < MAX_METADATA && !all.iter().any(|(known, _)| *known == name) {
            true => all.push((name, value)),
            false => removed.push([prefix, &name].concat()),
        }
    }
    all
}

/// Returns the entries of an object of strings.
pub(super) fn pairs(object: View<'_>) -> Option<Vec<(String, String)>> {
    let entries = object.entries().map(|(name, value)| Some((name.into_owned(), value.string()?)));
    entries.collect::<Option<Vec<_>>>().filter(|_| object.kind() == Kind::Object)
}

/// Returns a body of Converse with the metadata of the key. The other members stay byte for byte.
///
/// # Errors
/// `Invalid`, for a body that the gateway cannot read: the service may read other metadata in it.
pub(super) fn in_body(body: &[u8], key: &[(String, String)], removed: &mut Vec<String>) -> Result<Vec<u8>, Failure> {
    let json = View::from_bytes(body).map_err(|error| Failure::invalid(format!("the body is not JSON: {error}")))?;
    if json.kind() != Kind::Object {
        return Err(Failure::invalid("the body is not a JSON object"));
    }
    let mut given = Vec::new();
    let mut w = Writer::with_capacity(body.len() + 256);
    w.begin_object();
    for (name, value) in json.raw_entries() {
        // An escaped name must not hide a second member.
        match unescaped(name) == MEMBER {
            false => w.raw_member(name, value),
            true if value.is_null() => {}
            true => {
                let wrong = || {
                    Failure::of_field(
                        MEMBER,
                        "`requestMetadata` is not an object of strings; send for example {\"team\": \"search\"}",
                    )
                };
                given.extend(pairs(value).ok_or_else(wrong)?);
            }
        }
    }
    w.object(MEMBER);
    for (name, value) in merged(key, given, "requestMetadata.", removed) {
        w.field(&name, &value);
    }
    w.end_object();
    w.end_object();
    Ok(Json::written(w).into_bytes())
}
