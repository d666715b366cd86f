//! The constructor's fields and the options of a call, from JSON.

use std::cell::Cell;
use std::time::Duration;

use bedrock_chat::json::{Kind, View};
use bedrock_chat::{
    Api, BedrockChat, BoxFuture, CachePoint, CacheTtl, ChatOptions, Credentials, Error, ErrorKind, FetchTransport,
    Guardrail, GuardrailTrace, Json, Latency, Message, ProvideCredentials, Reasoning, ResponseFormat, Result,
    RetryPolicy, ServiceTier, StreamProcessing, Timeouts, Tool, ToolChoice, interop,
};
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

fn string(view: View<'_>, key: &str) -> Option<String> {
    view.get(key).and_then(View::string)
}

fn wrong<T>(key: &str, expected: &str) -> Result<T> {
    let mut message = String::from(key);
    message.push_str(" must be ");
    message.push_str(expected);
    Err(Error::new(ErrorKind::Config, message))
}

/// A conversation in any of the usual forms.
pub(crate) fn messages(text: &str) -> Result<Vec<Message>> {
    interop::read_messages(&Json::parse(text).map_err(crate::error::json)?)
}

/// A chat model from the constructor's fields.
pub(crate) fn chat(config: &str, fetch: Option<Function>, provider: Option<Function>) -> Result<BedrockChat> {
    let config = Json::parse(config).map_err(crate::error::json)?;
    let view = config.view();
    let mut builder = BedrockChat::builder(string(view, "model").unwrap_or_default()).options(&options(view)?);
    builder = builder.transport(match fetch {
        Some(fetch) => FetchTransport::with_fetch(fetch),
        None => FetchTransport::new(),
    });
    if let Some(function) = provider {
        builder = builder.credentials_provider(Provider { function, rejected: Cell::new(false) });
    } else if let Some(fields) = view.get("credentials") {
        builder = builder.credentials(credentials(fields)?);
    }
    if let Some(region) = string(view, "region") {
        builder = builder.region(region);
    }
    if let Some(url) = string(view, "endpointUrl") {
        builder = builder.endpoint_url(url);
    }
    if let Some(url) = string(view, "gatewayUrl") {
        builder = builder.gateway_url(url);
    }
    if let Some(name) = string(view, "signingName") {
        builder = builder.signing_name(name);
    }
    if let Some(family) = string(view, "family") {
        builder = builder.family(family);
    }
    builder = match string(view, "api").as_deref() {
        None => builder,
        Some("invoke") => builder.api(Api::Invoke),
        Some("converse") => builder.api(Api::Converse),
        Some(_) => return wrong("api", "\"invoke\" or \"converse\""),
    };
    for (name, value) in view.get("headers").into_iter().flat_map(View::entries) {
        builder = builder.header(&name, value.string().unwrap_or_default());
    }
    builder = builder
        .fips(view.get("fips").and_then(View::bool) == Some(true))
        .dual_stack(view.get("dualStack").and_then(View::bool) == Some(true))
        .streaming(view.get("streaming").and_then(View::bool) == Some(true));
    if let Some(retries) = view.get("maxRetries").and_then(View::u64) {
        let attempts = u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1);
        builder = builder.retry(RetryPolicy::default().with_max_attempts(attempts));
    }
    builder.timeouts(timeouts(view)).build()
}

/// Milliseconds; 0 switches a limit off.
fn timeouts(view: View<'_>) -> Timeouts {
    let limit = |key: &str, default: Option<Duration>| match view.get(key).and_then(View::u64) {
        None => default,
        Some(0) => None,
        Some(milliseconds) => Some(Duration::from_millis(milliseconds)),
    };
    let default = Timeouts::default();
    Timeouts {
        first_byte: limit("firstByteTimeout", default.first_byte),
        idle: limit("idleTimeout", default.idle),
        ..default
    }
}

pub(crate) fn credentials(view: View<'_>) -> Result<Credentials> {
    if let Some(key) = string(view, "apiKey") {
        return Ok(Credentials::bearer(key));
    }
    match (string(view, "accessKeyId"), string(view, "secretAccessKey")) {
        (Some(id), Some(secret)) => {
            Ok(Credentials::new(id, secret).with_session_token(string(view, "sessionToken").unwrap_or_default()))
        }
        _ => Err(Error::new(
            ErrorKind::Credentials,
            "credentials need accessKeyId and secretAccessKey (and sessionToken for temporary ones), or an apiKey",
        )),
    }
}

/// The package's function: it is told whether the service refused what it gave last as expired.
struct Provider {
    function: Function,
    rejected: Cell<bool>,
}

impl ProvideCredentials for Provider {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(provided(self.function.call1(&JsValue::UNDEFINED, &self.rejected.take().into())))
    }

    fn forget(&self, _: &Credentials) {
        self.rejected.set(true);
    }
}

/// What the function gives.
async fn provided(called: core::result::Result<JsValue, JsValue>) -> Result<Credentials> {
    let failed = |error: JsValue| {
        let why = js_sys::Reflect::get(&error, &"message".into()).ok().and_then(|message| message.as_string());
        let mut message = String::from("the credentials function failed: ");
        message.push_str(&why.or_else(|| error.as_string()).unwrap_or_default());
        Error::new(ErrorKind::Credentials, message)
    };
    let value = JsFuture::from(Promise::resolve(&called.map_err(failed)?)).await.map_err(failed)?;
    credentials(Json::parse(&value.as_string().unwrap_or_default()).map_err(crate::error::json)?.view())
}

/// The chat for one call. In one place, as every task would have a copy of it otherwise.
#[inline(never)]
pub(crate) fn with_options(chat: &BedrockChat, options: &str) -> Result<BedrockChat> {
    let json = Json::parse(options).map_err(crate::error::json)?;
    Ok(chat.with_options(&self::options(json.view())?))
}

/// The options of a call; fields that are no options are passed over.
pub(crate) fn options(view: View<'_>) -> Result<ChatOptions> {
    let mut options = ChatOptions::default();
    for (key, value) in view.entries().filter(|(_, value)| !value.is_null()) {
        let number = || value.f64();
        match &*key {
            "maxTokens" => match value.u64() {
                None => return wrong("maxTokens", "a whole number"),
                tokens => options.max_tokens = tokens,
            },
            "temperature" => match number() {
                None => return wrong("temperature", "a number"),
                temperature => options.temperature = temperature,
            },
            "topP" => options.top_p = number(),
            "topK" => options.top_k = value.u64(),
            "stop" => match value.kind() {
                Kind::String => options.stop = value.string().into_iter().collect(),
                _ => options.stop = value.items().filter_map(View::string).collect(),
            },
            "modelKwargs" => options.model_kwargs = Some(Json::from(value)),
            "tools" => {
                for tool in value.items() {
                    options.tools.push(Tool::from_json(&Json::from(tool))?);
                }
            }
            "toolChoice" => options.tool_choice = tool_choice(value),
            "parallelToolCalls" => options.parallel_tool_calls = value.bool(),
            "reasoning" => options.reasoning = reasoning(value),
            "responseFormat" => {
                let format = value.get("json_schema").unwrap_or(value);
                if let Some(schema) = format.get("schema") {
                    let name = string(format, "name").unwrap_or_else(|| "answer".to_owned());
                    let mut format_of = ResponseFormat::new(name, schema);
                    format_of.description = string(format, "description");
                    options.response_format = Some(format_of);
                }
            }
            "guardrail" => options.guardrail = Some(guardrail(value)?),
            "promptCaching" => {
                let ttl = value.str().as_deref().and_then(CacheTtl::parse);
                options.prompt_caching = (value.bool() != Some(false)).then_some(CachePoint { ttl });
            }
            "latency" => options.latency = value.str().as_deref().and_then(Latency::parse),
            "serviceTier" => options.service_tier = value.str().as_deref().and_then(ServiceTier::parse),
            "anthropicBeta" => options.anthropic_beta = value.items().filter_map(View::string).collect(),
            "requestMetadata" => {
                let pairs = value.entries().filter_map(|(key, value)| Some((key.into_owned(), value.string()?)));
                options.request_metadata = pairs.collect();
            }
            "responseFieldPaths" => options.response_field_paths = value.items().filter_map(View::string).collect(),
            _ => {}
        }
    }
    Ok(options)
}

/// `"any"`, `"get_weather"`, `{type: "tool", name}`, `{type: "function", function: {name}}`.
fn tool_choice(value: View<'_>) -> Option<ToolChoice> {
    if let Some(name) = value.str() {
        return Some(ToolChoice::from(&*name));
    }
    let name = string(value, "name").or_else(|| string(value.get("function")?, "name"));
    match name {
        Some(name) => Some(ToolChoice::Tool(name)),
        None => string(value, "type").map(|kind| ToolChoice::from(kind.as_str())),
    }
}

/// A budget in tokens, an effort, `"adaptive"`, `false`.
fn reasoning(value: View<'_>) -> Option<Reasoning> {
    if let Some(budget) = value.u64().or_else(|| value.get("budgetTokens")?.u64()) {
        return Some(Reasoning::Budget(budget));
    }
    if value.bool() == Some(false) {
        return Some(Reasoning::Disabled);
    }
    let word = value.string().or_else(|| string(value, "effort")).or_else(|| string(value, "type"))?;
    Some(match word.as_str() {
        "adaptive" => Reasoning::Adaptive,
        "disabled" => Reasoning::Disabled,
        _ => Reasoning::Effort(word),
    })
}

fn guardrail(value: View<'_>) -> Result<Guardrail> {
    let text = |key: &str| string(value, key).unwrap_or_default();
    let mut guardrail = Guardrail::new(text("identifier"), text("version"));
    if let Some(trace) = string(value, "trace") {
        guardrail.trace = match GuardrailTrace::parse(&trace) {
            None => return wrong("trace", "\"ENABLED\", \"DISABLED\" or \"ENABLED_FULL\""),
            trace => trace,
        };
    }
    guardrail.tag_suffix = string(value, "tagSuffix");
    guardrail.stream_processing = string(value, "streamProcessingMode").map(|mode| {
        if mode.to_ascii_lowercase().starts_with("async") { StreamProcessing::Async } else { StreamProcessing::Sync }
    });
    Ok(guardrail)
}
