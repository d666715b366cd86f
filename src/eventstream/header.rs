//! Headers of a frame: `name_len u8, name, type u8, value`, over and over.

use crate::error::{Error, ErrorKind, Result};

/// The value of a frame's header, in one of the ten types of the format.
///
/// Bedrock sends strings only. The other types are read so that no header fails a stream.
///
/// ```
/// use bedrock_chat::eventstream::HeaderValue;
///
/// assert_eq!(HeaderValue::String("event").as_str(), Some("event"));
/// assert_eq!(HeaderValue::Int16(7).as_str(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the format has these ten types; a decoder refuses any other")]
pub enum HeaderValue<'a> {
    /// Types 0 and 1.
    Bool(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Int16(i16),
    /// Type 4.
    Int32(i32),
    /// Type 5.
    Int64(i64),
    /// Type 6.
    Bytes(&'a [u8]),
    /// Type 7.
    String(&'a str),
    /// Type 8: milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

impl<'a> HeaderValue<'a> {
    /// Returns the text, if the value is a string.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            HeaderValue::String(text) => Some(text),
            _ => None,
        }
    }
}

/// A header whose bounds are known, and whose value is not parsed yet.
struct RawHeader<'a> {
    name: &'a [u8],
    kind: u8,
    value: &'a [u8],
}

enum Fault {
    /// The block ends inside the header.
    CutOff,
    UnknownType(u8),
    NameNotUtf8,
    ValueNotUtf8,
}

impl<'a> RawHeader<'a> {
    /// Removes the first header from `block`, which is not empty. A fault includes the header's name, if the name is
    /// complete.
    fn take(block: &mut &'a [u8]) -> Result<Self, (&'a [u8], Fault)> {
        let cut_off = |name| move || (name, Fault::CutOff);
        let (name_len, rest) = block.split_first().ok_or_else(cut_off(&[][..]))?;
        let (name, rest) = rest.split_at_checked(usize::from(*name_len)).ok_or_else(cut_off(&[][..]))?;
        let (kind, rest) = rest.split_first().ok_or_else(cut_off(name))?;
        let (len, rest) = match kind {
            0 | 1 => (0, rest),
            2 => (1, rest),
            3 => (2, rest),
            4 => (4, rest),
            5 | 8 => (8, rest),
            9 => (16, rest),
            6 | 7 => {
                let (len, rest) = rest.split_first_chunk().ok_or_else(cut_off(name))?;
                (usize::from(u16::from_be_bytes(*len)), rest)
            }
            unknown => return Err((name, Fault::UnknownType(*unknown))),
        };
        let (value, rest) = rest.split_at_checked(len).ok_or_else(cut_off(name))?;
        *block = rest;
        Ok(RawHeader { name, kind: *kind, value })
    }

    fn check(&self) -> Result<(), Fault> {
        if !is_utf8(self.name) {
            return Err(Fault::NameNotUtf8);
        }
        if self.kind == 7 && !is_utf8(self.value) {
            return Err(Fault::ValueNotUtf8);
        }
        Ok(())
    }

    /// Returns the value; `None` only for a header that [`check`](Self::check) or [`take`](Self::take) would
    /// have refused.
    fn value(&self) -> Option<HeaderValue<'a>> {
        Some(match self.kind {
            0 => HeaderValue::Bool(true),
            1 => HeaderValue::Bool(false),
            2 => HeaderValue::Byte(i8::from_be_bytes(self.fixed()?)),
            3 => HeaderValue::Int16(i16::from_be_bytes(self.fixed()?)),
            4 => HeaderValue::Int32(i32::from_be_bytes(self.fixed()?)),
            5 => HeaderValue::Int64(i64::from_be_bytes(self.fixed()?)),
            6 => HeaderValue::Bytes(self.value),
            7 => HeaderValue::String(std::str::from_utf8(self.value).ok()?),
            8 => HeaderValue::Timestamp(i64::from_be_bytes(self.fixed()?)),
            9 => HeaderValue::Uuid(self.fixed()?),
            _ => return None,
        })
    }

    fn fixed<const N: usize>(&self) -> Option<[u8; N]> {
        self.value.try_into().ok()
    }
}

/// Headers are nearly always ASCII, which is much faster to check.
fn is_utf8(text: &[u8]) -> bool {
    text.is_ascii() || std::str::from_utf8(text).is_ok()
}

/// Checks a whole block of headers, so that reading them later cannot fail.
pub(super) fn check(block: &[u8]) -> Result<()> {
    let mut rest = block;
    let mut index = 0;
    while !rest.is_empty() {
        index += 1;
        let header = RawHeader::take(&mut rest).map_err(|(name, fault)| describe(index, name, &fault))?;
        header.check().map_err(|fault| describe(index, header.name, &fault))?;
    }
    Ok(())
}

#[cold]
fn describe(index: usize, name: &[u8], fault: &Fault) -> Error {
    let what = match fault {
        Fault::CutOff => "exceeds the headers".to_owned(),
        Fault::UnknownType(kind) => format!("has the unknown type {kind}, expected 0 to 9"),
        Fault::NameNotUtf8 => "has a name that is not UTF-8".to_owned(),
        Fault::ValueNotUtf8 => "is a string that is not UTF-8".to_owned(),
    };
    let named = if name.is_empty() { String::new() } else { format!(", `{}`,", crate::text::visible(name)) };
    Error::of(ErrorKind::Frame, format_args!("corrupt event stream: header {index}{named} {what}"))
}

/// Returns the value of the first header of that name in a checked block.
pub(super) fn find<'a>(block: &'a [u8], name: &str) -> Option<HeaderValue<'a>> {
    let mut rest = block;
    while !rest.is_empty() {
        let header = RawHeader::take(&mut rest).ok()?;
        if header.name == name.as_bytes() {
            return header.value();
        }
    }
    None
}

/// The headers of a [`Frame`](super::Frame), in their order.
#[derive(Clone, Debug)]
pub struct FrameHeaders<'a> {
    rest: &'a [u8],
}

impl<'a> FrameHeaders<'a> {
    /// `block` must have been checked.
    pub(super) fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }
}

impl<'a> Iterator for FrameHeaders<'a> {
    type Item = (&'a str, HeaderValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let header = RawHeader::take(&mut self.rest).ok()?;
        Some((std::str::from_utf8(header.name).ok()?, header.value()?))
    }
}
