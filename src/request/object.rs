//! Conversion of a tool's schema to a single object.
//!
//! Claude refuses `anyOf`, `oneOf` and `allOf` at the top of a tool's schema: "input_schema does not support
//! oneOf, allOf, or anyOf at the top level". Nova accepts nothing but `type`, `properties` and `required`
//! there. GPT requires an object too. Schema generators and MCP servers write all of these.

use std::borrow::Cow;

use super::lookup::{has_type, target};
use crate::json::{Json, Kind, View, Writer, merged, same};

/// Maximum nesting of references and branches; a deeper schema counts as a cycle.
const DEEPEST: usize = 32;

/// Members that do not restrict the value.
const NOTES: &[&str] =
    &["title", "description", "$schema", "$id", "$comment", "$defs", "definitions", "examples", "discriminator"];

/// The reason why a schema cannot be a single object.
pub(crate) type Why = &'static str;

/// A schema as one object, and the rule between its properties that the object cannot express.
pub(crate) struct Flat<'a> {
    pub(crate) schema: Cow<'a, Json>,
    pub(crate) rule: String,
}

/// Converts the schema of arguments to one object. The branches of `allOf` are merged. The branches of `anyOf` and
/// `oneOf` are joined, and the rule between them becomes a description. Null, `true` and `{}` accept any arguments.
///
/// # Errors
/// The reason why the schema cannot be one object.
pub(crate) fn flat(schema: &Json) -> Result<Flat<'_>, Why> {
    let root = schema.view();
    if root.word_at("type") == "object" && !is_union(root) {
        return Ok(Flat { schema: Cow::Borrowed(schema), rule: String::new() });
    }
    let root = if root.is_null() { View::empty_object() } else { root };
    let mut reader = Reader { root, rules: Vec::new() };
    let schema = reader.read(root, 0)?.ok_or("is not that of an object; set \"type\": \"object\"")?;
    if !links_lead_somewhere(schema.view(), schema.view(), 0) {
        return Err("has a `$ref` into its own `anyOf`, `oneOf` or `allOf`; move the target to `$defs`");
    }
    Ok(Flat { schema: Cow::Owned(schema), rule: reader.rules.join("\n") })
}

/// Same as [`flat`], for a part of a schema, with the rule in its description; `None` if the part is not an object.
pub(super) fn flat_part(root: View<'_>, part: View<'_>) -> Option<Json> {
    let mut reader = Reader { root, rules: Vec::new() };
    let object = reader.read(part, 0).ok()??;
    if reader.rules.is_empty() {
        return Some(object);
    }
    reader.rules.splice(..0, object.view().string_at("description"));
    let mut w = Writer::new();
    w.begin_object();
    w.field("description", &reader.rules.join("\n"));
    w.end_object();
    Some(merged(object.view(), Json::written(w).view()))
}

/// Returns whether the schema has branches besides its properties.
pub(super) fn is_union(schema: View<'_>) -> bool {
    schema.raw_entries().any(|(key, _)| matches!(key, "anyOf" | "oneOf" | "allOf" | "$ref"))
}

/// A reader of parts of a schema as objects. Such an object has no unions and no reference, and always has
/// `properties`.
struct Reader<'a> {
    root: View<'a>,
    rules: Vec<String>,
}

impl Reader<'_> {
    /// Reads a part of the schema; `None` if its values are not objects.
    fn read(&mut self, part: View<'_>, depth: usize) -> Result<Option<Json>, Why> {
        if depth > DEEPEST {
            return Err("contains itself before its first property");
        }
        let any = part.bool() == Some(true);
        if any || part.kind() != Kind::Object || part.get("type").is_some() && !has_type(part, "object") {
            return Ok(any.then(|| joint(part, part)));
        }
        let mut object = joint(part, View::empty_object());
        let mut parts = Vec::new();
        if let Some(link) = part.string_at("$ref") {
            parts.push(target(self.root, &link).ok_or("has a `$ref` without a target")?);
        }
        parts.extend(part.list("allOf"));
        for part in parts {
            let Some(other) = self.read(part, depth + 1)? else { return Ok(None) };
            object = joint(object.view(), other.view());
        }
        for (key, many) in [("anyOf", "at least one"), ("oneOf", "exactly one")] {
            let Some(given) = part.get(key) else { continue };
            let at = self.rules.len();
            let mut branches = Vec::new();
            for branch in given.items() {
                let known = self.rules.len();
                match self.read(branch, depth + 1)? {
                    Some(branch) => branches.push(branch),
                    // Branches of other types, such as null, are not arguments.
                    None => self.rules.truncate(known),
                }
            }
            let branches: Vec<View<'_>> = branches.iter().map(Json::view).collect();
            let either = match branches.as_slice() {
                [] => return Ok(None),
                [only] => Json::from(*only),
                all => {
                    let sets: Vec<String> = all.iter().map(|branch| described(*branch)).collect();
                    let rule = ["Give ", many, " of these sets of arguments: ", &sets.join("; "), "."];
                    self.rules.insert(at, rule.concat());
                    either(all)
                }
            };
            object = joint(object.view(), either.view());
        }
        Ok(Some(object))
    }
}

/// Members of an object that are merged according to their meaning, or written separately.
const MERGED: &[&str] = &[
    "type",
    "anyOf",
    "oneOf",
    "allOf",
    "$ref",
    "properties",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
];

fn properties(object: View<'_>) -> View<'_> {
    object.get("properties").unwrap_or(View::empty_object())
}

/// Returns the schema of additional properties.
fn additional(object: View<'_>) -> Option<View<'_>> {
    object.get("additionalProperties").or_else(|| object.get("unevaluatedProperties"))
}

fn requires(object: View<'_>, name: &str) -> bool {
    object.list("required").any(|item| item.str().is_some_and(|item| item == name))
}

/// Merges two objects: a value must fit both. Annotations are taken from the first.
fn joint(one: View<'_>, other: View<'_>) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    w.field("type", "object");
    for (object, known) in [(one, View::empty_object()), (other, one)] {
        for (key, value) in object.entries() {
            if !MERGED.contains(&&*key) && known.get_or_null(&key).is_none() {
                w.member(&key, value);
            }
        }
    }
    let (mine, theirs) = (properties(one), properties(other));
    w.object("properties");
    for (name, part) in mine.entries() {
        w.key(&name);
        match theirs.get_or_null(&name) {
            Some(also) => write_both(&mut w, part, also),
            None => w.raw(part),
        }
    }
    for (name, part) in theirs.entries() {
        if mine.get_or_null(&name).is_none() {
            w.member(&name, part);
        }
    }
    w.end_object();
    let mut required: Vec<String> = one.list("required").filter_map(View::string).collect();
    for name in other.list("required").filter_map(View::string) {
        if !required.contains(&name) {
            required.push(name);
        }
    }
    let is_closed = additional(other).is_some_and(|open| open.bool() == Some(false));
    let open = additional(one).filter(|_| !is_closed).or(additional(other));
    finish(w, &required, open)
}

/// Ends an object.
fn finish(mut w: Writer, required: &[String], additional: Option<View<'_>>) -> Json {
    w.strings("required", required);
    if let Some(additional) = additional {
        w.member("additionalProperties", additional);
    }
    w.end_object();
    Json::written(w)
}

/// Joins alternatives, as far as an object can express them. The rest becomes the rule.
fn either(branches: &[View<'_>]) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    w.field("type", "object");
    for (at, branch) in branches.iter().enumerate() {
        for (key, value) in branch.entries() {
            let is_new = || !branches.iter().take(at).any(|branch| branch.get_or_null(&key).is_some());
            if (key.starts_with('$') || key == "definitions") && is_new() {
                w.member(&key, value);
            }
        }
    }
    w.object("properties");
    for (at, branch) in branches.iter().enumerate() {
        for (name, _) in properties(*branch).entries() {
            let known = branches.iter().map(|branch| properties(*branch).get_or_null(&name));
            if !known.clone().take(at).any(|known| known.is_some()) {
                w.key(&name);
                write_one_of(&mut w, known.flatten());
            }
        }
    }
    w.end_object();
    let Some((first, others)) = branches.split_first() else { return finish(w, &[], None) };
    let mut required: Vec<String> = first.list("required").filter_map(View::string).collect();
    required.retain(|name| others.iter().all(|branch| requires(*branch, name)));
    let is_everywhere =
        |open: &View<'_>| others.iter().all(|branch| additional(*branch).is_some_and(|also| same(also, *open)));
    finish(w, &required, additional(*first).filter(is_everywhere))
}

/// Describes the properties of a branch: `kind "circle", radius, color (optional)`.
fn described(branch: View<'_>) -> String {
    let mut listed = String::new();
    let mut add = |parts: [&str; 4]| {
        listed.push_str(if listed.is_empty() { "" } else { ", " });
        parts.iter().for_each(|part| listed.push_str(part));
    };
    let properties = properties(branch);
    for (name, part) in properties.entries() {
        let fixed = part.get("const").or_else(|| only(part.get("enum")?)).map_or("", View::raw);
        let space = if fixed.is_empty() { "" } else { " " };
        add([&name, space, fixed, if requires(branch, &name) { "" } else { " (optional)" }]);
    }
    for name in branch.list("required").filter_map(View::string) {
        if properties.get_or_null(&name).is_none() {
            add([&name, "", "", ""]);
        }
    }
    for (key, value) in branch.entries() {
        if !MERGED.contains(&&*key) && !NOTES.contains(&&*key) {
            add([&key, ": ", value.raw(), ""]);
        }
    }
    if listed.is_empty() {
        listed.push_str("none");
    }
    match branch.string_at("description") {
        Some(note) => [&listed, " (", &note, ")"].concat(),
        None => listed,
    }
}

fn only(list: View<'_>) -> Option<View<'_>> {
    let mut items = list.items();
    items.next().filter(|_| items.next().is_none())
}

/// Writes a schema whose values fit both of two schemas.
fn write_both(w: &mut Writer, one: View<'_>, other: View<'_>) {
    let says_nothing =
        |schema: View<'_>| schema.bool() == Some(true) || schema.kind() == Kind::Object && !schema.has_members();
    if says_nothing(other) || same(one, other) {
        return w.raw(one);
    }
    if says_nothing(one) {
        return w.raw(other);
    }
    let agrees = |(key, value): (Cow<'_, str>, View<'_>)| other.get(&key).is_none_or(|also| same(also, value));
    if one.kind() == Kind::Object && other.kind() == Kind::Object && one.entries().all(agrees) {
        return w.raw(merged(one, other).view());
    }
    write_list(w, "allOf", &[one, other]);
}

/// Writes a schema whose values fit one of several schemas.
fn write_one_of<'a>(w: &mut Writer, schemas: impl Iterator<Item = View<'a>>) {
    let distinct = distinct(schemas);
    match distinct.as_slice() {
        [only] => w.raw(*only),
        all if write_names(w, all).is_some() => {}
        all => write_list(w, "anyOf", all),
    }
}

fn distinct<'a>(values: impl Iterator<Item = View<'a>>) -> Vec<View<'a>> {
    let mut distinct: Vec<View<'a>> = Vec::new();
    for value in values {
        if !distinct.iter().any(|known| same(*known, value)) {
            distinct.push(value);
        }
    }
    distinct
}

/// Writes the values of a property that distinguishes branches as one `enum`; writes nothing for other properties.
fn write_names(w: &mut Writer, schemas: &[View<'_>]) -> Option<()> {
    let kind = schemas.first()?.get("type");
    let mut values: Vec<View<'_>> = Vec::new();
    for schema in schemas {
        let is_plain = |(key, _): (&str, View<'_>)| matches!(key, "type" | "const" | "enum" | "description" | "title");
        if schema.get("type") != kind || !schema.raw_entries().all(is_plain) {
            return None;
        }
        match (schema.get("const"), schema.get("enum")) {
            (Some(value), None) => values.push(value),
            (None, Some(list)) => values.extend(list.items()),
            _ => return None,
        }
    }
    w.begin_object();
    if let Some(kind) = kind {
        w.member("type", kind);
    }
    write_values(w, "enum", &distinct(values.into_iter()));
    w.end_object();
    Some(())
}

fn write_list(w: &mut Writer, key: &str, schemas: &[View<'_>]) {
    w.begin_object();
    write_values(w, key, schemas);
    w.end_object();
}

fn write_values(w: &mut Writer, key: &str, values: &[View<'_>]) {
    w.array(key);
    values.iter().for_each(|value| w.raw(*value));
    w.end_array();
}

/// Returns whether all references inside the schema still have a target.
fn links_lead_somewhere(root: View<'_>, part: View<'_>, depth: usize) -> bool {
    let leads = |(key, value): (&str, View<'_>)| match value.str().filter(|_| key == "$ref") {
        Some(link) => !link.starts_with('#') || target(root, &link).is_some(),
        None => links_lead_somewhere(root, value, depth + 1),
    };
    depth > 100
        || match part.kind() {
            Kind::Object => part.raw_entries().all(leads),
            Kind::Array => part.items().all(|item| links_lead_somewhere(root, item, depth + 1)),
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_schema_unions_match_the_vectors() {
        let file = Json::parse(include_str!("../../tests/vectors/structured/schemas.json")).unwrap();
        for case in file.view().list("tools") {
            let schema = case.get("schema").map_or_else(|| Json::parse("null").unwrap(), Json::from);
            match flat(&schema) {
                Ok(flat) => {
                    assert_eq!(*flat.schema, Json::from(case.get("sent").unwrap()), "{}", case.raw());
                    assert_eq!(flat.rule, case.text_at("rule"), "{}", case.raw());
                }
                Err(why) => assert!(why.contains(&case.string_at("error").unwrap()), "{why}: {}", case.raw()),
            }
        }
    }
}
