//! A model of the lists: a selection of real models, so that every kind occurs.

/// One model.
pub(crate) struct Model {
    /// The model's id on `bedrock-runtime`; empty if only mantle has the model.
    pub(crate) id: &'static str,
    /// The model's id on mantle; empty if mantle does not have the model.
    pub(crate) mantle: &'static str,
    pub(crate) name: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) images: bool,
    pub(crate) streams: bool,
    /// Whether calls can use the id; if not, they must use a profile.
    pub(crate) on_demand: bool,
    /// The prefixes of the model's cross-Region profiles.
    pub(crate) profiles: &'static [&'static str],
    pub(crate) life: Life,
}

/// The dates of a model's life.
pub(crate) struct Life {
    pub(crate) start: &'static str,
    /// Set if the model is `LEGACY`: the start and the end of that period.
    pub(crate) legacy: Option<(&'static str, &'static str)>,
}

const fn since(start: &'static str) -> Life {
    Life { start, legacy: None }
}

/// A text model that can be called by its id.
const PLAIN: Model = Model {
    id: "",
    mantle: "",
    name: "",
    provider: "",
    images: false,
    streams: true,
    on_demand: true,
    profiles: &[],
    life: since("2025-08-05T00:00:00Z"),
};

/// Claude, which is available only through profiles.
const CLAUDE: Model =
    Model { provider: "Anthropic", images: true, on_demand: false, profiles: &["us", "eu", "global"], ..PLAIN };

/// OpenAI's GPT models.
const GPT: Model = Model {
    provider: "OpenAI",
    images: true,
    on_demand: false,
    profiles: &["us", "global"],
    life: since("2026-07-01T00:00:00Z"),
    ..PLAIN
};

pub(crate) static MODELS: [Model; 20] = [
    Model {
        id: "anthropic.claude-3-5-sonnet-20240620-v1:0",
        name: "Claude 3.5 Sonnet",
        on_demand: true,
        profiles: &["us"],
        life: Life { start: "2024-06-20T00:00:00Z", legacy: Some(("2025-09-01T00:00:00Z", "2027-03-01T00:00:00Z")) },
        ..CLAUDE
    },
    Model {
        id: "anthropic.claude-haiku-4-5-20251001-v1:0",
        mantle: "anthropic.claude-haiku-4-5",
        name: "Claude Haiku 4.5",
        life: since("2025-10-15T00:00:00Z"),
        ..CLAUDE
    },
    Model {
        id: "anthropic.claude-opus-5-5",
        mantle: "anthropic.claude-opus-5-5",
        name: "Claude Opus 5.5",
        life: since("2026-09-01T00:00:00Z"),
        ..CLAUDE
    },
    Model {
        id: "anthropic.claude-sonnet-5-5",
        mantle: "anthropic.claude-sonnet-5-5",
        name: "Claude Sonnet 5.5",
        life: since("2026-09-01T00:00:00Z"),
        ..CLAUDE
    },
    Model {
        id: "amazon.nova-micro-v1:0",
        name: "Nova Micro",
        provider: "Amazon",
        profiles: &["us", "eu"],
        life: since("2024-12-03T00:00:00Z"),
        ..PLAIN
    },
    Model {
        id: "amazon.nova-lite-v1:0",
        name: "Nova Lite",
        provider: "Amazon",
        images: true,
        profiles: &["us", "eu", "apac"],
        life: since("2024-12-03T00:00:00Z"),
        ..PLAIN
    },
    Model { id: "ai21.jamba-1-5-mini-v1:0", name: "Jamba 1.5 Mini", provider: "AI21 Labs", ..PLAIN },
    Model { id: "cohere.command-r-v1:0", name: "Command R", provider: "Cohere", ..PLAIN },
    Model { id: "deepseek.v3-v1:0", mantle: "deepseek.v3.1", name: "DeepSeek-V3.1", provider: "DeepSeek", ..PLAIN },
    Model {
        id: "google.gemma-3-27b-it",
        mantle: "google.gemma-3-27b-it",
        name: "Gemma 3 27B IT",
        provider: "Google",
        images: true,
        ..PLAIN
    },
    Model { mantle: "google.gemma-4-31b", name: "Gemma 4 31B", provider: "Google", images: true, ..PLAIN },
    Model {
        id: "meta.llama4-maverick-17b-instruct-v1:0",
        name: "Llama 4 Maverick 17B Instruct",
        provider: "Meta",
        images: true,
        on_demand: false,
        profiles: &["us"],
        ..PLAIN
    },
    Model {
        id: "mistral.mistral-large-3-675b-instruct",
        mantle: "mistral.mistral-large-3-675b-instruct",
        name: "Mistral Large 3",
        provider: "Mistral AI",
        images: true,
        ..PLAIN
    },
    Model {
        id: "openai.gpt-oss-120b-1:0",
        mantle: "openai.gpt-oss-120b",
        name: "gpt-oss-120b",
        provider: "OpenAI",
        ..PLAIN
    },
    Model { mantle: "openai.gpt-oss-safeguard-20b", name: "gpt-oss-safeguard-20b", provider: "OpenAI", ..PLAIN },
    Model { mantle: "openai.gpt-5.5", name: "GPT-5.5", ..GPT },
    Model { id: "openai.gpt-5.6-luna", mantle: "openai.gpt-5.6-luna", name: "GPT-5.6 Luna", ..GPT },
    Model { id: "openai.gpt-5.6-sol", mantle: "openai.gpt-5.6-sol", name: "GPT-5.6 Sol", ..GPT },
    Model { id: "qwen.qwen3-32b-v1:0", mantle: "qwen.qwen3-32b", name: "Qwen3 32B", provider: "Qwen", ..PLAIN },
    Model { mantle: "xai.grok-4.3", name: "Grok 4.3", provider: "xAI", images: true, ..PLAIN },
];
