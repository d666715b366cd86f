//! Corrections of messages and their blocks.

use serde_json::{Value, json};

use super::requests::body_of;
use super::steps::{Correct, Named, refuse};
use super::turns::Body;
use super::{restore, turns};
use crate::suite::case::Scenario;
use crate::suite::request::Sent;

pub(super) const CHANGES: Named<Correct> = &[
    ("separate_systems", separate_systems),
    ("without_empty_replies", |_, sent| {
        in_body(sent, |body| {
            turns::drop_empty_replies(body);
            turns::merge(body, turns::have_one_role);
        });
    }),
    ("without_blank_text", |scenario, sent| {
        in_body(sent, |body| {
            turns::drop_blank_texts(body);
            restore::without_blank_tails(&scenario.messages, body);
        });
    }),
    ("cache_controls", |scenario, sent| in_body(sent, |body| restore::cache_controls(&scenario.messages, body))),
    ("thinking_first", |_, sent| in_body(sent, turns::thinking_first)),
    ("native_thinking", |_, sent| in_body(sent, turns::reasoning_as_thinking)),
    ("native_data_blocks", |_, sent| in_body(sent, turns::data_blocks_as_native)),
    ("document_names", |scenario, sent| in_body(sent, |body| restore::document_names(&scenario.messages, body))),
    ("trimmed_end", |_, sent| in_body(sent, turns::trim_end)),
    ("image_formats", image_formats),
    ("files", |scenario, sent| in_body(sent, |body| restore::files(&scenario.messages, body))),
];

/// Changes the body, if a request was sent.
pub(super) fn in_body(sent: &mut Sent, change: impl FnOnce(&mut Body)) {
    if let Some(body) = body_of(sent) {
        change(body);
    }
}

/// One block for each system message that the client joined.
fn separate_systems(scenario: &Scenario, sent: &mut Sent) {
    let systems = scenario.messages.iter().filter(|message| message["role"] == "system");
    let texts: Option<Vec<&str>> = systems.map(|message| message["content"].as_str()).collect();
    let (Some(texts), Some(body)) = (texts, body_of(sent)) else { return };
    if body.get("system").is_some_and(|system| system[0]["text"] == texts.join("\n")) {
        let blocks: Vec<Value> = texts.iter().map(|text| json!({"text": text})).collect();
        body.insert("system".into(), json!(blocks));
    }
}

fn image_formats(scenario: &Scenario, sent: &mut Sent) {
    let Some(body) = body_of(sent) else { return };
    restore::image_formats(&scenario.messages, body);
    if let Err(media_type) = turns::name_images(body) {
        refuse(sent, &format!("{media_type} is not the type of an image"));
    }
}
