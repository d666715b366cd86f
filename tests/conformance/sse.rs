//! Reads server-sent events without this crate, by the rules of the
//! [standard](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).

use serde_json::Value;

/// An event with data.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The type in its `event` field, else the one in its JSON.
    pub(crate) kind: String,
    pub(crate) data: String,
    /// `None` if the data is not JSON.
    pub(crate) json: Option<Value>,
    /// Whether a blank line ended the event. Otherwise it is the rest of the stream.
    pub(crate) ended: bool,
}

/// Returns the events of a whole stream. In contrast to the standard, the last event may lack its blank line.
pub(crate) fn events(bytes: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (block, next, ended) = match rest.split_once("\n\n") {
            Some((block, next)) => (block, next, true),
            None => (rest, "", false),
        };
        events.extend(event(block, ended));
        rest = next;
    }
    events
}

fn event(block: &str, ended: bool) -> Option<Event> {
    let (mut name, mut lines) = ("", Vec::new());
    for line in block.split('\n') {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => name = value,
            "data" => lines.push(value),
            _ => {}
        }
    }
    if lines.is_empty() {
        return None;
    }
    let data = lines.join("\n");
    let json: Option<Value> = serde_json::from_str(&data).ok();
    let typed = json.as_ref().and_then(|json| json["type"].as_str());
    let kind = if name.is_empty() { typed.unwrap_or_default() } else { name };
    Some(Event { kind: kind.to_owned(), data, json, ended })
}
