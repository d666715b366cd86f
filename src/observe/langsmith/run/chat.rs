//! A call of a chat model in LangChain's serialized form.

use super::LIBRARY;
use crate::interop;
use crate::json::{Json, Kind, View, Writer};
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::{ChatOptions, ChatRequest, Reasoning, ToolChoice};

/// A call of a model.
#[derive(Debug)]
pub(in super::super) struct Chat {
    pub(in super::super) model: ModelId,
    pub(in super::super) region: Option<String>,
    pub(in super::super) request: ChatRequest,
}

impl Chat {
    /// Returns `{messages: [[…]]}`, or `{prompts: […]}` for a raw prompt, as LangChain's text models post it.
    pub(super) fn inputs(&self) -> Json {
        let mut w = Writer::new();
        w.begin_object();
        if self.request.raw {
            w.key("prompts").begin_array();
            self.request.messages.iter().for_each(|message| w.string(&message.text()));
            w.end_array();
        } else {
            w.key("messages").begin_array();
            w.begin_array();
            for message in interop::to_langchain(&self.request.messages).view().items() {
                write_message(&mut w, message, None);
            }
            w.end_array();
            w.end_array();
        }
        w.end_object();
        Json::written(w)
    }

    /// Returns the model in the form from which LangChain could load it.
    pub(super) fn serialized(&self) -> String {
        let options = &self.request.options;
        let mut w = Writer::new();
        begin_constructor(&mut w, &["langchain", "chat_models", "bedrock", "BedrockChat"]);
        w.field("model_id", self.model.as_str());
        w.opt_field("region_name", self.region.as_deref());
        w.opt_f64("temperature", options.temperature);
        w.opt_u64("max_tokens", options.max_tokens);
        write_json(&mut w, "model_kwargs", options.model_kwargs.as_ref());
        w.end_object();
        w.end_object();
        w.finish()
    }

    /// Writes the options of the call and the parameters of the model.
    pub(super) fn write_parameters(&self, w: &mut Writer) {
        let options = &self.request.options;
        w.key("options").begin_object();
        write_tools(w, options);
        w.strings("stop", &options.stop);
        w.end_object();
        w.key("invocation_params").begin_object();
        write_tools(w, options);
        write_numbers(w, options);
        write_json(w, "modelKwargs", options.model_kwargs.as_ref());
        if let Some(guardrail) = &options.guardrail {
            w.key("guardrailConfig").begin_object();
            w.field("guardrailIdentifier", &guardrail.identifier);
            w.field("guardrailVersion", &guardrail.version);
            w.end_object();
        }
        if let Some(reasoning) = &options.reasoning {
            w.key("thinking").begin_object();
            match reasoning {
                Reasoning::Disabled => w.field("type", "disabled"),
                Reasoning::Budget(tokens) => {
                    w.field("type", "enabled");
                    w.key("budget_tokens").u64(*tokens);
                }
                Reasoning::Adaptive => w.field("type", "adaptive"),
                Reasoning::BetweenTools => w.field("type", "between_tools"),
                Reasoning::Effort(effort) => w.field("effort", effort),
                Reasoning::BudgetWithEffort { tokens, effort } => {
                    w.field("type", "enabled");
                    w.key("budget_tokens").u64(*tokens);
                    w.field("effort", effort);
                }
            }
            w.end_object();
        }
        w.end_object();
        w.key("batch_size").u64(1);
    }

    /// Writes the metadata by which LangSmith finds models and prices, and repeats the parameters, for filters.
    pub(super) fn write_metadata(&self, w: &mut Writer, message: Option<&AiMessage>) {
        let options = &self.request.options;
        w.field("ls_provider", "amazon_bedrock");
        w.field("ls_model_name", self.model_name(message));
        w.field("ls_model_type", if self.request.raw { "llm" } else { "chat" });
        w.opt_f64("ls_temperature", options.temperature);
        w.opt_u64("ls_max_tokens", options.max_tokens);
        w.strings("ls_stop", &options.stop);
        w.field("ls_integration", LIBRARY);
        write_numbers(w, options);
    }

    /// Returns the id of the model, or the name in the reply if the id is an ARN that does not name the model.
    fn model_name<'a>(&'a self, message: Option<&'a AiMessage>) -> &'a str {
        if !self.model.is_arn() {
            return self.model.as_str();
        }
        let own = message.and_then(|message| message.model.as_deref());
        self.model.base().or(own).unwrap_or(self.model.as_str())
    }
}

/// Writes a model's reply as LangChain's result.
pub(super) fn outputs(reply: &AiMessage, run: &str) -> Json {
    let message = interop::reply_to_langchain(reply);
    let metadata = message.view().get("response_metadata");
    let mut w = Writer::new();
    w.begin_object();
    w.key("generations").begin_array();
    w.begin_array();
    w.begin_object();
    w.field("text", &reply.text());
    w.key("message");
    write_message(&mut w, message.view(), Some(run));
    if let Some(metadata) = metadata {
        w.key("generationInfo").raw(metadata);
    }
    w.end_object();
    w.end_array();
    w.end_array();
    w.key("llmOutput").begin_object();
    for (key, value) in metadata.into_iter().flat_map(View::entries) {
        w.key(&key).raw(value);
    }
    if let Some(usage) = reply.usage {
        w.key("tokenUsage").begin_object();
        w.key("promptTokens").u64(usage.input_tokens);
        w.key("completionTokens").u64(usage.output_tokens);
        w.key("totalTokens").u64(usage.total_tokens());
        w.end_object();
    }
    w.end_object();
    w.end_object();
    Json::written(w)
}

/// Writes a message `{type, …}` as a serialized constructor. A reply without an id of the provider gets the id of its
/// run.
fn write_message(w: &mut Writer, message: View<'_>, run: Option<&str>) {
    let class = match message.get("type").and_then(View::str).as_deref() {
        Some("system") => "SystemMessage",
        Some("ai") => "AIMessage",
        Some("tool") => "ToolMessage",
        _ => "HumanMessage",
    };
    begin_constructor(w, &["langchain_core", "messages", class]);
    for (key, value) in message.entries().filter(|(key, _)| key != "type") {
        w.key(&key).raw(value);
    }
    for key in ["additional_kwargs", "response_metadata"] {
        if message.get(key).is_none() {
            w.key(key).begin_object();
            w.end_object();
        }
    }
    if let (Some(run), None) = (run, message.get("id")) {
        w.field("id", &format!("run-{run}"));
    }
    w.end_object();
    w.end_object();
}

/// Writes the beginning of a constructor up to the members of `kwargs`. Two objects are open then.
fn begin_constructor(w: &mut Writer, id: &[&str]) {
    w.begin_object();
    w.key("lc").u64(1);
    w.field("type", "constructor");
    w.key("id").begin_array();
    id.iter().for_each(|part| w.string(part));
    w.end_array();
    w.key("kwargs").begin_object();
}

fn write_json(w: &mut Writer, key: &str, value: Option<&Json>) {
    if let Some(value) = value {
        w.key(key).raw(value.view());
    }
}

fn write_numbers(w: &mut Writer, options: &ChatOptions) {
    w.opt_f64("temperature", options.temperature);
    w.opt_f64("top_p", options.top_p);
    w.opt_u64("top_k", options.top_k);
    w.opt_u64("max_tokens", options.max_tokens);
    w.strings("stop", &options.stop);
}

fn write_tools(w: &mut Writer, options: &ChatOptions) {
    if !options.tools.is_empty() {
        w.key("tools").begin_array();
        for tool in &options.tools {
            if let Some(native) = &tool.native {
                w.raw(native.view());
                continue;
            }
            w.begin_object();
            w.field("name", &tool.name);
            w.opt_field("description", tool.description.as_deref());
            if tool.schema.view().kind() == Kind::Object {
                w.key("input_schema").raw(tool.schema.view());
            }
            w.end_object();
        }
        w.end_array();
    }
    match &options.tool_choice {
        Some(ToolChoice::Auto) => w.field("tool_choice", "auto"),
        Some(ToolChoice::Any) => w.field("tool_choice", "any"),
        Some(ToolChoice::None) => w.field("tool_choice", "none"),
        Some(ToolChoice::Tool(name)) => w.field("tool_choice", name),
        None => {}
    }
}
