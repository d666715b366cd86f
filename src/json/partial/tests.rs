//! Partial JSON, and JSON inside prose.

use serde_json::Value;

use super::*;

fn vectors(name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../../../tests/vectors/structured/json.json")).unwrap();
    file[name].as_array().unwrap().clone()
}

fn values(pieces: &[&str], takes_arrays: bool) -> Vec<Value> {
    let mut json = if takes_arrays { PartialJson::any() } else { PartialJson::new() };
    let mut values = Vec::new();
    let mut note =
        |value: Option<String>| values.extend(value.map(|value| serde_json::from_str::<Value>(&value).unwrap()));
    for piece in pieces {
        json.push(piece);
        note(json.next_value());
    }
    note(json.last_value());
    values
}

#[test]
fn partial_json_matches_the_vectors() {
    for case in vectors("partial") {
        let pieces: Vec<&str> =
            case["pieces"].as_array().unwrap().iter().map(|piece| piece.as_str().unwrap()).collect();
        let expected = case["values"].as_array().unwrap();
        assert_eq!(&values(&pieces, case["arrays"] == true), expected, "{case}");
    }
}

#[test]
fn embedded_json_matches_the_vectors() {
    for case in vectors("embedded") {
        let found = embedded(case["text"].as_str().unwrap(), case["arrays"] == true);
        let value = serde_json::from_str::<Value>(found).ok();
        assert_eq!(value.as_ref(), case.get("value"), "{case}: {found}");
    }
}

#[test]
fn partial_json_is_valid_and_not_repeated_at_any_cut() {
    let text = r#" {"setup":"Why did the \"caf\u00e9\" \ud83d\ude00?","n":[1,-2.5e3,true,null,{"a":{}}],"last":"x"} "#;
    let pieces: Vec<&str> = text.split_inclusive(|_| true).collect();
    let values = values(&pieces, false);
    assert_eq!(values.len(), 32, "{values:?}");
    assert!(values.windows(2).all(|pair| pair[0] != pair[1]), "{values:?}");
    assert_eq!(values.last(), serde_json::from_str::<Value>(text).ok().as_ref());
}

#[test]
fn partial_json_string_that_ends_in_half_a_pair_is_returned() {
    let mut json = PartialJson::new();
    json.push(r#"{"a":"x\ud83d"#);
    assert_eq!(json.next_value().as_deref(), Some(r#"{"a":"x"}"#));
    json.push(r#""}"#);
    assert_eq!(json.next_value().as_deref(), Some(r#"{"a":"x\ud83d"}"#));
}

#[test]
fn partial_json_of_a_long_text_does_linear_work() {
    let mut json = PartialJson::new();
    json.push(r#"{"text":""#);
    let mut built = 0;
    for _ in 0..100_000 {
        json.push("word ");
        built += json.next_value().map_or(0, |value| value.len());
    }
    json.push("\"}");
    let last = json.last_value().unwrap();
    assert_eq!(last.len(), 500_000 + r#"{"text":""}"#.len());
    assert!(built < 40 * last.len(), "{built}");
}
