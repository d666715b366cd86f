//! Checks a body against its list of keys, with the messages of the service's schema check.

use serde_json::Value;

use crate::problem::Problem;

/// The expected kind of a key's value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    Flag,
    /// A number between two bounds, both included.
    Number(f64, f64),
    /// A whole number between two bounds, both included.
    Whole(u64, u64),
    /// A list of strings with a maximum length.
    Texts(usize),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    List,
    Object,
    Any,
}

/// One permitted key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// An optional key.
pub(crate) const fn may(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, required: false }
}

/// A required key.
pub(crate) const fn must(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, required: true }
}

/// A member that any body may have.
const EVERYWHERE: &str = "amazon-bedrock-guardrailConfig";

/// Checks the whole body; all violations go into one message.
pub(crate) fn check(body: &Value, keys: &[Key]) -> Result<(), Problem> {
    let found = violations(body, keys, "#");
    if found.is_empty() { Ok(()) } else { Err(Problem::malformed(&found.join(""))) }
}

/// Returns the violations in `object`, which is at `at` (`#` for the body).
pub(crate) fn violations(object: &Value, keys: &[Key], at: &str) -> Vec<String> {
    let Some(map) = object.as_object() else {
        return vec![format!("{at}: expected type: JSONObject, found: {}", kind_of(object))];
    };
    let missing = keys.iter().filter(|key| key.required && !map.contains_key(key.name));
    let mut found: Vec<String> = missing.map(|key| format!("{at}: required key [{}] not found", key.name)).collect();
    for (name, value) in map {
        match keys.iter().find(|key| key.name == name) {
            Some(key) => found.extend(violation(value, key.kind, &format!("{at}/{name}"))),
            None if name == EVERYWHERE => {}
            None => found.push(format!("{at}: extraneous key [{name}] is not permitted")),
        }
    }
    found
}

fn violation(value: &Value, kind: Kind, at: &str) -> Option<String> {
    let wrong = |wanted: &str| Some(format!("{at}: expected type: {wanted}, found: {}", kind_of(value)));
    let range = |number: f64, low: f64, high: f64| {
        if number < low {
            Some(format!("{at}: {number} is not greater or equal to {low}"))
        } else if number > high {
            Some(format!("{at}: {number} is not less or equal to {high}"))
        } else {
            None
        }
    };
    match (kind, value) {
        (Kind::Any, _)
        | (Kind::Text, Value::String(_))
        | (Kind::Flag, Value::Bool(_))
        | (Kind::List, Value::Array(_))
        | (Kind::Object, Value::Object(_)) => None,
        (Kind::OneOf(options), Value::String(text)) => {
            (!options.contains(&text.as_str())).then(|| format!("{at}: {text} is not a valid enum value"))
        }
        (Kind::Text | Kind::OneOf(_), _) => wrong("String"),
        (Kind::Flag, _) => wrong("Boolean"),
        (Kind::List | Kind::Texts(_), other) if !other.is_array() => wrong("JSONArray"),
        (Kind::Object, _) => wrong("JSONObject"),
        (Kind::Number(low, high), _) => match value.as_f64() {
            Some(number) => range(number, low, high),
            None => wrong("Number"),
        },
        (Kind::Whole(low, high), _) => match (value.as_i64(), value.as_u64()) {
            (Some(number), _) if number < 0 => range(number as f64, low as f64, high as f64),
            (_, Some(number)) => range(number as f64, low as f64, high as f64),
            _ => wrong("Integer"),
        },
        (Kind::Texts(most), Value::Array(items)) => {
            if items.len() > most {
                return Some(format!("{at}: expected maximum item count: {most}, found: {}", items.len()));
            }
            let position = items.iter().position(|item| !item.is_string())?;
            Some(format!(
                "{at}/{position}: expected type: String, found: {}",
                items.get(position).map_or("Null", kind_of)
            ))
        }
        (Kind::List | Kind::Texts(_), _) => None,
    }
}

pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "JSONArray",
        Value::Object(_) => "JSONObject",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn key_violations_are_all_reported() {
        let keys = [
            must("prompt", Kind::Text),
            may("n", Kind::Whole(1, 5)),
            may("t", Kind::Number(0.0, 1.0)),
            may("stop", Kind::Texts(1)),
        ];
        assert!(
            check(
                &json!({"prompt": "x", "n": 5, "t": 0.5, "stop": ["a"], "amazon-bedrock-guardrailConfig": {}}),
                &keys
            )
            .is_ok()
        );
        let problem = check(&json!({"n": -1, "t": "x", "stop": ["a", "b"], "foo": 1}), &keys).unwrap_err();
        assert_eq!(
            problem.message,
            "Malformed input request: #: required key [prompt] not found#: extraneous key [foo] is not permitted#/n: -1 is not greater or equal to 1#/stop: expected maximum item count: 1, found: 2#/t: expected type: Number, found: String, please reformat your input and try again."
        );
    }
}
