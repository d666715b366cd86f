//! Searching and showing text. The search functions of std add 5.3 KB to the module with all models, after gzip.
//! `{:?}` adds Unicode tables and slice panics.

use std::borrow::Cow;

/// Returns the position of the first `part` in the text.
///
/// It takes 5 instructions per byte. Comparing every window takes 31, and saves 59 bytes of WebAssembly; std takes 2.
pub(crate) fn find(text: &str, part: &str) -> Option<usize> {
    let Some((first, rest)) = part.as_bytes().split_first() else { return Some(0) };
    let mut at = 0;
    loop {
        at += text.as_bytes().get(at..)?.iter().position(|byte| byte == first)?;
        if text.as_bytes().get(at + 1..)?.starts_with(rest) {
            return Some(at);
        }
        at += 1;
    }
}

/// Returns whether the text contains `part`.
pub(crate) fn has(text: &str, part: &str) -> bool {
    find(text, part).is_some()
}

/// Returns the text before and after the first `part`.
pub(crate) fn split_once<'a>(text: &'a str, part: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, part)?;
    Some((text.get(..at)?, text.get(at + part.len()..)?))
}

/// Returns the text before the first `part`, or the whole text.
pub(crate) fn before<'a>(text: &'a str, part: &str) -> &'a str {
    split_once(text, part).map_or(text, |(before, _)| before)
}

/// Returns the text after the last `part`, which must not be empty.
pub(crate) fn after_last<'a>(text: &'a str, part: &str) -> Option<&'a str> {
    let mut last = None;
    while let Some((_, rest)) = split_once(last.unwrap_or(text), part) {
        last = Some(rest);
    }
    last
}

/// Replaces every `part`, which must not be empty, by another text.
pub(crate) fn replaced(text: &str, part: &str, by: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = split_once(rest, part) {
        out.push_str(before);
        out.push_str(by);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Splits a text at an ASCII byte. A text without it is one part.
pub(crate) fn split(text: &str, by: u8) -> Split<'_> {
    debug_assert!(by.is_ascii(), "an ASCII byte is always a character boundary");
    Split { rest: Some(text), by }
}

/// The iterator of [`split`].
#[derive(Clone, Debug)]
pub(crate) struct Split<'a> {
    rest: Option<&'a str>,
    by: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest?;
        let at = text.bytes().position(|byte| byte == self.by);
        self.rest = at.and_then(|at| text.get(at + 1..));
        text.get(..at.unwrap_or(text.len()))
    }
}

/// Joins texts with a separator.
pub(crate) fn join(texts: &mut dyn Iterator<Item = &str>, separator: &str) -> String {
    let mut all = String::new();
    for (at, text) in texts.enumerate() {
        if at > 0 {
            all.push_str(separator);
        }
        all.push_str(text);
    }
    all
}

/// Returns the text without any white space.
pub(crate) fn without_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Returns the bytes as ASCII on one line; other bytes are written like `\x0a`.
pub(crate) fn visible(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        if byte.is_ascii_graphic() || *byte == b' ' {
            out.push(char::from(*byte));
            continue;
        }
        out.push_str("\\x");
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
    }
    out
}

/// Converts bytes to text; invalid UTF-8 becomes U+FFFD.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(text) if out.is_empty() => return Cow::Borrowed(text),
            Ok(text) => {
                out.push_str(text);
                return Cow::Owned(out);
            }
            Err(error) => {
                let (good, bad) = rest.split_at_checked(error.valid_up_to()).unwrap_or_default();
                out.push_str(std::str::from_utf8(good).unwrap_or_default());
                out.push(char::REPLACEMENT_CHARACTER);
                rest = error.error_len().and_then(|len| bad.get(len..)).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_search_matches_std() {
        for text in ["", "a", "ab", "a::b", "::a::", "x::é::", "::", "é"] {
            for part in ["::", "a", "é", "b", "longer"] {
                assert_eq!(find(text, part), text.find(part), "{text} {part}");
                assert_eq!(split_once(text, part), text.split_once(part), "{text} {part}");
                assert_eq!(replaced(text, part, "é:"), text.replace(part, "é:"), "{text} {part}");
                assert_eq!(before(text, part), text.split(part).next().unwrap(), "{text} {part}");
                assert_eq!(after_last(text, part), text.rsplit_once(part).map(|(_, last)| last), "{text} {part}");
            }
        }
    }

    #[test]
    fn empty_text_is_found_in_every_text() {
        assert!(has("", "") && has("a", ""));
    }

    #[test]
    fn invalid_utf8_is_replaced_same_as_std() {
        for bytes in [&b""[..], b"ok", b"\xff", b"a\xe2\x82b\xf0\x9f", "é\u{fffd}".as_bytes(), b"\xe9t\xe9"] {
            assert_eq!(lossy(bytes), String::from_utf8_lossy(bytes));
        }
    }
}
