//! The constructor's fields and the options of a call, from JSON.

use std::borrow::Cow;
use std::cell::Cell;
use std::time::Duration;

use bedrock_chat::json::{View, Writer};
use bedrock_chat::{
    Api, BedrockChat, BoxFuture, CachePoint, CacheTtl, Capabilities, Capability, ChatOptions, Credentials, Error,
    ErrorKind, FetchTransport, Guardrail, GuardrailTrace, Json, Latency, Message, ProvideCredentials, Reasoning,
    ReasoningDisplay, ResponseFormat, Result, RetryPolicy, ServiceTier, StreamProcessing, Timeouts, Tool, ToolChoice,
    interop,
};
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::task::Counted;

/// The members of an object, read once. Null counts as absent.
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, View<'a>)>);

impl<'a> Members<'a> {
    pub(crate) fn of(object: View<'a>) -> Self {
        let mut members = Vec::new();
        for (key, value) in object.entries() {
            if !value.is_null() {
                members.push((key, value));
            }
        }
        Self(members)
    }

    pub(crate) fn get(&self, key: &str) -> Option<View<'a>> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    pub(crate) fn string(&self, key: &str) -> Option<String> {
        self.get(key).and_then(View::string)
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.string(key).unwrap_or_default()
    }

    fn u64(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(View::u64)
    }

    fn f64(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(View::f64)
    }

    fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(View::bool) == Some(true)
    }

    /// A list of texts, or one text.
    fn texts(&self, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        if let Some(value) = self.get(key) {
            texts.extend(value.string());
            for item in value.items() {
                texts.extend(item.string());
            }
        }
        texts
    }
}

pub(crate) fn wrong(key: &str, expected: &str) -> Error {
    let mut message = String::from(key);
    message.push_str(" must be ");
    message.push_str(expected);
    Error::new(ErrorKind::Config, message)
}

/// A conversation in any of the usual forms.
pub(crate) fn messages(text: &str) -> Result<Vec<Message>> {
    interop::read_messages(&Json::parse(text).map_err(crate::error::json)?)
}

/// A chat model from the constructor's fields.
pub(crate) fn chat(config: &str, fetch: Option<Function>, provider: Option<Function>) -> Result<BedrockChat> {
    let config = Json::parse(config).map_err(crate::error::json)?;
    let fields = Members::of(config.view());
    let mut builder = BedrockChat::builder(fields.text("model"))
        .options(&options(&fields)?)
        .transport(Counted(fetch.map(FetchTransport::with_fetch).unwrap_or_default()))
        .streaming(fields.flag("streaming"))
        .timeouts(timeouts(&fields));
    if let Some(function) = provider {
        builder = builder.credentials_provider(Provider { function, rejected: Cell::new(false) });
    } else if let Some(given) = fields.get("credentials") {
        builder = builder.credentials(credentials(given)?);
    }
    if let Some(variables) = fields.get("environment") {
        let variables = Json::from(variables);
        builder = builder.environment(move |name| variables.view().get(name).and_then(View::string));
    }
    if let Some(on) = fields.get("fips").and_then(View::bool) {
        builder = builder.fips(on);
    }
    if let Some(on) = fields.get("dualStack").and_then(View::bool) {
        builder = builder.dual_stack(on);
    }
    if let Some(region) = fields.string("region") {
        builder = builder.region(region);
    }
    if let Some(url) = fields.string("endpointUrl") {
        builder = builder.endpoint_url(url);
    }
    if let Some(url) = fields.string("gatewayUrl") {
        builder = builder.gateway_url(url);
    }
    if let Some(name) = fields.string("signingName") {
        builder = builder.signing_name(name);
    }
    if let Some(family) = fields.string("family") {
        builder = builder.family(family);
    }
    if let Some(api) = fields.string("api") {
        builder = builder.api(self::api(&api)?);
    }
    if let Some(headers) = fields.get("headers") {
        for (name, value) in headers.entries() {
            builder = builder.header(&name, value.string().unwrap_or_default());
        }
    }
    let mut retry = RetryPolicy::default().with_paid_resend(fields.flag("paidResend"));
    if let Some(retries) = fields.u64("maxRetries") {
        retry = retry.with_max_attempts(u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1));
    }
    builder.retry(retry).build()
}

pub(crate) fn api(name: &str) -> Result<Api> {
    match name {
        "invoke" => Ok(Api::Invoke),
        "converse" => Ok(Api::Converse),
        _ => Err(wrong("api", "\"invoke\" or \"converse\"")),
    }
}

/// Milliseconds; 0 switches a limit off.
fn timeouts(fields: &Members<'_>) -> Timeouts {
    let limit = |key: &str, default| match fields.u64(key) {
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
    let fields = Members::of(view);
    if let Some(key) = fields.string("apiKey") {
        return Ok(Credentials::bearer(key));
    }
    match (fields.string("accessKeyId"), fields.string("secretAccessKey")) {
        (Some(id), Some(secret)) => Ok(Credentials::new(id, secret).with_session_token(fields.text("sessionToken"))),
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

/// Whether a text contains another one. `str::contains` is 3 KB of WebAssembly.
fn has(text: &str, part: &str) -> bool {
    part.is_empty() || text.as_bytes().windows(part.len()).any(|window| window == part.as_bytes())
}

/// What the function gives.
async fn provided(called: core::result::Result<JsValue, JsValue>) -> Result<Credentials> {
    let failed = |error: JsValue| {
        let of = |value: &JsValue, key: &str| js_sys::Reflect::get(value, &key.into()).ok();
        let said = |value: &JsValue| of(value, "message").and_then(|message| message.as_string());
        let mut message = String::from("the credentials function failed: ");
        message.push_str(&said(&error).or_else(|| error.as_string()).unwrap_or_default());
        // What went wrong is often in the causes alone. They may lead back to the error.
        let mut cause = of(&error, "cause");
        for _ in 0..4 {
            let Some(text) = cause.as_ref().and_then(said) else { break };
            if !has(&message, &text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = cause.and_then(|value| of(&value, "cause"));
        }
        Error::new(ErrorKind::Credentials, message)
    };
    let value = JsFuture::from(Promise::resolve(&called.map_err(failed)?)).await.map_err(failed)?;
    credentials(Json::parse(&value.as_string().unwrap_or_default()).map_err(crate::error::json)?.view())
}

/// The chat for one call.
pub(crate) fn with_options(chat: &BedrockChat, options: &str) -> Result<BedrockChat> {
    let json = Json::parse(options).map_err(crate::error::json)?;
    Ok(chat.with_options(&self::options(&Members::of(json.view()))?))
}

/// The options of a call; fields that are no options are passed over.
fn options(fields: &Members<'_>) -> Result<ChatOptions> {
    let (max_tokens, temperature) = (fields.u64("maxTokens"), fields.f64("temperature"));
    if max_tokens.is_none() && fields.get("maxTokens").is_some() {
        return Err(wrong("maxTokens", "a whole number"));
    }
    if temperature.is_none() && fields.get("temperature").is_some() {
        return Err(wrong("temperature", "a number"));
    }
    let guardrail = fields.get("guardrail").map(guardrail).transpose()?;
    let mut tools = Vec::new();
    if let Some(given) = fields.get("tools") {
        for tool in given.items() {
            tools.push(Tool::from_json(&Json::from(tool))?);
        }
    }
    let mut request_metadata = Vec::new();
    if let Some(pairs) = fields.get("requestMetadata") {
        for (key, value) in pairs.entries() {
            request_metadata.extend(value.string().map(|value| (key.into_owned(), value)));
        }
    }
    Ok(ChatOptions {
        max_tokens,
        temperature,
        top_p: fields.f64("topP"),
        top_k: fields.u64("topK"),
        stop: fields.texts("stop"),
        model_kwargs: fields.get("modelKwargs").map(Json::from),
        tools,
        tool_choice: fields.get("toolChoice").and_then(tool_choice),
        parallel_tool_calls: fields.get("parallelToolCalls").and_then(View::bool),
        reasoning: fields.get("reasoning").and_then(reasoning),
        response_format: fields.get("responseFormat").and_then(response_format),
        guardrail,
        prompt_caching: fields.get("promptCaching").and_then(prompt_caching),
        fill_missing_tool_results: fields.get("fillMissingToolResults").and_then(View::bool),
        latency: Latency::parse(&fields.text("latency")),
        service_tier: ServiceTier::parse(&fields.text("serviceTier")),
        anthropic_beta: fields.texts("anthropicBeta"),
        request_metadata,
        response_field_paths: fields.texts("responseFieldPaths"),
        prompt_variables: Vec::new(),
        capabilities: fields.get("capabilities").map_or(Ok(Capabilities::unknown()), capabilities)?,
        reasoning_display: fields.get("reasoningDisplay").map(reasoning_display).transpose()?,
    })
}

/// `{strictTools: false}`: what the caller knows better.
fn capabilities(value: View<'_>) -> Result<Capabilities> {
    let mut all = Capabilities::unknown();
    for (name, there) in value.entries() {
        match (Capability::parse(&name), there.bool()) {
            (Some(one), Some(there)) => all = all.with(one, there),
            _ => {
                return Err(wrong(
                    "capabilities",
                    "an object of booleans with the names that `capabilities()` returns",
                ));
            }
        }
    }
    Ok(all)
}

/// Writes what is known as an object of booleans.
pub(crate) fn write_capabilities(can: Capabilities) -> String {
    let mut w = Writer::new();
    w.begin_object();
    for one in Capability::ALL {
        if let Some(there) = can.get(*one) {
            w.key(one.as_str()).bool(there);
        }
    }
    w.end_object();
    w.finish()
}

fn reasoning_display(value: View<'_>) -> Result<ReasoningDisplay> {
    let word = value.string().unwrap_or_default();
    ReasoningDisplay::parse(&word).ok_or_else(|| wrong("reasoningDisplay", "\"summarized\" or \"omitted\""))
}

/// `"any"`, `"get_weather"`, `{type: "tool", name}`, `{type: "function", function: {name}}`.
fn tool_choice(value: View<'_>) -> Option<ToolChoice> {
    if let Some(name) = value.string() {
        return Some(ToolChoice::from(name.as_str()));
    }
    let fields = Members::of(value);
    match fields.string("name").or_else(|| fields.get("function")?.get("name")?.string()) {
        Some(name) => Some(ToolChoice::Tool(name)),
        None => fields.string("type").map(|kind| ToolChoice::from(kind.as_str())),
    }
}

/// A budget in tokens, an effort, both, `"adaptive"`, `"between_tools"`, `false`.
fn reasoning(value: View<'_>) -> Option<Reasoning> {
    let fields = Members::of(value);
    if let Some(tokens) = value.u64().or_else(|| fields.u64("budgetTokens")) {
        return Some(match fields.string("effort") {
            Some(effort) => Reasoning::BudgetWithEffort { tokens, effort },
            None => Reasoning::Budget(tokens),
        });
    }
    if value.bool() == Some(false) {
        return Some(Reasoning::Disabled);
    }
    let word = value.string().or_else(|| fields.string("effort")).or_else(|| fields.string("type"))?;
    Some(match word.as_str() {
        "adaptive" => Reasoning::Adaptive,
        "disabled" => Reasoning::Disabled,
        "between_tools" => Reasoning::BetweenTools,
        _ => Reasoning::Effort(word),
    })
}

/// `{name, description, schema}`, also inside OpenAI's `json_schema`.
fn response_format(value: View<'_>) -> Option<ResponseFormat> {
    let fields = Members::of(value.get("json_schema").unwrap_or(value));
    let name = fields.string("name").unwrap_or_else(|| "answer".to_owned());
    let mut format = ResponseFormat::new(name, fields.get("schema")?);
    format.description = fields.string("description");
    Some(format)
}

/// `true`, a time to live such as `"1h"`, `false`.
fn prompt_caching(value: View<'_>) -> Option<CachePoint> {
    let ttl = value.string().and_then(|ttl| CacheTtl::parse(&ttl));
    (value.bool() != Some(false)).then_some(CachePoint { ttl })
}

fn guardrail(value: View<'_>) -> Result<Guardrail> {
    let fields = Members::of(value);
    let mut guardrail = Guardrail::new(fields.text("identifier"), fields.text("version"));
    if let Some(trace) = fields.string("trace") {
        guardrail.trace = GuardrailTrace::parse(&trace);
        if guardrail.trace.is_none() {
            return Err(wrong("trace", "\"ENABLED\", \"DISABLED\" or \"ENABLED_FULL\""));
        }
    }
    guardrail.tag_suffix = fields.string("tagSuffix");
    guardrail.stream_processing = fields.string("streamProcessingMode").map(|mode| match mode.get(..5) {
        Some(start) if start.eq_ignore_ascii_case("async") => StreamProcessing::Async,
        _ => StreamProcessing::Sync,
    });
    Ok(guardrail)
}
