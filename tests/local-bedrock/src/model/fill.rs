//! Returns a value for a JSON schema, with parts of the question where they fit.

use serde_json::{Map, Value, json};

use super::pattern;
use super::question::Question;

/// Returns a value that is valid for `schema`. `turn` selects another place if a tool is called for each of several
/// places.
pub(crate) fn value(schema: &Value, question: &Question, turn: usize) -> Value {
    let mut filler = Filler { root: schema, question, turn, numbers_used: 0 };
    filler.fill(schema, "", 0)
}

/// Whether an argument names a place.
pub(crate) fn is_place(name: &str) -> bool {
    let name = name.to_lowercase();
    ["location", "city", "place", "town", "country", "destination", "origin", "region", "address", "where"]
        .iter()
        .any(|word| name.contains(word))
}

struct Filler<'a> {
    root: &'a Value,
    question: &'a Question,
    turn: usize,
    numbers_used: usize,
}

impl Filler<'_> {
    fn fill(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > 16 {
            return Value::Null;
        }
        let schema = &self.resolve(schema);
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(options) = schema.get("enum").and_then(Value::as_array) {
            let mentioned =
                options.iter().find(|option| option.as_str().is_some_and(|text| self.question.mentions(text)));
            let default = schema.get("default").filter(|value| options.contains(value));
            return mentioned.or(default).or(options.first()).cloned().unwrap_or(Value::Null);
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, name, depth),
            "integer" => self.number(schema, true),
            "number" => self.number(schema, false),
            "boolean" => schema.get("default").cloned().unwrap_or(Value::Bool(true)),
            "null" => Value::Null,
            _ => Value::String(self.string(schema, name)),
        }
    }

    /// Follows `$ref`, merges `allOf`, and uses the first alternative that is not null.
    fn resolve(&self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        for _ in 0..16 {
            let Some(map) = schema.as_object() else {
                return schema;
            };
            let mut map = map.clone();
            let mut parts: Vec<Value> = Vec::new();
            if let Some(Value::String(pointer)) = map.remove("$ref") {
                let target = pointer.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
                parts.extend(target.cloned());
            } else if let Some(Value::Array(all)) = map.remove("allOf") {
                parts.extend(all);
            } else if let Some(Value::Array(any)) = map.remove("anyOf").or_else(|| map.remove("oneOf")) {
                let not_null = |option: &&Value| option.get("type").and_then(Value::as_str) != Some("null");
                parts.extend(any.iter().find(not_null).cloned());
            } else {
                return Value::Object(map);
            }
            for part in parts {
                merge(&mut map, part);
            }
            schema = Value::Object(map);
        }
        schema
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let mut out = Map::new();
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                if required.contains(&name.as_str()) || self.informs(name, property) {
                    out.insert(name.clone(), self.fill(property, name, depth + 1));
                }
            }
            if out.is_empty() && required.is_empty() && depth == 0 {
                // The object may be empty, but an example is more useful than `{}`.
                if let Some((name, property)) = properties.iter().next() {
                    out.insert(name.clone(), self.fill(property, name, depth + 1));
                }
            }
        }
        for name in required {
            if !out.contains_key(name) {
                out.insert(name.to_owned(), Value::String(format!("local {name}")));
            }
        }
        let least = size(schema, "minProperties").unwrap_or(0);
        let extra = schema.get("additionalProperties").filter(|extra| extra.is_object()).cloned();
        for number in 1.. {
            if out.len() >= least {
                break;
            }
            let name = format!("key{number}");
            let value = self.fill(extra.as_ref().unwrap_or(&json!({"type": "string"})), &name, depth + 1);
            out.insert(name, value);
        }
        Value::Object(out)
    }

    /// Returns whether the question has a value for an optional argument.
    fn informs(&self, name: &str, property: &Value) -> bool {
        let property = self.resolve(property);
        if let Some(options) = property.get("enum").and_then(Value::as_array) {
            return options.iter().any(|option| option.as_str().is_some_and(|text| self.question.mentions(text)));
        }
        is_place(name) && !self.question.places.is_empty() && kind(&property) == "string"
    }

    fn array(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        let least = size(schema, "minItems").unwrap_or(0);
        let most = size(schema, "maxItems").unwrap_or(usize::MAX);
        let mut out: Vec<Value> = Vec::new();
        let fixed = schema.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default();
        for item in fixed.iter().take(most) {
            out.push(self.fill(item, name, depth + 1));
        }
        let items = self.resolve(schema.get("items").unwrap_or(&json!({"type": "string"})));
        let several = if is_place(name) && kind(&items) == "string" { self.question.places.len() } else { 1 };
        let wanted = if fixed.is_empty() { several.max(1).max(least) } else { least };
        let options = items.get("enum").and_then(Value::as_array).cloned().unwrap_or_default();
        let unique = schema.get("uniqueItems").and_then(Value::as_bool).unwrap_or(false);
        let before = self.turn;
        while out.len() < wanted.min(most) {
            let mut item = match options.get(out.len()) {
                Some(option) if unique => option.clone(),
                _ => self.fill(&items, name, depth + 1),
            };
            if unique && out.contains(&item) {
                item = match item {
                    Value::String(text) => Value::String(format!("{text} {}", out.len() + 1)),
                    Value::Number(number) => {
                        json!(number.as_f64().unwrap_or(0.0) as i64 + out.len() as i64)
                    }
                    other => other,
                };
            }
            out.push(item);
            self.turn += 1;
        }
        self.turn = before;
        Value::Array(out)
    }

    fn number(&mut self, schema: &Value, whole: bool) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let step = bound("multipleOf").filter(|step| *step > 0.0);
        let unit = step.unwrap_or(if whole { 1.0 } else { 0.5 });
        let least = bound("minimum").or(bound("exclusiveMinimum").map(|least| least + unit));
        let most = bound("maximum").or(bound("exclusiveMaximum").map(|most| most - unit));
        let fits = |number: f64| {
            least.is_none_or(|least| number >= least)
                && most.is_none_or(|most| number <= most)
                && (!whole || number.fract() == 0.0)
                && step.is_none_or(|step| (number / step).fract() == 0.0)
        };
        let asked = self.question.numbers.iter().copied().skip(self.numbers_used).find(|number| fits(*number));
        let number = match asked {
            Some(number) => {
                self.numbers_used += 1;
                number
            }
            None => {
                let default = bound("default").filter(|number| fits(*number));
                let low = least.or(most.map(|most| most.min(1.0))).unwrap_or(1.0);
                let low = if whole { low.ceil() } else { low };
                default.unwrap_or_else(|| step.map_or(low, |step| (low / step).ceil() * step))
            }
        };
        if whole || number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
    }

    fn string(&mut self, schema: &Value, name: &str) -> String {
        let least = size(schema, "minLength").unwrap_or(0);
        let most = size(schema, "maxLength").unwrap_or(usize::MAX);
        if let Some(text) = schema.get("pattern").and_then(Value::as_str).and_then(pattern::example) {
            return text;
        }
        let text = match schema.get("format").and_then(Value::as_str) {
            Some("date") => "2025-01-02".to_owned(),
            Some("date-time") => "2025-01-02T03:04:05Z".to_owned(),
            Some("time") => "03:04:05Z".to_owned(),
            Some("email") => "local@example.com".to_owned(),
            Some("uri" | "url") => "https://example.com/".to_owned(),
            Some("uuid") => "00000000-0000-4000-8000-000000000000".to_owned(),
            Some("ipv4") => "127.0.0.1".to_owned(),
            _ => self.free_string(schema, name),
        };
        let mut text: String = text.chars().take(most).collect();
        while text.chars().count() < least {
            text.push('x');
        }
        text
    }

    fn free_string(&self, schema: &Value, name: &str) -> String {
        let lower = name.to_lowercase();
        let question = self.question.text.trim();
        if is_place(&lower) {
            let places = &self.question.places;
            let place = places.get(self.turn % places.len().max(1)).map(String::as_str);
            return place.unwrap_or("Paris").to_owned();
        }
        if let Some(default) = schema.get("default").and_then(Value::as_str) {
            return default.to_owned();
        }
        if ["expression", "formula", "equation", "calculation"].iter().any(|word| lower.contains(word)) {
            let sum: String = question.chars().filter(|c| c.is_ascii_digit() || "+-*/().^ ".contains(*c)).collect();
            let sum = sum.trim().trim_end_matches('.').trim();
            if !sum.is_empty() {
                return sum.to_owned();
            }
        }
        let repeats = [
            "query", "question", "prompt", "text", "input", "sentence", "message", "content", "answer", "response",
            "search",
        ];
        if repeats.iter().any(|word| lower.contains(word)) && !question.is_empty() {
            return question.to_owned();
        }
        if lower.is_empty() { "local value".to_owned() } else { format!("local {name}") }
    }
}

fn kind(schema: &Value) -> &str {
    let stated = match schema.get("type") {
        Some(Value::String(kind)) => Some(kind.as_str()),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    };
    stated.unwrap_or_else(|| {
        if schema.get("properties").is_some() {
            "object"
        } else if schema.get("items").is_some() || schema.get("prefixItems").is_some() {
            "array"
        } else {
            "string"
        }
    })
}

fn size(schema: &Value, key: &str) -> Option<usize> {
    schema.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
}

fn merge(map: &mut Map<String, Value>, part: Value) {
    let Value::Object(part) = part else { return };
    for (key, value) in part {
        match (map.get_mut(&key), value) {
            (Some(Value::Object(mine)), Value::Object(theirs)) => mine.extend(theirs),
            (Some(Value::Array(mine)), Value::Array(theirs)) if key == "required" => mine.extend(theirs),
            (Some(_), _) => {}
            (None, value) => {
                map.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
