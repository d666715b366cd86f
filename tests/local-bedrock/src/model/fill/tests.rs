use super::*;

fn filled(schema: Value, question: &str) -> Value {
    value(&schema, &Question::read(question), 0)
}

#[test]
fn tool_arguments_are_taken_from_the_question() {
    let schema = json!({"type": "object", "required": ["location"], "properties": {
        "location": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}, "days": {"type": "integer"}}});
    assert_eq!(filled(schema.clone(), "What is the weather in Paris?"), json!({"location": "Paris"}));
    assert_eq!(
        filled(schema, "Weather in New York in Fahrenheit"),
        json!({"location": "New York", "unit": "fahrenheit"})
    );
    let sum = json!({"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "number"}, "b": {"type": "number"}}});
    assert_eq!(filled(sum, "Multiply 3 by 4.5"), json!({"a": 3, "b": 4.5}));
    let calculator =
        json!({"type": "object", "required": ["expression"], "properties": {"expression": {"type": "string"}}});
    assert_eq!(filled(calculator, "What is 2+2?"), json!({"expression": "2+2"}));
}

#[test]
fn schema_fill_follows_references_and_alternatives() {
    let schema = json!({
        "$defs": {"Person": {"type": "object", "required": ["name", "age"], "properties": {
            "name": {"type": "string", "maxLength": 5},
            "age": {"type": "integer", "minimum": 18, "maximum": 99},
            "friend": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Person"}]}}}},
        "type": "object",
        "required": ["people", "kind", "score", "ok", "code", "nothing"],
        "properties": {
            "people": {"type": "array", "items": {"$ref": "#/$defs/Person"}, "minItems": 2, "maxItems": 3},
            "kind": {"const": "list"},
            "score": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "ok": {"type": ["null", "boolean"]},
            "code": {"type": "string", "pattern": "^[A-Z]{2}\\d{3}$"},
            "nothing": {"type": "null"}},
        "additionalProperties": false});
    assert_eq!(
        filled(schema, "make a list"),
        json!({
            "people": [{"name": "local", "age": 18}, {"name": "local", "age": 18}],
            "kind": "list", "score": 0.5, "ok": true, "code": "AA111", "nothing": null})
    );
}

#[test]
fn schema_fill_handles_unique_items_and_all_of() {
    let schema = json!({"allOf": [
        {"type": "object", "required": ["tags"], "properties": {"tags": {"type": "array", "uniqueItems": true, "minItems": 2, "items": {"enum": ["a", "b", "c"]}}}},
        {"required": ["n"], "properties": {"n": {"type": "integer", "multipleOf": 5, "minimum": 7}}}]});
    assert_eq!(filled(schema, "go"), json!({"tags": ["a", "b"], "n": 10}));
}

#[test]
fn schema_fill_of_a_recursive_schema_ends() {
    let schema = json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}});
    let mut depth = 0;
    let mut value = &filled(schema, "go");
    while let Some(next) = value.get("next") {
        value = next;
        depth += 1;
    }
    assert!(depth < 40);
}
