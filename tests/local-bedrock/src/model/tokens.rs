//! Tokens and deltas: how text is counted and cut.

/// Splits text into tokens that join to exactly the text: a word of up to seven letters with the
/// space before it, a number of up to three digits, a punctuation mark, or a single character of
/// another script.
pub(crate) fn split(text: &str) -> Vec<&str> {
    #[derive(PartialEq, Clone, Copy)]
    enum Kind {
        Space,
        Letter,
        Digit,
        Other,
    }
    let kind = |c: char| match c {
        ' ' => Kind::Space,
        c if c.is_ascii_alphabetic() => Kind::Letter,
        c if c.is_ascii_digit() => Kind::Digit,
        c if c.is_alphabetic() && u32::from(c) < 0x250 => Kind::Letter,
        _ => Kind::Other,
    };
    let mut tokens = Vec::new();
    let (mut start, mut length, mut last) = (0, 0_usize, None);
    for (at, c) in text.char_indices() {
        let now = kind(c);
        let joins = match (last, now) {
            (None, _) => true,
            (Some(Kind::Space), Kind::Letter | Kind::Digit) => length == 1,
            (Some(Kind::Space), Kind::Space) => length < 8,
            (Some(Kind::Letter), Kind::Letter) => length < 8,
            (Some(Kind::Digit), Kind::Digit) => length < 3,
            _ => false,
        };
        if !joins {
            tokens.push(text.get(start..at).unwrap_or_default());
            start = at;
            length = 0;
        }
        length += 1;
        last = Some(now);
    }
    if start < text.len() {
        tokens.push(text.get(start..).unwrap_or_default());
    }
    tokens
}

/// How many tokens a text has.
pub(crate) fn count(text: &str) -> usize {
    split(text).len()
}

/// Returns the text cut after `limit` tokens, whether a part was cut off, and how many tokens remain.
pub(crate) fn cut(text: &str, limit: usize) -> (String, bool, usize) {
    let tokens = split(text);
    if tokens.len() <= limit {
        return (text.to_owned(), false, tokens.len());
    }
    (tokens.into_iter().take(limit).collect(), true, limit)
}

/// Splits a text into several deltas of one, two or three tokens each. Some words are split in two.
pub(crate) fn deltas(text: &str) -> Vec<String> {
    let tokens = split(text);
    let mut out = Vec::new();
    let mut rest = tokens.as_slice();
    let mut step = 0;
    while !rest.is_empty() {
        let take = [1, 2, 3, 1].get(step % 4).copied().unwrap_or(1).min(rest.len());
        let (now, later) = rest.split_at(take);
        rest = later;
        let piece = now.concat();
        // Every fifth piece is cut in the middle, at any character: inside a word, before a quote, between a letter
        // and its accent.
        let middle = piece.char_indices().nth(piece.chars().count() / 2).map_or(0, |(at, _)| at);
        if step % 5 == 4 && middle > 0 {
            let (head, tail) = piece.split_at(middle);
            out.push(head.to_owned());
            out.push(tail.to_owned());
        } else {
            out.push(piece);
        }
        step += 1;
    }
    out
}

/// Splits tool arguments into several deltas, without regard to JSON: inside escapes, numbers, names. `empty_first`
/// inserts an empty delta in front, as the service often does.
pub(crate) fn json_deltas(json: &str, empty_first: bool) -> Vec<String> {
    let mut out = Vec::new();
    if empty_first {
        out.push(String::new());
    }
    let mut rest = json;
    let mut step = 0;
    while !rest.is_empty() {
        let take = [3, 8, 5, 13, 1].get(step % 5).copied().unwrap_or(1);
        let at = rest.char_indices().nth(take).map_or(rest.len(), |(at, _)| at);
        let (now, later) = rest.split_at(at);
        out.push(now.to_owned());
        rest = later;
        step += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_deltas_join_to_the_text() {
        for text in
            ["", "a", "I love programming.", "  two  spaces\n\nhé😀👨‍👩‍👧 \"quoted\" 12345 日本語", "internationalization"]
        {
            assert_eq!(split(text).concat(), text);
            assert_eq!(deltas(text).concat(), text);
            assert_eq!(json_deltas(text, true).concat(), text);
        }
        assert_eq!(count("I love programming."), 5);
        assert_eq!(cut("one two three", 2), ("one two".to_owned(), true, 2));
        assert_eq!(cut("one two", 2), ("one two".to_owned(), false, 2));
    }
}
