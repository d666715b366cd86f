//! The JSON Schemas that the service compiles: those of strict tools and of structured output.
//!
//! Messages: vercel/ai#17197, litellm#20813, laravel/ai#715. Accepted schemas:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>.

use serde_json::{Map, Value};

/// Keywords that are refused, by the types they apply to.
const LIMITS: [(&[&str], &[&str]); 4] = [
    (&["number", "integer"], &["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"]),
    (&["string"], &["maxLength", "minLength"]),
    (&["array"], &["maxItems", "uniqueItems"]),
    (&["object"], &["maxProperties", "minProperties", "patternProperties"]),
];

/// Keywords with one schema.
const ONE: [&str; 2] = ["items", "not"];
/// Keywords with a list of schemas.
const LISTS: [&str; 3] = ["anyOf", "allOf", "prefixItems"];
/// Keywords with schemas by name.
const MAPS: [&str; 3] = ["properties", "$defs", "definitions"];

/// Returns the first refusal of a schema.
pub(super) fn refusal(schema: &Value) -> Option<String> {
    let map = schema.as_object()?;
    if map.contains_key("oneOf") {
        return Some("Schema type 'oneOf' is not supported".into());
    }
    let kinds = kinds(map);
    if kinds.contains(&"object") && map.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Some("For 'object' type, 'additionalProperties' must be explicitly set to false".into());
    }
    for (types, keywords) in LIMITS {
        let Some(kind) = kinds.iter().find(|kind| types.contains(kind)) else { continue };
        let found: Vec<&str> = keywords.iter().filter(|key| map.contains_key(**key)).copied().collect();
        match found.as_slice() {
            [] => {}
            [one] => return Some(format!("For '{kind}' type, property '{one}' is not supported")),
            more => return Some(format!("For '{kind}' type, properties {} are not supported", more.join(", "))),
        }
    }
    if map.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 1) {
        return Some("For 'array' type, 'minItems' values other than 0 or 1 are not supported".into());
    }
    let one = ONE.iter().filter_map(|key| map.get(*key));
    let listed = LISTS.iter().filter_map(|key| map.get(*key)?.as_array()).flatten();
    let named = MAPS.iter().filter_map(|key| map.get(*key)?.as_object()).flat_map(Map::values);
    one.chain(listed).chain(named).find_map(refusal)
}

fn kinds(map: &Map<String, Value>) -> Vec<&str> {
    match map.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ if map.contains_key("properties") => vec!["object"],
        _ => Vec::new(),
    }
}

/// Returns Claude's refusal of a union at the top of a tool's schema: trycua/cua#3303, GitNexus#2487.
pub(super) fn union_at_the_top(schema: &Value) -> Option<&'static str> {
    let found = ["oneOf", "allOf", "anyOf"].iter().any(|key| schema.get(*key).is_some());
    found.then_some("input_schema does not support oneOf, allOf, or anyOf at the top level")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schema_properties_named_like_keywords_are_accepted() {
        let schema = json!({"type": "object", "additionalProperties": false, "required": ["oneOf"], "properties":
            {"oneOf": {"type": "string", "enum": ["maxItems"]}, "maxItems": {"type": ["integer", "null"]}}});
        assert_eq!(refusal(&schema), None);
        assert_eq!(union_at_the_top(&schema), None);
    }
}
