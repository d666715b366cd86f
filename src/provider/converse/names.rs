//! Names of documents: Converse takes few characters, and no name twice.

use std::fmt::Write as _;

use crate::text::{after_last, join};

/// The longest name that the API takes.
const MAX_LEN: usize = 200;

/// Gives the documents of a conversation their names, in their order. A name depends only on
/// what came before, so a longer conversation still begins with the same names, and a cached
/// prompt is found again.
#[derive(Debug, Default)]
pub(super) struct Names {
    count: usize,
    taken: Vec<String>,
}

impl Names {
    /// The name to send for the next document. What the API would refuse becomes a space; a name
    /// that is taken gets a number.
    pub(super) fn next(&mut self, wanted: Option<&str>, format: &str) -> String {
        self.count += 1;
        let mut name = wanted.map(|name| fitting(name, format)).unwrap_or_default();
        if name.is_empty() {
            let _ = write!(name, "Document {}", self.count);
        }
        let mut unique = name.clone();
        let mut n = 2;
        while self.taken.contains(&unique) {
            let suffix = format!(" ({n})");
            // ASCII throughout, so every length is a boundary.
            let kept = name.get(..MAX_LEN.saturating_sub(suffix.len())).unwrap_or(&name);
            unique = join(&mut [kept, suffix.as_str()].into_iter(), "");
            n += 1;
        }
        self.taken.push(unique.clone());
        unique
    }
}

/// Letters, digits, `-_()[]` and single spaces. The extension goes, as the format says it already.
fn fitting(name: &str, format: &str) -> String {
    let extension = after_last(name, ".").filter(|extension| extension.eq_ignore_ascii_case(format));
    let stem = extension.and_then(|extension| name.get(..name.len() - extension.len() - 1)).unwrap_or(name);
    let mut fitting = String::new();
    let mut gap = false;
    for c in stem.chars() {
        if !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '(' | ')' | '[' | ']') {
            gap = !fitting.is_empty();
            continue;
        }
        if fitting.len() + usize::from(gap) >= MAX_LEN {
            break;
        }
        if std::mem::take(&mut gap) {
            fitting.push(' ');
        }
        fitting.push(c);
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_refuses_in_a_name_becomes_a_space() {
        let cases = [
            ("John's report.pdf", "John s report"),
            ("invoice  #123.PDF", "invoice 123"),
            ("a.b.pdf", "a b"),
            ("notes.txt", "notes txt"),
            ("draft_(2) [x]-y", "draft_(2) [x]-y"),
            ("テスト\u{3000}a\tb", "a b"),
            ("résumé", "r sum"),
        ];
        for (name, expected) in cases {
            assert_eq!(Names::default().next(Some(name), "pdf"), expected);
        }
    }

    #[test]
    fn a_document_without_a_usable_name_is_called_by_its_place() {
        let mut names = Names::default();
        let given: Vec<_> = [None, Some("分期"), Some("a"), Some(""), Some(".pdf")]
            .into_iter()
            .map(|name| names.next(name, "pdf"))
            .collect();
        assert_eq!(given, ["Document 1", "Document 2", "a", "Document 4", "Document 5"]);
    }

    #[test]
    fn no_name_is_given_twice_and_none_is_too_long() {
        let mut names = Names::default();
        let long = "x".repeat(500);
        let given: Vec<_> =
            ["a", "a", "a (2)", "a.pdf", &long, &long].into_iter().map(|name| names.next(Some(name), "pdf")).collect();
        assert_eq!(given[..4], ["a", "a (2)", "a (2) (2)", "a (3)"]);
        assert!(given.iter().all(|name| name.len() <= MAX_LEN));
        assert_ne!(given[4], given[5]);
    }
}
