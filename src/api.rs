//! The chat APIs of Bedrock, the endpoints that serve them, and how their streams are framed.

/// The API that a model is called with.
///
/// See [supported APIs](https://docs.aws.amazon.com/bedrock/latest/userguide/apis.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Api {
    /// [InvokeModel](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html),
    /// in the model's native format.
    Invoke,
    /// [Converse](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html),
    /// the same for all models.
    Converse,
    /// OpenAI's [Responses](https://docs.aws.amazon.com/bedrock/latest/userguide/inference-responses-api.html).
    Responses,
    /// OpenAI's [Chat Completions](https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html).
    ChatCompletions,
    /// Anthropic's [Messages](https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html).
    Messages,
}

impl Api {
    /// All APIs.
    pub const ALL: &'static [Self] =
        &[Self::Invoke, Self::Converse, Self::Responses, Self::ChatCompletions, Self::Messages];

    /// Returns the name that the npm package uses, for instance `chatCompletions`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Converse => "converse",
            Self::Responses => "responses",
            Self::ChatCompletions => "chatCompletions",
            Self::Messages => "messages",
        }
    }

    /// Parses the name that the npm package uses.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|api| api.as_str() == name)
    }

    /// Returns the name in AWS's documentation, for instance `Chat Completions`.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Invoke => "InvokeModel",
            Self::Converse => "Converse",
            Self::Responses => "Responses",
            Self::ChatCompletions => "Chat Completions",
            Self::Messages => "Messages",
        }
    }
}

/// A service of Bedrock with its own endpoint and its own name in signatures.
///
/// See [Bedrock's endpoints](https://docs.aws.amazon.com/bedrock/latest/userguide/endpoints.html).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// `bedrock-runtime.{region}`: InvokeModel, Converse, and OpenAI's APIs for some models.
    #[default]
    Runtime,
    /// `bedrock-mantle.{region}.api.aws`: OpenAI's and Anthropic's APIs.
    Mantle,
    /// `bedrock.{region}`: models, inference profiles and jobs, but not chats.
    ControlPlane,
}

impl Service {
    /// Returns the first part of the service's hosts: `bedrock-runtime`, `bedrock-mantle` or `bedrock`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runtime => "bedrock-runtime",
            Self::Mantle => "bedrock-mantle",
            Self::ControlPlane => "bedrock",
        }
    }

    /// Returns the service's name in signatures: `bedrock`, or `bedrock-mantle`.
    pub fn signing_name(self) -> &'static str {
        match self {
            Self::Runtime | Self::ControlPlane => "bedrock",
            Self::Mantle => "bedrock-mantle",
        }
    }
}

/// How the events of a stream are separated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// AWS's event stream, `application/vnd.amazon.eventstream`: see [`eventstream`](crate::eventstream).
    #[default]
    EventStream,
    /// Server-sent events, `text/event-stream`: see [`sse`](crate::sse).
    Sse,
}
