//! The shapes of a request and their constraints, with the service's own messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::shapes::keys::kind_of;

/// The constraint of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A structure: members by name and shape name, and the names of the required members.
    Structure(&'static [(&'static str, &'static str)], &'static [&'static str]),
    /// Exactly one of the members.
    Union(&'static [(&'static str, &'static str)]),
    /// Items of a shape, and their minimum number.
    List(&'static str, usize),
    /// A map: the shape of its values, and their maximum number.
    Map(&'static str, usize),
    Enum(&'static [&'static str]),
    /// Length between two bounds.
    Text(usize, usize),
    /// A text of letters, digits and these characters, with a length, and the pattern to show.
    Pattern(&'static str, usize, &'static str),
    Integer(i64),
    Float(f64, f64),
    Boolean,
    /// Base64.
    Blob,
    /// Any JSON.
    Document,
}

/// Finds a shape by its name.
pub(super) type Table = fn(&str) -> Shape;

/// All violations of `value` against the shape called `name`.
pub(super) fn violations(value: &Value, name: &str, table: Table) -> Vec<String> {
    let mut checker = Checker { table, found: Vec::new(), unknown: Vec::new() };
    checker.value(value, table(name), "");
    if checker.unknown.is_empty() { checker.found } else { checker.unknown }
}

struct Checker {
    table: Table,
    found: Vec<String>,
    /// Keys that no shape has: they hide the other violations.
    unknown: Vec<String>,
}

fn join(at: &str, member: &str) -> String {
    if at.is_empty() { member.to_owned() } else { format!("{at}.{member}") }
}

impl Checker {
    fn fail(&mut self, value: &Value, at: &str, constraint: &str) {
        let shown = match value {
            Value::Null => "Value null".to_owned(),
            Value::String(text) => format!("Value '{}'", text.chars().take(80).collect::<String>()),
            Value::Array(_) | Value::Object(_) => "Value".to_owned(),
            other => format!("Value '{other}'"),
        };
        self.found.push(format!("{shown} at '{at}' failed to satisfy constraint: {constraint}"));
    }

    fn kind(&mut self, value: &Value, at: &str, wanted: &str) {
        self.unknown.push(format!("#/{}: expected type: {wanted}, found: {}", at.replace('.', "/"), kind_of(value)));
    }

    fn value(&mut self, value: &Value, shape: Shape, at: &str) {
        match (shape, value) {
            (Shape::Structure(members, required), Value::Object(map)) => {
                for name in required {
                    if map.get(*name).is_none_or(Value::is_null) {
                        self.fail(&Value::Null, &join(at, name), "Member must not be null");
                    }
                }
                self.members(map, members, at);
            }
            (Shape::Union(members), Value::Object(map)) => {
                if map.len() != 1 {
                    let keys: Vec<&str> = map.keys().map(String::as_str).collect();
                    let constraint =
                        format!("Exactly one member of the union must be set, found: [{}]", keys.join(", "));
                    self.fail(value, at, &constraint);
                }
                self.members(map, members, at);
            }
            (Shape::List(item, least), Value::Array(items)) => {
                if items.len() < least {
                    self.fail(value, at, &format!("Member must have length greater than or equal to {least}"));
                }
                for (number, entry) in items.iter().enumerate() {
                    self.value(entry, (self.table)(item), &format!("{at}.{}.member", number + 1));
                }
            }
            (Shape::Map(item, most), Value::Object(map)) => {
                if map.len() > most {
                    self.fail(value, at, &format!("Member must have length less than or equal to {most}"));
                }
                for (key, entry) in map {
                    self.value(entry, (self.table)(item), &format!("{at}.{key}.member"));
                }
            }
            (Shape::Enum(options), Value::String(text)) => {
                if !options.contains(&text.as_str()) {
                    self.fail(value, at, &format!("Member must satisfy enum value set: [{}]", options.join(", ")));
                }
            }
            (Shape::Text(least, most), Value::String(text)) => self.length(value, text, least, most, at),
            (Shape::Pattern(also, most, pattern), Value::String(text)) => {
                if !text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c)) {
                    self.fail(value, at, &format!("Member must satisfy regular expression pattern: {pattern}"));
                }
                self.length(value, text, 1, most, at);
            }
            (Shape::Integer(least), Value::Number(number)) => match number.as_i64() {
                Some(number) if number >= least => {}
                Some(_) => self.fail(value, at, &format!("Member must have value greater than or equal to {least}")),
                None => self.kind(value, at, "Integer"),
            },
            (Shape::Float(least, most), Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                if number < least {
                    self.fail(value, at, &format!("Member must have value greater than or equal to {least}"));
                } else if number > most {
                    self.fail(value, at, &format!("Member must have value less than or equal to {most}"));
                }
            }
            (Shape::Blob, Value::String(text)) => {
                if STANDARD.decode(text).is_err() {
                    self.unknown.push(format!("#/{}: the value is not valid base64", at.replace('.', "/")));
                }
            }
            (Shape::Boolean, Value::Bool(_)) | (Shape::Document, _) => {}
            // A null member counts as absent.
            (_, Value::Null) => {}
            (Shape::Structure(..) | Shape::Union(_) | Shape::Map(..), _) => self.kind(value, at, "JSONObject"),
            (Shape::List(..), _) => self.kind(value, at, "JSONArray"),
            (Shape::Enum(_) | Shape::Text(..) | Shape::Pattern(..) | Shape::Blob, _) => self.kind(value, at, "String"),
            (Shape::Integer(_) | Shape::Float(..), _) => self.kind(value, at, "Number"),
            (Shape::Boolean, _) => self.kind(value, at, "Boolean"),
        }
    }

    fn members(&mut self, map: &serde_json::Map<String, Value>, members: &[(&'static str, &'static str)], at: &str) {
        for (name, value) in map {
            match members.iter().find(|(known, _)| known == name) {
                Some((_, shape)) => self.value(value, (self.table)(shape), &join(at, name)),
                None => {
                    let place = if at.is_empty() { "#".to_owned() } else { format!("#/{}", at.replace('.', "/")) };
                    self.unknown.push(format!("{place}: extraneous key [{name}] is not permitted"));
                }
            }
        }
    }

    fn length(&mut self, value: &Value, text: &str, least: usize, most: usize, at: &str) {
        let length = text.chars().count();
        if length < least {
            self.fail(value, at, &format!("Member must have length greater than or equal to {least}"));
        } else if length > most {
            self.fail(value, at, &format!("Member must have length less than or equal to {most}"));
        }
    }
}
