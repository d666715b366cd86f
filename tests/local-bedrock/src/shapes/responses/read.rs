//! Conversion of items to the model's prompt.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Settings, tools};
use crate::catalog;
use crate::endpoint::Endpoint;
use crate::json;
use crate::model::{CallIds, Choice, Part, Prompt, Thinking, Tool, Ttl, Turn};
use crate::problem::Problem;
use crate::shapes::keys::{Kind, may, must};
use crate::shapes::{Call, openai, parts};

/// Items of tools that run on the provider's side or in the client: they are read without checks.
const OTHER_ITEMS: [&str; 22] = [
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "compaction",
    "computer_call",
    "computer_call_output",
    "file_search_call",
    "image_generation_call",
    "local_shell_call",
    "local_shell_call_output",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
    "program",
    "program_output",
    "additional_tools",
];

struct Reader<'a> {
    settings: &'a Settings<'a>,
    call: &'a Call<'a>,
    endpoint: Endpoint,
    prompt: Prompt,
    /// Names of the calls without an output, by call id.
    open: BTreeMap<String, String>,
}

pub(super) fn prompt(
    settings: &Settings<'_>,
    items: &[Value],
    call: &Call<'_>,
    endpoint: Endpoint,
) -> Result<Prompt, Problem> {
    let body = settings.body;
    let mut reader = Reader {
        settings,
        call,
        endpoint,
        prompt: Prompt {
            call_ids: CallIds::ChatCompletions,
            single_call: body.get("parallel_tool_calls") == Some(&Value::Bool(false)),
            max_tokens: number(body, "max_output_tokens"),
            choice: choice(body),
            schema: schema(body),
            ..Prompt::default()
        },
        open: BTreeMap::new(),
    };
    if settings.effort().is_some() {
        reader.prompt.thinking = Thinking::On;
    }
    reader.tools();
    if let Some(instructions) = body.get("instructions").and_then(Value::as_str) {
        reader.prompt.ledger.text(instructions);
        reader.prompt.system.push_str(instructions);
    }
    reader.mark();
    for (number, item) in items.iter().enumerate() {
        reader.item(item, items.get(number + 1), &format!("input[{number}]"))?;
        reader.mark();
    }
    if let Some(id) = reader.open.keys().next() {
        return Err(Problem::about("input", format!("No tool output found for function call {id}.")));
    }
    Ok(reader.prompt)
}

fn number(body: &Value, key: &str) -> Option<usize> {
    body.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
}

fn choice(body: &Value) -> Choice {
    let choice = body.get("tool_choice").unwrap_or(&Value::Null);
    match choice.as_str().or_else(|| choice.get("mode").and_then(Value::as_str)) {
        Some("none") => Choice::None,
        Some("required") => Choice::Any,
        Some(_) => Choice::Auto,
        None => choice.get("name").and_then(Value::as_str).map_or(Choice::Auto, |name| Choice::Named(name.to_owned())),
    }
}

fn schema(body: &Value) -> Option<Value> {
    let format = body.pointer("/text/format")?;
    match format.get("type").and_then(Value::as_str) {
        Some("json_schema") => format.get("schema").cloned(),
        Some("json_object") => {
            Some(json!({"type": "object", "required": ["answer"], "properties": {"answer": {"type": "string"}}}))
        }
        _ => None,
    }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Reader<'_> {
    /// A cache key lets a later request read everything before this point from the cache.
    fn mark(&mut self) {
        if self.settings.body.get("prompt_cache_key").is_some() {
            self.prompt.ledger.breakpoint(Ttl::FiveMinutes);
        }
    }

    fn tools(&mut self) {
        for tool in self.settings.body.get("tools").and_then(Value::as_array).into_iter().flatten() {
            self.prompt.ledger.text(&json::text(tool));
            let name = text(tool, "name").to_owned();
            let description = tool.get("description").and_then(Value::as_str).map(str::to_owned);
            if tools::is_search(tool) {
                self.prompt.service_tools.push("web_search".to_owned());
            } else if text(tool, "type") == "custom" {
                let schema =
                    json!({"type": "object", "required": ["input"], "properties": {"input": {"type": "string"}}});
                self.prompt.tools.push(Tool { name, description, schema });
            } else if tools::is_client_tool(tool) {
                let schema = tool.get("parameters").cloned().unwrap_or_else(|| json!({"type": "object"}));
                self.prompt.tools.push(Tool { name, description, schema });
            }
        }
    }

    fn item(&mut self, item: &Value, next: Option<&Value>, at: &str) -> Result<(), Problem> {
        let kind = match item.get("type") {
            None => "message",
            Some(kind) => kind.as_str().unwrap_or_default(),
        };
        match kind {
            "message" => self.message(item, at),
            "reasoning" => self.reasoning(item, next, at),
            "function_call" => {
                let keys = [
                    must("type", Kind::Text),
                    must("call_id", Kind::Text),
                    must("name", Kind::Text),
                    must("arguments", Kind::Text),
                    may("id", Kind::Text),
                    may("status", Kind::Text),
                    may("namespace", Kind::Text),
                    may("caller", Kind::Object),
                ];
                openai::check(item, &keys, at)?;
                self.id(item, "fc", at)?;
                if serde_json::from_str::<Value>(text(item, "arguments")).is_err() {
                    let at = format!("{at}.arguments");
                    return Err(Problem::about(&at, format!("Invalid '{at}': not valid JSON.")));
                }
                self.called(item, "arguments");
                Ok(())
            }
            "custom_tool_call" => {
                let keys = [
                    must("type", Kind::Text),
                    must("call_id", Kind::Text),
                    must("name", Kind::Text),
                    must("input", Kind::Text),
                    may("id", Kind::Text),
                    may("status", Kind::Text),
                    may("namespace", Kind::Text),
                ];
                openai::check(item, &keys, at)?;
                self.id(item, "ctc", at)?;
                self.called(item, "input");
                Ok(())
            }
            "function_call_output" | "custom_tool_call_output" => self.output(item, at),
            other if OTHER_ITEMS.contains(&other) => {
                self.prompt.ledger.text(&json::text(item));
                self.push(false, vec![Part::Past]);
                Ok(())
            }
            other => {
                let known = ["message", "reasoning", "function_call", "function_call_output", "item_reference"];
                Err(openai::not_among(at, other, &[&known[..], &OTHER_ITEMS[..]].concat()))
            }
        }
    }

    /// GPT refuses ids that it cannot have made.
    fn id(&self, item: &Value, start: &str, at: &str) -> Result<(), Problem> {
        match item.get("id").and_then(Value::as_str) {
            Some(id) if catalog::is_gpt(self.settings.model) && !id.starts_with(start) => {
                let at = format!("{at}.id");
                Err(Problem::about(&at, format!("Invalid '{at}': '{id}'. Expected an ID that begins with '{start}'.")))
            }
            _ => Ok(()),
        }
    }

    fn called(&mut self, item: &Value, input: &str) {
        self.prompt.ledger.text(text(item, "name"));
        self.prompt.ledger.text(text(item, input));
        let (id, name) = (text(item, "call_id").to_owned(), text(item, "name").to_owned());
        let said = text(item, input);
        // For the model, a custom tool is a function with one argument.
        let arguments = if input == "input" { json!({"input": said}).to_string() } else { said.to_owned() };
        self.open.insert(id.clone(), name.clone());
        self.push(false, vec![Part::Called { id, name, arguments }]);
    }

    fn output(&mut self, item: &Value, at: &str) -> Result<(), Problem> {
        let keys = [
            must("type", Kind::Text),
            must("call_id", Kind::Text),
            must("output", Kind::Any),
            may("id", Kind::Text),
            may("status", Kind::Text),
            may("caller", Kind::Object),
        ];
        openai::check(item, &keys, at)?;
        let id = text(item, "call_id");
        let Some(name) = self.open.remove(id) else {
            return Err(Problem::about(
                "input",
                format!("No tool call found for function call output with call_id {id}."),
            ));
        };
        let said = match item.get("output") {
            Some(Value::String(said)) => {
                self.prompt.ledger.text(said);
                said.clone()
            }
            Some(Value::Array(items)) => parts::spoken(&self.parts(items, "user", &format!("{at}.output"))?),
            _ => {
                let at = format!("{at}.output");
                return Err(Problem::about(&at, format!("Invalid type for '{at}': expected a string or an array.")));
            }
        };
        self.push(true, vec![Part::ToolResult { id: id.to_owned(), name, text: said, failed: false }]);
        Ok(())
    }

    fn reasoning(&mut self, item: &Value, next: Option<&Value>, at: &str) -> Result<(), Problem> {
        let keys = [
            must("type", Kind::Text),
            must("summary", Kind::List),
            may("id", Kind::Text),
            may("content", Kind::List),
            may("encrypted_content", Kind::Text),
            may("status", Kind::Text),
        ];
        openai::check(item, &keys, at)?;
        self.id(item, "rs", at)?;
        let id = item.get("id").and_then(Value::as_str);
        if let Some(data) = item.get("encrypted_content").and_then(Value::as_str)
            && !self.call.state.settings.trusted.is_reasoning(id, data)
        {
            let mut problem = Problem::validation(format!(
                "The encrypted content for item {} could not be verified. Reason: Encrypted content could not be decrypted or parsed.",
                id.unwrap_or_default()
            ));
            problem.code = Some("invalid_encrypted_content");
            return Err(problem);
        }
        let follows = next.is_some_and(|next| {
            let own = next.get("role").is_none_or(|role| role == "assistant");
            own && !text(next, "type").ends_with("_output")
        });
        if !follows && catalog::is_gpt(self.settings.model) {
            return Err(Problem::about(
                "input",
                format!(
                    "Item '{}' of type 'reasoning' was provided without its required following item.",
                    id.unwrap_or_default()
                ),
            ));
        }
        self.prompt.ledger.text(&json::text(item));
        self.push(false, vec![Part::Past]);
        Ok(())
    }

    fn message(&mut self, item: &Value, at: &str) -> Result<(), Problem> {
        let keys = [
            may("type", Kind::Text),
            must("role", Kind::OneOf(&["assistant", "system", "developer", "user"])),
            must("content", Kind::Any),
            may("id", Kind::Text),
            may("status", Kind::OneOf(&["in_progress", "completed", "incomplete"])),
            may("phase", Kind::OneOf(&["commentary", "final_answer"])),
        ];
        openai::check(item, &keys, at)?;
        let role = text(item, "role");
        if role == "assistant" {
            self.id(item, "msg", at)?;
        }
        self.prompt.ledger.text(role);
        let content_at = format!("{at}.content");
        let said = match item.get("content") {
            Some(Value::String(said)) => {
                self.prompt.ledger.text(said);
                vec![Part::Text(said.clone())]
            }
            Some(Value::Array(items)) => self.parts(items, role, &content_at)?,
            _ => {
                return Err(Problem::about(
                    &content_at,
                    format!("Invalid type for '{content_at}': expected one of an array of objects or string."),
                ));
            }
        };
        match role {
            "user" => self.push(true, said),
            "assistant" => self.push(false, said),
            _ => {
                if !self.prompt.system.is_empty() {
                    self.prompt.system.push('\n');
                }
                self.prompt.system.push_str(&parts::spoken(&said));
            }
        }
        Ok(())
    }

    fn parts(&mut self, items: &[Value], role: &str, at: &str) -> Result<Vec<Part>, Problem> {
        let mut read = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let at = format!("{at}[{number}]");
            let part = if role == "assistant" {
                parts::own(item, &at, &mut self.prompt.ledger)?
            } else {
                parts::given(item, &at, self.endpoint, &mut self.prompt.ledger)?
            };
            read.push(part);
        }
        Ok(read)
    }

    /// Adds to the last turn if it is of the same side.
    fn push(&mut self, user: bool, parts: Vec<Part>) {
        match self.prompt.turns.last_mut() {
            Some(turn) if turn.user == user => turn.parts.extend(parts),
            _ => self.prompt.turns.push(Turn { user, parts }),
        }
    }
}
