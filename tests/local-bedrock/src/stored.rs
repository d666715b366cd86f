//! Responses that the server keeps for `previous_response_id` and item references.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// A kept response.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// All items that the model received, including those of earlier responses, and its output.
    pub(crate) items: Vec<Value>,
    /// The response as it was sent.
    pub(crate) response: Value,
}

/// The kept responses by id. They are lost when the server stops.
#[derive(Debug, Default)]
pub(crate) struct Responses(Mutex<BTreeMap<String, Stored>>);

impl Responses {
    pub(crate) fn keep(&self, id: &str, stored: Stored) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), stored);
    }

    pub(crate) fn find(&self, id: &str) -> Option<Stored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(crate) fn delete(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id).is_some()
    }

    /// Returns the output item with this id.
    pub(crate) fn item(&self, id: &str) -> Option<Value> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut items = kept.values().flat_map(|stored| &stored.items);
        items.rfind(|item| item.get("id").and_then(Value::as_str) == Some(id)).cloned()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
