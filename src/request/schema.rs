//! JSON Schema of Rust types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use crate::json::Json;

/// The schema of a type, in one piece (no references, which some models do not
/// follow), and its description.
pub(crate) fn of<T: JsonSchema>() -> (Json, String) {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    let description = schema.remove("description").and_then(|text| text.as_str().map(str::to_owned));
    schema.remove("title");
    (Json::from(schema.to_value()), description.unwrap_or_default())
}

/// A type's name as a tool's: `GetWeather` is `get_weather`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before: Option<char> = None;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let word_ends = before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit());
        let acronym_ends =
            before.is_some_and(char::is_uppercase) && chars.peek().is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (word_ends || acronym_ends) {
            out.push('_');
        }
        match c {
            'a'..='z' | '0'..='9' | '-' | '_' => out.push(c),
            'A'..='Z' => out.push(c.to_ascii_lowercase()),
            _ => out.push('_'),
        }
        before = Some(c);
    }
    out.truncate(64);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question.
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Nested {
        /// Where.
        place: Place,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Place {
        name: String,
        kind: Option<Kind>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    enum Kind {
        City,
    }

    #[test]
    fn a_schema_is_one_piece_with_its_descriptions() {
        let (schema, description) = of::<Nested>();
        assert_eq!(description, "A question.");
        assert!(!schema.as_str().contains("$ref") && !schema.as_str().contains("$schema"), "{schema}");
        let place = schema.view().get("properties").and_then(|p| p.get("place")).unwrap();
        assert_eq!(place.get("description").and_then(|d| d.string()).as_deref(), Some("Where."));
    }

    #[test]
    fn type_names_become_tool_names() {
        for (name, tool) in [
            ("GetWeather", "get_weather"),
            ("HTTPGet", "http_get"),
            ("A", "a"),
            ("get2Things", "get2_things"),
            ("Map<K>", "map_k_"),
        ] {
            assert_eq!(snake_case(name), tool);
        }
    }
}
