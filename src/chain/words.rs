//! Command lines and section names, split into words.

/// Splits a text as a POSIX shell does, without substitutions. `None` if a quote or an escape is not closed.
pub(super) fn split_words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, ' ' | '\t' | '\r' | '\n') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(characters.next()?),
            (Some('"'), '\\') => {
                let next = characters.next()?;
                // Within double quotes, a backslash escapes only these two.
                if next != '"' && next != '\\' {
                    word.get_or_insert_default().push('\\');
                }
                word.get_or_insert_default().push(next);
            }
            (Some(open), _) if c == open => quote = None,
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// Splits a command line as Windows does: backslashes are literal, except before a double quote. `None` if a quote is
/// not closed. See Microsoft's [rules of
/// parsing](https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments).
#[cfg(any(windows, test))]
pub(super) fn split_windows_words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let (mut quoted, mut backslashes) = (false, 0);
    for c in text.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => {
                let word = word.get_or_insert_default();
                word.extend(std::iter::repeat_n('\\', backslashes / 2));
                match backslashes % 2 {
                    0 => quoted = !quoted,
                    _ => word.push('"'),
                }
                backslashes = 0;
            }
            ' ' | '\t' if !quoted => {
                if backslashes > 0 {
                    word.get_or_insert_default().extend(std::iter::repeat_n('\\', backslashes));
                    backslashes = 0;
                }
                words.extend(word.take());
            }
            _ => {
                let word = word.get_or_insert_default();
                word.extend(std::iter::repeat_n('\\', backslashes));
                backslashes = 0;
                word.push(c);
            }
        }
    }
    if backslashes > 0 {
        word.get_or_insert_default().extend(std::iter::repeat_n('\\', backslashes));
    }
    words.extend(word);
    (!quoted).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_split_as_a_shell_does() {
        let words = |text: &str| split_words(text).map(|words| words.join("|"));
        for (text, expected) in [
            ("a  b\tc", Some("a|b|c")),
            (r#""a b" 'c "d' e\ f"#, Some(r#"a b|c "d|e f"#)),
            (r#""a\"b\\c\d" ''"#, Some(r#"a"b\c\d|"#)),
            ("profile work", Some("profile|work")),
            ("a'b c'd", Some("ab cd")),
            ("a 'b", None),
            ("a \\", None),
        ] {
            assert_eq!(words(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn command_line_is_split_as_windows_does() {
        let words = |text: &str| split_windows_words(text).map(|words| words.join("|"));
        for (text, expected) in [
            (r#""C:\Program Files\a.exe" b\c"#, Some(r"C:\Program Files\a.exe|b\c")),
            (r#"a \"b\" "c\\" d\\"#, Some(r#"a|"b"|c\|d\\"#)),
            (r#"a "b"#, None),
        ] {
            assert_eq!(words(text).as_deref(), expected, "{text}");
        }
    }
}
