//! JSON that is still being written, and JSON inside other text.
//!
//! - Each value of an object that arrives in pieces contains the one before, and the last is the whole object.
//! - In any text, each value is JSON, and the last one does not depend on the pieces.
//! - The JSON in a text is a part of that text; of a text that is JSON it is the whole.
//!
//! Input: whether arrays count; the size of the pieces; whether the text is made of choices; the text, or choices.

use bedrock_chat::json::{Json, PartialJson, View, embedded};
use serde_json::Value;

use crate::input::Input;
use crate::json::repeats_a_key;
use crate::seeds;
use crate::wires::is_beyond_serde;

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (takes_arrays, size) = (input.flag(), usize::from(input.byte()) % 32 + 1);
    let text = if input.flag() {
        let value = input.json(4);
        format!("{{\"v\":{value},\"w\":{}}}", input.json(2))
    } else {
        String::from_utf8_lossy(input.rest()).into_owned()
    };
    check_text(&text, takes_arrays, size);
}

/// Returns the tests' vectors and recorded bodies.
pub fn seeds() -> Vec<Vec<u8>> {
    let vectors = seeds::json("vectors/structured/json.json");
    let list = |key: &str| vectors[key].as_array().cloned().unwrap_or_default();
    let joined = |value: &Value| -> String {
        value["pieces"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut texts: Vec<String> = list("partial").iter().map(joined).collect();
    texts.extend(list("embedded").iter().filter_map(|case| case["text"].as_str().map(str::to_owned)));
    texts.extend(seeds::recorded(800).into_iter().filter_map(|call| String::from_utf8(call.body).ok()));
    let texts = texts.into_iter().enumerate();
    let texts = texts.map(|(at, text)| [&[(at % 2) as u8, (at % 7) as u8, 0], text.as_bytes()].concat());
    texts.chain(seeds::noise(32, 200).into_iter().map(|noise| [&[0, 2, 1], noise.as_slice()].concat())).collect()
}

fn reader(takes_arrays: bool) -> PartialJson {
    if takes_arrays { PartialJson::any() } else { PartialJson::new() }
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

fn check_text(text: &str, takes_arrays: bool, size: usize) {
    // A key that is repeated replaces the value before it.
    let is_object = text.trim_start().starts_with('{') && View::parse(text).is_ok_and(|view| !repeats_a_key(view));
    let (mut read, mut silent) = (reader(takes_arrays), reader(takes_arrays));
    let mut before: Option<Value> = None;
    let mut last = None;
    let characters: Vec<char> = text.chars().collect();
    for piece in characters.chunks(size) {
        let piece: String = piece.iter().collect();
        read.push(&piece);
        silent.push(&piece);
        if let Some(shown) = read.next_value() {
            assert!(View::parse(&shown).is_ok(), "{shown:?} of {text:?}");
            if is_object {
                before = grown(before, &shown, text);
            }
            last = Some(shown);
        }
    }
    let rest = read.last_value();
    if let (true, Some(shown)) = (is_object, &rest) {
        grown(before, shown, text);
    }
    let last = rest.or(last);
    let (last, silent) = (last.as_deref().map(json), silent.last_value().as_deref().map(json));
    // Text that turns out not to be JSON has no value, though one was returned before.
    assert!(silent.is_none() || last == silent, "{last:?} or {silent:?} by when it is asked for: {text:?}");
    let mut whole = reader(takes_arrays);
    whole.push(text);
    assert_eq!(silent, whole.last_value().as_deref().map(json), "the value depends on the pieces of {size}: {text:?}");
    if is_object {
        assert_eq!(last, Some(json(text)));
    }

    let found = embedded(text, takes_arrays);
    assert!(text.contains(found));
    if View::parse(text).is_ok() {
        // `trim` also removes white space that JSON does not have, and then a text is not JSON.
        assert_eq!(found, text.trim());
    }
}

/// Checks that a value contains the one before, and returns it.
fn grown(before: Option<Value>, shown: &str, text: &str) -> Option<Value> {
    match serde_json::from_str(shown) {
        Ok(now) => {
            if let Some(before) = before {
                assert!(contains(&now, &before), "{before} is followed by {now} in {text:?}");
            }
            Some(now)
        }
        Err(error) => {
            assert!(is_beyond_serde(&error), "{error}: {shown:?}");
            None
        }
    }
}

fn contains(now: &Value, before: &Value) -> bool {
    match (now, before) {
        (Value::String(now), Value::String(before)) => now.starts_with(before.as_str()),
        (Value::Array(now), Value::Array(before)) => {
            now.len() >= before.len() && now.iter().zip(before).all(|(now, before)| contains(now, before))
        }
        (Value::Object(now), Value::Object(before)) => {
            before.iter().all(|(key, before)| now.get(key).is_some_and(|now| contains(now, before)))
        }
        (now, before) => now == before,
    }
}
