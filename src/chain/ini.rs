//! The format of AWS's config and credentials files, as botocore reads it: Python's `RawConfigParser`.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

/// The value of a key: a text, or nested keys (`s3 =` and indented lines below it).
#[derive(Clone)]
pub(super) enum Value {
    Text(Zeroizing<String>),
    Nested(BTreeMap<String, Zeroizing<String>>),
}

/// The keys of a section, in lower case.
pub(super) type Section = BTreeMap<String, Value>;

/// A line that cannot be read. The line itself is not quoted, as it may contain a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) what: String,
}

/// A section whose keys provide defaults for all others.
const DEFAULTS: &str = "DEFAULT";

/// The lines of one key's value, and the line where it starts.
type Lines<'a> = (usize, Vec<&'a str>);

/// Parses a file, and returns its sections in their order. Section names are case-sensitive, keys are not. A line that
/// is indented further than the key above it continues its value. Only whole lines can be comments: they start with `#`
/// or `;`.
///
/// # Errors
/// Fails on a duplicate section or key, a line without a delimiter, and keys before the first section.
pub(super) fn parse(text: &str) -> Result<Vec<(String, Section)>, Problem> {
    // With the line where each starts.
    let mut sections: BTreeMap<&str, (usize, BTreeMap<String, Lines<'_>>)> = BTreeMap::new();
    // The section, the key, and how far its line is indented.
    let (mut section, mut key, mut indent): (Option<&str>, Option<String>, usize) = (None, None, 0);
    if text.starts_with('\u{feff}') {
        return Err(Problem { line: 1, what: "it starts with a byte order mark".to_owned() });
    }
    for (line, number) in lines(text).zip(1..) {
        let problem = |what: &str| Err(Problem { line: number, what: what.to_owned() });
        let value = line.trim();
        if value.starts_with(['#', ';']) {
            continue;
        }
        let value_of_key = match (section, &key) {
            (Some(section), Some(key)) => sections.get_mut(section).and_then(|(_, keys)| keys.get_mut(key)),
            _ => None,
        };
        if value.is_empty() {
            if let Some((_, lines)) = value_of_key {
                lines.push("");
            }
            continue;
        }
        let own_indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if let Some((_, lines)) = value_of_key
            && own_indent > indent
        {
            lines.push(value);
            continue;
        }
        indent = own_indent;
        if let Some(name) = header(value) {
            if sections.contains_key(name) && name != DEFAULTS {
                return problem(&format!("duplicate section `[{name}]`"));
            }
            sections.entry(name).or_insert((number, BTreeMap::new()));
            (section, key) = (Some(name), None);
            continue;
        }
        let Some(section) = section else { return problem("there is no section `[...]` above it") };
        let Some(end) = value.find(['=', ':']) else { return problem("it has no `=`") };
        let (name, rest) = value.split_at_checked(end).unwrap_or_default();
        let name = name.trim_end().to_lowercase();
        if name.is_empty() {
            return problem("it has no key before the `=`");
        }
        let first = rest.get(1..).unwrap_or_default().trim();
        let (_, keys) = sections.entry(section).or_default();
        if keys.insert(name.clone(), (number, vec![first])).is_some() {
            return problem(&format!("duplicate key `{name}`"));
        }
        key = Some(name);
    }
    let (_, defaults) = sections.remove(DEFAULTS).unwrap_or_default();
    let mut sections: Vec<_> = sections.into_iter().collect();
    sections.sort_by_key(|(_, (start, _))| *start);
    let mut parsed = Vec::new();
    for (name, (_, keys)) in sections {
        let mut section = Section::new();
        for (key, lines) in defaults.iter().chain(&keys) {
            section.insert(key.clone(), value_of(lines)?);
        }
        parsed.push((name.to_owned(), section));
    }
    Ok(parsed)
}

/// Returns the lines of a text with any kind of line end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Returns the name in `[name]`. Text behind the last bracket is ignored.
fn header(line: &str) -> Option<&str> {
    let inside = line.strip_prefix('[')?;
    let end = inside.rfind(']').filter(|end| *end > 0)?;
    inside.get(..end)
}

/// Joins the lines of a value. A value whose first line is empty has nested keys.
fn value_of((start, lines): &Lines<'_>) -> Result<Value, Problem> {
    let joined = Zeroizing::new(lines.join("\n").trim_end().to_owned());
    if !joined.starts_with('\n') {
        return Ok(Value::Text(joined));
    }
    let mut nested = BTreeMap::new();
    for line in joined.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((key, value)) = line.split_once('=') else {
            let what = "an indented line below it has no `=`".to_owned();
            return Err(Problem { line: *start, what });
        };
        nested.insert(key.trim().to_owned(), Zeroizing::new(value.trim().to_owned()));
    }
    Ok(Value::Nested(nested))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a>(sections: &'a [(String, Section)], section: &str, key: &str) -> Option<&'a str> {
        match sections.iter().find(|(name, _)| name == section)?.1.get(key)? {
            Value::Text(text) => Some(text),
            Value::Nested(_) => None,
        }
    }

    #[test]
    fn profile_file_has_comments_delimiters_and_continuations() {
        let file = "# a\n; b\n[default]\nRegion=us-east-1\r\n key : v # not a comment\n\n[profile \"a b\"] # c\n\
                    x = 1\n  2\n  # skipped\n\n  3\ny =\n";
        let parsed = parse(file).unwrap_or_else(|problem| panic!("{problem:?}"));
        assert_eq!(text(&parsed, "default", "region"), Some("us-east-1\nkey : v # not a comment"));
        assert_eq!(text(&parsed, "profile \"a b\"", "x"), Some("1\n2\n\n3"));
        assert_eq!(text(&parsed, "profile \"a b\"", "y"), Some(""));
        let parsed = parse("[default]\nregion=us-east-1\nkey : v # not a comment\n").unwrap();
        assert_eq!(text(&parsed, "default", "key"), Some("v # not a comment"));
    }

    #[test]
    fn profile_file_has_nested_keys_and_defaults() {
        let file = "[DEFAULT]\nregion = eu-west-1\n[services s]\nsts =\n  endpoint_url = http://a=b\n[default]\n";
        let parsed = parse(file).unwrap();
        assert_eq!(text(&parsed, "default", "region"), Some("eu-west-1"));
        let [(first, services), (second, _)] = &parsed[..] else { panic!("other sections") };
        assert_eq!((first.as_str(), second.as_str()), ("services s", "default"));
        let Some(Value::Nested(sts)) = services.get("sts") else { panic!("not nested") };
        assert_eq!(sts["endpoint_url"].as_str(), "http://a=b");
    }

    #[test]
    fn malformed_profile_file_names_the_line_without_its_text() {
        for (file, line, word) in [
            ("a = SECRET", 1, "section"),
            ("[a]\nb = 1\n\n[a]\n", 4, "`[a]`"),
            ("[a]\nb = 1\nB = SECRET\n", 3, "`b`"),
            ("[a]\nSECRET\n", 2, "no `=`"),
            ("[a]\n= SECRET\n", 2, "no key"),
            ("[a\n", 1, "section"),
            ("[a]\ns3 =\n  SECRET\n", 2, "indented"),
            ("\u{feff}[a]\n", 1, "byte order mark"),
        ] {
            let problem = parse(file).map(|_| ()).unwrap_err();
            assert_eq!(problem.line, line, "{file}");
            assert!(problem.what.contains(word) && !problem.what.contains("SECRET"), "{problem:?}");
        }
    }
}
