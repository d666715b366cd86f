//! Names of documents: Converse accepts few characters, and no duplicates.

use std::fmt::Write as _;

use crate::text::{after_last, join};

/// The length of the longest name that the API accepts.
const MAX_LEN: usize = 200;

/// The names of the documents of a conversation. A name depends only on earlier documents. A longer conversation
/// therefore begins with the same names, so the prompt cache still matches.
#[derive(Debug, Default)]
pub(super) struct Names {
    count: usize,
    taken: Vec<String>,
}

impl Names {
    /// Returns the name to send for the next document. Characters that the API refuses become a space, and a
    /// duplicate gets a number.
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
            // The name is ASCII, so every length is a boundary.
            let kept = name.get(..MAX_LEN.saturating_sub(suffix.len())).unwrap_or(&name);
            unique = join(&mut [kept, suffix.as_str()].into_iter(), "");
            n += 1;
        }
        self.taken.push(unique.clone());
        unique
    }
}

/// Returns the name with letters, digits, `-_()[]` and single spaces only. The extension is removed, as it repeats
/// the format.
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
    fn document_name_has_spaces_for_refused_characters() {
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
    fn document_without_a_usable_name_gets_a_number() {
        let mut names = Names::default();
        let given: Vec<_> = [None, Some("分期"), Some("a"), Some(""), Some(".pdf")]
            .into_iter()
            .map(|name| names.next(name, "pdf"))
            .collect();
        assert_eq!(given, ["Document 1", "Document 2", "a", "Document 4", "Document 5"]);
    }

    #[test]
    fn document_names_are_unique_and_short() {
        let mut names = Names::default();
        let long = "x".repeat(500);
        let given: Vec<_> =
            ["a", "a", "a (2)", "a.pdf", &long, &long].into_iter().map(|name| names.next(Some(name), "pdf")).collect();
        assert_eq!(given[..4], ["a", "a (2)", "a (2) (2)", "a (3)"]);
        assert!(given.iter().all(|name| name.len() <= MAX_LEN));
        assert_ne!(given[4], given[5]);
    }
}
