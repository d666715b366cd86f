//! Conversion of the JSON Schema of a tool's arguments to Command R's flat parameters.
//!
//! A parameter has a description, a Python type and whether it is required. Other keywords of a plain value
//! (`enum`, `minimum`, `pattern`, ...) are added to the description.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View, Writer};
use crate::model::ModelId;
use crate::request::lookup::target;

/// Keywords that contain other schemas, which a flat parameter cannot express.
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

/// Keywords that are expressed otherwise, or do not restrict a value.
const OTHER: &[&str] = &[
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

/// JSON Schema's types of plain values, and Python's.
const TYPES: &[(&str, &str)] =
    &[("string", "str"), ("integer", "int"), ("number", "float"), ("boolean", "bool"), ("object", "Dict")];

/// Maximum number of references in a chain. A longer chain is a cycle.
const LINKS: usize = 16;

/// The reason why a schema cannot be converted, as the end of an error message.
type Reason = &'static str;

const ALTERNATIVES: Reason = "has alternatives (`anyOf`, `oneOf` or `allOf`)";
const NESTS: Reason = "has a keyword that contains other schemas, such as `allOf` or `not`";

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

fn refused(model: &ModelId, tool: &str, parameter: Option<&str>, why: Reason) -> Error {
    let place: &[&str] = match parameter {
        Some(name) => &["the parameter `", name, "`"],
        None => &["the schema"],
    };
    Error::of(
        ErrorKind::Unsupported,
        format_args!(
            "{model} accepts only flat parameters: {} of the tool `{tool}` {why}; simplify the schema, or use the Converse API",
            place.concat()
        ),
    )
    .with_field("tools")
}

struct Parameter {
    python_type: String,
    description: Option<String>,
}

impl Parameter {
    fn read(root: View<'_>, outer: View<'_>) -> Result<Self, Reason> {
        let inner = resolved(root, outer)?;
        let python_type = python_type(root, inner)?;
        let text = outer.string_at("description").or_else(|| inner.string_at("description"));
        let mut description = text.filter(|text| !text.trim().is_empty());
        if let Some(limits) = limits(root, outer, inner, true)? {
            let text = description.get_or_insert_default();
            let start = if text.is_empty() { "JSON Schema: " } else { ". JSON Schema: " };
            text.push_str(start);
            text.push_str(limits.as_str());
        }
        Ok(Self { python_type, description })
    }
}

/// Returns the other restrictions of a value, and of its items if it is a list, as a JSON Schema without types.
fn limits(root: View<'_>, outer: View<'_>, inner: View<'_>, items: bool) -> Result<Option<Json>, Reason> {
    let mut w = Writer::new();
    w.begin_object();
    let mut any = false;
    for schema in [outer, inner] {
        for (key, value) in schema.raw_entries() {
            // Members next to a reference override those of its target.
            let is_known = schema.raw() != outer.raw() && outer.raw_entries().any(|(other, _)| other == key);
            if is_known || OTHER.contains(&key) || NESTED.contains(&key) {
                continue;
            }
            if key != "items" {
                w.raw_member(key, value);
                any = true;
            } else if items {
                // Lists of lists are refused, so the recursion has one level only.
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
    Ok(any.then(|| Json::written(w)))
}

/// Returns the target of a reference, or the only alternative that is not `null`.
fn resolved<'a>(root: View<'a>, schema: View<'a>) -> Result<View<'a>, Reason> {
    let mut at = schema;
    for _ in 0..LINKS {
        if let Some(link) = at.string_at("$ref") {
            at = target(root, &link).ok_or("refers to a schema that does not exist")?;
            continue;
        }
        let variants = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| at.get(key));
        // Alternatives cannot replace a schema that also has a type or properties.
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

fn python_type(root: View<'_>, schema: View<'_>) -> Result<String, Reason> {
    if schema.get("properties").is_some() {
        return Err("is an object with properties");
    }
    if schema.raw_entries().any(|(key, _)| NESTED.contains(&key)) {
        return Err(NESTS);
    }
    let name = type_name(schema).ok_or("has no single type")?;
    if let Some((_, python)) = TYPES.iter().find(|(json, _)| *json == name) {
        return Ok((*python).to_owned());
    }
    if name != "array" {
        return Err("has a type that is not in JSON Schema");
    }
    let mut python = String::from("List");
    if let Some(items) = schema.get("items").filter(|items| items.has_members()) {
        let inner = resolved(root, items)?;
        // Only one level is resolved, so that a list that refers to itself ends here.
        if type_name(inner) == Some("array") {
            return Err("is a list of lists");
        }
        python.push('[');
        python.push_str(&python_type(root, inner)?);
        python.push(']');
    }
    Ok(python)
}

/// Returns the only type of a value other than `null`. Without a `type`, it is the type of `enum` or `const`.
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
