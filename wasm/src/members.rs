//! The members of a JSON object.

use std::borrow::Cow;

use bedrock_chat::json::View;

/// The members of an object, read once. Null counts as absent.
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, View<'a>)>);

impl<'a> Members<'a> {
    pub(crate) fn of(object: View<'a>) -> Self {
        let mut members = Vec::new();
        for (key, value) in object.entries() {
            if !value.is_null() {
                members.push((key, value));
            }
        }
        Self(members)
    }

    pub(crate) fn get(&self, key: &str) -> Option<View<'a>> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    pub(crate) fn string(&self, key: &str) -> Option<String> {
        self.get(key).and_then(View::string)
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.string(key).unwrap_or_default()
    }
}
