//! A history that this crate wrote is never refused when it is sent back.
//!
//! The replies are those of the conformance data and of the local Bedrock, whole and cut after every event. Each reply
//! is continued as a caller would, and sent to a model of every family over every API. The local Bedrock decides
//! whether it accepts them.
//!
//! One reply of each shape is sent. The shape is the list of the kinds of blocks; the hash selects the reply.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../every_family/mod.rs"]
mod every_family;

mod continued;
mod faults;
mod local;
mod recorded;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bedrock_chat::{Accumulator, AiMessage, BedrockChat, ChatEvent, Content, Message, Result};
use local_bedrock::LocalBedrock;
use tokio::task::JoinSet;

use continued::{History, Target};
use faults::Faults;

/// A whole reply or a partial one, with its origin.
#[derive(Clone, Debug)]
struct Written {
    /// The model and the API that wrote the reply.
    origin: String,
    reply: AiMessage,
    whole: bool,
}

impl Written {
    /// Returns the vendor, the kinds of the blocks, and whether the reply is whole.
    fn shape(&self) -> String {
        let kinds: Vec<String> = self.reply.content.iter().map(kind).collect();
        let vendor = self.origin.split(['.', ' ']).find(|part| part.len() > 3).unwrap_or_default();
        format!("{vendor} {} {}", if self.whole { "whole" } else { "cut" }, kinds.join("+"))
    }

    /// Whether a target has the vendor and the API that wrote the reply.
    fn is_from(&self, target: &Target) -> bool {
        let vendor = target.model.split('.').find(|part| part.len() > 3).unwrap_or_default();
        self.origin.contains(vendor) && self.origin.contains(&format!("{:?}", target.api))
    }

    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (format!("{:?}", self.reply.content), &self.origin).hash(&mut hasher);
        hasher.finish()
    }
}

fn kind(block: &Content) -> String {
    let json = serde_json::to_value(block).unwrap();
    let name = json["type"].as_str().unwrap().to_owned();
    match block {
        Content::Text(text) if text.text.trim().is_empty() => "blank text".into(),
        Content::Text(text) if !text.citations.is_empty() => "cited text".into(),
        Content::Text(text) if text.text.ends_with(char::is_whitespace) => "text with space".into(),
        Content::Thinking(thinking) => format!(
            "thinking{}{}",
            if thinking.signature.is_some() { " signed" } else { "" },
            if thinking.text.is_empty() { " empty" } else { "" }
        ),
        Content::Raw(raw) => {
            let first = raw.block.view().get("type").and_then(|kind| kind.string());
            let member = raw.block.view().entries().next().map(|(name, _)| name.into_owned());
            format!("raw {}", first.or(member).unwrap_or_default())
        }
        _ => name,
    }
}

/// Builds the partial message after every event of a stream, and the whole message.
fn cuts(origin: &str, events: &[ChatEvent], ended: bool, out: &mut Vec<Written>) {
    for end in 0..=events.len() {
        let mut message = Accumulator::new();
        events[..end].iter().for_each(|event| message.push(event));
        out.push(Written { origin: origin.to_owned(), reply: message.partial(), whole: false });
    }
    if ended {
        let mut message = Accumulator::new();
        events.iter().for_each(|event| message.push(event));
        out.push(Written { origin: origin.to_owned(), reply: message.finish(), whole: true });
    }
}

/// Makes a call and adds the whole reply, or all partial replies of a stream.
async fn written(chat: &BedrockChat, origin: &str, messages: &[Message], streams: bool, out: &mut Vec<Written>) {
    if !streams {
        let whole = |reply: AiMessage| Written { origin: origin.to_owned(), reply, whole: true };
        match chat.invoke(messages).await {
            Ok(reply) => out.push(whole(reply)),
            Err(error) => out.extend(error.into_partial().map(|partial| Written { whole: false, ..whole(partial) })),
        }
        return;
    }
    let Ok(mut stream) = chat.stream(messages).await else { return };
    let mut events = Vec::new();
    let ended: Result<()> = loop {
        match stream.next().await {
            Some(Ok(event)) => events.push(event),
            Some(Err(error)) => break Err(error),
            None => break Ok(()),
        }
    };
    cuts(origin, &events, ended.is_ok(), out);
}

/// Selects some replies of each shape.
fn chosen(mut all: Vec<Written>, of_each: usize) -> Vec<Written> {
    all.sort_by_key(Written::hash);
    let mut seen = BTreeSet::new();
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    all.retain(|written| {
        let count = taken.entry(written.shape()).or_default();
        *count += 1;
        *count <= of_each && seen.insert(format!("{:?}", written.reply.content))
    });
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_replies_are_accepted_as_history_by_every_family() {
    let mut all = Vec::new();
    for reply in recorded::replies() {
        let (chat, origin, streams) = recorded::chat(&reply);
        written(&chat, &origin, &[Message::human("hello")], streams, &mut all).await;
    }
    assert!(all.len() > 1_000, "only {} replies were read", all.len());
    judge(all, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_replies_are_accepted_as_history_by_every_family() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    let mut all = Vec::new();
    for (origin, chat, messages) in local::calls(&bedrock) {
        let before = all.len();
        for streams in [false, true] {
            written(&chat, &origin, &messages, streams, &mut all).await;
        }
        assert!(all.len() > before, "{origin} did not answer {messages:?}");
    }
    judge(all, 1).await;
}

/// Sends the histories back and fails with a list of refusals.
async fn judge(all: Vec<Written>, of_each: usize) {
    let mut builder = LocalBedrock::builder().verify_signatures(false);
    for block in all.iter().flat_map(|written| &written.reply.content) {
        builder = match block {
            Content::Thinking(thinking) => match &thinking.signature {
                Some(signature) => builder.trust_thinking(&thinking.text, signature),
                None => builder,
            },
            Content::RedactedThinking(redacted) => builder.trust_redacted_thinking(&redacted.data),
            _ => builder,
        };
    }
    let bedrock = builder.start().await.unwrap();
    let all: Arc<Vec<(Written, Vec<History>)>> = Arc::new(
        chosen(all, of_each)
            .into_iter()
            .map(|written| {
                let histories = continued::histories(&written);
                (written, histories)
            })
            .collect(),
    );
    let mut tasks = JoinSet::new();
    for target in continued::targets(&bedrock.url()) {
        let all = Arc::clone(&all);
        tasks.spawn(async move { judged(&target, &all).await });
    }
    let (mut faults, mut count) = (Faults::default(), 0);
    while let Some(judged) = tasks.join_next().await {
        let (more, sent) = judged.unwrap();
        faults.extend(more);
        count += sent;
    }
    assert!(count > 1_000, "only {count} histories were sent");
    faults.report(all.len(), count);
}

/// Sends all histories to one model. Returns the refusals and how many were sent.
async fn judged(target: &Target, all: &[(Written, Vec<History>)]) -> (Faults, usize) {
    let (mut faults, mut count) = (Faults::default(), 0);
    for (written, histories) in all {
        for (number, history) in histories.iter().enumerate().filter(|(_, history)| target.takes(history)) {
            // Every model receives the first conversation, and a third of the others.
            if number > 0 && !(written.hash() ^ target.hash()).wrapping_add(number as u64).is_multiple_of(3) {
                continue;
            }
            count += 1;
            if let Err(error) = target.answer(history, written.hash()).await {
                faults.add(target, written, history, &error);
            }
        }
    }
    (faults, count)
}
