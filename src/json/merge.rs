//! Merging of objects.

use super::owned::same;
use super::{Json, Kind, View, Writer};

/// Merges two objects. Members of the second replace those of the first.
pub(crate) fn merged(base: View<'_>, over: View<'_>) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    let kept = base.entries().filter(|(key, _)| over.get_or_null(key).is_none());
    for (key, value) in kept.chain(over.entries()) {
        w.member(&key, value);
    }
    w.end_object();
    Json::written(w)
}

/// Lists that several places may add to.
const LISTS: &[&str] = &["anthropic_beta", "include", "tools"];

/// Merges two objects that must not contradict each other. Objects are merged member by member, [`LISTS`] are
/// joined, and other members of both must be equal. At the paths in `defaults`, the second value replaces the
/// first.
///
/// # Errors
/// The path of the first contradiction, for instance `thinking.type`.
pub(crate) fn combined(own: View<'_>, over: View<'_>, defaults: &[&str]) -> Result<Json, String> {
    let mut w = Writer::new();
    combine(&mut w, own, over, "", defaults)?;
    Ok(Json::written(w))
}

fn combine(w: &mut Writer, own: View<'_>, over: View<'_>, path: &str, defaults: &[&str]) -> Result<(), String> {
    w.begin_object();
    for (key, mine) in own.entries() {
        // The last of several members with one name counts, as everywhere in JSON.
        let Some((_, theirs)) = over.entries().filter(|(name, _)| *name == key).last() else {
            w.member(&key, mine);
            continue;
        };
        let path = if path.is_empty() { key.to_string() } else { [path, ".", &key].concat() };
        w.key(&key);
        match (mine.kind(), theirs.kind()) {
            (Kind::Object, Kind::Object) => combine(w, mine, theirs, &path, defaults)?,
            _ if defaults.contains(&path.as_str()) || same(mine, theirs) => w.raw(theirs),
            (Kind::Array, Kind::Array) if LISTS.contains(&path.as_str()) => {
                w.begin_array();
                mine.items().for_each(|item| w.raw(item));
                let is_new = |item: &View<'_>| !mine.items().any(|known| same(known, *item));
                theirs.items().filter(is_new).for_each(|item| w.raw(item));
                w.end_array();
            }
            _ => return Err(path),
        }
    }
    for (key, theirs) in over.entries().filter(|(key, _)| own.get_or_null(key).is_none()) {
        w.member(&key, theirs);
    }
    w.end_object();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combine(own: &str, over: &str, defaults: &[&str]) -> Result<String, String> {
        let combined = combined(View::parse(own).unwrap(), View::parse(over).unwrap(), defaults)?;
        Ok(combined.as_str().to_owned())
    }

    #[test]
    fn combined_objects_are_merged_member_by_member() {
        let own = r#"{"tool_choice":{"type":"any"},"tools":[{"name":"a"}],"n":1.0}"#;
        let over =
            r#"{"tool_choice":{"disable_parallel_tool_use":true},"tools":[{"name":"a"},{"name":"b"}],"n":1,"x":null}"#;
        assert_eq!(
            combine(own, over, &[]).unwrap(),
            r#"{"tool_choice":{"type":"any","disable_parallel_tool_use":true},"tools":[{"name":"a"},{"name":"b"}],"n":1,"x":null}"#
        );
    }

    #[test]
    fn combined_contradiction_returns_its_path() {
        assert_eq!(combine(r#"{"a":{"b":1}}"#, r#"{"a":{"b":2}}"#, &[]), Err("a.b".to_owned()));
        assert_eq!(combine(r#"{"stop":["a"]}"#, r#"{"stop":["b"]}"#, &[]), Err("stop".to_owned()));
        assert_eq!(combine(r#"{"a":{"b":1}}"#, r#"{"a":2}"#, &[]), Err("a".to_owned()));
        assert_eq!(combine(r#"{"a":{"b":1}}"#, r#"{"a":{"b":2}}"#, &["a.b"]).unwrap(), r#"{"a":{"b":2}}"#);
    }

    #[test]
    fn merged_object_takes_the_second_value() {
        let merge = |a, b| merged(View::parse(a).unwrap(), View::parse(b).unwrap());
        assert_eq!(merge(r#"{"a":1,"b":[2]}"#, r#"{"b":null,"c":{}}"#).as_str(), r#"{"a":1,"b":null,"c":{}}"#);
        assert_eq!(merge("{}", "{}").as_str(), "{}");
    }
}
