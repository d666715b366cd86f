//! JSON that is still being written, and JSON inside other text.

use super::View;

/// The longest beginning of a JSON text that can be made whole, made whole:
/// what is open is closed, and what could still become something else (a number,
/// a key without its value) is left out. `None` where there is no value yet.
pub(crate) fn completed(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut open: Vec<u8> = Vec::new();
    // Where the text can be cut, and how much was open there.
    let mut safe: Option<(usize, Vec<u8>)> = None;
    // In an object: whether the string that comes is a key.
    let mut key = false;
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b'{' | b'[' => {
                open.push(if byte == b'{' { b'}' } else { b']' });
                key = byte == b'{';
                i += 1;
                safe = Some((i, open.clone()));
            }
            b'}' | b']' => {
                open.pop();
                i += 1;
                key = false;
                safe = Some((i, open.clone()));
            }
            b',' => {
                key = open.last() == Some(&b'}');
                i += 1;
            }
            b':' => {
                key = false;
                i += 1;
            }
            b'"' => {
                let (end, closed) = string(bytes, i);
                match (closed, key) {
                    (true, false) => safe = Some((end, open.clone())),
                    // Text grows before the reader's eyes: what there is of it counts.
                    (false, false) => {
                        let mut whole = text.get(..end)?.to_owned();
                        whole.push('"');
                        whole.extend(open.iter().rev().map(|&byte| byte as char));
                        return Some(whole);
                    }
                    _ => {}
                }
                if !closed {
                    break;
                }
                i = end;
            }
            b' ' | b'\n' | b'\r' | b'\t' => i += 1,
            _ => {
                let rest = bytes.get(i..).unwrap_or_default();
                let end = rest.iter().position(|b| b",]} \n\r\t".contains(b)).map(|length| i + length);
                let word = text.get(i..end.unwrap_or(bytes.len()))?;
                // A word is whole when something follows it, or when nothing more can.
                if end.is_none() && !matches!(word, "true" | "false" | "null") {
                    break;
                }
                i += word.len();
                safe = Some((i, open.clone()));
            }
        }
    }
    let (end, open) = safe?;
    let mut whole = text.get(..end)?.to_owned();
    whole.extend(open.iter().rev().map(|&byte| byte as char));
    View::parse(&whole).is_ok().then_some(whole)
}

/// The end of the string that begins at `from`, and whether it is closed. An
/// escape that is not whole is left out.
fn string(bytes: &[u8], from: usize) -> (usize, bool) {
    let mut i = from + 1;
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b'"' => return (i + 1, true),
            b'\\' => {
                let unicode = bytes.get(i + 1) == Some(&b'u');
                let mut length = if unicode { 6 } else { 2 };
                let high = unicode
                    && matches!(bytes.get(i + 2..i + 4), Some([b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B']));
                if high {
                    length = 12;
                }
                if i + length > bytes.len() {
                    return (i, false);
                }
                i += length;
            }
            _ => i += 1,
        }
    }
    (bytes.len(), false)
}

/// The JSON value in a model's text: all of it, what a code fence holds, or the
/// part from the first bracket on.
pub(crate) fn embedded(text: &str) -> &str {
    let text = text.trim();
    let fenced = text.split_once("```").map(|(_, inner)| {
        let inner = inner.split_once('\n').map_or(inner, |(_, inner)| inner);
        inner.split("```").next().unwrap_or(inner).trim()
    });
    let candidate = fenced.unwrap_or(text);
    if View::parse(candidate).is_ok() {
        return candidate;
    }
    let Some(start) = candidate.find(['{', '[']) else { return candidate };
    let from = candidate.get(start..).unwrap_or(candidate);
    let end = from.rfind(['}', ']']).map_or(from.len(), |end| end + 1);
    let span = from.get(..end).unwrap_or(from);
    if View::parse(span).is_ok() { span } else { from }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beginning_of_a_text_gives_json_that_only_grows() {
        let text =
            r#" {"setup":"Why did the \"caf\u00e9\" \ud83d\ude00?","n":[1,-2.5e3,true,null,{"a":{}}],"last":"x"} "#;
        let mut seen = Vec::new();
        for end in 0..=text.len() {
            let Some(whole) = text.get(..end).and_then(completed) else { continue };
            assert!(serde_json::from_str::<serde_json::Value>(&whole).is_ok(), "{end}: {whole}");
            seen.push(whole);
        }
        assert!(seen.len() > text.len() - 5);
        let last: serde_json::Value = serde_json::from_str(seen.last().unwrap()).unwrap();
        assert_eq!(last, serde_json::from_str::<serde_json::Value>(text).unwrap());
    }

    #[test]
    fn what_may_still_change_is_left_out() {
        for (text, whole) in [
            ("{\"a\":12", "{}"),
            ("{\"a\":12,", "{\"a\":12}"),
            ("{\"a\":\"x", "{\"a\":\"x\"}"),
            ("{\"a\":\"x\\", "{\"a\":\"x\"}"),
            ("{\"a\":\"x\\ud83d", "{\"a\":\"x\"}"),
            ("{\"a\":true", "{\"a\":true}"),
            ("{\"a\":tr", "{}"),
            ("{\"a\":[1,2", "{\"a\":[1]}"),
            ("{\"key", "{}"),
            ("{\"key\"", "{}"),
            ("{\"key\":", "{}"),
        ] {
            assert_eq!(completed(text).as_deref(), Some(whole), "{text}");
        }
        for text in ["", " ", "12", "nonsense"] {
            assert_eq!(completed(text), None, "{text}");
        }
    }

    #[test]
    fn json_is_found_inside_what_models_say_around_it() {
        for text in [
            "{\"a\":[1]}",
            "Here you are:\n```json\n{\"a\":[1]}\n```\nAnything else?",
            "```\n{\"a\":[1]}\n```",
            "Sure! {\"a\":[1]} is the answer.",
        ] {
            assert_eq!(embedded(text), "{\"a\":[1]}", "{text}");
        }
        assert_eq!(embedded("no json"), "no json");
    }
}
