//! Structured output, and JSON that is still arriving.

use bedrock_chat::json::{PartialJson as Partial, View, Writer, embedded};
use bedrock_chat::{
    AiMessage, BedrockChat, Content, InvalidToolCall, Json, Result, StopReason, Structured, StructuredMethod, ToolCall,
    structured_value,
};
use wasm_bindgen::prelude::*;

use crate::config::with_options;
use crate::error::thrown;
use crate::members::Members;
use crate::read::wrong;

/// Returns the plan for a specification, as JSON.
pub(crate) fn plan(chat: &BedrockChat, spec: &str, options: &str) -> Result<String> {
    let chat = with_options(chat, options)?;
    let spec = Json::parse(spec).map_err(crate::error::json)?;
    let structured = read(&chat, spec.view())?;
    let mut w = Writer::new();
    w.begin_object();
    w.field(
        "method",
        match structured.chosen_method() {
            StructuredMethod::JsonSchema => "jsonSchema",
            StructuredMethod::Prompt => "jsonMode",
            _ => "functionCalling",
        },
    );
    w.key("isMember").bool(structured.is_member());
    w.end_object();
    Ok(w.finish())
}

/// Returns the structured output of a call's option `structured`.
pub(crate) fn of(chat: &BedrockChat, options: &str) -> Result<Option<Structured<Json>>> {
    let options = Json::parse(options).map_err(crate::error::json)?;
    options.view().get("structured").map(|spec| read(chat, spec)).transpose()
}

/// Reads `{name, description, schema, method, strict}`.
fn read(chat: &BedrockChat, spec: View<'_>) -> Result<Structured<Json>> {
    let fields = Members::of(spec);
    let schema = fields.get("schema").ok_or_else(|| wrong("schema", "JSON Schema"))?;
    let mut structured = chat.with_structured_schema::<Json>(fields.text("name"), schema);
    if let Some(description) = fields.string("description") {
        structured = structured.description(description);
    }
    let strict = fields.get("strict").and_then(View::bool);
    let method = match (fields.text("method").as_str(), strict, structured.chosen_method()) {
        ("functionCalling", Some(true), _) => StructuredMethod::StrictTool,
        ("functionCalling", ..) => StructuredMethod::ForcedTool,
        ("jsonSchema", ..) => StructuredMethod::JsonSchema,
        ("jsonMode", ..) => StructuredMethod::Prompt,
        (_, Some(true), StructuredMethod::ForcedTool) => StructuredMethod::StrictTool,
        (_, Some(false), StructuredMethod::StrictTool) => StructuredMethod::ForcedTool,
        _ => return Ok(structured),
    };
    Ok(structured.method(method))
}

/// Returns the JSON of the value in a reply. `reply` is JSON: `{text, calls, invalid, stop}`, with the calls in
/// LangChain's form, except that all arguments are text. `is_tool` says whether the model was asked to call the tool `name`.
#[wasm_bindgen(js_name = structuredValue)]
pub fn value(reply: &str, name: &str, is_member: bool, is_tool: bool) -> Result<String, JsValue> {
    let reply = Json::parse(reply).map_err(|error| thrown(crate::error::json(error)))?;
    let fields = Members::of(reply.view());
    let mut message = AiMessage::default();
    message.stop_reason = fields.string("stop").map(|reason| StopReason::parse(&reason));
    message.content.push(Content::from(fields.text("text")));
    for call in fields.get("calls").into_iter().flat_map(View::items) {
        let call = Members::of(call);
        let (name, args) = (call.text("name"), call.text("args"));
        message.content.push(match Json::parse(&args) {
            Ok(args) => Content::ToolCall(ToolCall::new("", name, args)),
            Err(error) => Content::InvalidToolCall(InvalidToolCall::new("", name, args, error.to_string())),
        });
    }
    for call in fields.get("invalid").into_iter().flat_map(View::items) {
        let call = Members::of(call);
        let invalid = InvalidToolCall::new("", call.text("name"), call.text("args"), call.text("error"));
        message.content.push(Content::InvalidToolCall(invalid));
    }
    structured_value(&message, name, is_member, is_tool).map_err(thrown)
}

/// Returns the part of a text that is JSON, as far as the text has such a part.
#[wasm_bindgen(js_name = jsonIn)]
pub fn json_in(text: &str, takes_arrays: bool) -> String {
    embedded(text, takes_arrays).to_owned()
}

/// A JSON value that arrives in pieces.
#[wasm_bindgen]
pub struct PartialJson(Partial);

#[wasm_bindgen]
impl PartialJson {
    /// Creates a reader of an object, or with `true` also of an array.
    #[wasm_bindgen(constructor)]
    pub fn new(takes_arrays: bool) -> Self {
        Self(if takes_arrays { Partial::any() } else { Partial::new() })
    }

    /// Appends a piece. Returns the value so far as JSON, if it changed and is worth reading again.
    pub fn push(&mut self, piece: &str) -> Option<String> {
        self.0.push(piece);
        self.0.next_value()
    }
}
