//! Lookups in a JSON Schema: its type, and the target of a reference.

use crate::json::{Kind, View};
use crate::text::{replaced, split};

/// Returns whether a schema has this type, alone or among others.
pub(super) fn has_type(schema: View<'_>, kind: &str) -> bool {
    match schema.get("type") {
        Some(types) if types.kind() == Kind::Array => types.items().any(|item| item.word() == kind),
        one => one.is_some_and(|one| one.word() == kind),
    }
}

/// Returns the target of a reference.
pub(crate) fn target<'a>(root: View<'a>, link: &str) -> Option<View<'a>> {
    split(link.strip_prefix('#')?, b'/').skip(1).try_fold(root, |at, step| {
        at.get(step).or_else(|| match at.kind() {
            Kind::Array => at.items().nth(step.parse().ok()?),
            _ => at.get(&replaced(&replaced(step, "~1", "/"), "~0", "~")),
        })
    })
}
