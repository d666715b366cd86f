//! Readers of values in the JSON that JavaScript sends: one for each type of option.

use bedrock_chat::json::View;
use bedrock_chat::{
    Api, CachePoint, CacheTtl, Capabilities, Capability, CloudflareGateway, Error, ErrorKind, Guardrail,
    GuardrailTrace, Json, Reasoning, ResponseFormat, Result, Service, StreamProcessing, Tool, ToolChoice,
};

use crate::members::Members;

/// Reads a member, if there is one.
fn member<'a, T>(
    fields: &Members<'a>,
    key: &str,
    expected: &str,
    read: impl Fn(View<'a>) -> Option<T>,
) -> Result<Option<T>> {
    match fields.get(key) {
        None => Ok(None),
        Some(value) => read(value).map(Some).ok_or_else(|| wrong(key, expected)),
    }
}

/// Returns the error of a member with a wrong value.
pub(crate) fn wrong(key: &str, expected: &str) -> Error {
    Error::new(ErrorKind::Config, ["`", key, "` must be ", expected].concat()).with_field(key)
}

pub(crate) fn whole(fields: &Members<'_>, key: &str) -> Result<Option<u64>> {
    member(fields, key, "a whole number", View::u64)
}

pub(crate) fn number(fields: &Members<'_>, key: &str) -> Result<Option<f64>> {
    member(fields, key, "a number", View::f64)
}

pub(crate) fn flag(fields: &Members<'_>, key: &str) -> Result<Option<bool>> {
    member(fields, key, "true or false", View::bool)
}

pub(crate) fn text(fields: &Members<'_>, key: &str) -> Result<Option<String>> {
    member(fields, key, "a string", View::string)
}

/// Reads one of the values that `parse` accepts.
pub(crate) fn word<T>(fields: &Members<'_>, key: &str, parse: fn(&str) -> Option<T>) -> Result<Option<T>> {
    member(fields, key, "one of its values", |value| parse(&value.string()?))
}

/// A list of texts, or one text.
pub(crate) fn texts(fields: &Members<'_>, key: &str) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    if let Some(value) = fields.get(key) {
        texts.extend(value.string());
        for item in value.items() {
            texts.extend(item.string());
        }
    }
    Ok(texts)
}

/// The members of an object whose values are texts.
pub(crate) fn pairs(fields: &Members<'_>, key: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    if let Some(object) = fields.get(key) {
        for (key, value) in object.entries() {
            pairs.extend(value.string().map(|value| (key.into_owned(), value)));
        }
    }
    Ok(pairs)
}

pub(crate) fn json(fields: &Members<'_>, key: &str) -> Result<Option<Json>> {
    Ok(fields.get(key).map(Json::from))
}

pub(crate) fn api(fields: &Members<'_>, key: &str) -> Result<Option<Api>> {
    fields.string(key).map(|name| api_of(&name)).transpose()
}

pub(crate) fn api_of(name: &str) -> Result<Api> {
    Api::parse(name)
        .ok_or_else(|| wrong("api", "\"invoke\", \"converse\", \"responses\", \"chatCompletions\" or \"messages\""))
}

/// `"bedrock-runtime"` or `"bedrock-mantle"`.
pub(crate) fn service(fields: &Members<'_>, key: &str) -> Result<Option<Service>> {
    let parse = |name: String| {
        let service = [Service::Runtime, Service::Mantle].into_iter().find(|service| service.as_str() == name);
        service.ok_or_else(|| wrong("service", "\"bedrock-runtime\" or \"bedrock-mantle\""))
    };
    fields.string(key).map(parse).transpose()
}

pub(crate) fn tools(fields: &Members<'_>, key: &str) -> Result<Vec<Tool>> {
    let mut tools = Vec::new();
    if let Some(given) = fields.get(key) {
        for tool in given.items() {
            tools.push(Tool::from_json(&Json::from(tool))?);
        }
    }
    Ok(tools)
}

/// `{strictTools: false}`: corrections of the model's known capabilities.
pub(crate) fn capabilities(fields: &Members<'_>, key: &str) -> Result<Capabilities> {
    let mut all = Capabilities::unknown();
    let Some(given) = fields.get(key) else { return Ok(all) };
    for (name, there) in given.entries() {
        match (Capability::parse(&name), there.bool()) {
            (Some(one), Some(there)) => all = all.with(one, there),
            _ => return Err(wrong(key, "an object of booleans with the names that `capabilities()` returns")),
        }
    }
    Ok(all)
}

/// `"any"`, `"get_weather"`, `{type: "tool", name}`, `{type: "function", function: {name}}`.
pub(crate) fn tool_choice(fields: &Members<'_>, key: &str) -> Result<Option<ToolChoice>> {
    member(fields, key, "a choice of a tool", |value| {
        if let Some(name) = value.string() {
            return Some(ToolChoice::from(name.as_str()));
        }
        let fields = Members::of(value);
        match fields.string("name").or_else(|| fields.get("function")?.get("name")?.string()) {
            Some(name) => Some(ToolChoice::Tool(name)),
            None => fields.string("type").map(|kind| ToolChoice::from(kind.as_str())),
        }
    })
}

/// A budget in tokens, an effort, both, `"adaptive"`, `"between_tools"`, `false`.
pub(crate) fn reasoning(fields: &Members<'_>, key: &str) -> Result<Option<Reasoning>> {
    member(fields, key, "a budget, an effort or a kind of reasoning", |value| {
        let fields = Members::of(value);
        if let Some(tokens) = value.u64().or_else(|| fields.get("budgetTokens")?.u64()) {
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
    })
}

/// `{name, description, schema}`, also inside OpenAI's `json_schema`.
pub(crate) fn response_format(fields: &Members<'_>, key: &str) -> Result<Option<ResponseFormat>> {
    member(fields, key, "an object with a schema", |value| {
        let fields = Members::of(value.get("json_schema").unwrap_or(value));
        let name = fields.string("name").unwrap_or_else(|| "answer".to_owned());
        let mut format = ResponseFormat::new(name, fields.get("schema")?);
        format.description = fields.string("description");
        Some(format)
    })
}

/// `true`, a time to live such as `"1h"`, `false`.
pub(crate) fn prompt_caching(fields: &Members<'_>, key: &str) -> Result<Option<CachePoint>> {
    let value = fields.get(key).filter(|value| value.bool() != Some(false));
    Ok(value.map(|value| {
        let mut point = CachePoint::default();
        point.ttl = value.string().and_then(|ttl| CacheTtl::parse(&ttl));
        point
    }))
}

/// `{accountId, gatewayId, token, baseUrl}`.
pub(crate) fn cloudflare_gateway(fields: &Members<'_>, key: &str) -> Result<Option<CloudflareGateway>> {
    let Some(value) = fields.get(key) else { return Ok(None) };
    let fields = Members::of(value);
    let mut gateway = CloudflareGateway::new(fields.text("accountId"), fields.text("gatewayId"));
    if let Some(token) = fields.string("token") {
        gateway = gateway.with_token(token);
    }
    if let Some(url) = fields.string("baseUrl") {
        gateway = gateway.with_base_url(url);
    }
    Ok(Some(gateway))
}

pub(crate) fn guardrail(fields: &Members<'_>, key: &str) -> Result<Option<Guardrail>> {
    let Some(value) = fields.get(key) else { return Ok(None) };
    let fields = Members::of(value);
    let mut guardrail = Guardrail::new(fields.text("identifier"), fields.text("version"));
    guardrail.trace = word(&fields, "trace", GuardrailTrace::parse)?;
    guardrail.tag_suffix = fields.string("tagSuffix");
    guardrail.stream_processing = fields.string("streamProcessingMode").map(|mode| match mode.get(..5) {
        Some(start) if start.eq_ignore_ascii_case("async") => StreamProcessing::Async,
        _ => StreamProcessing::Sync,
    });
    Ok(Some(guardrail))
}
