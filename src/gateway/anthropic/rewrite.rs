//! Changes of JSON that keep all other bytes.

use crate::gateway::failure::Failure;
use crate::json::{View, unescaped};

/// The change of a member or an element.
pub(super) enum Change {
    Keep,
    Drop,
    Become(String),
}

impl From<Option<String>> for Change {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Keep, Self::Become)
    }
}

pub(super) type Changed = Result<Change, Failure>;

/// Applies `each` to the members of an object. Returns the new object, or `None` if no member changed.
pub(super) fn members(
    object: View<'_>,
    each: &mut dyn FnMut(&str, View<'_>) -> Changed,
) -> Result<Option<String>, Failure> {
    let mut changes = Vec::new();
    for (key, value) in object.raw_entries() {
        changes.push((Some(key), value, each(&unescaped(key), value)?));
    }
    Ok(written(["{", "}"], changes))
}

/// Applies `each` to the elements of an array. Returns the new array, or `None` if no element changed.
pub(super) fn elements(array: View<'_>, each: &mut dyn FnMut(View<'_>) -> Changed) -> Result<Option<String>, Failure> {
    let mut changes = Vec::new();
    for value in array.items() {
        changes.push((None, value, each(value)?));
    }
    Ok(written(["[", "]"], changes))
}

fn written([open, close]: [&str; 2], changes: Vec<(Option<&str>, View<'_>, Change)>) -> Option<String> {
    if changes.iter().all(|(_, _, change)| matches!(change, Change::Keep)) {
        return None;
    }
    let mut out = open.to_owned();
    for (key, value, change) in changes {
        let text = match &change {
            Change::Keep => value.raw(),
            Change::Become(text) => text,
            Change::Drop => continue,
        };
        if out.len() > 1 {
            out.push(',');
        }
        if let Some(key) = key {
            ["\"", key, "\":"].into_iter().for_each(|part| out.push_str(part));
        }
        out.push_str(text);
    }
    out.push_str(close);
    Some(out)
}
