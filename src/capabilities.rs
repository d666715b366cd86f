//! Capabilities of models: their names, and a set of known answers.

/// Makes the enum of capabilities, whose variants have names for JavaScript.
macro_rules! capabilities {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// One fact about a model: see [`Capabilities`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Capability { $($(#[$doc])* $variant,)+ }

        impl Capability {
            /// All capabilities, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the name that the npm package uses, for instance `strictTools`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Parses the name that the npm package uses.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|capability| capability.as_str() == name)
            }
        }
    };
}

capabilities! {
    /// The model can call tools.
    Tools = "tools",
    /// A call can force the model to use a tool: [`ToolChoice::Any`](crate::ToolChoice::Any).
    ForcedTools = "forcedTools",
    /// A call can force one tool by its name: [`ToolChoice::Tool`](crate::ToolChoice::Tool).
    NamedTools = "namedTools",
    /// A call can force a tool while the model reasons.
    ForcedToolsWithReasoning = "forcedToolsWithReasoning",
    /// The model calls a tool if the system message asks for it. Used if a call cannot force the tool.
    AskedTools = "askedTools",
    /// A call can forbid several tool calls in one turn.
    SerialTools = "serialTools",
    /// The service makes the arguments of a tool with `strict` fit its schema.
    StrictTools = "strictTools",
    /// The service makes the reply fit a JSON Schema.
    JsonSchema = "jsonSchema",
    /// Replies can be streamed.
    Streaming = "streaming",
    /// A call with tools can be streamed.
    StreamedTools = "streamedTools",
    /// The model accepts images in messages.
    Images = "images",
    /// The model accepts images and other media inside tool results.
    ImagesInResults = "imagesInResults",
    /// The model reads media from Amazon S3.
    MediaInS3 = "mediaInS3",
    /// System messages can follow other messages.
    SystemAnywhere = "systemAnywhere",
    /// A user message can directly follow tool results.
    UserAfterTools = "userAfterTools",
    /// The model signs its reasoning and accepts it in later turns.
    SignedReasoning = "signedReasoning",
    /// Reasoning can have a budget in tokens.
    ReasoningBudget = "reasoningBudget",
    /// The model can decide itself how much it reasons.
    AdaptiveReasoning = "adaptiveReasoning",
    /// Reasoning can have an effort.
    ReasoningEffort = "reasoningEffort",
    /// Reasoning can be switched off.
    ReasoningOff = "reasoningOff",
    /// Reasoning can be limited to the moments between tool calls.
    ReasoningBetweenTools = "reasoningBetweenTools",
    /// The model reasons unless a call says otherwise.
    ReasoningByDefault = "reasoningByDefault",
    /// The model accepts cache points.
    PromptCaching = "promptCaching",
    /// Cache points can have a lifetime of one hour.
    OneHourCache = "oneHourCache",
    /// The model accepts `temperature`, `top_p` and `top_k`.
    Sampling = "sampling",
    /// The model accepts stop sequences.
    StopSequences = "stopSequences",
}

/// The capabilities of a model over one API. Each [`Capability`] is supported, not supported, or unknown.
///
/// [`capabilities`](crate::capabilities) and [`BedrockChat::capabilities`](crate::BedrockChat::capabilities) return
/// what the library has in its table. [`ChatOptions::capabilities`](crate::ChatOptions::capabilities) corrects it, for instance
/// for a model that is newer than the library. A feature that the model is known to lack is refused before a call is
/// sent, or is sent in another form. A feature whose support is unknown is sent, and the service decides.
///
/// ```
/// use bedrock_chat::{Capabilities, Capability};
/// let can = Capabilities::unknown().with(Capability::StrictTools, false);
/// assert_eq!(can.get(Capability::StrictTools), Some(false));
/// assert_eq!(can.get(Capability::JsonSchema), None);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Capabilities {
    has: u32,
    lacks: u32,
}

const fn bits(capabilities: &[Capability]) -> u32 {
    let (mut bits, mut rest) = (0, capabilities);
    while let [first, others @ ..] = rest {
        bits |= 1 << (*first as u32);
        rest = others;
    }
    bits
}

impl Capabilities {
    /// Returns a set in which every capability is unknown.
    pub const fn unknown() -> Self {
        Self { has: 0, lacks: 0 }
    }

    /// Returns a set of supported (`has`) and unsupported (`lacks`) capabilities. All others are unknown.
    pub(crate) const fn of(has: &[Capability], lacks: &[Capability]) -> Self {
        Self { has: bits(has), lacks: bits(lacks) }
    }

    /// Returns the same set, with the capability marked as supported or as not supported.
    #[must_use]
    pub const fn with(self, capability: Capability, there: bool) -> Self {
        let bit = 1 << (capability as u32);
        let (has, lacks) = if there { (bit, 0) } else { (0, bit) };
        Self { has: self.has & !bit | has, lacks: self.lacks & !bit | lacks }
    }

    /// Returns the same set, with these capabilities marked as unknown.
    pub(crate) const fn without(self, unsure: &[Capability]) -> Self {
        Self { has: self.has & !bits(unsure), lacks: self.lacks & !bits(unsure) }
    }

    /// Merges two sets. Where both have an answer, the one of `other` is used.
    #[must_use]
    pub const fn overridden_by(self, other: Self) -> Self {
        let known = other.has | other.lacks;
        Self { has: self.has & !known | other.has, lacks: self.lacks & !known | other.lacks }
    }

    /// Returns whether the model has the capability; `None` if that is unknown.
    pub const fn get(self, capability: Capability) -> Option<bool> {
        match (self.has(capability), self.lacks(capability)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    /// Returns whether the model is known to have the capability.
    pub const fn has(self, capability: Capability) -> bool {
        self.has >> (capability as u32) & 1 == 1
    }

    /// Returns whether the model is known not to have the capability.
    pub const fn lacks(self, capability: Capability) -> bool {
        self.lacks >> (capability as u32) & 1 == 1
    }
}

impl std::fmt::Debug for Capabilities {
    /// Lists the known answers by name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = Capability::ALL.iter().filter_map(|one| self.get(*one).map(|there| (one.as_str(), there)));
        f.debug_map().entries(known).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_override_one_answer_at_a_time() {
        let table = Capabilities::of(&[Capability::Tools, Capability::Images], &[Capability::StrictTools]);
        let caller = Capabilities::unknown().with(Capability::Images, false).with(Capability::StrictTools, true);
        let both = table.overridden_by(caller);
        let known = |one| both.get(one);
        assert_eq!(
            [Capability::Tools, Capability::Images, Capability::StrictTools, Capability::JsonSchema].map(known),
            [Some(true), Some(false), Some(true), None]
        );
        assert_eq!(both.without(&[Capability::Tools]).get(Capability::Tools), None);
        assert_eq!(format!("{caller:?}"), r#"{"strictTools": true, "images": false}"#);
    }

    #[test]
    fn capability_names_are_parsed_and_unique() {
        for (at, one) in Capability::ALL.iter().enumerate() {
            assert_eq!(Capability::parse(one.as_str()), Some(*one));
            assert_eq!(*one as usize, at);
        }
        assert!(Capability::ALL.len() <= 32 && Capability::parse("tool").is_none());
    }
}
