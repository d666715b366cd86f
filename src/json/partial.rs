//! JSON that is still being written, and JSON inside other text.

use super::View;
use crate::text::split;

/// The length of text up to which each piece builds a new value.
const SHORT: usize = 4096;

/// A JSON object or array that arrives in pieces, with or without other text around it.
///
/// Each byte is scanned once. Numbers and words appear when they are complete, strings as they grow.
///
/// ```
/// use bedrock_chat::json::PartialJson;
/// let mut json = PartialJson::new();
/// json.push(r#"The answer: {"city":"Lis"#);
/// assert_eq!(json.next_value().as_deref(), Some(r#"{"city":"Lis"}"#));
/// json.push(r#"bon","days":1"#);
/// assert_eq!(json.next_value().as_deref(), Some(r#"{"city":"Lisbon"}"#));
/// ```
#[derive(Clone, Debug)]
pub struct PartialJson {
    text: String,
    at: usize,
    state: State,
    /// Whether an array is a value too. Lists in prose, such as `[1]`, are common.
    takes_arrays: bool,
    start: usize,
    /// The closing brackets of all open objects and arrays.
    open: Vec<u8>,
    /// The position at which the current value can be cut and closed.
    cut: usize,
    /// A counter of changes to the value.
    version: u32,
    /// The longest complete value.
    best: Option<Found>,
    /// The longest complete value inside text that is not JSON.
    doubtful: Option<Found>,
    /// The number of open brackets in text that is not JSON.
    broken: usize,
    returned: Option<Key>,
    due: usize,
}

/// The position at which a value begins, and its version.
type Key = (usize, u32);

#[derive(Clone, Copy, Debug)]
struct Found {
    start: usize,
    end: usize,
    version: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before or after a value.
    Outside,
    /// Before a member's or an element's value; with `true` the array may end.
    Value(bool),
    /// Before a key; with `true` the object may end.
    Name(bool),
    Colon,
    /// After a value in an object or an array.
    After,
    /// In a number or a name such as `true`, which begins at the position.
    Word(usize),
    Text(Quoted),
    Escape(Quoted),
    /// In the digits of `\u`: how many are left, and their value.
    Hex(Quoted, u8, u32),
}

/// The state inside a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quoted {
    is_name: bool,
    /// The first half of a surrogate pair was read.
    is_half: bool,
}

impl Default for PartialJson {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialJson {
    /// Creates a reader of an object. Arrays before it are skipped.
    pub fn new() -> Self {
        Self {
            text: String::new(),
            at: 0,
            state: State::Outside,
            takes_arrays: false,
            start: 0,
            open: Vec::new(),
            cut: 0,
            version: 0,
            best: None,
            doubtful: None,
            broken: 0,
            returned: None,
            due: 0,
        }
    }

    /// Creates a reader of an object or an array.
    pub fn any() -> Self {
        Self { takes_arrays: true, ..Self::new() }
    }

    /// Appends a piece of the text.
    pub fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            if self.step(byte) {
                self.at += 1;
            }
        }
    }

    /// Returns the value so far, if it changed since the last call. In a long text, the next value waits until the
    /// text has grown by a fraction. The cost of all values is then linear in the text.
    pub fn next_value(&mut self) -> Option<String> {
        if self.text.len() < self.due {
            return None;
        }
        let value = self.last_value()?;
        self.due = if self.text.len() < SHORT { 0 } else { self.text.len() + self.text.len() / 32 };
        Some(value)
    }

    /// Returns the value so far, if it changed since the last call, without waiting for more.
    pub fn last_value(&mut self) -> Option<String> {
        let (key, value) = self.shown()?;
        if self.returned == Some(key) {
            return None;
        }
        let value = value?;
        self.returned = Some(key);
        Some(value)
    }

    /// Returns the value so far and its key. The value is missing if it would not be JSON.
    fn shown(&self) -> Option<(Key, Option<String>)> {
        let current = self.cut.saturating_sub(self.start);
        let whole = self.complete().filter(|found| self.open.is_empty() || found.end - found.start >= current);
        if let Some(Found { start, end, version }) = whole {
            return Some(((start, version), self.text.get(start..end).map(str::to_owned)));
        }
        if self.open.is_empty() {
            return None;
        }
        let key = (self.start, self.version);
        if self.returned == Some(key) {
            return Some((key, None));
        }
        let mut value = self.text.get(self.start..self.cut)?.to_owned();
        if let State::Text(quoted) | State::Escape(quoted) | State::Hex(quoted, ..) = self.state
            && !quoted.is_name
        {
            value.push('"');
        }
        value.extend(self.open.iter().rev().map(|&byte| char::from(byte)));
        Some((key, Some(value).filter(|value| View::parse(value).is_ok())))
    }

    fn complete(&self) -> Option<Found> {
        let doubtful = self.doubtful.filter(|_| self.broken > 0);
        longer(self.best, doubtful)
    }

    /// Reads one byte. Returns `false` if it does not continue the value, so that it is read again.
    fn step(&mut self, byte: u8) -> bool {
        let is_space = matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        match self.state {
            State::Outside => self.outside(byte),
            State::Text(quoted) => return self.quoted(quoted, byte),
            State::Escape(quoted) => match byte {
                b'u' => self.state = State::Hex(quoted, 4, 0),
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.grow(quoted, false),
                _ => return self.fail(),
            },
            State::Hex(quoted, left, value) => {
                let Some(digit) = char::from(byte).to_digit(16) else { return self.fail() };
                let value = value << 4 | digit;
                match left {
                    1 => self.grow(quoted, !quoted.is_half && (0xD800..0xDC00).contains(&value)),
                    _ => self.state = State::Hex(quoted, left - 1, value),
                }
            }
            State::Word(start) => return self.word(start, byte),
            _ if is_space => {}
            State::Value(true) if byte == b']' => self.close(),
            State::Value(_) => return self.value(byte),
            State::Name(true) if byte == b'}' => self.close(),
            State::Name(_) if byte == b'"' => self.state = State::Text(Quoted { is_name: true, is_half: false }),
            State::Colon if byte == b':' => self.state = State::Value(false),
            State::After if byte == b',' => {
                self.state = if self.open.last() == Some(&b'}') { State::Name(false) } else { State::Value(false) };
            }
            State::After if self.open.last() == Some(&byte) => self.close(),
            _ => return self.fail(),
        }
        true
    }

    fn outside(&mut self, byte: u8) {
        match byte {
            b'{' => self.begin(byte),
            b'[' if self.takes_arrays => self.begin(byte),
            b'[' if self.broken > 0 => self.broken += 1,
            b'}' | b']' => {
                self.broken = self.broken.saturating_sub(1);
                if self.broken == 0 {
                    self.doubtful = None;
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, byte: u8) {
        self.start = self.at;
        self.version = 0;
        self.open(byte);
    }

    fn open(&mut self, byte: u8) {
        let is_object = byte == b'{';
        self.open.push(if is_object { b'}' } else { b']' });
        self.state = if is_object { State::Name(true) } else { State::Value(true) };
        self.changed(self.at + 1);
    }

    fn close(&mut self) {
        self.open.pop();
        self.cut = self.at + 1;
        self.state = State::After;
        if self.open.is_empty() {
            self.state = State::Outside;
            let found = Some(Found { start: self.start, end: self.cut, version: self.version });
            match self.broken {
                0 => self.best = longer(self.best, found),
                _ => self.doubtful = longer(self.doubtful, found),
            }
        }
    }

    fn value(&mut self, byte: u8) -> bool {
        match byte {
            b'{' | b'[' => self.open(byte),
            b'"' => {
                self.state = State::Text(Quoted { is_name: false, is_half: false });
                self.changed(self.at + 1);
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => self.state = State::Word(self.at),
            _ => return self.fail(),
        }
        true
    }

    fn quoted(&mut self, quoted: Quoted, byte: u8) -> bool {
        match byte {
            b'"' => {
                self.state = if quoted.is_name { State::Colon } else { State::After };
                match quoted {
                    // Without its other half it is a character, U+FFFD, that was not shown yet.
                    Quoted { is_name: false, is_half: true } => self.changed(self.at + 1),
                    Quoted { is_name: false, .. } => self.cut = self.at + 1,
                    _ => {}
                }
            }
            b'\\' => self.state = State::Escape(quoted),
            0..=0x1F => return self.fail(),
            _ => self.grow(quoted, false),
        }
        true
    }

    /// Adds one character to a string. Half of a surrogate pair is not shown.
    fn grow(&mut self, quoted: Quoted, is_half: bool) {
        self.state = State::Text(Quoted { is_half, ..quoted });
        if !quoted.is_name && !is_half {
            self.changed(self.at + 1);
        }
    }

    fn word(&mut self, start: usize, byte: u8) -> bool {
        let word = self.text.get(start..self.at).unwrap_or_default();
        if b",]} \n\r\t".contains(&byte) {
            if View::parse(word).is_err() {
                return self.fail();
            }
            self.state = State::After;
            self.changed(self.at);
            return false;
        }
        let is_part = match word.bytes().next() {
            Some(b'-' | b'0'..=b'9') => byte.is_ascii_digit() || b"+-.eE".contains(&byte),
            _ => byte.is_ascii_lowercase() && word.len() < 5,
        };
        if !is_part {
            return self.fail();
        }
        // Nothing more can follow.
        if matches!(self.text.get(start..self.at + 1), Some("true" | "false" | "null")) {
            self.state = State::After;
            self.changed(self.at + 1);
        }
        true
    }

    fn changed(&mut self, cut: usize) {
        self.cut = cut;
        self.version = self.version.wrapping_add(1);
    }

    /// Discards the open value, which is not JSON. The byte may begin another value.
    fn fail(&mut self) -> bool {
        self.broken += self.open.len();
        self.open.clear();
        self.state = State::Outside;
        let byte = self.text.as_bytes().get(self.at).copied().unwrap_or(0);
        self.outside(byte);
        true
    }
}

fn longer(one: Option<Found>, other: Option<Found>) -> Option<Found> {
    let length = |found: Option<Found>| found.map_or(0, |found| found.end - found.start);
    if length(other) > length(one) { other } else { one }
}

/// Returns the JSON value in a model's text: the whole text, else the content of a code fence, else
/// the longest object (or array, if that is a value too) in it. Without one, returns the rest
/// of the text from the first bracket on.
pub fn embedded(text: &str, takes_arrays: bool) -> &str {
    let text = text.trim();
    if View::parse(text).is_ok() {
        return text;
    }
    if let Some(inner) = fenced(text) {
        return inner;
    }
    let mut json = if takes_arrays { PartialJson::any() } else { PartialJson::new() };
    json.push(text);
    let cut = if json.open.is_empty() { 0 } else { text.len() - json.start };
    if let Some(found) = json.complete().filter(|found| found.end - found.start >= cut) {
        return text.get(found.start..found.end).unwrap_or(text);
    }
    let is_bracket = |byte| matches!(byte, b'{' | b'[');
    let first = if json.open.is_empty() { text.bytes().position(is_bracket) } else { Some(json.start) };
    first.and_then(|first| text.get(first..)).unwrap_or(text)
}

/// Returns the content of the first code fence that holds a JSON value. A fence begins a line, which
/// nothing inside a JSON string can do.
fn fenced(text: &str) -> Option<&str> {
    let mut inside: Option<usize> = None;
    let mut position = 0;
    for line in split(text, b'\n') {
        let begin = position;
        position += line.len() + 1;
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        match inside.take() {
            Some(from) => {
                let inner = text.get(from..begin)?.trim();
                if View::parse(inner).is_ok() {
                    return Some(inner);
                }
            }
            // The value may begin after the name of the language.
            None => {
                let value = info.bytes().position(|byte| matches!(byte, b'{' | b'['));
                inside = Some(begin + (line.len() - info.len()) + value.unwrap_or(info.len()));
            }
        }
    }
    // The last fence may be open, or end in the line of the value.
    let inner = text.get(inside?..)?.trim().trim_end_matches('`').trim();
    View::parse(inner).is_ok().then_some(inner)
}

#[cfg(test)]
mod tests;
