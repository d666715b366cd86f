//! Shortcuts for members of objects, which codecs use hundreds of times.

use super::Json;
use super::check::{JsonError, check_members};
use super::scan::{Entries, Items, View};

impl<'a> View<'a> {
    /// Same as [`View::from_bytes`], and passes each member of an object to `each` while the text is checked, with its
    /// raw key. One pass is enough for a short text that is read once, such as an event of a stream. If the text is
    /// invalid, some members may have been passed.
    pub(crate) fn read(bytes: &'a [u8], each: &mut dyn FnMut(&'a str, View<'a>)) -> Result<Self, JsonError> {
        let Ok(text) = std::str::from_utf8(bytes) else { return Self::from_bytes(bytes) };
        match check_members(text, &mut |key, value| each(key, View::trusted(value)))? {
            true => Ok(View::trusted(text.trim_ascii())),
            false => Self::parse(text),
        }
    }

    /// Returns the members of an object with their raw keys, escapes included. Raw keys can be compared with
    /// names, and written again.
    pub(crate) fn raw_entries(self) -> RawEntries<'a> {
        RawEntries(self.entries())
    }

    /// Returns whether the value is an object that is not empty.
    pub(crate) fn has_members(self) -> bool {
        self.entries().next_raw().is_some()
    }

    /// Returns the elements of an array member; none if the member is absent or of another kind.
    pub(crate) fn list(self, key: &str) -> Items<'a> {
        self.get(key).map_or_else(Items::default, View::items)
    }

    /// Returns copies of the elements of an array member.
    pub(crate) fn copies(self, key: &str) -> Vec<Json> {
        let mut copies = Vec::new();
        self.list(key).for_each(|element| copies.push(Json::from(element)));
        copies
    }

    /// Returns the strings among the elements of an array member.
    pub(crate) fn texts(self, key: &str) -> Vec<String> {
        self.list(key).filter_map(View::string).collect()
    }

    /// Returns the members of an object member; none if the member is absent or of another kind.
    pub(crate) fn members(self, key: &str) -> RawEntries<'a> {
        self.get(key).map_or_else(RawEntries::default, View::raw_entries)
    }

    /// Returns the text of a string member.
    pub(crate) fn string_at(self, key: &str) -> Option<String> {
        self.get(key)?.string()
    }

    /// Returns the text of a string member; empty if the member is absent or of another kind.
    pub(crate) fn text_at(self, key: &str) -> String {
        self.string_at(key).unwrap_or_default()
    }

    /// Returns the raw text of a string member, to compare it with a word; empty if the member is absent or of
    /// another kind.
    pub(crate) fn word_at(self, key: &str) -> &'a str {
        self.get(key).map_or("", View::word)
    }

    /// Returns the whole number of a member.
    pub(crate) fn u64_at(self, key: &str) -> Option<u64> {
        self.get(key)?.u64()
    }

    /// Returns the index of a member; 0 if the member is absent or not an index.
    pub(crate) fn index_at(self, key: &str) -> u32 {
        self.u64_at(key).and_then(|index| u32::try_from(index).ok()).unwrap_or(0)
    }
}

/// The members of an object, from [`View::raw_entries`].
#[derive(Clone, Debug, Default)]
pub(crate) struct RawEntries<'a>(Entries<'a>);

impl<'a> Iterator for RawEntries<'a> {
    type Item = (&'a str, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_raw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_members_are_the_same_in_one_pass_and_in_two() {
        let deep = |n: usize| ["{\"a\":", &"[".repeat(n), &"]".repeat(n), "}"].concat();
        let texts = [
            "{}",
            " { } ",
            "{\"a\" : 1 , \"b\\\"\":{\"c\":[1,\"}\"]}, \"a\":null}\n",
            "[1]",
            "\"a\"",
            "7",
            "",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":1}x",
            "{\"a\":[1}",
            "{a:1}",
            "{\"é\":\"ü\"}",
            "{\"a\":tru}",
        ];
        for text in texts.map(str::to_owned).into_iter().chain([deep(127), deep(128)]) {
            let mut seen = Vec::new();
            let ours = View::read(text.as_bytes(), &mut |key, value| seen.push((key, value)));
            let theirs = View::from_bytes(text.as_bytes());
            assert_eq!(ours.is_ok(), theirs.is_ok(), "{text}");
            let (Ok(ours), Ok(theirs)) = (ours, theirs) else { continue };
            assert_eq!(ours.raw(), theirs.raw());
            assert_eq!(seen, theirs.raw_entries().collect::<Vec<_>>(), "{text}");
        }
        assert!(View::read(b"\xff", &mut |_, _| {}).is_err());
    }
}
