//! From the JSON Schema of a tool's arguments to Command R's flat parameters.
//!
//! A parameter has a description, a Python type and whether it is required. What else the
//! schema says of a plain value (`enum`, `minimum`, `pattern`, ...) is told in the description.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Kind, View, Writer};
use crate::model::ModelId;
use crate::request::Tool;

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

/// How many references are followed, one from another: more are a circle.
const LINKS: usize = 16;

/// Writes a tool's `parameter_definitions`, if it has parameters.
pub(super) fn write_definitions(w: &mut Writer, model: &ModelId, tool: &Tool) -> Result<()> {
    let root = tool.schema.view();
    let refuse = |what: &str, why: &str| {
        Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "the tool {:?} cannot be written for {model}: {what} {why}, and Command R's parameters are flat; simplify the schema, or use the Converse API",
                tool.name
            ),
        ))
    };
    let object = match resolved(root, root) {
        Ok(object) => object,
        Err(why) => return refuse("its schema", &why),
    };
    if let Some((key, _)) = object.entries().find(|(key, _)| *key != "properties" && NESTED.contains(&&**key)) {
        return refuse("its schema", &format!("uses {key}"));
    }
    let Some(properties) = object.get("properties").filter(|properties| properties.entries().next().is_some()) else {
        return Ok(());
    };
    let required = |name: &str| {
        object.get("required").is_some_and(|names| names.items().any(|item| item.str().as_deref() == Some(name)))
    };
    w.key("parameter_definitions").begin_object();
    for (name, schema) in properties.entries() {
        let parameter = match Parameter::read(root, schema) {
            Ok(parameter) => parameter,
            Err(why) => return refuse(&format!("its parameter {name:?}"), &why),
        };
        w.key(&name).begin_object();
        w.opt_field("description", parameter.description.as_deref());
        w.field("type", &parameter.python_type);
        w.key("required").bool(required(&name));
        w.end_object();
    }
    w.end_object();
    Ok(())
}

struct Parameter {
    python_type: String,
    description: Option<String>,
}

impl Parameter {
    fn read(root: View<'_>, outer: View<'_>) -> Result<Self, String> {
        let inner = resolved(root, outer)?;
        let python_type = python_type(root, inner)?;
        let description = [outer, inner]
            .iter()
            .find_map(|schema| schema.get("description")?.string())
            .filter(|text| !text.trim().is_empty());
        let limits = limits(root, outer, inner, true)?;
        let description = match (description, limits) {
            (Some(text), Some(limits)) => Some(format!("{text} (JSON Schema: {limits})")),
            (None, Some(limits)) => Some(format!("JSON Schema: {limits}")),
            (text, None) => text,
        };
        Ok(Self { python_type, description })
    }
}

/// What else is asked of a value, and of the items if it is a list, as a JSON Schema without types.
fn limits(root: View<'_>, outer: View<'_>, inner: View<'_>, items: bool) -> Result<Option<String>, String> {
    let mut w = Writer::new();
    w.begin_object();
    let mut any = false;
    let same = outer.raw() == inner.raw();
    for (at, schema) in [outer, inner].into_iter().enumerate() {
        for (key, value) in schema.entries() {
            let twice = at == 1 && (same || outer.entries().any(|(k, _)| k == key));
            if twice || SAID.contains(&&*key) || NESTED.contains(&&*key) {
                continue;
            }
            if key == "items" {
                // There are no lists of lists.
                let item = if items { resolved(root, value)? } else { continue };
                if let Some(inside) = limits(root, value, item, false)? {
                    w.key("items").raw(View::parse(&inside).map_err(|error| error.to_string())?);
                    any = true;
                }
                continue;
            }
            w.key(&key).raw(value);
            any = true;
        }
    }
    w.end_object();
    Ok(any.then(|| w.finish()))
}

/// The schema that a reference names, or the only one of several that is not `null`.
fn resolved<'a>(root: View<'a>, schema: View<'a>) -> Result<View<'a>, String> {
    let mut at = schema;
    for _ in 0..LINKS {
        if let Some(link) = at.get("$ref").and_then(View::str) {
            at = target(root, &link).ok_or_else(|| format!("refers to {link}, which is not in the schema"))?;
            continue;
        }
        let variants = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| Some((key, at.get(key)?)));
        // Beside a type of its own a schema's variants say more than they could say alone.
        let Some((key, variants)) = variants.filter(|_| at.get("type").or_else(|| at.get("properties")).is_none())
        else {
            return Ok(at);
        };
        let is_null = |variant: &View<'_>| variant.get("type").and_then(View::str).as_deref() == Some("null");
        let mut real = variants.items().filter(|variant| !is_null(variant));
        match (real.next(), real.next()) {
            (Some(only), None) => at = only,
            _ => return Err(format!("has alternatives ({key})")),
        }
    }
    Err("refers to itself".into())
}

fn target<'a>(root: View<'a>, link: &str) -> Option<View<'a>> {
    let mut at = root;
    for step in link.strip_prefix('#')?.split('/').skip(1) {
        at = at.get(&step.replace("~1", "/").replace("~0", "~"))?;
    }
    Some(at)
}

fn python_type(root: View<'_>, schema: View<'_>) -> Result<String, String> {
    if let Some((key, _)) = schema.entries().find(|(key, _)| NESTED.contains(&&**key)) {
        return Err(if key == "properties" {
            "is an object with fields of its own".into()
        } else {
            format!("uses {key}")
        });
    }
    let name = match type_name(schema) {
        Some(name) => name,
        None => return Err("has no single type".into()),
    };
    Ok(match &*name {
        "string" => "str".into(),
        "integer" => "int".into(),
        "number" => "float".into(),
        "boolean" => "bool".into(),
        "object" => "Dict".into(),
        "array" => match schema.get("items").filter(|items| items.entries().next().is_some()) {
            Some(items) => {
                // A schema cannot hold itself as long as its items are resolved one level at a time.
                let inner = resolved(root, items)?;
                if type_name(inner).as_deref() == Some("array") {
                    return Err("is a list of lists".into());
                }
                format!("List[{}]", python_type(root, inner)?)
            }
            None => "List".into(),
        },
        other => return Err(format!("is of type {other:?}")),
    })
}

/// The one type that a value may have beside `null`; that of its `enum` or `const` if none is named.
fn type_name<'a>(schema: View<'a>) -> Option<Cow<'a, str>> {
    if let Some(named) = schema.get("type") {
        if let Some(name) = named.str() {
            return Some(name);
        }
        let mut names = named.items().filter_map(View::str).filter(|name| name != "null");
        return names.next().filter(|_| names.next().is_none());
    }
    let lone = schema.get("const");
    let mut values = schema.get("enum").into_iter().flat_map(View::items).chain(lone).filter(|value| !value.is_null());
    let first = values.next()?.kind();
    let name = match first {
        Kind::String => "string",
        Kind::Number => "number",
        Kind::Bool => "boolean",
        _ => return None,
    };
    values.all(|value| value.kind() == first).then_some(Cow::Borrowed(name))
}
