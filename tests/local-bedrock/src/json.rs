//! JSON as the service writes it: compact, with `type` and similar members at the front.

use serde_json::Value;

/// Keys that are written first, in this order; the other keys follow alphabetically.
const FIRST: [&str; 9] = ["type", "index", "contentBlockIndex", "id", "object", "role", "name", "title", "message"];

/// Sets a member of an object; other values are unchanged.
pub(crate) fn put(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Value::Object(map) = object {
        map.insert(key.to_owned(), value.into());
    }
}

/// The text of `value`.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let rank = |key: &str| FIRST.iter().position(|k| *k == key).unwrap_or(FIRST.len());
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_by_key(|key| rank(key));
            out.push('{');
            for (position, key) in keys.into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                if let Some(value) = map.get(key) {
                    write(value, out);
                }
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// Returns the JSON with every character outside ASCII as `\uXXXX`. Models often write tool arguments in this way,
/// and deltas can then be cut inside an escape.
pub(crate) fn ascii_text(value: &Value) -> String {
    let mut out = String::new();
    for c in text(value).chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_type_is_first_and_values_are_kept() {
        let value = json!({"a": [1, {"b": null, "type": "x"}], "type": "t", "index": 0, "é": "\"😀"});
        let text = text(&value);
        assert!(text.starts_with(r#"{"type":"t","index":0,"#), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        let ascii = ascii_text(&value);
        assert!(ascii.is_ascii());
        assert_eq!(serde_json::from_str::<Value>(&ascii).unwrap(), value);
    }
}
