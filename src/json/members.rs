//! What codecs ask of a member, each in one call: they do it hundreds of times.

use super::Json;
use super::scan::{Entries, Items, View};

impl<'a> View<'a> {
    /// The members of an object with their keys as they stand between the quotes, escapes and all:
    /// enough to be compared with a name, and to be written again.
    pub(crate) fn raw_entries(self) -> RawEntries<'a> {
        RawEntries(self.entries())
    }

    /// Whether it is an object that is not empty.
    pub(crate) fn has_members(self) -> bool {
        self.entries().next_raw().is_some()
    }

    /// The elements of the array that a member is; nothing if it is none, or is not there.
    pub(crate) fn list(self, key: &str) -> Items<'a> {
        self.get(key).map_or_else(Items::default, View::items)
    }

    /// Copies of the elements of the array that a member is.
    pub(crate) fn copies(self, key: &str) -> Vec<Json> {
        let mut copies = Vec::new();
        self.list(key).for_each(|element| copies.push(Json::from(element)));
        copies
    }

    /// The members of the object that a member is; nothing if it is none, or is not there.
    pub(crate) fn members(self, key: &str) -> RawEntries<'a> {
        self.get(key).map_or_else(RawEntries::default, View::raw_entries)
    }

    /// The text of the string that a member is.
    pub(crate) fn string_at(self, key: &str) -> Option<String> {
        self.get(key)?.string()
    }

    /// The text of the string that a member is; empty if it is none, or is not there.
    pub(crate) fn text_at(self, key: &str) -> String {
        self.string_at(key).unwrap_or_default()
    }

    /// What stands between the quotes of the string that a member is, to be compared with a word;
    /// empty if it is none, or is not there.
    pub(crate) fn word_at(self, key: &str) -> &'a str {
        self.get(key).map_or("", View::word)
    }

    /// The whole number that a member is.
    pub(crate) fn u64_at(self, key: &str) -> Option<u64> {
        self.get(key)?.u64()
    }

    /// The position that a member is; 0 if it is none, or is not there.
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
