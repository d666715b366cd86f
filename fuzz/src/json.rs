//! JSON: the crate's view and writer beside serde_json.
//!
//! Both accept the same texts and read the same values, except for these, which the crate accepts: a lone surrogate
//! (read as U+FFFD), a number that `f64` cannot hold (kept with its digits), the 128th level of nesting. The
//! crate finds the first value of a key that is repeated, serde_json the last. Numbers of more than 15 digits are equal to 15.
//!
//! Input: whether the text is made of choices; the text, or choices.

use std::collections::HashSet;

use bedrock_chat::json::{Json, Kind, View, Writer};
use serde_json::Value;

use crate::input::Input;
use crate::seeds;
use crate::wires::is_beyond_serde;

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    if input.flag() {
        let text = input.json(4);
        assert!(View::parse(&text).is_ok(), "{text}");
        check_text(&text);
    } else {
        let bytes = input.rest();
        match std::str::from_utf8(bytes) {
            Ok(text) => check_text(text),
            Err(_) => assert!(View::from_bytes(bytes).is_err()),
        }
    }
}

/// Returns recorded bodies, and random bytes that choose values.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut texts: Vec<String> =
        ["1e5", "-0.0", "\"\\ud83d\\ude00\"", "[1,]", "{\"a\":1,\"a\":2}", "1e999", " [ ] "].map(str::to_owned).into();
    for call in seeds::recorded(1500) {
        texts.extend(std::str::from_utf8(&call.body).map(str::to_owned));
        texts.extend(call.requests.first().map(Value::to_string).filter(|text| text.len() < 1500));
    }
    let texts = texts.into_iter().map(|text| [b"\0", text.as_bytes()].concat());
    texts.chain(seeds::noise(32, 200).into_iter().map(|noise| [b"\x01", noise.as_slice()].concat())).collect()
}

fn check_text(text: &str) {
    let ours = View::parse(text);
    let theirs: Result<Value, _> = serde_json::from_str(text);
    match (ours, theirs) {
        (Ok(view), Ok(value)) => {
            let repeats = repeats_a_key(view);
            if !repeats {
                assert_same(view, &value);
            }
            check_json(view, &value, repeats);
        }
        (Ok(view), Err(error)) => {
            assert!(is_beyond_serde(&error), "serde_json: {error}: {text}");
            walk(view);
        }
        (Err(error), Ok(_)) => panic!("{error}: {text}"),
        (Err(error), Err(_)) => assert!(error.position() <= text.len()),
    }
}

fn assert_same(view: View<'_>, value: &Value) {
    match (view.kind(), value) {
        (Kind::Null, Value::Null) => assert!(view.is_null()),
        (Kind::Bool, Value::Bool(value)) => assert_eq!(view.bool(), Some(*value)),
        (Kind::Number, Value::Number(number)) => {
            let (ours, theirs) = (view.f64(), number.as_f64());
            assert!(is_close(ours, theirs), "{}: {ours:?}, {theirs:?}", view.raw());
            if let Some(whole) = number.as_u64() {
                assert_eq!(view.u64(), Some(whole), "{}", view.raw());
            }
        }
        (Kind::String, Value::String(text)) => assert_eq!(view.str().as_deref(), Some(text.as_str())),
        (Kind::Array, Value::Array(values)) => {
            assert_eq!(view.items().count(), values.len());
            view.items().zip(values).for_each(|(item, value)| assert_same(item, value));
        }
        (Kind::Object, Value::Object(members)) => {
            assert_eq!(view.entries().count(), members.len());
            for (key, value) in members {
                match view.get(key) {
                    Some(member) => assert_same(member, value),
                    None => assert!(value.is_null(), "{key:?} is missing in {}", view.raw()),
                }
            }
        }
        (kind, value) => panic!("{kind:?} for {value}"),
    }
}

/// Returns whether all numbers are read exactly, by the crate and by serde_json.
fn has_short_numbers(view: View<'_>) -> bool {
    let is_short = view.kind() != Kind::Number || view.raw().len() <= 15 && !view.raw().contains(['e', 'E']);
    is_short && view.items().all(has_short_numbers) && view.entries().all(|(_, value)| has_short_numbers(value))
}

/// Returns whether two readings of a number agree to 15 digits.
fn is_close(ours: Option<f64>, theirs: Option<f64>) -> bool {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return ours == theirs };
    ours == theirs || (ours - theirs).abs() <= theirs.abs() * 1e-15 || theirs.abs() < 1e-290
}

/// Returns whether an object in a value has a key twice.
pub(crate) fn repeats_a_key(view: View<'_>) -> bool {
    let mut keys = HashSet::new();
    view.entries().any(|(key, value)| !keys.insert(key) || repeats_a_key(value)) || view.items().any(repeats_a_key)
}

/// Reads all of a value that serde_json does not accept.
fn walk(view: View<'_>) {
    let _ = (view.str(), view.f64(), view.u64(), view.bool());
    view.entries().for_each(|(_, value)| walk(value));
    view.items().for_each(walk);
    let json = Json::from(view);
    assert_eq!(json, json.clone());
    assert!(View::parse(json.as_str()).is_ok(), "{json}");
}

fn check_json(view: View<'_>, value: &Value, repeats: bool) {
    let json = Json::from(view);
    let again = Json::parse(json.as_str()).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(again, json);
    let mut writer = Writer::new();
    write(&mut writer, view);
    let written = writer.finish();
    let rewritten = Json::parse(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    if !repeats && has_short_numbers(view) {
        assert!(json == *value, "{json}");
        assert_eq!(rewritten, json, "written as {written}");
        assert_eq!(Json::from_serialize(&json).ok().as_ref(), Some(&json), "through serde");
        assert_eq!(Json::from(value.clone()), json);
    }
}

/// Writes a value part by part.
fn write(writer: &mut Writer, view: View<'_>) {
    match view.kind() {
        Kind::Null => writer.null(),
        Kind::Bool => writer.bool(view.bool() == Some(true)),
        Kind::Number => match view.u64() {
            Some(number) if number < 1 << 53 => writer.u64(number),
            // The writer's own numbers are short ones of options.
            _ => writer.raw(view),
        },
        Kind::String => writer.string(&view.string().unwrap_or_default()),
        Kind::Array => {
            writer.begin_array();
            view.items().for_each(|item| write(writer, item));
            writer.end_array();
        }
        Kind::Object => {
            writer.begin_object();
            for (key, value) in view.entries() {
                writer.key(&key);
                write(writer, value);
            }
            writer.end_object();
        }
    }
}
