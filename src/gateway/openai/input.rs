//! The input of a custom tool, read from the arguments of its function while they arrive.

use crate::json::unescaped;

/// A reader of the text in `{"input":"…"}`.
#[derive(Debug, Default)]
pub(crate) struct InputReader {
    /// The position in the arguments up to which the text was read, once it has begun.
    at: Option<usize>,
    text: String,
}

impl InputReader {
    /// Reads the arguments so far, and returns the text that is new. An escape that is not complete waits.
    pub(crate) fn read(&mut self, args: &str) -> &str {
        let before = self.text.len();
        if let Some(start) = self.at.or_else(|| start_of(args)) {
            let rest = args.get(start..).unwrap_or_default();
            let length = whole_length(rest);
            self.text.push_str(&unescaped(rest.get(..length).unwrap_or_default()));
            self.at = Some(start + length);
        }
        self.text.get(before..).unwrap_or_default()
    }

    /// Returns the text so far, if it has begun.
    pub(crate) fn text(&self) -> Option<&str> {
        self.at.map(|_| self.text.as_str())
    }
}

/// Returns the position after the quote that begins the text.
fn start_of(args: &str) -> Option<usize> {
    let mut rest = args;
    for token in ["{", "\"input\"", ":", "\""] {
        rest = rest.trim_ascii_start().strip_prefix(token)?;
    }
    Some(args.len() - rest.len())
}

/// Returns the length of the characters and escapes that are complete, up to the quote that ends the text.
fn whole_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied();
    let mut at = 0;
    loop {
        let length = match (byte(at), byte(at + 1)) {
            (None | Some(b'"'), _) | (Some(b'\\'), None) => return at,
            // The first half of a character outside the basic plane needs the second.
            (Some(b'\\'), Some(b'u')) => match (byte(at + 2), byte(at + 3)) {
                (Some(b'd' | b'D'), Some(b'8'..=b'9' | b'a'..=b'b' | b'A'..=b'B')) => 12,
                _ => 6,
            },
            (Some(b'\\'), Some(_)) => 2,
            (Some(_), _) => 1,
        };
        if at + length > bytes.len() {
            return at;
        }
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::openai::tools::{input_args, input_of};

    #[test]
    fn custom_input_is_the_same_for_any_cut() {
        for input in ["", "*** Begin \"x\"\n\t\\é😀", "a\\u0041\\"] {
            for args in [
                input_args(input).as_str().to_owned(),
                format!(" {{ \"input\" : {} }}", serde_json::to_string(input).unwrap().replace('😀', "\\ud83d\\ude00")),
            ] {
                assert_eq!(input_of(&args), input);
                let mut reader = InputReader::default();
                let mut pieces = String::new();
                for end in (0..=args.len()).filter(|end| args.is_char_boundary(*end)) {
                    pieces.push_str(reader.read(args.get(..end).unwrap()));
                    assert!(input.starts_with(&pieces), "{pieces:?}");
                }
                assert_eq!((&*pieces, reader.text()), (input, Some(input)), "{args}");
            }
        }
        let mut other = InputReader::default();
        assert_eq!((other.read(r#"{"other":"x"}"#).to_owned(), other.text()), (String::new(), None));
    }
}
