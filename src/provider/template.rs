//! Chat templates: a conversation as one text, in the form of a model's training data.
//!
//! Each template equals the vendor's, byte for byte. A mark of the template inside a text gets a space, so that a text
//! cannot imitate another role's turn.

use std::borrow::Cow;

use super::repair::Side;

/// The text before and after another text.
type Around = (&'static str, &'static str);

/// A chat template.
pub(crate) struct Template {
    /// The beginning of every prompt.
    start: &'static str,
    system: System,
    user: Around,
    assistant: Around,
    /// The beginning of a reply, unless the conversation already has it.
    tail: &'static str,
    marks: Marks,
    /// Whether the vendor's template trims user texts too.
    trims: bool,
    /// The end of the reasoning in an earlier reply. The reasoning is left out.
    thought_end: Option<&'static str>,
    /// Whether a single human message is sent unchanged.
    bare: bool,
}

/// The place of the system text.
enum System {
    /// Before the first turn.
    First(Around),
    /// Inside the first turn, before the user's text.
    InsideUser(Around),
}

/// The marks that a text must not contain.
enum Marks {
    /// Any name between two of these, such as `<|eot_id|>`.
    Named(&'static [Around]),
    /// These texts.
    Exact(&'static [&'static str]),
    /// These texts at the beginning of a line.
    Labels(&'static [&'static str]),
}

/// A part of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PromptPart {
    Text(String),
    /// The place of an image.
    Image,
}

/// Llama's mark for the place of an image in the text.
const IMAGE: &str = "<|image|>";

/// [Llama 3, 3.1, 3.2 and 3.3](https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1/).
pub(crate) static LLAMA_3: Template = Template {
    start: "<|begin_of_text|>",
    system: System::First(("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>")),
    user: ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
    assistant: ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
    tail: "<|start_header_id|>assistant<|end_header_id|>\n\n",
    marks: Marks::Named(&[("<|", "|>")]),
    trims: true,
    thought_end: None,
    bare: false,
};

/// [Llama 4](https://www.llama.com/docs/model-cards-and-prompt-formats/llama4/).
pub(crate) static LLAMA_4: Template = Template {
    system: System::First(("<|header_start|>system<|header_end|>\n\n", "<|eot|>")),
    user: ("<|header_start|>user<|header_end|>\n\n", "<|eot|>"),
    assistant: ("<|header_start|>assistant<|header_end|>\n\n", "<|eot|>"),
    tail: "<|header_start|>assistant<|header_end|>\n\n",
    start: "<|begin_of_text|>",
    marks: Marks::Named(&[("<|", "|>")]),
    trims: true,
    thought_end: None,
    bare: false,
};

/// The marks of Llama 2, which are often used in prompts for Mistral's models too, and those of Mistral's tools.
const INSTRUCTIONS: Marks = Marks::Exact(&[
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_CALLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
]);

/// [Llama 2 Chat](https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-2/).
pub(crate) static LLAMA_2: Template = Template {
    start: "",
    system: System::InsideUser(("<<SYS>>\n", "\n<</SYS>>\n\n")),
    user: ("<s>[INST] ", " [/INST]"),
    assistant: (" ", " </s>"),
    tail: "",
    marks: INSTRUCTIONS,
    trims: true,
    thought_end: None,
    bare: false,
};

/// Mistral's instruct models, as AWS writes their
/// [turns](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html).
/// They have no system role: [Mistral](https://docs.mistral.ai/cookbook/concept-deep-dive-tokenization-templates)
/// puts the system text before the first user's.
pub(crate) static MISTRAL: Template = Template {
    start: "<s>",
    system: System::InsideUser(("", "\n\n")),
    user: ("[INST] ", " [/INST]"),
    assistant: (" ", "</s> "),
    tail: "",
    marks: INSTRUCTIONS,
    trims: false,
    thought_end: None,
    bare: false,
};

/// [DeepSeek R1](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html).
/// The bars are U+FF5C and the lines U+2581, but one of the tokenizer's marks that end a text is `<|EOT|>`. The reply
/// begins inside the reasoning.
pub(crate) static DEEPSEEK_R1: Template = Template {
    start: "<｜begin▁of▁sentence｜>",
    system: System::First(("", "")),
    user: ("<｜User｜>", ""),
    assistant: ("<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
    tail: "<｜Assistant｜><think>\n",
    marks: Marks::Named(&[("<｜", "｜>"), ("<|", "|>")]),
    trims: false,
    thought_end: Some("</think>"),
    bare: false,
};

/// [Claude 2 and Claude Instant](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-text-completion.html).
pub(crate) static CLAUDE_2: Template = Template {
    start: "",
    system: System::First(("", "")),
    user: ("\n\nHuman: ", ""),
    assistant: ("\n\nAssistant: ", ""),
    tail: "\n\nAssistant:",
    marks: Marks::Labels(&["Human:", "Assistant:"]),
    trims: false,
    thought_end: None,
    bare: false,
};

/// [Titan Text](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html).
pub(crate) static TITAN: Template = Template {
    start: "",
    system: System::First(("", "\n")),
    user: ("User: ", "\n"),
    assistant: ("Bot: ", "\n"),
    tail: "Bot:",
    marks: Marks::Labels(&["User:", "Bot:"]),
    trims: false,
    thought_end: None,
    bare: false,
};

/// The template of models that were trained to follow one instruction, without a format for conversations: Cohere
/// Command and AI21 Jurassic-2. A single message is sent unchanged; several messages get labels.
pub(crate) static INSTRUCTION: Template = Template {
    start: "",
    system: System::First(("", "\n\n")),
    user: ("User: ", "\n"),
    assistant: ("Assistant: ", "\n"),
    tail: "Assistant:",
    marks: Marks::Labels(&["User:", "Assistant:"]),
    trims: false,
    thought_end: None,
    bare: true,
};

impl Template {
    /// Returns the prompt for a conversation. If the last turn is the model's, the reply continues it.
    pub(crate) fn render(&self, system: &str, turns: &[(Side, Vec<PromptPart>)]) -> String {
        let mut out = String::from(self.start);
        let mut system = self.cleaned(system.trim());
        if let (true, "", [(Side::User, parts)]) = (self.bare, &*system, turns) {
            self.write(&mut out, Side::User, parts, false);
            return out;
        }
        if let (System::First(around), false) = (&self.system, system.is_empty()) {
            put(&mut out, around, &std::mem::take(&mut system));
        }
        for (i, (side, parts)) in turns.iter().enumerate() {
            let last = i + 1 == turns.len();
            let (before, behind) = match side {
                Side::User | Side::System => self.user,
                Side::Assistant => self.assistant,
            };
            out.push_str(before);
            if let (System::InsideUser(around), Side::User, false) = (&self.system, side, system.is_empty()) {
                put(&mut out, around, &std::mem::take(&mut system));
            }
            self.write(&mut out, *side, parts, last);
            match (side, last) {
                // A reply that is to be continued has no end mark.
                (Side::Assistant, true) => {}
                (Side::User | Side::System, true) => {
                    out.push_str(behind);
                    out.push_str(self.tail);
                }
                (_, false) => out.push_str(behind),
            }
        }
        out
    }

    fn write(&self, out: &mut String, side: Side, parts: &[PromptPart], last: bool) {
        for part in parts {
            match part {
                PromptPart::Image => out.push_str(IMAGE),
                PromptPart::Text(text) => {
                    let mut text = text.as_str();
                    if let (Some(end), Side::Assistant, false) = (self.thought_end, side, last) {
                        text = crate::text::after_last(text, end).unwrap_or(text);
                    }
                    // The template has white space around a reply, and models often begin with white space.
                    if self.trims || side == Side::Assistant {
                        text = text.trim();
                    }
                    out.push_str(&self.cleaned(text));
                }
            }
        }
    }

    /// Returns the text with a space in every mark, so that it is not a mark anymore. One pass, as the text may
    /// be long and hostile.
    fn cleaned<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let (mut out, mut done) = (String::new(), 0);
        let mut before = b'\n';
        for (at, byte) in text.bytes().enumerate() {
            let may_be = match self.marks {
                Marks::Labels(_) => matches!(before, b'\n' | b'\r'),
                Marks::Exact(_) | Marks::Named(_) => matches!(byte, b'<' | b'['),
            };
            before = byte;
            let cut = text.get(at..).filter(|_| may_be).and_then(|rest| self.marks.broken(rest));
            if let Some(cut) = cut {
                out.push_str(text.get(done..at + cut).unwrap_or_default());
                out.push(' ');
                done = at + cut;
            }
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(out)
    }
}

fn put(out: &mut String, around: &Around, text: &str) {
    out.push_str(around.0);
    out.push_str(text);
    out.push_str(around.1);
}

impl Marks {
    /// If the text begins with a mark, returns the position for the space that breaks it.
    fn broken(&self, text: &str) -> Option<usize> {
        match *self {
            Self::Exact(marks) => marks.iter().any(|mark| text.starts_with(mark)).then_some(1),
            Self::Named(pairs) => pairs.iter().find_map(|(open, close)| {
                let inside = text.strip_prefix(open)?;
                // The names of both vendors consist of letters, digits and two kinds of underscores.
                let behind = inside.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '▁'));
                #[cfg(test)]
                tests::skipped(inside.len() - behind.len());
                (behind.len() < inside.len() && behind.starts_with(close)).then_some(1)
            }),
            // Before the colon.
            Self::Labels(labels) => {
                let trimmed = text.trim_start_matches([' ', '\t']);
                #[cfg(test)]
                tests::skipped(text.len() - trimmed.len());
                let label = labels.iter().find(|label| trimmed.starts_with(**label))?;
                Some(text.len() - trimmed.len() + label.len() - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests;
