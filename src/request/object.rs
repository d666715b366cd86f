//! Conversion of a tool's schema to a single object.
//!
//! Claude refuses `anyOf`, `oneOf` and `allOf` at the top of a tool's schema ("input_schema does not support
//! oneOf, allOf, or anyOf at the top level"), Nova accepts nothing but `type`, `properties` and `required`
//! there, and GPT requires an object too. Schema generators and MCP servers write all of these.

use std::borrow::Cow;

use super::lookup::{has_type, target};
use crate::json::{Json, Kind, View, Writer, merged};
use crate::text::join;

/// Maximum nesting of references and branches; deeper ones are taken for a cycle.
const DEEPEST: usize = 32;

/// Members that do not restrict the value.
const NOTES: &[&str] =
    &["title", "description", "$schema", "$id", "$comment", "$defs", "definitions", "examples", "discriminator"];

/// The reason why a schema cannot be a single object.
pub(crate) type Why = &'static str;

/// A schema as one object, and the rule between properties that the object cannot express.
pub(crate) struct Flat<'a> {
    pub(crate) schema: Cow<'a, Json>,
    pub(crate) rule: String,
}

/// Converts the schema of arguments to one object. The branches of `allOf` are merged; those of `anyOf` and
/// `oneOf` are joined, with their rule as a description. Null, `true` and `{}` accept any arguments.
///
/// # Errors
/// The reason why it cannot be one object.
pub(crate) fn flat(schema: &Json) -> Result<Flat<'_>, Why> {
    let root = schema.view();
    if root.word_at("type") == "object" && !is_union(root) {
        return Ok(Flat { schema: Cow::Borrowed(schema), rule: String::new() });
    }
    let root = if root.is_null() { View::parse("{}").unwrap_or(root) } else { root };
    let object = Object::read(root, root, 0)?.ok_or("is not that of an object; set \"type\": \"object\"")?;
    let rule = join(&mut object.rules.iter().map(String::as_str), "\n");
    let schema = object.write();
    if !links_lead_somewhere(schema.view(), schema.view(), 0) {
        return Err("has a `$ref` into its own `anyOf`, `oneOf` or `allOf`; move the target to `$defs`");
    }
    Ok(Flat { schema: Cow::Owned(schema), rule })
}

/// Same as [`flat`], for a part of a schema, with the rule in its description; `None` if it is not an object.
pub(super) fn flat_part(root: View<'_>, part: View<'_>) -> Option<Json> {
    let mut object = Object::read(root, part, 0).ok()??;
    if !object.rules.is_empty() {
        let mut words = object.take("description").and_then(|text| text.view().string()).unwrap_or_default();
        for rule in &object.rules {
            words.push_str(if words.is_empty() { "" } else { "\n" });
            words.push_str(rule);
        }
        object.others.push(("description".to_owned(), Json::string(&words)));
    }
    Some(object.write())
}

/// Returns whether the schema has branches besides its properties.
pub(super) fn is_union(schema: View<'_>) -> bool {
    schema.raw_entries().any(|(key, _)| matches!(key, "anyOf" | "oneOf" | "allOf" | "$ref"))
}

#[derive(Default)]
struct Object {
    properties: Vec<(String, Json)>,
    required: Vec<String>,
    additional: Option<Json>,
    others: Vec<(String, Json)>,
    rules: Vec<String>,
}

impl Object {
    /// Reads a part of a schema; `None` if its values are not objects.
    fn read(root: View<'_>, part: View<'_>, depth: usize) -> Result<Option<Self>, Why> {
        if depth > DEEPEST {
            return Err("contains itself before its first property");
        }
        let any = part.bool() == Some(true);
        if any || part.kind() != Kind::Object || part.get("type").is_some() && !has_type(part, "object") {
            return Ok(any.then(Self::default));
        }
        let mut object = Self::default();
        for (key, value) in part.entries() {
            match &*key {
                "type" | "anyOf" | "oneOf" | "allOf" | "$ref" => {}
                "properties" => {
                    object.properties =
                        value.entries().map(|(name, part)| (name.into_owned(), Json::from(part))).collect();
                }
                "required" => object.required = value.items().filter_map(View::string).collect(),
                "additionalProperties" | "unevaluatedProperties" => object.additional = Some(Json::from(value)),
                _ => object.others.push((key.into_owned(), Json::from(value))),
            }
        }
        if let Some(link) = part.string_at("$ref") {
            let target = target(root, &link).ok_or("has a `$ref` without a target")?;
            let Some(other) = Self::read(root, target, depth + 1)? else { return Ok(None) };
            object = object.and(other);
        }
        for branch in part.list("allOf") {
            let Some(other) = Self::read(root, branch, depth + 1)? else { return Ok(None) };
            object = object.and(other);
        }
        for (key, many) in [("anyOf", "at least one"), ("oneOf", "exactly one")] {
            let Some(given) = part.get(key) else { continue };
            let mut branches = Vec::new();
            for branch in given.items() {
                branches.extend(Self::read(root, branch, depth + 1)?);
            }
            // Branches of other types, such as null, are not arguments.
            let Some(either) = Self::either(branches, many) else { return Ok(None) };
            object = object.and(either);
        }
        Ok(Some(object))
    }

    /// Merges two objects: a value must fit both. The notes of the first are kept.
    fn and(mut self, other: Self) -> Self {
        for (name, part) in other.properties {
            match self.properties.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = both(known, &part),
                None => self.properties.push((name, part)),
            }
        }
        for name in other.required {
            if !self.required.contains(&name) {
                self.required.push(name);
            }
        }
        let closed = |one: &Option<Json>| one.as_ref().is_some_and(|one| one.view().bool() == Some(false));
        if self.additional.is_none() || closed(&other.additional) {
            self.additional = other.additional.or(self.additional);
        }
        for (key, value) in other.others {
            if !self.others.iter().any(|(known, _)| *known == key) {
                self.others.push((key, value));
            }
        }
        self.rules.extend(other.rules);
        self
    }

    /// Joins alternatives, as far as an object can express them. The remainder becomes the rule.
    fn either(branches: Vec<Self>, many: &str) -> Option<Self> {
        let mut branches = branches;
        if branches.len() < 2 {
            return branches.pop();
        }
        let mut object = Self::default();
        let sets: Vec<String> = branches.iter().map(Self::described).collect();
        let rule =
            ["Give ", many, " of these sets of arguments: ", &join(&mut sets.iter().map(String::as_str), "; "), "."];
        object.rules.push(rule.concat());
        for branch in &branches {
            for (name, _) in &branch.properties {
                if object.properties.iter().any(|(known, _)| known == name) {
                    continue;
                }
                let has = |branch: &Self| {
                    branch.properties.iter().find(|(known, _)| known == name).map(|(_, part)| part.clone())
                };
                object.properties.push((name.clone(), one_of(branches.iter().filter_map(has))));
            }
            for (key, value) in &branch.others {
                if key.starts_with('$') || key == "definitions" {
                    object.others.push((key.clone(), value.clone()));
                }
            }
            object.rules.extend(branch.rules.iter().cloned());
        }
        let in_all = |name: &&String| branches.iter().all(|branch| branch.required.contains(name));
        object.required = branches.first()?.required.iter().filter(in_all).cloned().collect();
        let first = branches.first()?.additional.clone();
        object.additional =
            first.filter(|first| branches.iter().all(|branch| branch.additional.as_ref() == Some(first)));
        Some(object)
    }

    /// Describes the properties of a branch: `kind "circle", radius, color (optional)`.
    fn described(&self) -> String {
        let mut listed = String::new();
        let mut add = |parts: [&str; 3]| {
            listed.push_str(if listed.is_empty() { "" } else { ", " });
            parts.iter().for_each(|part| listed.push_str(part));
        };
        for (name, part) in &self.properties {
            let fixed = part.view().get("const").or_else(|| only(part.view().get("enum")?));
            let fixed = fixed.map_or_else(String::new, |value| [" ", value.raw()].concat());
            add([name, &fixed, if self.required.contains(name) { "" } else { " (optional)" }]);
        }
        for name in &self.required {
            if !self.properties.iter().any(|(known, _)| known == name) {
                add([name, "", ""]);
            }
        }
        for (key, value) in &self.others {
            if !NOTES.contains(&key.as_str()) {
                add([key, ": ", value.as_str()]);
            }
        }
        if listed.is_empty() {
            listed.push_str("none");
        }
        let note = self.others.iter().find(|(key, _)| key == "description").and_then(|(_, text)| text.view().string());
        match note {
            Some(note) => [&listed, " (", &note, ")"].concat(),
            None => listed,
        }
    }

    fn take(&mut self, key: &str) -> Option<Json> {
        let at = self.others.iter().position(|(known, _)| known == key)?;
        Some(self.others.remove(at).1)
    }

    fn write(&self) -> Json {
        let mut w = Writer::new();
        w.begin_object();
        w.field("type", "object");
        self.others.iter().for_each(|(key, value)| w.member(key, value.view()));
        w.object("properties");
        self.properties.iter().for_each(|(name, part)| w.member(name, part.view()));
        w.end_object();
        w.strings("required", &self.required);
        if let Some(additional) = &self.additional {
            w.member("additionalProperties", additional.view());
        }
        w.end_object();
        Json::written(w)
    }
}

fn only(list: View<'_>) -> Option<View<'_>> {
    let mut items = list.items();
    items.next().filter(|_| items.next().is_none())
}

/// Returns the schema of values that fit both schemas.
fn both(one: &Json, other: &Json) -> Json {
    let says_nothing = |schema: &Json| schema.view().bool() == Some(true) || schema.as_str() == "{}";
    if one == other || says_nothing(other) {
        return one.clone();
    }
    if says_nothing(one) {
        return other.clone();
    }
    let agrees = |(key, value): (Cow<'_, str>, View<'_>)| {
        other.view().get(&key).is_none_or(|also| Json::from(also) == Json::from(value))
    };
    if one.view().kind() == Kind::Object && other.view().kind() == Kind::Object && one.view().entries().all(agrees) {
        return merged(one.view(), other.view());
    }
    listed("allOf", [one, other])
}

/// Returns the schema of values that fit one of the schemas.
fn one_of(schemas: impl Iterator<Item = Json>) -> Json {
    let mut distinct: Vec<Json> = Vec::new();
    for schema in schemas {
        if !distinct.contains(&schema) {
            distinct.push(schema);
        }
    }
    match distinct.as_slice() {
        [only] => only.clone(),
        all => names(all).unwrap_or_else(|| listed("anyOf", all)),
    }
}

/// Returns the values of a property that distinguishes branches, as one `enum`.
fn names(schemas: &[Json]) -> Option<Json> {
    let kind = schemas.first()?.view().get("type").map(View::raw);
    let mut values: Vec<View<'_>> = Vec::new();
    for schema in schemas {
        let schema = schema.view();
        let is_plain = |(key, _): (&str, View<'_>)| matches!(key, "type" | "const" | "enum" | "description" | "title");
        if schema.get("type").map(View::raw) != kind || !schema.raw_entries().all(is_plain) {
            return None;
        }
        match (schema.get("const"), schema.get("enum")) {
            (Some(value), None) => values.push(value),
            (None, Some(list)) => values.extend(list.items()),
            _ => return None,
        }
    }
    let mut w = Writer::new();
    w.begin_object();
    if let Some(kind) = schemas.first()?.view().get("type") {
        w.member("type", kind);
    }
    w.array("enum");
    for (at, value) in values.iter().enumerate() {
        if !values.iter().take(at).any(|known| known == value) {
            w.raw(*value);
        }
    }
    w.end_array();
    w.end_object();
    Some(Json::written(w))
}

fn listed<'a>(key: &str, schemas: impl IntoIterator<Item = &'a Json>) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    w.array(key);
    schemas.into_iter().for_each(|schema| w.raw(schema.view()));
    w.end_array();
    w.end_object();
    Json::written(w)
}

/// Returns whether all references in the schema still have a target.
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
