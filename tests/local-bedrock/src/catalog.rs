//! The models by API and endpoint, and their ids.

mod table;

use crate::endpoint::Endpoint;
use crate::problem::Problem;
use crate::route::{Base, Operation};

pub(crate) use table::{MODELS, Model};

/// Prefixes of the ids of cross-Region inference profiles.
const PROFILES: [&str; 8] = ["us.", "global.", "eu.", "apac.", "jp.", "au.", "ca.", "us-gov."];

/// Vendors of models on mantle, as `GET /v1/models` and LiteLLM's table have them.
const ON_MANTLE: [&str; 13] = [
    "anthropic.",
    "openai.",
    "google.",
    "xai.",
    "qwen.",
    "deepseek.",
    "mistral.",
    "moonshotai.",
    "zai.",
    "minimax.",
    "nvidia.",
    "writer.",
    "moonshot.",
];

/// Models that only mantle has: LiteLLM 1.110.2, sample-apj-sup-sa#228.
const NOT_ON_RUNTIME: [&str; 6] = [
    "google.gemma-4",
    "openai.gpt-5.4",
    "openai.gpt-5.5",
    "openai.gpt-5.6-cyber",
    "openai.gpt-oss-safeguard",
    "xai.grok-4.3",
];

/// Whether a model is one of OpenAI's GPT models and not an open-weight one.
pub(crate) fn is_gpt(model: &str) -> bool {
    model.starts_with("openai.gpt-") && !model.starts_with("openai.gpt-oss")
}

/// Whether a GPT model is 5.6 or later.
pub(crate) fn is_gpt_5_6_or_later(model: &str) -> bool {
    let version = model.strip_prefix("openai.gpt-").filter(|_| is_gpt(model)).unwrap_or_default();
    let mut numbers = version.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 6)
}

/// Whether a model reasons before it answers.
pub(crate) fn reasons(model: &str) -> bool {
    model.starts_with("openai.") || model.starts_with("xai.")
}

/// Whether mantle serves a model below `/openai/v1`.
pub(crate) fn below_openai(model: &str) -> bool {
    is_gpt(model) || model.starts_with("google.gemma-4") || model.starts_with("xai.")
}

/// Returns the model behind the id in a body, or the refusal of the id.
pub(crate) fn admit(endpoint: Endpoint, operation: Operation, base: Base, id: &str) -> Result<String, Problem> {
    match endpoint {
        Endpoint::Mantle => on_mantle(operation, base, id),
        Endpoint::Runtime | Endpoint::Identity => on_runtime(operation, id),
    }
}

fn on_mantle(operation: Operation, base: Base, id: &str) -> Result<String, Problem> {
    let messages = matches!(operation, Operation::Messages | Operation::CountMessages);
    let profile = PROFILES.iter().any(|prefix| id.starts_with(prefix)) || id.starts_with("arn:");
    // Only gpt-oss has a version on `bedrock-runtime`; Claude's ids have one on both endpoints.
    let versioned = !id.starts_with("anthropic.") && id.contains(':');
    if profile || versioned || !ON_MANTLE.iter().any(|vendor| id.starts_with(vendor)) {
        return Err(if messages { Problem::not_found(format!("model: {id}")) } else { unknown_model(id) });
    }
    let path = match (operation, base) {
        (Operation::Responses, Base::OpenAi) => "/openai/v1/responses",
        (Operation::Responses, Base::V1) => "/v1/responses",
        (Operation::Chat, Base::OpenAi) => "/openai/v1/chat/completions",
        (Operation::Chat, Base::V1) => "/v1/chat/completions",
        (Operation::CountMessages, _) => "/anthropic/v1/messages/count_tokens",
        _ => "/anthropic/v1/messages",
    };
    let claude = id.starts_with("anthropic.");
    let served = match operation {
        _ if messages || claude => messages && claude,
        // Portkey's table of mantle.
        Operation::Responses if id.starts_with("openai.gpt-oss-safeguard") => false,
        _ => below_openai(id) == (base == Base::OpenAi),
    };
    // mnfst/llm-gateway#2657.
    if served {
        Ok(id.to_owned())
    } else {
        Err(Problem::validation(format!("The model '{id}' does not support the '{path}' API")))
    }
}

fn on_runtime(operation: Operation, id: &str) -> Result<String, Problem> {
    let bare = PROFILES.iter().find_map(|prefix| id.strip_prefix(prefix)).unwrap_or(id);
    let profile = bare.len() != id.len();
    if NOT_ON_RUNTIME.iter().any(|model| bare.starts_with(model)) {
        return Err(unknown_model(id));
    }
    if is_gpt_5_6_or_later(bare) {
        if !profile {
            // sample-apj-sup-sa#228. This refusal has AWS's shape.
            return Err(Problem::front_door(format!(
                "Invocation of model ID {id} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
            )));
        }
        return Ok(bare.to_owned());
    }
    // According to AWS's page on the Responses API, gpt-oss has this API on mantle only.
    let oss = bare.starts_with("openai.gpt-oss-") && bare.ends_with("-1:0") && operation == Operation::Chat && !profile;
    if oss || bare.starts_with("xai.") { Ok(bare.to_owned()) } else { Err(unknown_model(id)) }
}

/// bedrock-access-gateway#185.
fn unknown_model(_: &str) -> Problem {
    let mut problem = Problem::not_found(
        "The model doesn't exist or doesn't support this API. Retry your request with a different model ID.",
    );
    problem.code = Some("model_not_found");
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(endpoint: Endpoint, operation: Operation, base: Base, id: &str) -> Result<String, u16> {
        admit(endpoint, operation, base, id).map_err(|problem| problem.status)
    }

    #[test]
    fn mantle_model_ids_have_no_prefix_and_one_base_path() {
        let responses = |base: Base, id: &str| admitted(Endpoint::Mantle, Operation::Responses, base, id);
        for id in ["openai.gpt-5.6-luna", "google.gemma-4-31b", "xai.grok-4.3"] {
            assert_eq!(responses(Base::OpenAi, id), Ok(id.to_owned()));
            assert_eq!(responses(Base::V1, id), Err(400), "{id}");
        }
        assert!(responses(Base::V1, "openai.gpt-oss-120b").is_ok());
        for id in ["openai.gpt-oss-120b-1:0", "us.openai.gpt-5.6-luna", "amazon.nova-lite-v1:0", "what"] {
            assert_eq!(responses(Base::V1, id), Err(404), "{id}");
        }
        assert_eq!(responses(Base::V1, "anthropic.claude-sonnet-5-5"), Err(400));
        let messages = |id: &str| admitted(Endpoint::Mantle, Operation::Messages, Base::Anthropic, id);
        assert!(messages("anthropic.claude-sonnet-5-5").is_ok());
        assert_eq!(messages("us.anthropic.claude-sonnet-5-5"), Err(404));
        assert_eq!(messages("openai.gpt-5.6-luna"), Err(400));
    }

    #[test]
    fn runtime_ids_of_gpt_need_a_profile() {
        let on = |operation: Operation, id: &str| admitted(Endpoint::Runtime, operation, Base::OpenAi, id);
        assert_eq!(on(Operation::Responses, "us.openai.gpt-5.6-sol"), Ok("openai.gpt-5.6-sol".to_owned()));
        assert_eq!(on(Operation::Responses, "openai.gpt-5.6-sol"), Err(400));
        assert_eq!(on(Operation::Responses, "us.openai.gpt-5.5"), Err(404));
        assert_eq!(on(Operation::Chat, "openai.gpt-oss-120b-1:0"), Ok("openai.gpt-oss-120b-1:0".to_owned()));
        assert_eq!(on(Operation::Chat, "openai.gpt-oss-120b"), Err(404));
        assert_eq!(on(Operation::Responses, "openai.gpt-oss-120b-1:0"), Err(404));
    }
}
