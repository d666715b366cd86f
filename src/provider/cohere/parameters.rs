//! From the JSON Schema of a tool's arguments to Command R's flat parameters.
//!
//! A parameter has a description, a Python type and whether it is required. What else the
//! schema says of a plain value (`enum`, `minimum`, `pattern`, ...) is told in the description.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View, Writer};
use crate::model::ModelId;
use crate::provider::words;
use crate::request::lookup::target;
use crate::text::join;

/// Keywords that hold other schemas, which no flat parameter can say.
const NESTED: &[&str] = &[
    "properties",
    "patternProperties",
    "prefixItems",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "dependentSchemas",
    "dependentRequired",
    "$dynamicRef",
];

/// Keywords that are said otherwise, or say nothing of a value.
const SAID: &[&str] = &[
    "type",
    "description",
    "title",
    "$schema",
    "$id",
    "$comment",
    "$ref",
    "$defs",
    "definitions",
    "examples",
    "deprecated",
];

/// JSON Schema's types of plain values, in Python's words.
const TYPES: &[(&str, &str)] =
    &[("string", "str"), ("integer", "int"), ("number", "float"), ("boolean", "bool"), ("object", "Dict")];

/// How many references are followed, one from another: more are a circle.
const LINKS: usize = 16;

/// Why a schema cannot be written.
type Why = &'static str;

const ALTERNATIVES: Why = "has alternatives (anyOf, oneOf or allOf)";
const NESTS: Why = "uses a keyword that holds other schemas (such as allOf or not)";

/// Writes a tool's `parameter_definitions`, if it has parameters.
pub(super) fn write_definitions(w: &mut Writer, model: &ModelId, tool: &str, root: View<'_>) -> Result<()> {
    let object = resolved(root, root).map_err(|why| refused(model, tool, None, why))?;
    if object.raw_entries().any(|(key, _)| key != "properties" && NESTED.contains(&key)) {
        return Err(refused(model, tool, None, NESTS));
    }
    let mut properties = object.get("properties").map_or_else(Default::default, View::entries).peekable();
    if properties.peek().is_none() {
        return Ok(());
    }
    w.object("parameter_definitions");
    for (name, schema) in properties {
        let parameter = Parameter::read(root, schema).map_err(|why| refused(model, tool, Some(&name), why))?;
        let mut required = object.list("required");
        w.object(&name);
        w.opt_field("description", parameter.description.as_deref());
        w.field("type", &parameter.python_type);
        w.key("required").bool(required.any(|item| item.str().as_deref() == Some(&*name)));
        w.end_object();
    }
    w.end_object();
    Ok(())
}

fn refused(model: &ModelId, tool: &str, parameter: Option<&str>, why: Why) -> Error {
    let (what, name) = match parameter {
        Some(name) => ("parameter", name),
        None => ("schema", ""),
    };
    let parts = [
        "takes only flat parameters, but of the tool \"",
        tool,
        "\" the ",
        what,
        if name.is_empty() { "" } else { " \"" },
        name,
        if name.is_empty() { " " } else { "\" " },
        why,
        ": simplify the schema, or use the Converse API",
    ];
    words::refused(ErrorKind::Unsupported, model, &join(&mut parts.into_iter(), "")).with_field("tools")
}

struct Parameter {
    python_type: String,
    description: Option<String>,
}

impl Parameter {
    fn read(root: View<'_>, outer: View<'_>) -> Result<Self, Why> {
        let inner = resolved(root, outer)?;
        let python_type = python_type(root, inner)?;
        let told = outer.string_at("description").or_else(|| inner.string_at("description"));
        let mut description = told.filter(|text| !text.trim().is_empty());
        if let Some(limits) = limits(root, outer, inner, true)? {
            let text = description.get_or_insert_default();
            let start = if text.is_empty() { "JSON Schema: " } else { ". JSON Schema: " };
            text.push_str(start);
            text.push_str(limits.as_str());
        }
        Ok(Self { python_type, description })
    }
}

/// What else is asked of a value, and of the items if it is a list, as a JSON Schema without types.
fn limits(root: View<'_>, outer: View<'_>, inner: View<'_>, items: bool) -> Result<Option<Json>, Why> {
    let mut w = Writer::new();
    w.begin_object();
    let mut any = false;
    for schema in [outer, inner] {
        for (key, value) in schema.raw_entries() {
            // What stands beside a reference comes before what it names.
            let is_said = schema.raw() != outer.raw() && outer.raw_entries().any(|(other, _)| other == key);
            if is_said || SAID.contains(&key) || NESTED.contains(&key) {
                continue;
            }
            if key != "items" {
                w.raw_member(key, value);
                any = true;
            } else if items {
                // There are no lists of lists, so this goes no deeper.
                if let Some(inside) = limits(root, value, resolved(root, value)?, false)? {
                    w.raw_member(key, inside.view());
                    any = true;
                }
            }
        }
        if outer.raw() == inner.raw() {
            break;
        }
    }
    w.end_object();
    Ok(any.then(|| Json::from(w)))
}

/// The schema that a reference names, or the only one of several that is not `null`.
fn resolved<'a>(root: View<'a>, schema: View<'a>) -> Result<View<'a>, Why> {
    let mut at = schema;
    for _ in 0..LINKS {
        if let Some(link) = at.string_at("$ref") {
            at = target(root, &link).ok_or("refers to a schema that is not there")?;
            continue;
        }
        let variants = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| at.get(key));
        // Beside a type of its own a schema's variants say more than they could say alone.
        let Some(variants) = variants.filter(|_| at.get("type").or_else(|| at.get("properties")).is_none()) else {
            return Ok(at);
        };
        let mut only = None;
        for variant in variants.items() {
            if variant.word_at("type") != "null" && only.replace(variant).is_some() {
                return Err(ALTERNATIVES);
            }
        }
        at = only.ok_or(ALTERNATIVES)?;
    }
    Err("refers to itself")
}

fn python_type(root: View<'_>, schema: View<'_>) -> Result<String, Why> {
    if schema.get("properties").is_some() {
        return Err("is an object with fields of its own");
    }
    if schema.raw_entries().any(|(key, _)| NESTED.contains(&key)) {
        return Err(NESTS);
    }
    let name = type_name(schema).ok_or("has no single type")?;
    if let Some((_, python)) = TYPES.iter().find(|(json, _)| *json == name) {
        return Ok((*python).to_owned());
    }
    if name != "array" {
        return Err("has a type that JSON Schema does not have");
    }
    let mut python = String::from("List");
    if let Some(items) = schema.get("items").filter(|items| items.has_members()) {
        let inner = resolved(root, items)?;
        // One level only, so that a list of itself ends here.
        if type_name(inner) == Some("array") {
            return Err("is a list of lists");
        }
        python.push('[');
        python.push_str(&python_type(root, inner)?);
        python.push(']');
    }
    Ok(python)
}

/// The one type that a value may have beside `null`; that of its `enum` or `const` if none is named.
fn type_name(schema: View<'_>) -> Option<&str> {
    if let Some(named) = schema.get("type") {
        let mut only = Some(named.word()).filter(|name| !name.is_empty());
        for name in named.items().map(View::word) {
            if name != "null" && only.replace(name).is_some() {
                return None;
            }
        }
        return only;
    }
    let mut kind = None;
    let mut fits = |value: View<'_>| value.is_null() || *kind.get_or_insert(value.kind()) == value.kind();
    if !schema.list("enum").all(&mut fits) || !schema.get("const").is_none_or(fits) {
        return None;
    }
    match kind? {
        Kind::String => Some("string"),
        Kind::Number => Some("number"),
        Kind::Bool => Some("boolean"),
        _ => None,
    }
}
