//! Writes JSON text straight into one string.

use super::View;
use super::number::{push_f64, push_u64};

/// A writer of one JSON text, which adds the commas itself.
///
/// ```
/// let mut w = bedrock_chat::json::Writer::new();
/// w.begin_object();
/// w.key("max_tokens").u64(10);
/// w.key("stop").begin_array();
/// w.string("\n\nHuman:");
/// w.end_array();
/// w.end_object();
/// assert_eq!(w.finish(), r#"{"max_tokens":10,"stop":["\n\nHuman:"]}"#);
/// ```
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
}

impl Writer {
    /// Creates an empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty writer with room for this number of bytes.
    #[cfg(feature = "gateway")]
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes) }
    }

    /// Returns the text written so far.
    pub fn finish(self) -> String {
        self.out
    }

    fn separate(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(',');
        }
    }

    /// Opens an object.
    pub fn begin_object(&mut self) {
        self.separate();
        self.out.push('{');
    }

    /// Closes an object.
    pub fn end_object(&mut self) {
        self.out.push('}');
    }

    /// Opens an array.
    pub fn begin_array(&mut self) {
        self.separate();
        self.out.push('[');
    }

    /// Closes an array.
    pub fn end_array(&mut self) {
        self.out.push(']');
    }

    /// Writes a member's key; its value must follow.
    pub fn key(&mut self, key: &str) -> &mut Self {
        self.string(key);
        self.out.push(':');
        self
    }

    /// Writes a string.
    pub fn string(&mut self, text: &str) {
        self.separate();
        self.out.push('"');
        let mut rest = text;
        while let Some(cut) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
            let (plain, tail) = rest.split_at_checked(cut).unwrap_or_default();
            self.out.push_str(plain);
            let mut chars = tail.chars();
            match chars.next() {
                Some('\n') => self.out.push_str("\\n"),
                Some('\t') => self.out.push_str("\\t"),
                Some('\r') => self.out.push_str("\\r"),
                Some(c @ ('"' | '\\')) => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                Some(c) => {
                    self.out.push_str("\\u00");
                    for shift in [4, 0] {
                        self.out.push(char::from_digit((c as u32 >> shift) & 15, 16).unwrap_or('0'));
                    }
                }
                None => {}
            }
            rest = chars.as_str();
        }
        self.out.push_str(rest);
        self.out.push('"');
    }

    /// Writes a string in base64 (standard alphabet, padded).
    pub fn base64(&mut self, bytes: &[u8]) {
        self.separate();
        self.out.push('"');
        crate::base64::encode(bytes, &mut self.out);
        self.out.push('"');
    }

    /// Writes a whole number.
    pub fn u64(&mut self, n: u64) {
        self.separate();
        push_u64(&mut self.out, n);
    }

    /// Writes a number in the shortest form that reads back as the same number; `null` if it is not finite.
    pub fn f64(&mut self, n: f64) {
        self.separate();
        push_f64(&mut self.out, n);
    }

    /// Writes `true` or `false`.
    pub fn bool(&mut self, b: bool) {
        self.separate();
        self.out.push_str(if b { "true" } else { "false" });
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.separate();
        self.out.push_str("null");
    }

    /// Writes a value unchanged.
    pub fn raw(&mut self, value: View<'_>) {
        self.separate();
        self.out.push_str(value.raw());
    }

    /// Writes a member unchanged, with its raw key.
    pub(crate) fn raw_member(&mut self, key: &str, value: View<'_>) {
        self.raw_text(key, value.raw());
    }

    /// Same as [`Writer::raw_member`], for a value that is known to be valid JSON.
    pub(crate) fn raw_text(&mut self, key: &str, value: &str) {
        self.separate();
        for part in ["\"", key, "\":", value] {
            self.out.push_str(part);
        }
    }

    /// Opens an object as a member.
    pub(crate) fn object(&mut self, key: &str) {
        self.key(key).begin_object();
    }

    /// Opens an array as a member.
    pub(crate) fn array(&mut self, key: &str) {
        self.key(key).begin_array();
    }

    /// Writes a member with its value unchanged.
    pub(crate) fn member(&mut self, key: &str, value: View<'_>) {
        self.key(key).raw(value);
    }

    /// Writes a member whose value is a string.
    pub fn field(&mut self, key: &str, text: &str) {
        self.key(key).string(text);
    }

    /// Writes a member whose value is a string, if there is one.
    pub fn opt_field(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.field(key, text);
        }
    }

    /// Writes a member whose value is a whole number, if there is one.
    pub fn opt_u64(&mut self, key: &str, n: Option<u64>) {
        if let Some(n) = n {
            self.key(key).u64(n);
        }
    }

    /// Writes a member whose value is a number, if there is one.
    pub fn opt_f64(&mut self, key: &str, n: Option<f64>) {
        if let Some(n) = n {
            self.key(key).f64(n);
        }
    }

    /// Writes a member whose value is an array of strings, unless it is empty.
    pub fn strings(&mut self, key: &str, texts: &[String]) {
        if !texts.is_empty() {
            self.key(key).begin_array();
            for text in texts {
                self.string(text);
            }
            self.end_array();
        }
    }
}

/// Returns the text in quotes and on one line, as JSON writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut w = Writer::new();
    w.string(text);
    w.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings_round_trip_every_character() {
        let text: String = (0..0x300).filter_map(char::from_u32).chain("😀\u{2028}".chars()).collect();
        let mut w = Writer::new();
        w.string(&text);
        let written = w.finish();
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        assert_eq!(View::parse(&written).unwrap().str().unwrap(), text);
    }

    #[test]
    fn json_written_numbers_read_back() {
        for n in [0.1, 0.7, 1.0, 1e-7, 123456.789, -0.0, 1e21] {
            let mut w = Writer::new();
            w.f64(n);
            assert_eq!(serde_json::from_str::<f64>(&w.finish()).unwrap(), n);
        }
    }

    #[test]
    fn json_string_is_on_one_line() {
        assert_eq!(quoted("a\"b\n"), r#""a\"b\n""#);
    }
}
