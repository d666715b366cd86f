//! The replies of the model.

use serde_json::Value;

use super::question::{self, Question};
use super::{Answer, Block, CallIds, Choice, Citation, ECHO_PREFIX, Media, Part, Prompt, Stop, Thinking, Tool, Turn};
use super::{fill, thinking, tokens};
use crate::json;

/// The beginning of the reply to a prompt without a conversation.
const RAW_PREFIX: &str = "I am the local Bedrock's echo model, given a prompt without a chat template: ";

/// The text of the reply when the guardrail intervenes.
pub(crate) const BLOCKED_TEXT: &str = "Sorry, the local guardrail does not let this through.";

/// Whether the guardrail intervenes.
pub(crate) fn is_blocked(prompt: &Prompt) -> bool {
    prompt.guarded && prompt.turns.last().is_some_and(|turn| said(turn).contains("BLOCKED"))
}

/// Answers a prompt; the same prompt always gets the same answer.
pub(crate) fn answer(prompt: &Prompt) -> Answer {
    let fingerprint = prompt.ledger.fingerprint();
    if is_blocked(prompt) {
        let text = BLOCKED_TEXT.to_owned();
        return Answer {
            output_tokens: 0,
            thinking_tokens: 0,
            blocks: vec![Block::Text { text, citation: None }],
            stop: Stop::Guardrail,
            fingerprint,
        };
    }
    let question = Question::read(&prompt.turns.last().map(said).unwrap_or_default());
    let mut blocks = think(prompt, &question);
    blocks.extend(decide(prompt, &question, &fingerprint));
    limit(prompt, blocks, fingerprint)
}

fn think(prompt: &Prompt, question: &Question) -> Vec<Block> {
    if prompt.thinking == Thinking::Off {
        return Vec::new();
    }
    let wanted = question.text.trim();
    let text = match prompt.thinking {
        Thinking::Omitted => String::new(),
        _ if wanted.is_empty() => "There is no new question. I go on with what I have.".to_owned(),
        _ => format!("The user says: \"{wanted}\"\nI am a local echo model, so the honest answer is short."),
    };
    let signature = thinking::sign_thinking(&text);
    let mut blocks = vec![Block::Thinking { text, signature }];
    let magic = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING";
    if question.mentions("redacted thinking") || question.text.contains(magic) {
        blocks.push(Block::Redacted(thinking::redact(wanted)));
    }
    blocks
}

fn decide(prompt: &Prompt, question: &Question, fingerprint: &str) -> Vec<Block> {
    if let Some(confusion) = &prompt.confusion {
        return vec![text(format!("I am the local Bedrock's echo model and I am confused: {confusion}"))];
    }
    let forced: Option<Vec<&Tool>> = match &prompt.choice {
        Choice::Named(name) => Some(prompt.tools.iter().filter(|tool| tool.name == *name).collect()),
        Choice::Any => Some(any_tool(prompt)),
        Choice::Auto => told_to_call(prompt),
        Choice::None => None,
    };
    if let Some(tools) = forced.filter(|tools| !tools.is_empty()) {
        return calls(prompt, &tools, &asked(prompt), fingerprint);
    }
    if let Some(schema) = &prompt.schema {
        return vec![text(json::text(&fill::value(schema, question, 0)))];
    }
    let Some(last) = prompt.turns.last() else {
        return vec![text(ECHO_PREFIX.to_owned())];
    };
    if !last.user {
        return vec![text(", continued by the local Bedrock's echo model.".to_owned())];
    }
    let results: Vec<String> = last.parts.iter().filter_map(summary).collect();
    if !results.is_empty() {
        return vec![text(results.join("\n"))];
    }
    if let Some(tool) = prompt.service_tools.first().filter(|_| question.mentions("search")) {
        return searched(tool, question, fingerprint);
    }
    if prompt.choice != Choice::None {
        let tools = question::wanted_tools(question, &prompt.tools);
        if !tools.is_empty() {
            let mut blocks = vec![text("Let me look that up.".to_owned())];
            blocks.extend(calls(prompt, &tools, question, fingerprint));
            return blocks;
        }
    }
    if let Some(translation) = translated(&prompt.system, &question.text) {
        return vec![text(translation.to_owned())];
    }
    if prompt.raw {
        return vec![text(format!("{RAW_PREFIX}{}", question.text))];
    }
    echo(last, question)
}

/// Returns the tools that a system message asks the model to call. A real model would call them, too.
fn told_to_call(prompt: &Prompt) -> Option<Vec<&Tool>> {
    let named = |tool: &&Tool| prompt.system.contains(&format!("Call the tool `{}`", tool.name));
    match prompt.tools.iter().find(named) {
        Some(tool) => Some(vec![tool]),
        None => prompt.system.contains("Call one of the tools").then(|| any_tool(prompt)),
    }
}

/// Returns the position of the last question; calls and results come after it.
fn asking(prompt: &Prompt) -> usize {
    let asks = |turn: &Turn| turn.user && !said(turn).trim().is_empty();
    prompt.turns.iter().rposition(asks).unwrap_or(0)
}

/// Returns the question that the last calls and results belong to.
fn asked(prompt: &Prompt) -> Question {
    Question::read(&prompt.turns.get(asking(prompt)).map(said).unwrap_or_default())
}

/// Returns the tools for the choice `any`. These are all tools that fit the question and have no result yet, or else the
/// last tool without a result. Agents put the tool that ends their loop at the end.
fn any_tool(prompt: &Prompt) -> Vec<&Tool> {
    let since = prompt.turns.iter().skip(asking(prompt)).flat_map(|turn| &turn.parts);
    let answered: Vec<&str> = since
        .filter_map(|part| match part {
            Part::ToolResult { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let open = |tool: &&Tool| !answered.contains(&tool.name.as_str());
    let wanted: Vec<&Tool> = question::wanted_tools(&asked(prompt), &prompt.tools).into_iter().filter(open).collect();
    if !wanted.is_empty() {
        return wanted;
    }
    if answered.is_empty() {
        return prompt.tools.iter().take(1).collect();
    }
    prompt.tools.iter().rev().find(open).or(prompt.tools.last()).into_iter().collect()
}

fn text(text: String) -> Block {
    Block::Text { text, citation: None }
}

/// Returns all text of the user in a turn.
fn said(turn: &Turn) -> String {
    let texts: Vec<&str> = turn
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    texts.join("\n")
}

fn summary(part: &Part) -> Option<String> {
    match part {
        Part::ToolResult { name, text, failed: false, .. } => Some(format!("The tool {name} answered: {text}")),
        Part::ToolResult { name, text, failed: true, .. } => Some(format!("The tool {name} failed: {text}")),
        _ => None,
    }
}

/// Returns the translation of the only sentence that the model can translate. For families without a system turn, the
/// instruction is in front of the sentence.
fn translated(system: &str, said: &str) -> Option<&'static str> {
    let asked = |text: &str| text.to_lowercase().contains("english to french");
    let sentence = match said.trim().rsplit_once('\n') {
        Some((before, last)) if asked(before) => last,
        _ if asked(system) => said,
        _ => return None,
    };
    let sentence = sentence.trim().trim_start_matches("Human:").trim().trim_end_matches(['.', '!']);
    (sentence.to_lowercase() == "i love programming").then_some("J'adore la programmation.")
}

fn echo(turn: &Turn, question: &Question) -> Vec<Block> {
    let media: Vec<&Media> = turn
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Media(media) => Some(media),
            _ => None,
        })
        .collect();
    let mut said = format!("{ECHO_PREFIX}{}", question.text);
    for item in &media {
        let title = item.title.as_ref().map(|title| format!(" named {title}")).unwrap_or_default();
        said.push_str(&format!(" [I received {} of {} bytes{title}]", item.media_type, item.bytes.len()));
    }
    let mut blocks = vec![text(said)];
    for item in media {
        if let Some(source) = &item.cite {
            let end = source.find(['.', '\n']).map_or(source.len(), |at| at + 1);
            let quote = source.get(..end).unwrap_or(source).to_owned();
            let citation = Citation {
                quote: quote.clone(),
                document_index: item.document_index,
                title: item.title.clone(),
                pages: item.media_type == "application/pdf",
            };
            blocks.push(Block::Text { text: format!(" It begins: {quote}"), citation: Some(citation) });
        }
    }
    blocks
}

/// Returns a call of a server tool with its result, and a sentence that cites it.
fn searched(tool: &str, question: &Question, fingerprint: &str) -> Vec<Block> {
    let found = "The local Bedrock has found nothing but itself.".to_owned();
    let citation = Citation { quote: found.clone(), document_index: 0, title: None, pages: false };
    let input = serde_json::json!({"query": question.text.trim()});
    vec![
        Block::ServiceCall {
            id: format!("tooluse_{fingerprint}ss"),
            name: tool.to_owned(),
            input,
            result: found.clone(),
        },
        Block::Text { text: found, citation: Some(citation) },
    ]
}

/// Returns one call per tool, or one per place if the tool has a place as its argument.
fn calls(prompt: &Prompt, tools: &[&Tool], question: &Question, fingerprint: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for tool in tools {
        let properties = tool.schema.get("properties").and_then(Value::as_object);
        let takes_a_place = properties.is_some_and(|properties| {
            properties.iter().any(|(name, schema)| {
                fill::is_place(name) && schema.get("type").and_then(Value::as_str) == Some("string")
            })
        });
        let times = if takes_a_place { question.places.len().max(1) } else { 1 };
        for turn in 0..times {
            let input = fill::value(&tool.schema, question, turn);
            let input = if input.is_object() { input } else { serde_json::json!({}) };
            let id = call_id(prompt.call_ids, fingerprint, blocks.len());
            let raw = json::ascii_text(&input);
            blocks.push(Block::Call { id, name: tool.name.clone(), input, raw });
        }
    }
    if prompt.single_call {
        blocks.truncate(1);
    }
    blocks
}

pub(super) fn call_id(style: CallIds, fingerprint: &str, number: usize) -> String {
    match style {
        CallIds::Anthropic => format!("toolu_bdrk_{fingerprint}{number:02}"),
        CallIds::Converse => format!("tooluse_{fingerprint}{number:02}"),
        CallIds::ChatCompletions => format!("chatcmpl-tool-{fingerprint}{number:02}"),
        CallIds::Mistral => format!("{}{number:02}", fingerprint.get(..7).unwrap_or(fingerprint)),
    }
}

/// Applies stop sequences and the token limit.
fn limit(prompt: &Prompt, blocks: Vec<Block>, fingerprint: String) -> Answer {
    let mut stop = Stop::EndTurn;
    let mut left = prompt.max_tokens.unwrap_or(usize::MAX);
    let (mut output_tokens, mut thinking_tokens) = (0, 0);
    let mut kept: Vec<Block> = Vec::new();
    for mut block in blocks {
        if left == 0 {
            stop = Stop::MaxTokens;
            break;
        }
        let mut sequence = None;
        if let Block::Text { text, .. } = &mut block {
            sequence = first_stop(text, &prompt.stop);
            if let Some((at, _)) = &sequence {
                text.truncate(*at);
            }
        }
        let (cut, used) = match &mut block {
            Block::Thinking { text, signature } => {
                let (shorter, cut, used) = tokens::cut(text, left);
                if cut {
                    *signature = thinking::sign_thinking(&shorter);
                    *text = shorter;
                }
                thinking_tokens += used;
                (cut, used)
            }
            Block::Redacted(_) | Block::ServiceCall { .. } => (false, 8.min(left)),
            Block::Text { text, .. } => {
                let (shorter, cut, used) = tokens::cut(text, left);
                *text = shorter;
                (cut, used)
            }
            Block::Call { name, input, raw, .. } => {
                let price = tokens::count(name);
                let (shorter, cut, used) = tokens::cut(raw, left.saturating_sub(price));
                if cut {
                    *input = serde_json::json!({});
                    *raw = shorter;
                }
                (cut, (used + price).min(left))
            }
        };
        left -= used;
        output_tokens += used;
        let empty = matches!(&block, Block::Text { text, .. } if text.is_empty());
        if matches!(block, Block::Call { .. }) {
            stop = Stop::ToolUse;
        }
        if !empty {
            kept.push(block);
        }
        if cut {
            stop = Stop::MaxTokens;
            break;
        }
        if let Some((_, sequence)) = sequence {
            stop = Stop::Sequence(sequence);
            break;
        }
    }
    Answer { blocks: kept, stop, output_tokens, thinking_tokens, fingerprint }
}

fn first_stop(text: &str, sequences: &[String]) -> Option<(usize, String)> {
    sequences
        .iter()
        .filter(|sequence| !sequence.is_empty())
        .filter_map(|sequence| text.find(sequence.as_str()).map(|at| (at, sequence.clone())))
        .min_by_key(|(at, _)| *at)
}
