//! Server-sent events as Bedrock writes them.

use serde_json::{Value, json};

use crate::json;

/// The API whose events a stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Responses; on mantle, `data` is first.
    Responses { data_first: bool },
    /// Chat Completions: only `data`.
    Chat,
    /// Messages.
    Messages,
}

impl Dialect {
    /// One event. Its name is the `type` of the data.
    pub(crate) fn event(self, data: &Value) -> Vec<u8> {
        let name = data.get("type").and_then(Value::as_str).unwrap_or_default();
        let text = json::text(data);
        match self {
            Self::Responses { data_first: true } => format!("data: {text}\nevent: {name}\n\n"),
            Self::Responses { data_first: false } | Self::Messages => format!("event: {name}\ndata: {text}\n\n"),
            Self::Chat => format!("data: {text}\n\n"),
        }
        .into_bytes()
    }

    /// An error in the middle of a stream.
    pub(crate) fn error(self, number: usize, code: &str, message: &str) -> Vec<u8> {
        self.event(&match self {
            Self::Responses { .. } => {
                json!({"type": "error", "sequence_number": number, "code": code, "message": message, "param": null})
            }
            Self::Chat => json!({"error": {"message": message, "type": code, "param": null, "code": code}}),
            Self::Messages => json!({"type": "error", "error": {"type": code, "message": message}}),
        })
    }
}

/// The end of a Chat Completions stream.
pub(crate) fn done() -> Vec<u8> {
    b"data: [DONE]\n\n".to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sse_events_match_the_recorded_bytes() {
        let event = json!({"type": "response.completed", "sequence_number": 8});
        let text = |dialect: Dialect| String::from_utf8(dialect.event(&event)).unwrap();
        let data = r#"data: {"type":"response.completed","sequence_number":8}"#;
        assert_eq!(text(Dialect::Responses { data_first: true }), format!("{data}\nevent: response.completed\n\n"));
        assert_eq!(text(Dialect::Messages), format!("event: response.completed\n{data}\n\n"));
        assert_eq!(text(Dialect::Chat), format!("{data}\n\n"));
    }
}
