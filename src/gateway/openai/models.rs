//! The lists of models, and the paths that the gateway does not serve.

use crate::gateway::failure::{Failure, Reason};
use crate::json::Writer;

/// Returns the body of `GET /v1/models` in OpenAI's form. The vendor of an id is its owner.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.field("object", "list");
    w.array("data");
    names.into_iter().for_each(|name| write(&mut w, name));
    w.end_array();
    w.end_object();
    w.finish()
}

/// Returns the body of `GET /v1/models/{id}` in OpenAI's form.
pub(crate) fn one(name: &str) -> String {
    let mut w = Writer::new();
    write(&mut w, name);
    w.finish()
}

fn write(w: &mut Writer, name: &str) {
    w.begin_object();
    w.field("id", name);
    w.field("object", "model");
    // AWS's lists have no times.
    w.key("created").u64(0);
    w.field("owned_by", "amazon-bedrock");
    w.end_object();
}

/// Returns the body of `GET /v1/models` in Anthropic's form, for requests with the header `anthropic-version`.
pub(crate) fn anthropic_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let mut w = Writer::new();
    w.begin_object();
    w.array("data");
    names.iter().for_each(|name| write_anthropic(&mut w, name));
    w.end_array();
    w.key("has_more").bool(false);
    super::problem::write_or_null(&mut w, "first_id", names.first().copied());
    super::problem::write_or_null(&mut w, "last_id", names.last().copied());
    w.end_object();
    w.finish()
}

/// Returns the body of `GET /v1/models/{id}` in Anthropic's form.
pub(crate) fn anthropic_one(name: &str) -> String {
    let mut w = Writer::new();
    write_anthropic(&mut w, name);
    w.finish()
}

fn write_anthropic(w: &mut Writer, name: &str) {
    w.begin_object();
    w.field("type", "model");
    w.field("id", name);
    w.field("display_name", name);
    w.field("created_at", "1970-01-01T00:00:00Z");
    w.end_object();
}

/// The maximum length of the patterns in an error, in bytes.
const MAX_PATTERNS: usize = 80;

/// Returns the error for a model that the client's key does not have. `patterns` match names that it has. The list has only
/// those of models that the service lists.
pub(crate) fn unknown<'a>(name: &str, patterns: impl IntoIterator<Item = &'a str>) -> Failure {
    let name: String = name.chars().take(64).collect();
    let mut like = String::new();
    for pattern in patterns {
        if like.len() + pattern.len() > MAX_PATTERNS {
            break;
        }
        like.extend([if like.is_empty() { "use a name like `" } else { ", `" }, pattern, "`"]);
    }
    like.push_str(if like.is_empty() { "" } else { "; " });
    let message = format!("unknown model {}; {like}`GET /v1/models` lists models", crate::json::quoted(&name));
    Failure { field: Some("model".to_owned()), ..Failure::new(Reason::NotFound, message) }
}

/// Returns the error of `/v1/embeddings`.
pub(crate) fn embeddings() -> Failure {
    let message = "this gateway serves chat only; call InvokeModel of an embedding model with AWS's SDK";
    Failure::new(Reason::NotFound, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_listed_in_both_forms() {
        let item =
            |name: &str| format!(r#"{{"id":"{name}","object":"model","created":0,"owned_by":"amazon-bedrock"}}"#);
        assert_eq!(list(["a", "b"]), format!(r#"{{"object":"list","data":[{},{}]}}"#, item("a"), item("b")));
        assert_eq!(one("a"), item("a"));
        let item = |name: &str| {
            format!(r#"{{"type":"model","id":"{name}","display_name":"{name}","created_at":"1970-01-01T00:00:00Z"}}"#)
        };
        let end = r#""has_more":false,"first_id":"a","last_id":"b"}"#;
        assert_eq!(anthropic_list(["a", "b"]), format!(r#"{{"data":[{},{}],{end}"#, item("a"), item("b")));
        assert_eq!(anthropic_one("a"), item("a"));
        assert_eq!(anthropic_list([]), r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#);
    }

    #[test]
    fn unknown_model_and_embeddings_are_not_found() {
        let failure = unknown("x\"y", []);
        assert_eq!((failure.status, failure.field.as_deref()), (404, Some("model")));
        let body = super::super::problem::body(&failure, &[]);
        assert!(body.contains(r#""code":"model_not_found""#) && body.contains(r#"x\\\"y"#), "{body}");
        assert_eq!(embeddings().status, 404);
        assert!(embeddings().message.contains("InvokeModel"));
    }
}
