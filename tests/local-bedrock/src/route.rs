//! Maps the raw path to an operation, and a model id to its family.

/// The target of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `POST /model/{modelId}/{operation}`; the id is decoded.
    Model { model_id: String, operation: Operation },
    /// `POST /guardrail/{id}/version/{version}/apply`
    ApplyGuardrail { guardrail: String, version: String },
    /// An API that has the model's id in the body.
    Named { operation: Operation, base: Base },
    /// `POST /guardrail-checks/invoke`
    GuardrailChecks,
    /// A list of models or profiles, or an entry of it.
    List(List),
    /// `GET` or `DELETE` of a stored response.
    Stored { id: String, delete: bool },
    /// The service answers 200 with an error in the body.
    Unknown,
}

/// A list, and the id of an entry if only that entry is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum List {
    /// Mantle's models.
    Mantle(Option<String>),
    FoundationModels(Option<String>),
    Profiles(Option<String>),
    Availability(String),
}

/// The path in front of an API that has the model's id in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// `/openai/v1`
    OpenAi,
    /// `/v1`, on mantle.
    V1,
    /// `/anthropic/v1`, on mantle.
    Anthropic,
}

/// The operations on a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Invoke,
    InvokeStream,
    Converse,
    ConverseStream,
    CountTokens,
    /// OpenAI Responses.
    Responses,
    /// OpenAI Chat Completions.
    Chat,
    /// Anthropic Messages.
    Messages,
    /// Anthropic's count of tokens.
    CountMessages,
}

impl Operation {
    /// Returns whether the operation has a separate name for streams, and this is the streamed one. The other APIs
    /// have a member for that.
    pub(crate) fn streams(self) -> bool {
        matches!(self, Self::InvokeStream | Self::ConverseStream)
    }
}

/// Finds the operation. `path` is the path on the wire, without the server's prefix.
pub(crate) fn route(method: &str, path: &str) -> Route {
    let segments: Vec<&str> = path.split('/').collect();
    match (method, segments.as_slice()) {
        ("POST", ["", "model", id, operation]) if !id.is_empty() => {
            let operation = match *operation {
                "invoke" => Operation::Invoke,
                "invoke-with-response-stream" => Operation::InvokeStream,
                "converse" => Operation::Converse,
                "converse-stream" => Operation::ConverseStream,
                "count-tokens" => Operation::CountTokens,
                _ => return Route::Unknown,
            };
            Route::Model { model_id: percent_decode(id), operation }
        }
        ("POST", ["", "guardrail", id, "version", version, "apply"]) if !id.is_empty() => {
            Route::ApplyGuardrail { guardrail: percent_decode(id), version: percent_decode(version) }
        }
        ("POST", ["", "guardrail-checks", "invoke"]) => Route::GuardrailChecks,
        ("GET", ["", "v1", "models"] | ["", "openai", "v1", "models"]) => Route::List(List::Mantle(None)),
        ("GET", ["", "v1", "models", id] | ["", "openai", "v1", "models", id]) => {
            Route::List(List::Mantle(Some(percent_decode(id))))
        }
        ("GET", ["", "foundation-models"]) => Route::List(List::FoundationModels(None)),
        ("GET", ["", "foundation-models", id]) => Route::List(List::FoundationModels(Some(percent_decode(id)))),
        ("GET", ["", "inference-profiles"]) => Route::List(List::Profiles(None)),
        ("GET", ["", "inference-profiles", id]) => Route::List(List::Profiles(Some(percent_decode(id)))),
        ("GET", ["", "foundation-model-availability", id]) => Route::List(List::Availability(percent_decode(id))),
        ("POST", ["", "openai", "v1", rest @ ..]) => named(Base::OpenAi, rest),
        ("POST", ["", "v1", rest @ ..]) => named(Base::V1, rest),
        ("POST", ["", "anthropic", "v1", rest @ ..]) => named(Base::Anthropic, rest),
        ("GET" | "DELETE", ["", "openai", "v1", "responses", id] | ["", "v1", "responses", id]) => {
            Route::Stored { id: percent_decode(id), delete: method == "DELETE" }
        }
        _ => Route::Unknown,
    }
}

fn named(base: Base, rest: &[&str]) -> Route {
    let operation = match (base, rest) {
        (Base::OpenAi | Base::V1, ["responses"]) => Operation::Responses,
        (Base::OpenAi | Base::V1, ["chat", "completions"]) => Operation::Chat,
        (Base::Anthropic, ["messages"]) => Operation::Messages,
        (Base::Anthropic, ["messages", "count_tokens"]) => Operation::CountMessages,
        _ => return Route::Unknown,
    };
    Route::Named { operation, base }
}

/// Decodes `%XX`; malformed text is kept unchanged.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Returns the base model behind an id. Region prefixes, and ARNs of foundation models or inference profiles, are
/// removed; for an ARN that does not name its model, the result is `opaque`.
pub(crate) fn base_model(model_id: &str, opaque: &str) -> String {
    let id = match model_id.strip_prefix("arn:") {
        None => model_id,
        Some(arn) => {
            let resource = arn.splitn(5, ':').nth(4).unwrap_or_default();
            match resource.split_once('/') {
                Some(("foundation-model" | "inference-profile", id)) => id,
                _ => return format!("{opaque}.opaque"),
            }
        }
    };
    const VENDORS: [&str; 18] = [
        "ai21",
        "amazon",
        "anthropic",
        "cohere",
        "deepseek",
        "google",
        "meta",
        "minimax",
        "mistral",
        "moonshot",
        "moonshotai",
        "nvidia",
        "openai",
        "qwen",
        "twelvelabs",
        "writer",
        "xai",
        "zai",
    ];
    match id.split_once('.') {
        Some((first, rest)) if !VENDORS.contains(&first) && rest.contains('.') => rest.to_owned(),
        _ => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_requires_the_model_in_one_encoded_segment() {
        let Route::Model { model_id, operation } =
            route("POST", "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fabc/converse")
        else {
            panic!("not routed")
        };
        assert_eq!(model_id, "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc");
        assert_eq!(operation, Operation::Converse);
        let raw = "/model/arn:aws:bedrock:us-east-1:1:application-inference-profile/abc/converse";
        assert_eq!(route("POST", raw), Route::Unknown);
        assert_eq!(route("GET", "/model/x/invoke"), Route::Unknown);
    }

    #[test]
    fn route_finds_the_base_model_of_prefixes_and_arns() {
        assert_eq!(base_model("anthropic.claude-3-haiku-20240307-v1:0", "x"), "anthropic.claude-3-haiku-20240307-v1:0");
        assert_eq!(base_model("zz-new.anthropic.claude-x", "x"), "anthropic.claude-x");
        assert_eq!(
            base_model("us.meta.llama4-maverick-17b-instruct-v1:0", "x"),
            "meta.llama4-maverick-17b-instruct-v1:0"
        );
        let profile = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0";
        let stripped = base_model(profile, "x");
        assert_eq!(stripped, "amazon.nova-lite-v1:0");
        assert_eq!(
            base_model("arn:aws:bedrock:eu-west-1::foundation-model/cohere.command-r-v1:0", "x"),
            "cohere.command-r-v1:0"
        );
        assert_eq!(
            base_model("arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc", "anthropic"),
            "anthropic.opaque"
        );
    }
}
