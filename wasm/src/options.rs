//! Written by wasm/scripts/options.mjs from wasm/options.json: change the table, not this file.

use bedrock_chat::{BedrockChatBuilder, ChatOption, ChatOptions, Latency, ReasoningDisplay, Result, ServiceTier};

use crate::members::Members;
use crate::read;

/// Reads the options of a call.
pub(crate) fn read_options(fields: &Members<'_>, options: &mut ChatOptions) -> Result<()> {
    options.max_tokens = read::whole(fields, "maxTokens")?;
    options.temperature = read::number(fields, "temperature")?;
    options.top_p = read::number(fields, "topP")?;
    options.top_k = read::whole(fields, "topK")?;
    options.stop = read::texts(fields, "stop")?;
    options.model_kwargs = read::json(fields, "modelKwargs")?;
    options.tools = read::tools(fields, "tools")?;
    options.tool_choice = read::tool_choice(fields, "toolChoice")?;
    options.parallel_tool_calls = read::flag(fields, "parallelToolCalls")?;
    options.reasoning = read::reasoning(fields, "reasoning")?;
    options.reasoning_display = read::word(fields, "reasoningDisplay", ReasoningDisplay::parse)?;
    options.capabilities = read::capabilities(fields, "capabilities")?;
    options.response_format = read::response_format(fields, "responseFormat")?;
    options.guardrail = read::guardrail(fields, "guardrail")?;
    options.prompt_caching = read::prompt_caching(fields, "promptCaching")?;
    options.fill_missing_tool_results = read::flag(fields, "fillMissingToolResults")?;
    options.latency = read::word(fields, "latency", Latency::parse)?;
    options.service_tier = read::word(fields, "serviceTier", ServiceTier::parse)?;
    options.project = read::text(fields, "project")?;
    options.anthropic_beta = read::texts(fields, "anthropicBeta")?;
    options.request_metadata = read::pairs(fields, "requestMetadata")?;
    options.response_field_paths = read::texts(fields, "responseFieldPaths")?;
    options.prompt_variables = read::pairs(fields, "promptVariables")?;
    Ok(())
}

/// Reads the fields of the constructor that need no special reader.
pub(crate) fn read_fields(fields: &Members<'_>, mut builder: BedrockChatBuilder) -> Result<BedrockChatBuilder> {
    if let Some(value) = read::text(fields, "region")? {
        builder = builder.region(value);
    }
    if let Some(value) = read::text(fields, "endpointUrl")? {
        builder = builder.endpoint_url(value);
    }
    if let Some(value) = read::text(fields, "gatewayUrl")? {
        builder = builder.gateway_url(value);
    }
    if let Some(value) = read::cloudflare_gateway(fields, "cloudflareGateway")? {
        builder = builder.cloudflare_gateway(value);
    }
    if let Some(value) = read::api(fields, "api")? {
        builder = builder.api(value);
    }
    if let Some(value) = read::service(fields, "service")? {
        builder = builder.service(value);
    }
    if let Some(value) = read::text(fields, "family")? {
        builder = builder.family(value);
    }
    if let Some(value) = read::flag(fields, "fips")? {
        builder = builder.fips(value);
    }
    if let Some(value) = read::flag(fields, "dualStack")? {
        builder = builder.dual_stack(value);
    }
    if let Some(value) = read::text(fields, "signingName")? {
        builder = builder.signing_name(value);
    }
    if let Some(value) = read::flag(fields, "streaming")? {
        builder = builder.streaming(value);
    }
    Ok(builder)
}

/// Options by their names in JavaScript. An option that JavaScript has in parts has the name of the first part.
pub(crate) static OPTIONS: &[(&str, ChatOption)] = &[
    ("maxTokens", ChatOption::MaxTokens),
    ("temperature", ChatOption::Temperature),
    ("topP", ChatOption::TopP),
    ("topK", ChatOption::TopK),
    ("stop", ChatOption::Stop),
    ("modelKwargs", ChatOption::ModelKwargs),
    ("tools", ChatOption::Tools),
    ("toolChoice", ChatOption::ToolChoice),
    ("parallelToolCalls", ChatOption::ParallelToolCalls),
    ("reasoning", ChatOption::Reasoning),
    ("reasoningDisplay", ChatOption::ReasoningDisplay),
    ("capabilities", ChatOption::Capabilities),
    ("responseFormat", ChatOption::ResponseFormat),
    ("guardrailIdentifier", ChatOption::Guardrail),
    ("promptCaching", ChatOption::PromptCaching),
    ("fillMissingToolResults", ChatOption::FillMissingToolResults),
    ("latency", ChatOption::Latency),
    ("serviceTier", ChatOption::ServiceTier),
    ("project", ChatOption::Project),
    ("anthropicBeta", ChatOption::AnthropicBeta),
    ("requestMetadata", ChatOption::RequestMetadata),
    ("responseFieldPaths", ChatOption::ResponseFieldPaths),
    ("promptVariables", ChatOption::PromptVariables),
];

/// The names of options in Rust and in JavaScript, where they differ.
pub(crate) static NAMES: &[(&str, &str)] = &[
    ("max_tokens", "maxTokens"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("model_kwargs", "modelKwargs"),
    ("tool_choice", "toolChoice"),
    ("parallel_tool_calls", "parallelToolCalls"),
    ("reasoning_display", "reasoningDisplay"),
    ("response_format", "responseFormat"),
    ("guardrail", "guardrailIdentifier"),
    ("guardrail.identifier", "guardrailIdentifier"),
    ("guardrail.version", "guardrailVersion"),
    ("guardrail.tag_suffix", "guardrailConfig.tagSuffix"),
    ("guardrail.stream_processing", "guardrailConfig.streamProcessingMode"),
    ("guardrail.trace", "trace"),
    ("prompt_caching", "promptCaching"),
    ("fill_missing_tool_results", "fillMissingToolResults"),
    ("service_tier", "serviceTier"),
    ("anthropic_beta", "anthropicBeta"),
    ("request_metadata", "requestMetadata"),
    ("response_field_paths", "responseFieldPaths"),
    ("prompt_variables", "promptVariables"),
    ("max_concurrency", "maxConcurrency"),
    ("api_key", "apiKey"),
    ("endpoint_url", "endpointUrl"),
    ("gateway_url", "gatewayUrl"),
    ("cloudflare_gateway", "cloudflareGateway"),
    ("header", "headers"),
    ("transport", "fetch"),
    ("dual_stack", "dualStack"),
    ("signing_name", "signingName"),
    ("retry", "maxRetries"),
    ("retry.max_attempts", "maxRetries"),
    ("retry.paid_resend", "paidResend"),
    ("rate_limiter", "rateLimiter"),
    ("timeouts", "firstByteTimeout"),
    ("timeouts.first_byte", "firstByteTimeout"),
    ("timeouts.idle", "idleTimeout"),
];
