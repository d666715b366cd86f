//! Merging of objects.

use super::{Json, View, Writer};

/// An object with the members of both; where both have one, the second's stands.
pub(crate) fn merged(base: View<'_>, over: View<'_>) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    let overridden = |key: &str| over.entries().any(|(k, _)| k == key);
    for (key, value) in base.entries().filter(|(key, _)| !overridden(key)).chain(over.entries()) {
        w.member(&key, value);
    }
    w.end_object();
    Json::from(w)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_wins_and_nothing_else_changes() {
        let merge = |a, b| merged(View::parse(a).unwrap(), View::parse(b).unwrap());
        assert_eq!(merge(r#"{"a":1,"b":[2]}"#, r#"{"b":null,"c":{}}"#).as_str(), r#"{"a":1,"b":null,"c":{}}"#);
        assert_eq!(merge("{}", "{}").as_str(), "{}");
    }
}
