//! Conversion of schemas to the form that JSON modes and strict tools accept.
//!
//! See [structured output](https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html): the service
//! refuses a schema with any other keyword.

use super::lookup::{has_type, target};
use super::object;
use crate::json::{Json, Kind, View, Writer};
use crate::text::has;

/// Keywords that the service accepts. All others are moved to the description.
const ACCEPTED: &[&str] = &[
    "type",
    "enum",
    "const",
    "default",
    "title",
    "$ref",
    "$defs",
    "definitions",
    "required",
    "pattern",
    "format",
    "items",
];

/// Keywords that do not restrict values.
const NOTES: &[&str] = &["description", "additionalProperties", "$schema", "$id", "$comment", "discriminator"];

/// The formats of strings that the service accepts.
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Maximum nesting, deeper than the service accepts.
const DEEPEST: usize = 100;

/// Members that hold the targets of references.
const DEFINITIONS: &[&str] = &["$defs", "definitions"];

/// The member that holds a value which is not an object.
pub(crate) const VALUE: &str = "value";

/// Returns the schema wrapped in an object with one member, as tools and JSON modes accept objects only. Returns `None`
/// if the schema is already that of an object.
pub(crate) fn wrapped(schema: View<'_>) -> Option<Json> {
    let typed = schema.get("type").is_some();
    let chosen = ["anyOf", "oneOf", "enum", "const"].iter().any(|key| schema.get(key).is_some());
    // A schema for an object or null does not count as an object.
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
    // Definitions stay at the top, where the service expects them.
    schema.raw_entries().filter(|(key, _)| DEFINITIONS.contains(key)).for_each(|(key, parts)| {
        w.key(key);
        write_moved(&mut w, parts, 1);
    });
    w.end_object();
    Some(Json::written(w))
}

/// Writes a schema that becomes a member, with adjusted references.
fn write_moved(w: &mut Writer, view: View<'_>, depth: usize) {
    match view.kind() {
        _ if depth > DEEPEST => w.raw(view),
        Kind::Object => {
            w.begin_object();
            for (key, value) in view.entries() {
                if depth == 0 && DEFINITIONS.contains(&&*key) {
                    continue;
                }
                w.key(&key);
                let is_moved = |link: &&str| {
                    !DEFINITIONS.iter().any(|name| link.strip_prefix('/').is_some_and(|path| path.starts_with(name)))
                };
                match value.str().as_deref().and_then(|link| link.strip_prefix('#')).filter(is_moved) {
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

/// Maximum numbers of unions and of optional properties that the service accepts.
const MAX_UNIONS: usize = 16;
const MAX_OPTIONAL: usize = 24;

/// Returns the repaired schema.
///
/// # Errors
/// The reason why the service would refuse the repaired schema: a map, a value without a type, a recursive schema, or
/// too many unions or optional properties.
pub(crate) fn closed(schema: View<'_>) -> Result<Json, &'static str> {
    if !is_finite(schema, schema, 0, &mut 10_000) {
        return Err("it contains itself");
    }
    let mut why = None;
    visit(schema, 0, &mut |part| {
        if is_open(part) || part.get("patternProperties").is_some_and(View::has_members) {
            why = Some("it has a map, an object with any keys");
        }
    });
    let repaired = repaired(schema);
    let (mut unions, mut optional) = (0, 0);
    visit(repaired.view(), 0, &mut |part| {
        let properties = part.get("properties");
        let is_shut = part.get("additionalProperties").is_some_and(|open| open.bool() == Some(false));
        if has_type(part, "object") && properties.is_none() && !is_shut {
            why = Some("it has a map, an object with any keys");
        }
        let items = part.get("items").is_some_and(|items| items.kind() == Kind::Array);
        if items || part.get("prefixItems").is_some() {
            why = Some("it has a tuple (`prefixItems`)");
        }
        let says = ["type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"];
        if !says.iter().any(|key| part.get(key).is_some()) {
            why = Some("it has a value without a type");
        }
        let one_of_types = part.get("type").is_some_and(|types| types.kind() == Kind::Array);
        unions += usize::from(one_of_types || part.get("anyOf").is_some());
        let required = part.get("required").map_or(0, |names| names.items().count());
        optional += properties.map_or(0, |all| all.entries().count()).saturating_sub(required);
    });
    match why {
        Some(why) => Err(why),
        None if unions > MAX_UNIONS => Err("it has more than 16 unions"),
        None if optional > MAX_OPTIONAL => Err("it has more than 24 optional properties"),
        None => Ok(repaired),
    }
}

/// Returns whether the schema is finite: following its references ends within a number of parts.
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

/// Calls a function for a schema and all schemas inside it.
fn visit(schema: View<'_>, depth: usize, see: &mut dyn FnMut(View<'_>)) {
    if depth > DEEPEST {
        return;
    }
    // `true` is a schema without members.
    see(schema);
    for (key, value) in schema.raw_entries() {
        match key {
            "properties" | "$defs" | "definitions" => {
                value.raw_entries().for_each(|(_, part)| visit(part, depth + 1, see));
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => value.items().for_each(|part| visit(part, depth + 1, see)),
            "items" if value.kind() != Kind::Array => visit(value, depth + 1, see),
            _ => {}
        }
    }
}

/// Returns the schema in the form that the service accepts. Objects are closed, other keywords move to the
/// descriptions, `oneOf` becomes `anyOf`, and `allOf` becomes one object. An optional property loses null, as unions
/// are limited. A repaired schema is unchanged.
pub(crate) fn repaired(schema: View<'_>) -> Json {
    let mut w = Writer::new();
    write(&mut w, schema, schema, false, 0);
    Json::written(w)
}

fn write(w: &mut Writer, root: View<'_>, schema: View<'_>, optional: bool, depth: usize) {
    if schema.kind() != Kind::Object || depth > DEEPEST {
        return w.raw(schema);
    }
    let is_null = |option: &View<'_>| has_type(*option, "null");
    if let Some(options) = schema.get("anyOf").filter(|_| optional) {
        let mut others = options.items().filter(|option| !is_null(option));
        if let (Some(only), None) = (others.next(), others.next()) {
            return write(w, root, only, false, depth + 1);
        }
    }
    // Branches of `allOf` that are closed separately contradict each other.
    let there = |key| schema.get(key).is_some();
    let is_joint = there("allOf") || there("properties") && (there("anyOf") || there("oneOf"));
    if is_joint && let Some(flat) = object::flat_part(root, schema) {
        return write(w, root, flat.view(), optional, depth + 1);
    }
    w.begin_object();
    let mut limits = String::new();
    for (key, value) in schema.entries() {
        match &*key {
            key if NOTES.contains(&key) => {}
            // The format is the name of one of Rust's number types.
            "format" if has_type(schema, "integer") || has_type(schema, "number") => {}
            "type" if optional && value.kind() == Kind::Array => write_types(w, value),
            "properties" | "$defs" | "definitions" => {
                w.object(&key);
                for (name, property) in value.entries() {
                    let required = schema.list("required");
                    let optional =
                        key == "properties" && !required.into_iter().any(|item| item.str() == Some(name.clone()));
                    w.key(&name);
                    write(w, root, property, optional, depth + 1);
                }
                w.end_object();
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                w.array(if key == "oneOf" { "anyOf" } else { &key });
                value.items().for_each(|option| write(w, root, option, false, depth + 1));
                w.end_array();
            }
            "items" => {
                w.key(&key);
                write(w, root, value, false, depth + 1);
            }
            key if is_accepted(key, value) => w.member(key, value),
            key => {
                let separator = if limits.is_empty() { "" } else { ", " };
                limits.push_str(&[separator, key, ": ", value.raw()].concat());
            }
        }
    }
    let description = schema.text_at("description");
    let described = match (description.is_empty(), limits.is_empty()) {
        (_, true) => description,
        (true, false) => limits,
        (false, false) => [&description, " (", &limits, ")"].concat(),
    };
    w.opt_field("description", Some(described.as_str()).filter(|text| !text.is_empty()));
    // An open object stays open: [`closed`] then refuses it.
    if schema.get("properties").is_some() && !is_open(schema) {
        w.key("additionalProperties").bool(false);
    } else if let Some(open) = schema.get("additionalProperties") {
        w.member("additionalProperties", open);
    }
    w.end_object();
}

/// Returns whether an object schema is explicitly open to other properties: `true`, or a schema.
fn is_open(schema: View<'_>) -> bool {
    let others = schema.get("additionalProperties");
    others.is_some_and(|others| others.bool() == Some(true) || others.kind() == Kind::Object)
}

fn is_accepted(key: &str, value: View<'_>) -> bool {
    let text = value.str().unwrap_or_default();
    match key {
        "format" => FORMATS.contains(&&*text),
        "minItems" => value.u64().is_some_and(|least| least < 2),
        // The service does not support look-around, back references and word boundaries.
        "pattern" => !["(?=", "(?!", "(?<", "\\b", "\\B", "\\1", "\\2", "\\k"].iter().any(|part| has(&text, part)),
        key => ACCEPTED.contains(&key),
    }
}

/// Writes the types without null. A single type is not written as a list.
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
    fn strict_schema_matches_the_vectors() {
        let file = Json::parse(include_str!("../../tests/vectors/structured/schemas.json")).unwrap();
        for case in file.view().list("closed") {
            match closed(case.get("schema").unwrap()) {
                Ok(schema) => {
                    assert_eq!(schema, Json::from(case.get("sent").unwrap()), "{}", case.raw());
                    assert_eq!(closed(schema.view()), Ok(schema.clone()), "{}", case.raw());
                }
                Err(why) => assert!(why.contains(&case.string_at("error").unwrap()), "{why}: {}", case.raw()),
            }
        }
    }

    #[test]
    fn strict_schema_errors_have_the_reason() {
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
                        "type": "object", "properties": {"type": {"type": "string"}}, "additionalProperties": true
                    }
                },
                "required": ["age", "born", "tags", "minimum"],
                "additionalProperties": false
            })
        );
    }

    #[test]
    fn strict_schema_union_limit_is_an_error() {
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
    fn strict_schema_refuses_maps() {
        let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
        let nested = json!({"type": "object", "properties": {"map": map}});
        let loose = json!({"type": "object", "properties": {}, "additionalProperties": true});
        let looser = json!({"type": "object", "properties": {}, "additionalProperties": {}});
        for open in [&map, &nested, &json!({"type": "object"}), &loose, &looser] {
            assert!(closed(Json::from(open.clone()).view()).is_err(), "{open}");
        }
        assert!(closed(Json::from(json!({"type": "object", "properties": {}})).view()).is_ok());
        assert_eq!(repair(map.clone()), map, "and stay what they are");
    }

    #[test]
    fn recursive_schema_is_refused_for_json_modes() {
        let closable = |schema: serde_json::Value| closed(Json::from(schema).view()).is_ok();
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
    fn wrapped_schema_references_point_into_the_wrapper() {
        let defs = json!({"a": {"type": "string"}});
        let list = json!({"type": "array", "items": {"$ref": "#"}, "contains": {"$ref": "#/$defs/a"}, "$defs": defs});
        let wrapped = wrapped(Json::from(list).view()).unwrap();
        let expected = json!({"type": "array", "items": {"$ref": "#/properties/value"},
            "contains": {"$ref": "#/$defs/a"}});
        let object = json!({"type": "object", "properties": {"value": expected}, "required": ["value"], "$defs": defs});
        assert_eq!(wrapped, object);
    }

    #[test]
    fn schema_of_a_non_object_is_wrapped_in_an_object() {
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
