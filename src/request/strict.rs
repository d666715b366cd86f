//! Schemas as the models' own JSON modes and strict tools take them.
//!
//! See [structured output](https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html),
//! whose service refuses a schema with anything else in it.

use crate::json::{Json, Kind, View, Writer};
use crate::text::split;

/// Keywords that are refused. What they say is told in the description instead.
const LIMITS: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// The formats of strings that are known; the others are names of Rust's types.
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Deeper than any schema that the service would take.
const DEEPEST: usize = 100;

/// The member that holds a value that is no object.
pub(crate) const VALUE: &str = "value";

fn is(schema: View<'_>, kind: &str) -> bool {
    match schema.get("type") {
        Some(types) if types.kind() == Kind::Array => types.items().any(|item| item.word() == kind),
        one => one.is_some_and(|one| one.word() == kind),
    }
}

/// The schema of an object: tools and JSON modes take no other, so that lists, numbers and enums
/// become the one member of an object. `None` where it is an object's already.
pub(crate) fn wrapped(schema: View<'_>) -> Option<Json> {
    let typed = schema.get("type").is_some();
    let chosen = ["anyOf", "oneOf", "enum", "const"].iter().any(|key| schema.get(key).is_some());
    // An object or null is no object.
    let is_object = schema.word_at("type") == "object";
    if schema.kind() == Kind::Object && (is_object || !typed && !chosen) {
        return None;
    }
    let mut w = Writer::new();
    w.begin_object();
    w.field("type", "object");
    w.object("properties");
    w.key(VALUE);
    write_moved(&mut w, schema, 0);
    w.end_object();
    w.strings("required", &[VALUE.to_owned()]);
    w.end_object();
    Some(Json::from(w))
}

/// Writes a schema that becomes a member, with its references as seen from there.
fn write_moved(w: &mut Writer, view: View<'_>, depth: usize) {
    match view.kind() {
        _ if depth > DEEPEST => w.raw(view),
        Kind::Object => {
            w.begin_object();
            for (key, value) in view.entries() {
                w.key(&key);
                match value.str().as_deref().and_then(|link| link.strip_prefix('#')) {
                    Some(link) if key == "$ref" => w.string(&["#/properties/", VALUE, link].concat()),
                    _ => write_moved(w, value, depth + 1),
                }
            }
            w.end_object();
        }
        Kind::Array => {
            w.begin_array();
            view.items().for_each(|item| write_moved(w, item, depth + 1));
            w.end_array();
        }
        _ => w.raw(view),
    }
}

/// The most unions, and the most properties that may be left out, in a schema that is taken.
const MOST_UNIONS: usize = 16;
const MOST_OPTIONAL: usize = 24;

/// Whether the models' own JSON modes take it, once it is repaired: every object says which properties
/// it has, as a map cannot be closed; nothing contains itself; unions and optional properties are few.
pub(crate) fn is_closable(schema: View<'_>) -> bool {
    let (mut open, mut unions, mut optional) = (!is_finite(schema, schema, 0, &mut 10_000), 0, 0);
    visit(repaired(schema).view(), 0, &mut |schema| {
        let properties = schema.get("properties");
        open |= is(schema, "object") && properties.is_none();
        let one_of_types = schema.get("type").is_some_and(|types| types.kind() == Kind::Array);
        unions += usize::from(one_of_types || schema.get("anyOf").is_some());
        let required = schema.get("required").map_or(0, |names| names.items().count());
        optional += properties.map_or(0, |all| all.entries().count()).saturating_sub(required);
    });
    !open && unions <= MOST_UNIONS && optional <= MOST_OPTIONAL
}

/// Whether following its references comes to an end, before so many parts were seen.
fn is_finite(root: View<'_>, part: View<'_>, depth: usize, left: &mut usize) -> bool {
    *left = left.saturating_sub(1);
    if depth > DEEPEST || *left == 0 {
        return false;
    }
    match part.kind() {
        Kind::Object => part.entries().all(|(key, value)| match value.str().filter(|_| key == "$ref") {
            Some(link) => target(root, &link).is_none_or(|target| is_finite(root, target, depth + 1, left)),
            None => is_finite(root, value, depth + 1, left),
        }),
        Kind::Array => part.items().all(|item| is_finite(root, item, depth + 1, left)),
        _ => true,
    }
}

/// What a reference within a schema leads to.
pub(crate) fn target<'a>(root: View<'a>, link: &str) -> Option<View<'a>> {
    split(link.strip_prefix('#')?, b'/').skip(1).try_fold(root, |at, step| at.get(step))
}

fn visit(view: View<'_>, depth: usize, see: &mut dyn FnMut(View<'_>)) {
    if depth > DEEPEST {
        return;
    }
    match view.kind() {
        Kind::Object => {
            see(view);
            view.entries().for_each(|(_, value)| visit(value, depth + 1, see));
        }
        Kind::Array => view.items().for_each(|item| visit(item, depth + 1, see)),
        _ => {}
    }
}

/// The same schema without what is refused: every object closed, limits told in words, `oneOf` as
/// `anyOf`, and what may be left out not also null, as unions are few.
pub(crate) fn repaired(schema: View<'_>) -> Json {
    let mut w = Writer::new();
    write(&mut w, schema, false, 0);
    Json::from(w)
}

fn write(w: &mut Writer, schema: View<'_>, optional: bool, depth: usize) {
    if schema.kind() != Kind::Object || depth > DEEPEST {
        return w.raw(schema);
    }
    let is_null = |option: &View<'_>| is(*option, "null");
    if let Some(options) = schema.get("anyOf").filter(|_| optional) {
        let mut others = options.items().filter(|option| !is_null(option));
        if let (Some(only), None) = (others.next(), others.next()) {
            return write(w, only, false, depth + 1);
        }
    }
    w.begin_object();
    let mut limits = String::new();
    for (key, value) in schema.entries() {
        let few_items = key == "minItems" && value.u64().is_some_and(|least| least < 2);
        match &*key {
            "description" | "additionalProperties" | "$schema" => {}
            key if LIMITS.contains(&key) && !few_items => {
                let separator = if limits.is_empty() { "" } else { ", " };
                limits.push_str(&[separator, key, ": ", value.raw()].concat());
            }
            "format" if !value.str().is_some_and(|format| FORMATS.contains(&&*format)) => {}
            "type" if optional && value.kind() == Kind::Array => write_types(w, value),
            "properties" | "$defs" | "definitions" => {
                w.object(&key);
                for (name, property) in value.entries() {
                    let required = schema.list("required");
                    let optional =
                        key == "properties" && !required.into_iter().any(|item| item.str() == Some(name.clone()));
                    w.key(&name);
                    write(w, property, optional, depth + 1);
                }
                w.end_object();
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                w.array(if key == "oneOf" { "anyOf" } else { &key });
                value.items().for_each(|option| write(w, option, false, depth + 1));
                w.end_array();
            }
            "items" => {
                w.key(&key);
                write(w, value, false, depth + 1);
            }
            key => w.member(key, value),
        }
    }
    let description = schema.text_at("description");
    let described = match (description.is_empty(), limits.is_empty()) {
        (_, true) => description,
        (true, false) => limits,
        (false, false) => [&description, " (", &limits, ")"].concat(),
    };
    w.opt_field("description", Some(described.as_str()).filter(|text| !text.is_empty()));
    if schema.get("properties").is_some() {
        w.key("additionalProperties").bool(false);
    } else if let Some(open) = schema.get("additionalProperties") {
        w.member("additionalProperties", open);
    }
    w.end_object();
}

/// Types without null; a single one is not a list.
fn write_types(w: &mut Writer, types: View<'_>) {
    let some: Vec<String> = types.items().filter_map(View::string).filter(|name| name != "null").collect();
    match some.as_slice() {
        [only] => w.field("type", only),
        all => w.strings("type", all),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn repair(schema: serde_json::Value) -> Json {
        repaired(Json::from(schema).view())
    }

    #[test]
    fn what_the_service_refuses_is_told_in_words() {
        let repaired = repair(json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "age": {"type": "integer", "format": "uint8", "minimum": 0, "description": "In years"},
                "born": {"type": "string", "format": "date"},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}, "minItems": 1, "maxItems": 3},
                "minimum": {"type": "object", "properties": {"type": {"type": "string"}}, "additionalProperties": true}
            },
            "required": ["age", "born", "tags", "minimum"]
        }));
        assert_eq!(
            repaired,
            json!({
                "type": "object",
                "properties": {
                    "age": {"type": "integer", "description": "In years (minimum: 0)"},
                    "born": {"type": "string", "format": "date"},
                    "tags": {
                        "type": "array", "items": {"type": "string", "description": "maxLength: 9"},
                        "minItems": 1, "description": "maxItems: 3"
                    },
                    "minimum": {
                        "type": "object", "properties": {"type": {"type": "string"}}, "additionalProperties": false
                    }
                },
                "required": ["age", "born", "tags", "minimum"],
                "additionalProperties": false
            })
        );
    }

    #[test]
    fn unions_are_few_and_named_as_the_service_names_them() {
        let nullable = json!({"type": ["string", "null"]});
        let either = json!({"anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]});
        let repaired = repair(json!({
            "type": "object",
            "properties": {"a": nullable, "b": either, "c": nullable, "d": {"oneOf": [{"const": 1}, {"const": 2}]}},
            "required": ["c"]
        }));
        let properties = repaired.view().get("properties").map(Json::from).unwrap();
        assert_eq!(
            properties,
            json!({
                "a": {"type": "string"}, "b": {"type": "string", "description": "minLength: 1"}, "c": nullable,
                "d": {"anyOf": [{"const": 1}, {"const": 2}]}
            })
        );
    }

    #[test]
    fn maps_cannot_be_closed() {
        let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
        let nested = json!({"type": "object", "properties": {"map": map}});
        for open in [&map, &nested, &json!({"type": "object"})] {
            assert!(!is_closable(Json::from(open.clone()).view()), "{open}");
        }
        assert!(is_closable(Json::from(json!({"type": "object", "properties": {}})).view()));
        assert_eq!(repair(map.clone()), map, "and stay what they are");
    }

    #[test]
    fn what_contains_itself_or_has_too_many_unions_is_not_for_json_modes() {
        let closable = |schema: serde_json::Value| is_closable(Json::from(schema).view());
        let tree = json!({"type": "array", "items": {"$ref": "#/$defs/tree"}});
        let node = |children: serde_json::Value| json!({"type": "object", "properties": {"children": children}});
        assert!(!closable(node(json!({"type": "array", "items": {"$ref": "#"}}))));
        let defined =
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/tree"}}, "$defs": {"tree": node(tree)}});
        assert!(!closable(defined));
        let plain = json!({"$defs": {"name": {"type": "string"}, "both": {"type": "object", "properties": {
            "first": {"$ref": "#/$defs/name"}, "last": {"$ref": "#/$defs/name"}}, "required": ["first", "last"]}},
            "type": "object", "properties": {"who": {"$ref": "#/$defs/both"}}, "required": ["who"]});
        assert!(closable(plain), "references that lead to an end do no harm");
        let many = |count: usize, required: bool| {
            let names: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
            let all = names.iter().map(|name| (name.clone(), json!({"type": ["string", "null"]}))).collect();
            let properties = serde_json::Value::Object(all);
            json!({"type": "object", "properties": properties, "required": if required { names } else { vec![] }})
        };
        assert!(closable(many(16, true)) && !closable(many(17, true)), "unions that must be there");
        assert!(closable(many(24, false)) && !closable(many(25, false)), "what may be left out is no union any more");
    }

    #[test]
    fn what_refers_to_the_whole_refers_to_the_member_that_it_became() {
        let list = json!({"type": "array", "items": {"$ref": "#"}, "contains": {"$ref": "#/$defs/a"}});
        let wrapped = wrapped(Json::from(list).view()).unwrap();
        let expected = json!({"type": "array", "items": {"$ref": "#/properties/value"},
            "contains": {"$ref": "#/properties/value/$defs/a"}});
        assert_eq!(wrapped, json!({"type": "object", "properties": {"value": expected}, "required": ["value"]}));
    }

    #[test]
    fn values_that_are_no_objects_become_a_member_of_one() {
        for schema in [
            json!({"type": ["object", "null"], "properties": {}}),
            json!({"type": "array", "items": {"type": "string"}}),
            json!({"enum": ["a", "b"]}),
            json!({"oneOf": [{"type": "object"}]}),
            json!(true),
        ] {
            let wrapped = wrapped(Json::from(schema.clone()).view()).unwrap();
            let expected = json!({"type": "object", "properties": {"value": schema}, "required": ["value"]});
            assert_eq!(wrapped, expected);
        }
        for schema in [json!({"type": "object"}), json!({}), json!({"$ref": "#/$defs/a", "$defs": {}})] {
            assert!(wrapped(Json::from(schema).view()).is_none());
        }
    }
}
