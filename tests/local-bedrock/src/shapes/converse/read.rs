//! Converts a checked Converse body to the model's prompt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::rules::{blocks, role};
use crate::json;
use crate::model::{CallIds, Choice, Ledger, Media, Part, Prompt, Thinking, Tool, Ttl, Turn};
use crate::problem::Problem;

pub(super) fn prompt(body: &Value, model: &str) -> Result<Prompt, Problem> {
    let mut reader = Reader { ledger: Ledger::default(), names: Vec::new(), documents: 0 };
    let tools = reader.tools(body);
    let mut system = reader.system(body);
    let mut turns = Vec::new();
    for message in body.get("messages").and_then(Value::as_array).into_iter().flatten() {
        if role(message) == "system" {
            let texts: Vec<&str> = blocks(message).iter().filter_map(|block| block.get("text")?.as_str()).collect();
            system = format!("{system}\n{}", texts.join("\n"));
        }
        turns.push(reader.turn(message));
    }
    if turns.is_empty() {
        // Only the variables of a managed prompt are known.
        let variables = json::text(body.get("promptVariables").unwrap_or(&json!({})));
        reader.ledger.text(&variables);
        turns.push(Turn { user: true, parts: vec![Part::Text(format!("(a managed prompt with {variables})"))] });
    }
    let choice = match body.pointer("/toolConfig/toolChoice") {
        Some(choice) if choice.get("any").is_some() => Choice::Any,
        Some(choice) => match choice.pointer("/tool/name").and_then(Value::as_str) {
            Some(name) => Choice::Named(name.to_owned()),
            None => Choice::Auto,
        },
        None => Choice::Auto,
    };
    let limit = ["/inferenceConfig/maxTokens", "/inferenceConfig/max_new_tokens"];
    let limit = limit.iter().find_map(|at| body.pointer(at)).and_then(Value::as_u64);
    let stops = body.pointer("/inferenceConfig/stopSequences").and_then(Value::as_array).into_iter().flatten();
    let service_tools = body.pointer("/toolConfig/tools").and_then(Value::as_array).into_iter().flatten();
    let name = |tool: &Value| tool.pointer("/systemTool/name")?.as_str().map(str::to_owned);
    Ok(Prompt {
        system,
        turns,
        tools,
        service_tools: service_tools.filter_map(name).collect(),
        choice,
        single_call: body.pointer("/additionalModelRequestFields/tool_choice/disable_parallel_tool_use")
            == Some(&Value::Bool(true)),
        schema: schema(body)?,
        thinking: thinking(body, model),
        stop: stops.filter_map(Value::as_str).map(str::to_owned).collect(),
        max_tokens: limit.and_then(|n| usize::try_from(n).ok()),
        ledger: reader.ledger,
        call_ids: CallIds::Converse,
        ..Prompt::default()
    })
}

/// The schema of `outputConfig`, which is JSON in a string.
fn schema(body: &Value) -> Result<Option<Value>, Problem> {
    if let Some(schema) = body.pointer("/additionalModelRequestFields/output_config/format/schema") {
        return Ok(Some(schema.clone()));
    }
    let Some(text) = body.pointer("/outputConfig/textFormat/structure/jsonSchema/schema").and_then(Value::as_str)
    else {
        return Ok(None);
    };
    serde_json::from_str(text).map(Some).map_err(|_| {
        Problem::validation("The value at outputConfig.textFormat.structure.jsonSchema.schema is not valid JSON.")
    })
}

fn thinking(body: &Value, model: &str) -> Thinking {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    if model.starts_with("anthropic.") {
        return match text("/additionalModelRequestFields/thinking/type") {
            None | Some("disabled") => Thinking::Off,
            _ if text("/additionalModelRequestFields/thinking/display") == Some("omitted") => Thinking::Omitted,
            _ => Thinking::On,
        };
    }
    let nova = ["/additionalModelRequestFields/reasoningConfig/type", "/inferenceConfig/reasoningConfig/type"];
    let always = ["deepseek.r1", "openai."].iter().any(|id| model.starts_with(id));
    let asked = nova.iter().any(|at| text(at) == Some("enabled"))
        || text("/additionalModelRequestFields/reasoning_effort").is_some();
    if always || asked { Thinking::On } else { Thinking::Off }
}

struct Reader {
    ledger: Ledger,
    /// Id and name of every tool call so far.
    names: Vec<(String, String)>,
    documents: usize,
}

impl Reader {
    fn cache_point(&mut self, point: &Value) {
        let hour = point.get("ttl").and_then(Value::as_str) == Some("1h");
        self.ledger.breakpoint(if hour { Ttl::OneHour } else { Ttl::FiveMinutes });
    }

    fn tools(&mut self, body: &Value) -> Vec<Tool> {
        let mut tools = Vec::new();
        for tool in body.pointer("/toolConfig/tools").and_then(Value::as_array).into_iter().flatten() {
            if let Some(point) = tool.get("cachePoint") {
                self.cache_point(point);
            }
            self.ledger.text(&json::text(tool));
            let Some(name) = tool.pointer("/toolSpec/name").and_then(Value::as_str) else { continue };
            let schema =
                tool.pointer("/toolSpec/inputSchema/json").cloned().unwrap_or_else(|| json!({"type": "object"}));
            let description = tool.pointer("/toolSpec/description").and_then(Value::as_str).map(str::to_owned);
            tools.push(Tool { name: name.to_owned(), description, schema });
        }
        tools
    }

    fn system(&mut self, body: &Value) -> String {
        let mut texts: Vec<String> = Vec::new();
        for block in body.get("system").and_then(Value::as_array).into_iter().flatten() {
            if let Some(point) = block.get("cachePoint") {
                self.cache_point(point);
            }
            let guarded = block.pointer("/guardContent/text/text");
            if let Some(text) = block.get("text").or(guarded).and_then(Value::as_str) {
                self.ledger.text(text);
                texts.push(text.to_owned());
            }
        }
        texts.join("\n")
    }

    fn turn(&mut self, message: &Value) -> Turn {
        self.ledger.text(role(message));
        let parts = blocks(message).iter().map(|block| self.part(block)).collect();
        Turn { user: role(message) == "user", parts }
    }

    fn part(&mut self, block: &Value) -> Part {
        let guarded = block.pointer("/guardContent/text/text");
        if let Some(text) = block.get("text").or(guarded).and_then(Value::as_str) {
            self.ledger.text(text);
            return Part::Text(text.to_owned());
        }
        for kind in ["image", "document", "video", "audio"] {
            if let Some(media) = block.get(kind) {
                return Part::Media(self.media(media, kind));
            }
        }
        if let Some(point) = block.get("cachePoint") {
            self.cache_point(point);
            return Part::Past;
        }
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(result) = block.get("toolResult") {
            let id = text(result, "toolUseId");
            let name = self.names.iter().rev().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
            let said: Vec<String> = blocks(result).iter().map(|part| self.result_text(part)).collect();
            let failed = text(result, "status") == "error";
            return Part::ToolResult { id, name: name.unwrap_or_default(), text: said.join(" "), failed };
        }
        self.ledger.text(&json::text(block));
        let Some(call) = block.get("toolUse") else { return Part::Past };
        let (id, name) = (text(call, "toolUseId"), text(call, "name"));
        self.names.push((id.clone(), name.clone()));
        Part::Called { id, name, arguments: json::text(call.get("input").unwrap_or(&json!({}))) }
    }

    fn result_text(&mut self, part: &Value) -> String {
        if let Some(json) = part.get("json") {
            let text = json::text(json);
            self.ledger.text(&text);
            return text;
        }
        match self.part(part) {
            Part::Text(text) => text,
            Part::Media(media) => format!("[{} of {} bytes]", media.media_type, media.bytes.len()),
            _ => String::new(),
        }
    }

    fn media(&mut self, media: &Value, kind: &str) -> Media {
        let text = |pointer: &str| media.pointer(pointer).and_then(Value::as_str);
        let source = match (text("/source/bytes"), text("/source/text"), text("/source/s3Location/uri")) {
            (Some(data), _, _) => STANDARD.decode(data).unwrap_or_default(),
            (_, Some(plain), _) => plain.as_bytes().to_vec(),
            (_, _, Some(uri)) => uri.as_bytes().to_vec(),
            _ => json::text(media.pointer("/source/content").unwrap_or(&Value::Null)).into_bytes(),
        };
        self.ledger.media(&source);
        let format = text("/format").unwrap_or("txt");
        let media_type = match (kind, format) {
            ("document", "pdf") => "application/pdf".to_owned(),
            ("document", "txt") => "text/plain".to_owned(),
            ("document", other) => format!("document/{other}"),
            (kind, other) => format!("{kind}/{other}"),
        };
        let cited = media.pointer("/citations/enabled") == Some(&Value::Bool(true));
        let readable =
            if format == "pdf" { "the first page".to_owned() } else { String::from_utf8_lossy(&source).into_owned() };
        let read = Media {
            media_type,
            bytes: source,
            title: text("/name").map(str::to_owned),
            cite: cited.then_some(readable),
            document_index: self.documents,
        };
        self.documents += usize::from(kind == "document");
        read
    }
}
