//! Lines of streams of server-sent events.

/// Adds an event. JSON of clients and services may have line breaks between its tokens, which would end the line;
/// inside strings they are escaped.
pub(crate) fn push(out: &mut String, name: Option<&str>, json: &str) {
    if let Some(name) = name {
        out.push_str("event: ");
        out.push_str(name);
        out.push('\n');
    }
    out.push_str("data: ");
    let mut rest = json;
    while let Some((line, more)) =
        rest.bytes().position(|byte| matches!(byte, b'\n' | b'\r')).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(line);
        rest = more.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push_str("\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_is_on_one_line() {
        let mut out = String::new();
        push(&mut out, Some("a"), "{\n\"x\":\r\n \"\\n\"\n}");
        push(&mut out, None, "1");
        assert_eq!(out, "event: a\ndata: {\"x\": \"\\n\"}\n\ndata: 1\n\n");
    }
}
