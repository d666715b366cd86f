//! Checks of members and schemas for Responses and Chat Completions, with OpenAI's messages.

use serde_json::{Map, Value};

use super::keys::{Key, Kind, kind_of};
use crate::problem::Problem;

/// Returns the body without members that are null, as OpenAI treats them as absent. Schemas are unchanged.
pub(super) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, member)| !member.is_null());
            let clean = |(key, member): (&String, &Value)| {
                let opaque = ["parameters", "schema", "metadata"].contains(&key.as_str());
                (key.clone(), if opaque { member.clone() } else { without_nulls(member) })
            };
            Value::Object(kept.map(clean).collect::<Map<String, Value>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// The path of a member.
pub(super) fn path(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

/// Checks an object against its list of keys. `at` is its path, empty for the body.
pub(super) fn check(object: &Value, keys: &[Key], at: &str) -> Result<(), Problem> {
    let Some(map) = object.as_object() else {
        return Err(wrong_type(at, "an object", object));
    };
    if let Some(name) = map.keys().find(|name| !keys.iter().any(|key| key.name == *name)) {
        let at = path(at, name);
        return Err(unknown(&at));
    }
    for key in keys {
        let at = path(at, key.name);
        match map.get(key.name) {
            None if key.required => {
                let mut problem = Problem::about(&at, format!("Missing required parameter: '{at}'."));
                problem.code = Some("missing_required_parameter");
                return Err(problem);
            }
            None => {}
            Some(value) => member(value, key.kind, &at)?,
        }
    }
    Ok(())
}

/// The refusal of an unknown member.
pub(super) fn unknown(at: &str) -> Problem {
    let mut problem = Problem::about(at, format!("Unknown parameter: '{at}'."));
    problem.code = Some("unknown_parameter");
    problem
}

/// The refusal of a value that is not one of a few.
pub(super) fn not_among(at: &str, value: &str, options: &[&str]) -> Problem {
    let quoted: Vec<String> = options.iter().map(|option| format!("'{option}'")).collect();
    let list = match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    };
    let mut problem = Problem::about(at, format!("Invalid value: '{value}'. Supported values are: {list}."));
    problem.code = Some("invalid_value");
    problem
}

fn wrong_type(at: &str, wanted: &str, value: &Value) -> Problem {
    let found = match kind_of(value) {
        "Null" => "null",
        "Boolean" => "a boolean",
        "Number" => "a number",
        "String" => "a string",
        "JSONArray" => "an array",
        _ => "an object",
    };
    let mut problem =
        Problem::about(at, format!("Invalid type for '{at}': expected {wanted}, but got {found} instead."));
    problem.code = Some("invalid_type");
    problem
}

fn member(value: &Value, kind: Kind, at: &str) -> Result<(), Problem> {
    let wrong = |wanted: &str| Err(wrong_type(at, wanted, value));
    let bound = |what: &str, rule: &str, limit: &str| {
        Err(Problem::about(
            at,
            format!("Invalid '{at}': {what} {rule} value. Expected a value {limit}, but got {value} instead."),
        ))
    };
    match kind {
        Kind::Any => Ok(()),
        Kind::Text if !value.is_string() => wrong("a string"),
        Kind::Flag if !value.is_boolean() => wrong("a boolean"),
        Kind::List if !value.is_array() => wrong("an array"),
        Kind::Object if !value.is_object() => wrong("an object"),
        Kind::Text | Kind::Flag | Kind::List | Kind::Object => Ok(()),
        Kind::OneOf(options) => match value.as_str() {
            None => wrong("a string"),
            Some(text) if options.contains(&text) => Ok(()),
            Some(text) => Err(not_among(at, text, options)),
        },
        Kind::Number(low, high) => match value.as_f64() {
            None => wrong("a decimal number"),
            Some(number) if number < low => bound("decimal", "below minimum", &format!(">= {low}")),
            Some(number) if number > high => bound("decimal", "above maximum", &format!("<= {high}")),
            Some(_) => Ok(()),
        },
        Kind::Whole(low, high) => match value.as_i64() {
            None if value.is_u64() => Ok(()),
            None => wrong("an integer"),
            Some(number) if u64::try_from(number).unwrap_or(0) < low => {
                bound("integer", "below minimum", &format!(">= {low}"))
            }
            Some(number) if u64::try_from(number).is_ok_and(|number| number > high) => {
                bound("integer", "above maximum", &format!("<= {high}"))
            }
            Some(_) => Ok(()),
        },
        Kind::Texts(most) => match value.as_array() {
            None => wrong("an array of strings"),
            Some(items) if items.len() > most => Err(Problem::about(
                at,
                format!(
                    "Invalid '{at}': array too long. Expected an array with maximum length {most}, but got an array with length {} instead.",
                    items.len()
                ),
            )),
            Some(items) => match items.iter().position(|item| !item.is_string()) {
                Some(number) => {
                    member(items.get(number).unwrap_or(&Value::Null), Kind::Text, &format!("{at}[{number}]"))
                }
                None => Ok(()),
            },
        },
    }
}

/// `^[a-zA-Z0-9_-]{1,64}$`
pub(super) fn name(text: &str, at: &str) -> Result<(), Problem> {
    let good = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if good && (1..=64).contains(&text.len()) {
        return Ok(());
    }
    Err(Problem::about(
        at,
        format!(
            "Invalid '{at}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        ),
    ))
}

/// At most 16 pairs of strings of at most 64 and 512 characters.
pub(super) fn metadata(body: &Value) -> Result<(), Problem> {
    let Some(map) = body.get("metadata").and_then(Value::as_object) else { return Ok(()) };
    if map.len() > 16 {
        return Err(Problem::about(
            "metadata",
            format!(
                "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with {} properties instead.",
                map.len()
            ),
        ));
    }
    for (key, value) in map {
        let at = format!("metadata.{key}");
        member(value, Kind::Text, &at)?;
        if key.chars().count() > 64 || value.as_str().is_some_and(|text| text.chars().count() > 512) {
            return Err(Problem::about(&at, format!("Invalid '{at}': string too long.")));
        }
    }
    Ok(())
}

/// Checks a schema: it must be of an object and, if it is `strict`, closed at every level.
pub(super) fn schema(schema: &Value, strict: bool, what: &str, at: &str) -> Result<(), Problem> {
    let refuse = |words: String| Err(Problem::about(at, format!("Invalid schema for {what}: {words}")));
    let kind = schema.get("type").and_then(Value::as_str);
    if kind != Some("object") {
        let found = kind.unwrap_or("None");
        return refuse(format!("schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{found}\"'."));
    }
    match strict.then(|| open_place(schema, &mut Vec::new())).flatten() {
        Some(words) => refuse(words),
        None => Ok(()),
    }
}

/// Returns the first place where a schema is not strict.
fn open_place(schema: &Value, context: &mut Vec<String>) -> Option<String> {
    let map = schema.as_object()?;
    let here = |context: &[String]| match context {
        [one] => format!("In context=({one},)"),
        parts => format!("In context=({})", parts.join(", ")),
    };
    if let Some(key) = ["oneOf", "allOf", "not", "if", "patternProperties"].iter().find(|key| map.contains_key(**key)) {
        return Some(format!("{}, '{key}' is not permitted.", here(context)));
    }
    let properties = map.get("properties").and_then(Value::as_object);
    if map.get("type").and_then(Value::as_str) == Some("object") || properties.is_some() {
        if map.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Some(format!(
                "{}, 'additionalProperties' is required to be supplied and to be false.",
                here(context)
            ));
        }
        let required: Vec<&str> =
            map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let missing = properties.and_then(|map| map.keys().find(|key| !required.contains(&key.as_str())));
        if let Some(key) = missing {
            return Some(format!(
                "{}, 'required' is required to be supplied and to be an array including every key in properties. Missing '{key}'.",
                here(context)
            ));
        }
    }
    let mut inner = |key: &str, name: Option<&str>, schema: &Value| {
        let before = context.len();
        context.push(format!("'{key}'"));
        context.extend(name.map(|name| format!("'{name}'")));
        let found = open_place(schema, context);
        context.truncate(before);
        found
    };
    for key in ["properties", "$defs", "definitions"] {
        for (name, schema) in map.get(key).and_then(Value::as_object).into_iter().flatten() {
            if let Some(found) = inner(key, Some(name), schema) {
                return Some(found);
            }
        }
    }
    for (number, schema) in map.get("anyOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if let Some(found) = inner("anyOf", Some(&number.to_string()), schema) {
            return Some(found);
        }
    }
    inner("items", None, map.get("items")?)
}

#[cfg(test)]
mod tests {
    use super::super::keys::{may, must};
    use super::*;
    use serde_json::json;

    #[test]
    fn openai_checks_name_the_member() {
        let keys = [must("model", Kind::Text), may("top_p", Kind::Number(0.0, 1.0)), may("n", Kind::Whole(1, 2))];
        let refused = |body: Value| check(&body, &keys, "").unwrap_err();
        assert_eq!(refused(json!({"model": "m", "foo": 1})).message, "Unknown parameter: 'foo'.");
        assert_eq!(refused(json!({})).message, "Missing required parameter: 'model'.");
        assert_eq!(
            refused(json!({"model": "m", "top_p": 2})).message,
            "Invalid 'top_p': decimal above maximum value. Expected a value <= 1, but got 2 instead."
        );
        assert_eq!(refused(json!({"model": "m", "n": 0})).param.as_deref(), Some("n"));
        assert!(check(&json!({"model": "m", "n": 2}), &keys, "").is_ok());
    }

    #[test]
    fn strict_schema_must_be_closed_at_every_level() {
        let closed = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
        let refused = |value: &Value| schema(value, true, "function 'f'", "tools[0].parameters").unwrap_err().message;
        let inner = json!({"type": "object", "properties": {}});
        assert_eq!(
            refused(&closed(json!({"a": {"type": "array", "items": inner}}), json!(["a"]))),
            "Invalid schema for function 'f': In context=('properties', 'a', 'items'), 'additionalProperties' is required to be supplied and to be false."
        );
        assert!(refused(&closed(json!({"a": {"type": "string"}}), json!([]))).ends_with("Missing 'a'."));
        assert!(schema(&inner, false, "function 'f'", "").is_ok());
        assert!(schema(&json!({}), false, "function 'f'", "").is_err());
    }
}
