//! JSON Schemas of Rust types.

use std::borrow::Cow;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use crate::json::{Json, Kind, View, Writer};

/// Returns the schema of a type, in one piece (no references, which some models do not follow), and its
/// description.
pub(crate) fn of<T: JsonSchema>() -> (Json, String) {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    let description = schema.remove("description").and_then(|text| text.as_str().map(str::to_owned));
    schema.remove("title");
    let mut w = Writer::new();
    write_in_order(&mut w, Json::from(schema.to_value()).view());
    (Json::written(w), description.unwrap_or_default())
}

/// Writes a schema with its required properties in the order of the type's fields. Models write in the order of
/// the schema, and earlier properties (the reasons before the verdict) influence later ones. The generator
/// sorts properties by name.
fn write_in_order(w: &mut Writer, schema: View<'_>) {
    match schema.kind() {
        Kind::Object => {
            w.begin_object();
            for (key, value) in schema.entries() {
                w.key(&key);
                match value.kind() {
                    Kind::Object if key == "properties" => write_properties(w, value, schema.get("required")),
                    _ => write_in_order(w, value),
                }
            }
            w.end_object();
        }
        Kind::Array => {
            w.begin_array();
            schema.items().for_each(|item| write_in_order(w, item));
            w.end_array();
        }
        _ => w.raw(schema),
    }
}

fn write_properties(w: &mut Writer, properties: View<'_>, required: Option<View<'_>>) {
    let required: Vec<String> = required.into_iter().flat_map(View::items).filter_map(View::string).collect();
    let named = required.iter().filter_map(|name| Some((Cow::Borrowed(name.as_str()), properties.get(name)?)));
    let others = properties.entries().filter(|(name, _)| !required.iter().any(|known| known == name));
    w.begin_object();
    for (name, property) in named.chain(others) {
        w.key(&name);
        write_in_order(w, property);
    }
    w.end_object();
}

/// Returns a type's name as a tool's: `GetWeather` is `get_weather`.
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
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Nested {
        /// Where the answer is.
        place: Place,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Place {
        name: String,
        kind: Option<Kind>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    enum Kind {
        City,
    }

    #[test]
    fn schema_is_inlined_and_keeps_descriptions() {
        let (schema, description) = of::<Nested>();
        assert_eq!(description, "A question.");
        assert!(!schema.as_str().contains("$ref") && !schema.as_str().contains("$schema"), "{schema}");
        let place = schema.view().get("properties").and_then(|p| p.get("place")).unwrap();
        assert_eq!(place.get("description").and_then(|d| d.string()).as_deref(), Some("Where the answer is."));
    }

    /// A verdict.
    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Verdict {
        reasons: Vec<String>,
        note: Option<String>,
        guilty: bool,
    }

    #[test]
    fn schema_puts_required_properties_first() {
        let (schema, _) = of::<Verdict>();
        let names = schema.view().get("properties").unwrap().entries().map(|(name, _)| name.into_owned());
        assert_eq!(names.collect::<Vec<_>>(), ["reasons", "guilty", "note"]);
    }

    #[test]
    fn tool_name_is_derived_from_the_type_name() {
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
