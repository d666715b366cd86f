//! Converts a checked body to the model's prompt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::conversation::Message;
use crate::json;
use crate::model::{CallIds, Choice, Ledger, Media, Part, Prompt, Thinking, Tool, Ttl, Turn};

pub(super) fn prompt(body: &Value, messages: &[Message]) -> Prompt {
    let mut reader = Reader { ledger: Ledger::default(), names: Vec::new(), documents: 0 };
    let tools = reader.tools(body);
    let system = reader.system(body);
    let turns = messages.iter().map(|message| reader.turn(message)).collect();
    // A cache control at the top level marks the last block.
    reader.mark(body);
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let choice = match text("/tool_choice/type") {
        Some("any") => Choice::Any,
        Some("none") => Choice::None,
        Some("tool") => Choice::Named(text("/tool_choice/name").unwrap_or_default().to_owned()),
        _ => Choice::Auto,
    };
    let thinking = match (text("/thinking/type"), text("/thinking/display")) {
        (None | Some("disabled"), _) => Thinking::Off,
        (_, Some("omitted")) => Thinking::Omitted,
        _ => Thinking::On,
    };
    let schema = body.pointer("/output_config/format/schema").or_else(|| body.pointer("/output_format/schema"));
    Prompt {
        system,
        turns,
        tools,
        service_tools: Vec::new(),
        choice,
        single_call: body.pointer("/tool_choice/disable_parallel_tool_use") == Some(&Value::Bool(true)),
        schema: schema.cloned(),
        thinking,
        stop: strings(body.get("stop_sequences")),
        max_tokens: body.get("max_tokens").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()),
        guarded: false,
        confusion: None,
        ledger: reader.ledger,
        raw: false,
        call_ids: CallIds::Anthropic,
    }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

struct Reader {
    ledger: Ledger,
    /// Id and name of every tool call so far.
    names: Vec<(String, String)>,
    documents: usize,
}

impl Reader {
    fn mark(&mut self, block: &Value) {
        let Some(control) = block.get("cache_control").filter(|control| !control.is_null()) else {
            return;
        };
        let hour = control.get("ttl").and_then(Value::as_str) == Some("1h");
        self.ledger.breakpoint(if hour { Ttl::OneHour } else { Ttl::FiveMinutes });
    }

    fn tools(&mut self, body: &Value) -> Vec<Tool> {
        let mut tools = Vec::new();
        for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
            let name = tool.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let schema = tool.get("input_schema").cloned().unwrap_or_else(|| serde_json::json!({"type": "object"}));
            self.ledger.text(&name);
            self.ledger.text(tool.get("description").and_then(Value::as_str).unwrap_or_default());
            self.ledger.text(&json::text(&schema));
            self.mark(tool);
            let description = tool.get("description").and_then(Value::as_str).map(str::to_owned);
            tools.push(Tool { name, description, schema });
        }
        tools
    }

    fn system(&mut self, body: &Value) -> String {
        match body.get("system") {
            Some(Value::String(text)) => {
                self.ledger.text(text);
                text.clone()
            }
            Some(Value::Array(blocks)) => {
                let mut texts = Vec::new();
                for block in blocks {
                    let text = block.get("text").and_then(Value::as_str).unwrap_or_default();
                    self.ledger.text(text);
                    self.mark(block);
                    texts.push(text);
                }
                texts.join("\n")
            }
            _ => String::new(),
        }
    }

    fn turn(&mut self, message: &Message) -> Turn {
        self.ledger.text(if message.user { "user" } else { "assistant" });
        let mut parts = Vec::new();
        for block in &message.blocks {
            parts.push(self.part(block));
            self.mark(block);
        }
        Turn { user: message.user, parts }
    }

    fn part(&mut self, block: &Value) -> Part {
        let text = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match block.get("type").and_then(Value::as_str).unwrap_or_default() {
            "text" => {
                let said = text("text");
                self.ledger.text(&said);
                Part::Text(said)
            }
            "image" | "document" => Part::Media(self.media(block)),
            "tool_use" => {
                self.names.push((text("id"), text("name")));
                self.ledger.text(&text("name"));
                let arguments = block.get("input").map(json::text).unwrap_or_default();
                self.ledger.text(&arguments);
                Part::Called { id: text("id"), name: text("name"), arguments }
            }
            "tool_result" => {
                let id = text("tool_use_id");
                let name = self.names.iter().rev().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
                let said = self.result_text(block.get("content"));
                let failed = block.get("is_error") == Some(&Value::Bool(true));
                Part::ToolResult { id, name: name.unwrap_or_default(), text: said, failed }
            }
            _ => {
                self.ledger.text(&json::text(block));
                Part::Past
            }
        }
    }

    fn result_text(&mut self, content: Option<&Value>) -> String {
        match content {
            Some(Value::String(text)) => {
                self.ledger.text(text);
                text.clone()
            }
            Some(Value::Array(parts)) => {
                let texts: Vec<String> = parts
                    .iter()
                    .map(|part| match self.part(part) {
                        Part::Text(text) => text,
                        Part::Media(media) => {
                            format!("[{} of {} bytes]", media.media_type, media.bytes.len())
                        }
                        _ => String::new(),
                    })
                    .collect();
                texts.join(" ")
            }
            _ => "(nothing)".to_owned(),
        }
    }

    fn media(&mut self, block: &Value) -> Media {
        let source = block.get("source").unwrap_or(&Value::Null);
        let text = |key: &str| source.get(key).and_then(Value::as_str).unwrap_or_default();
        let (media_type, bytes) = match text("type") {
            "base64" => (text("media_type").to_owned(), STANDARD.decode(text("data")).unwrap_or_default()),
            "text" => ("text/plain".to_owned(), text("data").as_bytes().to_vec()),
            _ => ("text/plain".to_owned(), plain(source.get("content")).into_bytes()),
        };
        self.ledger.media(&bytes);
        let document = block.get("type").and_then(Value::as_str) == Some("document");
        let cited = block.pointer("/citations/enabled") == Some(&Value::Bool(true));
        let readable = if media_type == "application/pdf" {
            "the first page".to_owned()
        } else {
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let media = Media {
            media_type,
            bytes,
            title: block.get("title").and_then(Value::as_str).map(str::to_owned),
            cite: (document && cited).then_some(readable),
            document_index: self.documents,
        };
        self.documents += usize::from(document);
        media
    }
}

fn plain(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            let texts: Vec<&str> =
                blocks.iter().filter_map(|block| block.get("text").and_then(Value::as_str)).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}
