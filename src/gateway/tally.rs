//! The tokens of answers: counted by the service, or estimated for answers that end before their counts.

use crate::message::Usage;
use crate::provider::invoke::Counts;

/// The members in whose strings models write, in the events of all APIs and of all formats of InvokeModel.
const WRITTEN: &[&[u8]] = &[
    b"text",
    b"thinking",
    b"partial_json",
    b"content",
    b"reasoning_content",
    b"reasoning",
    b"refusal",
    b"arguments",
    b"input",
    b"delta",
    b"generation",
    b"outputText",
    b"completion",
];

/// The tokens of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Used {
    pub(crate) usage: Usage,
    /// Whether some of the tokens are estimated.
    pub(crate) is_estimated: bool,
}

impl Used {
    /// Returns the tokens that were reported, and an estimate for what was written after the report: 1 token for 4 bytes.
    pub(crate) fn with_estimate(mut usage: Usage, bytes: usize) -> Self {
        usage.output_tokens = usage.output_tokens.saturating_add(bytes.div_ceil(4) as u64);
        Self { usage, is_estimated: bytes > 0 }
    }
}

/// The counts of an answer that passes on, and the length of the text since the last count.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Counts,
    bytes: usize,
}

impl Tally {
    pub(crate) fn of(counts: Counts) -> Self {
        Self { counts, bytes: 0 }
    }

    /// Adds counts of the service. A count of the output includes what was written before it.
    pub(crate) fn report(&mut self, counts: Counts) {
        if counts.output.is_some() {
            self.bytes = 0;
        }
        self.counts = self.counts.or_later(counts);
    }

    /// Adds an event with text of the model. The event is not parsed.
    pub(crate) fn write(&mut self, event: &[u8]) {
        self.bytes += written(event);
    }

    /// Returns the tokens with those of an answer of which only a part has arrived.
    pub(crate) fn used_after(&self, part: &[u8]) -> Used {
        Used::with_estimate(self.counts.usage().unwrap_or_default(), written(part))
    }

    pub(crate) fn used(&self) -> Used {
        Used::with_estimate(self.counts.usage().unwrap_or_default(), self.bytes)
    }
}

/// Returns how much text a model wrote in an event, in bytes, escapes without their backslash.
fn written(event: &[u8]) -> usize {
    if let Some(text) = leading_text(event) {
        return length(text);
    }
    let (mut name, mut total, mut rest) = (&b""[..], 0, event);
    while let Some((string, after)) = next_string(rest) {
        rest = after;
        if after.trim_ascii_start().starts_with(b":") {
            name = string;
        } else if WRITTEN.contains(&name) {
            total += length(string);
        }
    }
    total
}

fn length(string: &[u8]) -> usize {
    string.iter().filter(|byte| **byte != b'\\').count()
}

/// Returns the text of Claude's delta if its members are in the service's order, which nearly all are.
fn leading_text(event: &[u8]) -> Option<&[u8]> {
    let rest = event.strip_prefix(br#"{"type":"content_block_delta","index":"#)?;
    let rest = rest.get(rest.iter().position(|byte| *byte == b',')?..)?;
    let rest = rest.strip_prefix(br#","delta":{"type":""#)?;
    let kinds: [&[u8]; 3] =
        [br#"text_delta","text":""#, br#"thinking_delta","thinking":""#, br#"input_json_delta","partial_json":""#];
    kinds.iter().find_map(|kind| rest.strip_prefix(*kind))?.strip_suffix(br#""}}"#)
}

/// Returns the next string of JSON, as it is written between its quotes, and what follows it.
fn next_string(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = json.iter().position(|byte| *byte == b'"')? + 1;
    let rest = json.get(start..)?;
    let mut end = 0;
    loop {
        end += rest.get(end..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if rest.get(end) == Some(&b'"') {
            return Some((rest.get(..end)?, rest.get(end + 1..)?));
        }
        end += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tally_counts_text_of_every_api() {
        for (event, length) in [
            (r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h\u00e9 \"x\""}}"#, 10),
            (r#"{"type":"content_block_delta","index":12,"delta":{"type":"thinking_delta","thinking":"hm"}}"#, 2),
            (
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
                5,
            ),
            (
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCkgI"}}"#,
                0,
            ),
            (r#"{ "type":"content_block_delta", "delta":{"type":"text_delta","text":"h\u00e9 \"x\""}, "index":0}"#, 10),
            (r#"{"contentBlockIndex":0,"delta":{"text":"Bon"},"p":"abcdefghijklmnopqrstuvwxyz"}"#, 3),
            (r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}},"p":"abc"}"#, 2),
            (r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}"#, 2),
            (
                r#"{"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content" : "Hi"}}],"obfuscation":"xyz"}"#,
                2,
            ),
            (r#"{"choices":[{"delta":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}}]}"#, 2),
            (
                r#"{"type":"response.output_text.delta","item_id":"msg_1","delta":"Hi","logprobs":[],"obfuscation":"x"}"#,
                2,
            ),
            (r#"{"generation":"Hi","prompt_token_count":null}"#, 2),
            (r#"{"text":"cut \"#, 0),
            ("not JSON", 0),
        ] {
            assert_eq!(written(event.as_bytes()), length, "{event}");
        }
    }

    #[test]
    fn tally_estimates_only_what_no_count_includes() {
        let mut tally = Tally::of(Counts { input: Some(7), output: Some(1), ..Counts::default() });
        assert_eq!(tally.used(), Used { usage: Usage::new(7, 1), is_estimated: false });
        tally.write(br#"{"text":"12345"}"#);
        assert_eq!(tally.used(), Used { usage: Usage::new(7, 3), is_estimated: true });
        tally.report(Counts { cache_read: Some(0), ..Counts::default() });
        assert!(tally.used().is_estimated);
        tally.report(Counts { output: Some(2), ..Counts::default() });
        assert_eq!(tally.used(), Used { usage: Usage::new(7, 2), is_estimated: false });
    }
}
