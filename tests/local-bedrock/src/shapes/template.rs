//! Chat templates, read backwards: from a raw prompt to the conversation in it.
//!
//! A model is trained on exact tokens. A prompt with only some of these tokens gets an answer that names the error. A
//! real model would not report it.

/// A parsed prompt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Chat {
        system: String,
        /// The turns in order, each with whether it is the user's, and its text. The last turn is the user's.
        turns: Vec<(bool, String)>,
    },
    /// None of the template's tokens: text to continue.
    Raw,
    /// An incomplete template, and the error in it.
    Confused(String),
}

fn confused(what: impl Into<String>) -> Reading {
    Reading::Confused(what.into())
}

/// The tokens of Llama 3 or 4.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Headers {
    open: &'static str,
    close: &'static str,
    ends: &'static [&'static str],
}

pub(crate) const LLAMA3: Headers =
    Headers { open: "<|start_header_id|>", close: "<|end_header_id|>", ends: &["<|eot_id|>", "<|eom_id|>"] };
pub(crate) const LLAMA4: Headers =
    Headers { open: "<|header_start|>", close: "<|header_end|>", ends: &["<|eot|>", "<|eom|>"] };

/// Reads `<|begin_of_text|>` and then, for each message, header, blank line, text, end of turn. The last header is
/// the assistant's, and nothing follows its blank line.
pub(crate) fn llama(prompt: &str, tokens: Headers) -> Reading {
    if !prompt.contains("<|") {
        return Reading::Raw;
    }
    let Some(mut rest) = prompt.strip_prefix("<|begin_of_text|>") else {
        return confused("the prompt does not start with <|begin_of_text|>");
    };
    let mut system = String::new();
    let mut turns: Vec<(bool, String)> = Vec::new();
    loop {
        let Some(header) = rest.strip_prefix(tokens.open) else {
            return confused(format!("{} was expected before {:?}", tokens.open, start_of(rest)));
        };
        let Some((role, text)) = header.split_once(tokens.close) else {
            return confused(format!("a header is not closed with {}", tokens.close));
        };
        let Some(text) = text.strip_prefix("\n\n") else {
            return confused(format!("a blank line is missing after {role}{}", tokens.close));
        };
        let end = tokens.ends.iter().filter_map(|end| text.find(end).map(|at| (at, end.len()))).min();
        let Some((at, length)) = end else {
            return match (role, text) {
                ("assistant", "") => finished(system, turns),
                ("assistant", _) => confused("text follows the last assistant header"),
                _ => confused(format!("the {role}'s turn does not end with {}", tokens.ends.first().unwrap_or(&""))),
            };
        };
        let (content, after) = text.split_at(at);
        rest = after.get(length..).unwrap_or_default();
        match role {
            "system" if turns.is_empty() => system.push_str(content),
            "system" => return confused("a system turn after the conversation began"),
            "user" | "ipython" => turns.push((true, content.replace("<|image|>", ""))),
            "assistant" => turns.push((false, content.to_owned())),
            other => return confused(format!("the role {other:?} is unknown")),
        }
    }
}

/// Reads `<s>[INST] text [/INST]answer</s>[INST] text [/INST]`, for Mistral. Llama 2 (`system_block`) has `<<SYS>>`
/// inside the first instruction and `<s>` before every instruction.
pub(crate) fn instructions(prompt: &str, system_block: bool) -> Reading {
    if !["[INST]", "[/INST]", "<<SYS>>", "<s>"].iter().any(|token| prompt.contains(token)) {
        return Reading::Raw;
    }
    let Some(mut rest) = prompt.strip_prefix("<s>") else {
        return confused("the prompt does not start with <s>");
    };
    let mut system = String::new();
    let mut turns: Vec<(bool, String)> = Vec::new();
    loop {
        let Some(inside) = rest.trim_start().strip_prefix("[INST]") else {
            return confused(format!("[INST] was expected before {:?}", start_of(rest)));
        };
        let Some((user, after)) = inside.split_once("[/INST]") else {
            return confused("an [INST] is not closed with [/INST]");
        };
        let mut user = user.trim();
        if let Some(block) = user.strip_prefix("<<SYS>>") {
            let (true, true, Some((inner, told))) = (system_block, turns.is_empty(), block.split_once("<</SYS>>"))
            else {
                return confused("<<SYS>> is misplaced or not closed with <</SYS>>");
            };
            system = inner.trim().to_owned();
            user = told.trim();
        }
        if user.contains("<<SYS>>") || user.contains("[INST]") {
            return confused("template tokens stand inside an instruction");
        }
        turns.push((true, user.to_owned()));
        if after.trim().is_empty() {
            return finished(system, turns);
        }
        let Some((answer, later)) = after.split_once("</s>") else {
            return confused("an earlier answer is not closed with </s>");
        };
        turns.push((false, answer.trim().to_owned()));
        rest = if system_block { later.strip_prefix("<s>").unwrap_or(later) } else { later };
    }
}

/// Reads DeepSeek's tokens, with a full-width bar and a lower block, which look like ASCII.
pub(crate) fn deepseek(prompt: &str) -> Reading {
    const BEGIN: &str = "<｜begin▁of▁sentence｜>";
    const USER: &str = "<｜User｜>";
    const ASSISTANT: &str = "<｜Assistant｜>";
    const END: &str = "<｜end▁of▁sentence｜>";
    if ["<|User|>", "<|Assistant|>", "<|begin_of_sentence|>", "<|begin▁of▁sentence|>"]
        .iter()
        .any(|t| prompt.contains(t))
    {
        return confused("the tokens are ASCII look-alikes; the model's are written with U+FF5C and U+2581");
    }
    if !prompt.contains("<｜") {
        return Reading::Raw;
    }
    let Some(rest) = prompt.strip_prefix(BEGIN) else {
        return confused(format!("the prompt does not start with {BEGIN}"));
    };
    let Some((system, mut rest)) = rest.split_once(USER) else {
        return confused(format!("there is no {USER}"));
    };
    let mut turns: Vec<(bool, String)> = Vec::new();
    loop {
        let Some((user, after)) = rest.split_once(ASSISTANT) else {
            return confused(format!("the last turn is not followed by {ASSISTANT}"));
        };
        turns.push((true, user.to_owned()));
        let Some((answer, later)) = after.split_once(END) else {
            let opened = after.strip_prefix("<think>").unwrap_or(after);
            if opened.trim().is_empty() {
                return finished(system.to_owned(), turns);
            }
            return confused(format!("an earlier answer is not closed with {END}"));
        };
        turns.push((false, answer.to_owned()));
        let Some(next) = later.strip_prefix(USER) else {
            return confused(format!("{USER} was expected after {END}"));
        };
        rest = next;
    }
}

/// Reads `\n\nHuman: ...\n\nAssistant:` for Claude 2, or `User: ...\nBot:` for Titan. A system text may be in front.
pub(crate) fn labels(prompt: &str, user: &str, model: &str) -> Reading {
    let pieces = labelled(prompt, user, model);
    if pieces.iter().all(|(label, _)| label.is_empty()) {
        return Reading::Raw;
    }
    let mut system = String::new();
    let mut turns: Vec<(bool, String)> = Vec::new();
    for (label, text) in pieces {
        match label {
            "" => system = text.trim().to_owned(),
            label if label == user => {
                // Claude 2 accepts system text between <admin> tags in a separate turn.
                match text.trim().strip_prefix("<admin>").and_then(|text| text.strip_suffix("</admin>")) {
                    Some(admin) => system = admin.to_owned(),
                    None => turns.push((true, text.trim().to_owned())),
                }
            }
            _ => turns.push((false, text.trim().to_owned())),
        }
    }
    match turns.pop() {
        Some((false, text)) if text.is_empty() => finished(system, turns),
        _ => confused(format!("the prompt does not end with {:?}", model.trim_start())),
    }
}

/// Cuts at every label that begins a line.
fn labelled<'a>(prompt: &'a str, user: &'a str, model: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut pieces: Vec<(&str, &str)> = Vec::new();
    let mut label = "";
    let mut rest = prompt;
    loop {
        let next = [user, model]
            .into_iter()
            .filter_map(|candidate| {
                let bare = candidate.trim_start();
                if label.is_empty() && rest.len() == prompt.len() && prompt.starts_with(bare) {
                    return Some((0, bare.len(), candidate));
                }
                rest.find(candidate).map(|at| (at, candidate.len(), candidate))
            })
            .min_by_key(|(at, _, _)| *at);
        let Some((at, length, found)) = next else {
            pieces.push((label, rest));
            return pieces;
        };
        let (text, after) = rest.split_at(at);
        if !(label.is_empty() && text.trim().is_empty()) {
            pieces.push((label, text));
        }
        label = found;
        rest = after.get(length..).unwrap_or_default();
    }
}

fn finished(system: String, turns: Vec<(bool, String)>) -> Reading {
    match turns.last() {
        Some((true, _)) => Reading::Chat { system, turns },
        Some((false, _)) => confused("the last turn before the answer is the assistant's"),
        None => confused("there is no user's turn"),
    }
}

fn start_of(text: &str) -> String {
    text.chars().take(24).collect()
}

#[cfg(test)]
mod tests;
