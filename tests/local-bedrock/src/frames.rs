//! Event-stream frames, encoded by `aws-smithy-eventstream`.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine as _;
use serde_json::{Value, json};

use crate::json;

const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// One `event` frame.
pub(crate) fn event(event_type: &str, payload: &[u8]) -> Vec<u8> {
    encode(&[(":event-type", event_type), (":content-type", "application/json"), (":message-type", "event")], payload)
}

/// One `exception` frame, with `{"message": ...}` as its payload.
pub(crate) fn exception(exception_type: &str, message: &str) -> Vec<u8> {
    encode(
        &[(":exception-type", exception_type), (":content-type", "application/json"), (":message-type", "exception")],
        json::text(&json!({ "message": message })).as_bytes(),
    )
}

/// One `error` frame: everything is in the headers, the payload is empty.
pub(crate) fn error(code: &str, message: &str) -> Vec<u8> {
    encode(&[(":error-code", code), (":error-message", message), (":message-type", "error")], b"")
}

/// An InvokeModel stream frame: the model's own JSON in base64, and padding that hides its length.
pub(crate) fn chunk(number: usize, model_json: &Value) -> Vec<u8> {
    let bytes = base64::engine::general_purpose::STANDARD.encode(json::text(model_json));
    event("chunk", json::text(&json!({ "bytes": bytes, "p": padding(number) })).as_bytes())
}

/// A prefix of the alphabet whose length changes from frame to frame.
pub(crate) fn padding(number: usize) -> &'static str {
    PADDING.get(..(number * 17 + 5) % PADDING.len()).unwrap_or(PADDING)
}

fn encode(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut message = Message::new(payload.to_vec());
    for (name, value) in headers {
        message = message.add_header(Header::new((*name).to_owned(), HeaderValue::String((*value).to_owned().into())));
    }
    let mut out = Vec::new();
    // A message cannot be encoded only if a header has 64 KiB or a payload has 16 MiB. The caller then sends nothing,
    // which a client reports as a truncated stream.
    let _ = write_message_to(&message, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn frames_match_recorded_bytes() {
        let wanted = "0000006b0000004b6ace012d0b3a6576656e742d747970650700056368756e6b0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b226279746573223a226533303d227d3651dbfe";
        assert_eq!(hex(&event("chunk", br#"{"bytes":"e30="}"#)), wanted);
        let wanted = "0000008e00000061514180540f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22546f6f206d616e7920746f6b656e73227dc81b1ec1";
        assert_eq!(hex(&exception("throttlingException", "Too many tokens")), wanted);
    }
}
