//! Blocks of unknown types whose content arrives in deltas.

use crate::json::{Json, Kind, View, Writer};

/// The members that deltas added to a block. Strings are appended, other values are set.
#[derive(Debug, Default)]
pub(crate) struct Members(Vec<(String, Member)>);

#[derive(Debug)]
enum Member {
    /// Text to append to the block's text.
    Text(String),
    /// Elements to append to the block's list.
    List(Vec<Json>),
    /// A value that replaces the block's value.
    Value(Json),
}

impl Members {
    /// Returns whether no delta has added anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a member of a delta. A `null` does not remove anything.
    pub(crate) fn add(&mut self, key: &str, value: View<'_>) {
        let known = self.0.iter_mut().find(|(name, _)| name == key).map(|(_, member)| member);
        match (known, value.string()) {
            (Some(Member::Text(text)), Some(more)) => text.push_str(&more),
            (Some(Member::Text(_)), None) if value.is_null() => {}
            (Some(member), Some(more)) => *member = Member::Text(more),
            (Some(member), None) => *member = Member::Value(Json::from(value)),
            (None, Some(text)) => self.0.push((key.to_owned(), Member::Text(text))),
            (None, None) => self.0.push((key.to_owned(), Member::Value(Json::from(value)))),
        }
    }

    /// Adds an element of a list, for instance a citation.
    pub(crate) fn add_element(&mut self, key: &str, element: View<'_>) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, Member::List(list))) => list.push(Json::from(element)),
            _ => self.0.push((key.to_owned(), Member::List(vec![Json::from(element)]))),
        }
    }

    /// Replaces text that arrived in pieces by its JSON value, if it is valid JSON.
    pub(crate) fn parse(&mut self, key: &str) {
        if let Some((_, member)) = self.0.iter_mut().find(|(name, _)| name == key)
            && let Member::Text(text) = member
            && let Ok(value) = Json::parse(text)
        {
            *member = Member::Value(value);
        }
    }

    /// Writes the members of a block and of its deltas into an open object.
    pub(crate) fn write(&self, w: &mut Writer, block: View<'_>) {
        for (key, value) in block.entries() {
            match self.0.iter().find(|(name, _)| *name == key) {
                Some((_, member)) => member.write(w, &key, Some(value)),
                None => w.member(&key, value),
            }
        }
        for (key, member) in &self.0 {
            if !block.entries().any(|(name, _)| name == *key) {
                member.write(w, key, None);
            }
        }
    }
}

impl Member {
    fn write(&self, w: &mut Writer, key: &str, before: Option<View<'_>>) {
        match self {
            Self::Text(more) => {
                let text = before.and_then(View::string).unwrap_or_default();
                w.field(key, &(text + more));
            }
            Self::List(more) => {
                w.array(key);
                before.into_iter().flat_map(View::items).for_each(|item| w.raw(item));
                more.iter().for_each(|item| w.raw(item.view()));
                w.end_array();
            }
            // A `null` means that content follows, or that there is no content. It does not remove a value.
            Self::Value(value) => {
                let kept = before.filter(|before| value.view().is_null() && before.kind() == Kind::String);
                w.member(key, kept.unwrap_or(value.view()));
            }
        }
    }
}

/// A block of an unknown type that is still arriving.
#[derive(Debug)]
pub(crate) struct RawBlock {
    pub(crate) index: u32,
    pub(crate) block: Json,
    pub(crate) members: Members,
}

impl RawBlock {
    /// Creates a block from its first event.
    pub(crate) fn new(index: u32, block: View<'_>) -> Self {
        Self { index, block: Json::from(block), members: Members::default() }
    }

    /// Returns the whole block.
    pub(crate) fn whole(&self) -> Json {
        if self.members.is_empty() {
            return self.block.clone();
        }
        let mut w = Writer::new();
        w.begin_object();
        self.members.write(&mut w, self.block.view());
        w.end_object();
        Json::written(w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_block_appends_strings_and_sets_other_values() {
        let view = |text| View::parse(text).unwrap();
        let mut block = RawBlock::new(0, view(r#"{"type":"x","content":null,"text":"a","n":1,"keep":"k"}"#));
        for (key, value) in [
            ("content", r#""s""#),
            ("content", r#""t""#),
            ("text", r#""b""#),
            ("n", "2"),
            ("new", "{}"),
            ("keep", "null"),
        ] {
            block.members.add(key, view(value));
        }
        block.members.add_element("list", view("1"));
        block.members.add_element("list", view("2"));
        let expected = r#"{"type":"x","content":"st","text":"ab","n":2,"keep":"k","new":{},"list":[1,2]}"#;
        assert_eq!(block.whole().as_str(), expected);
    }
}
