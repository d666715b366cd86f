//! The members of requests for models that are called in another format: one row for each member.

use crate::gateway::dialect::leave_out;
use crate::gateway::failure::Failure;
use crate::json::{Kind, View, quoted};

/// The use of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is read.
    Read,
    /// It is left out, and a response header names it: the answer does not depend on it.
    LeftOut,
    /// It is an error with this advice: no option of the crate has its effect.
    Refused(&'static str),
}

/// A member of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) fate: Fate,
    /// The values that mean the same as no value.
    pub(crate) neutral: &'static [&'static str],
}

pub(crate) const fn read(name: &'static str) -> Row {
    Row { name, fate: Fate::Read, neutral: &[] }
}

pub(crate) const fn left_out(name: &'static str, neutral: &'static [&'static str]) -> Row {
    Row { name, fate: Fate::LeftOut, neutral }
}

pub(crate) const fn refused(name: &'static str, neutral: &'static [&'static str], advice: &'static str) -> Row {
    Row { name, fate: Fate::Refused(advice), neutral }
}

/// Checks all members of an object, and adds the members that are left out to `removed`.
///
/// # Errors
/// A member that is refused, or that has no row.
pub(crate) fn check(body: View<'_>, rows: &[Row], removed: &mut Vec<String>) -> Result<(), Failure> {
    for (key, value) in body.entries().filter(|(_, value)| !value.is_null()) {
        let Some(row) = rows.iter().find(|row| row.name == key) else {
            let name: String = key.chars().take(64).collect();
            let message = format!("unknown member {}; leave it out", quoted(&name));
            return Err(Failure::of_field(&name, message));
        };
        if row.neutral.contains(&value.raw()) {
            continue;
        }
        match row.fate {
            Fate::Read => {}
            Fate::LeftOut => leave_out(removed, row.name),
            Fate::Refused(advice) => {
                return Err(Failure::of_field(
                    row.name,
                    format!("`{}` is not supported for this model; {advice}", row.name),
                ));
            }
        }
    }
    Ok(())
}

/// Returns a member, if it has a value of the expected kind.
fn value<'a>(body: View<'a>, key: &str, kind: Kind, what: &str) -> Result<Option<View<'a>>, Failure> {
    match body.get(key) {
        Some(value) if value.kind() != kind => Err(Failure::of_field(key, format!("`{key}` is not {what}"))),
        value => Ok(value),
    }
}

/// Returns a member that is a number.
pub(crate) fn number(body: View<'_>, key: &str) -> Result<Option<f64>, Failure> {
    Ok(value(body, key, Kind::Number, "a number")?.and_then(View::f64))
}

/// Returns a member that is a positive whole number.
pub(crate) fn count(body: View<'_>, key: &str) -> Result<Option<u64>, Failure> {
    let Some(value) = body.get(key) else { return Ok(None) };
    match value.u64() {
        Some(count) if count > 0 => Ok(Some(count)),
        _ => Err(Failure::of_field(key, format!("`{key}` is not a whole number of at least 1"))),
    }
}

/// Returns a member that is `true` or `false`.
pub(crate) fn flag(body: View<'_>, key: &str) -> Result<Option<bool>, Failure> {
    Ok(value(body, key, Kind::Bool, "`true` or `false`")?.and_then(View::bool))
}

/// Returns a member that is a string.
pub(crate) fn text(body: View<'_>, key: &str) -> Result<Option<String>, Failure> {
    Ok(value(body, key, Kind::String, "a string")?.and_then(View::string))
}

/// Returns a member that is an object.
pub(crate) fn object<'a>(body: View<'a>, key: &str) -> Result<Option<View<'a>>, Failure> {
    value(body, key, Kind::Object, "an object")
}

/// Returns a member that is a list.
pub(crate) fn list<'a>(body: View<'a>, key: &str) -> Result<Option<View<'a>>, Failure> {
    value(body, key, Kind::Array, "a list")
}
