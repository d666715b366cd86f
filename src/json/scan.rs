//! Navigation over JSON text that was validated.

use std::borrow::Cow;
use std::fmt;

use super::check::{JsonError, check};
use super::lex::{at, marks, skip_space};
use super::number::{parse_f64, parse_u64};

/// The type of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8259 has these six types, and a `match` should be able to cover them")]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A JSON value inside a validated text: a slice.
///
/// Getters return `None` if the value is of another kind. `==` compares the texts of two views, spaces and the order of
/// members included; two [`Json`](super::Json) values are equal if they mean the same.
///
/// ```
/// use bedrock_chat::json::View;
/// let view = View::parse(r#"{"delta":{"text":"h\u00e9"},"n":3}"#).unwrap();
/// assert_eq!(view.get("delta").and_then(|d| d.get("text")?.str()).as_deref(), Some("hé"));
/// assert_eq!(view.get("n").and_then(View::u64), Some(3));
/// assert!(view.get("missing").is_none());
/// let (one, other) = (View::parse(r#"{"n":1}"#).unwrap(), View::parse(r#"{ "n": 1 }"#).unwrap());
/// assert!(one != other && bedrock_chat::Json::from(one) == bedrock_chat::Json::from(other));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct View<'a>(&'a str);

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

fn slice(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or("")
}

/// Returns the end of the string whose opening quote is at `i`, in validated text.
fn string_end(bytes: &[u8], mut i: usize) -> usize {
    i += 1;
    loop {
        // Eight bytes at a time: an image is a string of megabytes, and is skipped at every level above it.
        while let Some(word) = bytes.get(i..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_le_bytes(*word);
            let found = marks(word, b'"') | marks(word, b'\\');
            // Without a mark these are 64 bits: the whole word.
            i += found.trailing_zeros() as usize / 8;
            if found != 0 {
                break;
            }
        }
        match at(bytes, i) {
            b'"' => return i + 1,
            b'\\' => i += 2,
            0 if i >= bytes.len() => return i,
            _ => i += 1,
        }
    }
}

/// Returns the end of the value that starts at `i`, in validated text.
fn value_end(bytes: &[u8], mut i: usize) -> usize {
    match at(bytes, i) {
        b'"' => string_end(bytes, i),
        b'{' | b'[' => {
            let mut depth = 0usize;
            while i < bytes.len() {
                match at(bytes, i) {
                    b'"' => {
                        i = string_end(bytes, i);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return i + 1;
                        }
                    }
                    _ => {}
                }
                i += 1;
            }
            i
        }
        _ => {
            while i < bytes.len() && !matches!(at(bytes, i), b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') {
                i += 1;
            }
            i
        }
    }
}

impl<'a> View<'a> {
    /// Validates a text of exactly one JSON value, and returns a view of it.
    ///
    /// # Errors
    /// Fails if the text is not JSON, or nests deeper than 128 levels.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let bytes = text.as_bytes();
        let end = check(bytes, 0)?;
        let next = skip_space(bytes, end);
        if next != bytes.len() {
            return Err(JsonError::new(next, "the end of the text"));
        }
        Ok(Self(slice(text, skip_space(bytes, 0), end)))
    }

    /// Same as [`View::parse`], for bytes.
    ///
    /// # Errors
    /// Fails if the bytes are not UTF-8 or not JSON.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, JsonError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(error) => Err(JsonError::new(error.valid_up_to(), "UTF-8")),
        }
    }

    /// Creates a view of text that is known to be valid.
    pub(super) fn trusted(text: &'a str) -> Self {
        Self(text)
    }

    /// Returns an object without members.
    pub(crate) fn empty_object() -> View<'static> {
        View("{}")
    }

    /// Returns the value's own text.
    pub fn raw(self) -> &'a str {
        self.0
    }

    /// Returns the kind of the value.
    pub fn kind(self) -> Kind {
        match at(self.0.as_bytes(), 0) {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// Returns whether the value is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Returns the members of an object in their order; nothing for other kinds.
    pub fn entries(self) -> Entries<'a> {
        Entries { text: self.0, at: if self.kind() == Kind::Object { 1 } else { self.0.len() } }
    }

    /// Returns the elements of an array; nothing for other kinds.
    pub fn items(self) -> Items<'a> {
        Items { text: self.0, at: if self.kind() == Kind::Array { 1 } else { self.0.len() } }
    }

    /// Returns a member of an object. An explicit `null` counts as absent.
    pub fn get(self, key: &str) -> Option<View<'a>> {
        self.get_or_null(key).filter(|value| !value.is_null())
    }

    /// Same as [`get`](Self::get), but also returns an explicit `null`.
    pub(crate) fn get_or_null(self, key: &str) -> Option<View<'a>> {
        let mut entries = self.entries();
        while let Some((name, value)) = entries.next_raw() {
            // A key is hardly ever escaped, so its raw text is compared first.
            let same = name == key || (has_escape(name) && unescape(name) == key);
            if same {
                return Some(value);
            }
        }
        None
    }

    /// Returns the text of a string, borrowed unless it has escapes. A lone surrogate becomes U+FFFD.
    pub fn str(self) -> Option<Cow<'a, str>> {
        if self.kind() != Kind::String {
            return None;
        }
        let inner = slice(self.0, 1, self.0.len().saturating_sub(1));
        Some(unescaped(inner))
    }

    /// Returns the raw text of a string, escapes included, to compare it with a word without escapes.
    pub(crate) fn word(self) -> &'a str {
        let quoted = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        quoted.unwrap_or_default()
    }

    /// Returns the text of a string, owned.
    pub fn string(self) -> Option<String> {
        self.str().map(Cow::into_owned)
    }

    /// Returns a whole number from 0 on. A fraction of zero is accepted.
    pub fn u64(self) -> Option<u64> {
        if self.kind() != Kind::Number {
            return None;
        }
        let (whole, fraction) = crate::text::split_once(self.0, ".").unwrap_or((self.0, ""));
        if fraction.bytes().all(|b| b == b'0') { parse_u64(whole) } else { None }
    }

    /// Returns a number.
    pub fn f64(self) -> Option<f64> {
        if self.kind() == Kind::Number { parse_f64(self.0) } else { None }
    }

    /// `true` or `false`.
    pub fn bool(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

fn hex4(bytes: &[u8], i: usize) -> u32 {
    (i..i + 4).fold(0, |n, k| n * 16 + (at(bytes, k) as char).to_digit(16).unwrap_or(0))
}

fn has_escape(inner: &str) -> bool {
    inner.as_bytes().contains(&b'\\')
}

/// Decodes the raw text of a string, borrowed unless it has escapes.
pub(crate) fn unescaped(inner: &str) -> Cow<'_, str> {
    if has_escape(inner) { Cow::Owned(unescape(inner)) } else { Cow::Borrowed(inner) }
}

fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(cut) = rest.bytes().position(|b| b == b'\\') {
        out.push_str(slice(rest, 0, cut));
        let bytes = rest.as_bytes();
        let mut next = cut + 2;
        out.push(match at(bytes, cut + 1) {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = hex4(bytes, cut + 2);
                next = cut + 6;
                let low_follows = at(bytes, next) == b'\\' && at(bytes, next + 1) == b'u';
                let low = if low_follows { hex4(bytes, next + 2) } else { 0 };
                if (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low) {
                    next += 6;
                    let point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)
                } else {
                    char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
            }
            other => other as char,
        });
        rest = slice(rest, next, rest.len());
    }
    out.push_str(rest);
    out
}

/// The members of an object, from [`View::entries`].
///
/// ```
/// let view = bedrock_chat::json::View::parse(r#"{"a":1,"b":2}"#).unwrap();
/// let keys: Vec<_> = view.entries().map(|(key, _)| key.into_owned()).collect();
/// assert_eq!(keys, ["a", "b"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Entries<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Entries<'a> {
    /// Returns the next member with its raw key, which is the text between the quotes.
    pub(crate) fn next_raw(&mut self) -> Option<(&'a str, View<'a>)> {
        let bytes = self.text.as_bytes();
        let key_start = next_element(bytes, self.at)?;
        let key_end = string_end(bytes, key_start);
        let colon = skip_space(bytes, key_end);
        let start = skip_space(bytes, colon + 1);
        self.at = value_end(bytes, start);
        let key = slice(self.text, key_start + 1, key_end.saturating_sub(1));
        Some((key, View(slice(self.text, start, self.at))))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Cow<'a, str>, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.next_raw().map(|(key, value)| (unescaped(key), value))
    }
}

/// The elements of an array, from [`View::items`].
///
/// ```
/// let view = bedrock_chat::json::View::parse("[1, 2]").unwrap();
/// assert_eq!(view.items().filter_map(|v| v.u64()).sum::<u64>(), 3);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Items<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let start = next_element(bytes, self.at)?;
        self.at = value_end(bytes, start);
        Some(View(slice(self.text, start, self.at)))
    }
}

/// Returns where the next member or element starts, after the comma if one is due.
fn next_element(bytes: &[u8], from: usize) -> Option<usize> {
    let mut i = skip_space(bytes, from);
    if at(bytes, i) == b',' {
        i = skip_space(bytes, i + 1);
    }
    (i < bytes.len() && !matches!(at(bytes, i), b'}' | b']')).then_some(i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_scan_accepts_the_same_as_serde_json() {
        let texts = [
            "1",
            "-1.5e+3",
            "01",
            "1.",
            "-",
            "true",
            "tru",
            "null",
            "\"a\\u12g4\"",
            "\"\\x\"",
            "\"a",
            "[1,]",
            "[,]",
            "{}",
            "{\"a\":1,}",
            "{\"a\"}",
            "{\"a\":1 \"b\":2}",
            " [ ] ",
            "[[[]]",
            "{\"a\":[{\"b\":null}]}",
            "",
            " ",
            "1 2",
            "\"\t\"",
            "[1}",
            "{\"a\":1]",
            "{a:1}",
            "\"\\ud83d\\ude00\"",
            "[\"a\",{\"b\":[true,false,null,0,-0.0]}]",
            "nul",
            "+1",
            "1e5",
            "1e",
        ];
        for text in texts {
            let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(View::parse(text).is_ok(), theirs, "{text:?}");
        }
    }

    #[test]
    fn json_strings_accept_the_same_bytes_as_serde_json() {
        for byte in 0..=u8::MAX {
            for at in 1..22 {
                let mut text = *b"\"0123456789abcdefghij\"";
                text[at] = byte;
                let theirs = serde_json::from_slice::<String>(&text).ok();
                let ours = View::from_bytes(&text).ok().and_then(View::string);
                assert_eq!(ours, theirs, "{byte} at {at}");
                text[20] = b'\n';
                let error = View::from_bytes(&text);
                assert!(error.is_err(), "{byte} at {at} and a line break");
            }
        }
    }

    #[test]
    fn json_trailing_text_error_has_its_position() {
        let error = View::parse("1  \n x").unwrap_err().to_string();
        assert!(error.contains('5'), "{error}");
    }

    #[test]
    fn json_nesting_is_limited_without_recursion() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(View::parse(&deep(128)).is_ok());
        assert!(View::parse(&deep(129)).is_err());
        assert!(View::parse(&"[".repeat(1_000_000)).is_err());
    }

    #[test]
    fn json_escapes_are_decoded_and_lone_surrogates_replaced() {
        let text = r#""\ud83d\ude00 \n\t\"\\\/ \ud83dx \udc00""#;
        assert_eq!(View::parse(text).unwrap().str().unwrap(), "😀 \n\t\"\\/ \u{fffd}x \u{fffd}");
    }

    #[test]
    fn json_escaped_key_is_found_by_its_decoded_name() {
        let view = View::parse(r#"{ "a\u0062" : { "c" : [ 1 , 2 ] } , "d" : null }"#).unwrap();
        assert_eq!(view.get("ab").and_then(|v| v.get("c")).map(|v| v.items().count()), Some(2));
        assert!(view.get("d").is_none());
    }
}
