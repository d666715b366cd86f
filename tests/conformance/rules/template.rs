//! The prompts that vendors publish for their models, written from their documentation.

use crate::suite::case::Scenario;

use super::build::{Texts, texts};

/// The vendor's prompt for a conversation of text; `None` for models that do not take a prompt.
pub(super) fn prompt(scenario: &Scenario) -> Option<String> {
    let Texts { system, turns } = texts(scenario)?;
    let model = &scenario.model;
    let is = |name: &str| model.contains(name);
    Some(if is("anthropic.claude-v2") || is("anthropic.claude-instant") {
        let clean = |text: &str| labels_broken(text, &["Human:", "Assistant:"]);
        let start = clean(&system);
        rendered(&start, &turns, clean, ("\n\nHuman: ", ""), ("\n\nAssistant: ", ""), "\n\nAssistant:")
    } else if is("meta.llama3") {
        llama(&system, &turns, "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    } else if is("meta.llama4") {
        llama(&system, &turns, "<|header_start|>", "<|header_end|>", "<|eot|>")
    } else if is("meta.llama2") {
        let clean = |text: &str| marks_broken(text, &["<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"]);
        let system = if system.is_empty() { system } else { format!("<<SYS>>\n{}\n<</SYS>>\n\n", clean(&system)) };
        let prompt = rendered("", &turns, clean, ("<s>[INST] ", " [/INST]"), (" ", " </s>"), "");
        prompt.replacen("<s>[INST] ", &format!("<s>[INST] {system}"), 1)
    } else if is("mistral.") {
        let clean = |text: &str| marks_broken(text, &["<s>", "</s>", "[INST]", "[/INST]"]);
        let system = if system.is_empty() { system } else { format!("{}\n\n", clean(&system)) };
        let prompt = rendered("<s>", &turns, clean, ("[INST] ", " [/INST]"), (" ", "</s> "), "");
        prompt.replacen("[INST] ", &format!("[INST] {system}"), 1)
    } else if is("deepseek.r1") {
        let start = format!("<｜begin▁of▁sentence｜>{system}");
        let answer = ("<｜Assistant｜>", "<｜end▁of▁sentence｜>");
        rendered(&start, &turns, str::to_owned, ("<｜User｜>", ""), answer, "<｜Assistant｜><think>\n")
    } else if is("amazon.titan") {
        let clean = |text: &str| labels_broken(text, &["User:", "Bot:"]);
        let start = if system.is_empty() { system } else { format!("{system}\n") };
        rendered(&start, &turns, clean, ("User: ", "\n"), ("Bot: ", "\n"), "Bot:")
    } else if is("cohere.command") || is("ai21.j2") {
        match turns.as_slice() {
            // The model was trained on one instruction, which is sent unchanged.
            [(true, text)] if system.is_empty() => text.clone(),
            turns => {
                let clean = |text: &str| labels_broken(text, &["User:", "Assistant:"]);
                let start = if system.is_empty() { system } else { format!("{system}\n\n") };
                rendered(&start, turns, clean, ("User: ", "\n"), ("Assistant: ", "\n"), "Assistant:")
            }
        }
    } else {
        return None;
    })
}

type Around<'a> = (&'a str, &'a str);

fn rendered(
    start: &str,
    turns: &[(bool, String)],
    clean: impl Fn(&str) -> String,
    user: Around<'_>,
    answer: Around<'_>,
    tail: &str,
) -> String {
    let mut prompt = start.to_owned();
    for (at, (is_user, text)) in turns.iter().enumerate() {
        let (before, after) = if *is_user { user } else { answer };
        prompt.push_str(before);
        // White space around earlier answers is not sent.
        prompt.push_str(&if *is_user { clean(text) } else { clean(text.trim()) });
        if at + 1 == turns.len() && !is_user {
            // The model continues an answer that has begun.
            return prompt;
        }
        prompt.push_str(after);
    }
    prompt + tail
}

fn llama(system: &str, turns: &[(bool, String)], open: &str, close: &str, end: &str) -> String {
    let clean = |text: &str| marks_broken(text.trim(), &[open, close, end, "<|begin_of_text|>", "<|image|>"]);
    let header = |role: &str| format!("{open}{role}{close}\n\n");
    let mut start = "<|begin_of_text|>".to_owned();
    if !system.is_empty() {
        start += &format!("{}{}{end}", header("system"), clean(system));
    }
    let (user, assistant) = (header("user"), header("assistant"));
    rendered(&start, turns, clean, (&user, end), (&assistant, end), &assistant)
}

/// Breaks template markers inside message text with a space after their first character.
fn marks_broken(text: &str, marks: &[&str]) -> String {
    let broken = |text: String, mark: &&str| text.replace(mark, &format!("{} {}", &mark[..1], &mark[1..]));
    marks.iter().fold(text.to_owned(), broken)
}

/// Breaks labels at the beginning of a line of message text with a space before their colon.
fn labels_broken(text: &str, labels: &[&str]) -> String {
    let line = |line: &str| {
        let text = line.trim_start_matches([' ', '\t']);
        match labels.iter().find(|label| text.starts_with(**label)) {
            Some(label) => {
                let at = line.len() - text.len() + label.len() - 1;
                format!("{} {}", &line[..at], &line[at..])
            }
            None => line.to_owned(),
        }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
