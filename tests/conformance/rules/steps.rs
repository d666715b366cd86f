//! The terms of `rules.json`: when a row applies, and what it changes.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::requests::{body_of, replace, request_of};
use super::{build, chat_apis, conditions, messages, prompts, replies, requests, restore, tools, turns};
use crate::suite::case::Scenario;
use crate::suite::facts::Fact;
use crate::suite::request::Sent;

/// A correction of a request.
pub(super) type Correct = fn(&Scenario, &mut Sent);
/// A correction of the facts of a reply.
pub(super) type CorrectFacts = fn(&Scenario, &mut Vec<Fact>);
/// Functions by the names that `rules.json` has for them.
pub(super) type Named<T> = &'static [(&'static str, T)];

/// Whether a client sent a request.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Did {
    Sent,
    Refused,
}

/// Operations that a row is about.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operations {
    Invoke,
    Converse,
    /// All streams.
    Stream,
    Responses,
    Chat,
    Messages,
    /// Responses, Chat Completions and Messages.
    SseApis,
}

/// The endpoints that a row is about.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Endpoint {
    Runtime,
    Mantle,
}

/// When a row applies. Every member that is set must hold; for a list, one entry is enough.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct When {
    /// Texts of which the model id contains one.
    model_has: Option<Vec<String>>,
    /// Texts that the model id does not contain.
    model_lacks: Vec<String>,
    model_starts: String,
    provider: Option<Vec<String>>,
    without_provider: Vec<String>,
    operation: Option<Operations>,
    endpoint: Option<Endpoint>,
    /// Options that are set. An empty list counts as not set.
    option: Option<Vec<String>>,
    /// Options that are not set.
    without_option: Vec<String>,
    option_is: Map<String, Value>,
    /// The recorded behavior of the client.
    peer: Option<Did>,
    /// Text that the path of the request does not contain.
    path_lacks: String,
    /// Members of the request body.
    body_has: Option<Vec<String>>,
    /// Text in the JSON of the request body.
    body_contains: String,
    prompt_starts: String,
    prompt_has: String,
    /// The role of some message.
    message_role: Option<String>,
    /// A function in `conditions.rs`.
    condition: Option<String>,
}

fn any(list: &Option<Vec<String>>, holds: impl Fn(&str) -> bool) -> bool {
    list.as_ref().is_none_or(|list| list.iter().any(|entry| holds(entry)))
}

impl When {
    pub(super) fn holds(&self, scenario: &Scenario, sent: &mut Sent) -> bool {
        self.is_about(scenario) && self.fits_request(sent)
    }

    /// Returns whether the row applies to the question.
    pub(super) fn is_about(&self, scenario: &Scenario) -> bool {
        let has_option = |name: &str| scenario.option(name).is_some_and(|value| *value != Value::Array(Vec::new()));
        let has_role = |role: &String| scenario.messages.iter().any(|message| message["role"] == role.as_str());
        let model = scenario.model.as_str();
        any(&self.model_has, |part| model.contains(part))
            && !self.model_lacks.iter().any(|part| model.contains(part))
            && model.starts_with(&self.model_starts)
            && any(&self.provider, |provider| provider == scenario.provider)
            && !self.without_provider.contains(&scenario.provider)
            && self.operation.is_none_or(|operation| match operation {
                Operations::Invoke => !scenario.operation.is_converse() && !scenario.operation.is_sse_api(),
                Operations::Converse => scenario.operation.is_converse(),
                Operations::Stream => scenario.operation.is_stream(),
                Operations::Responses => scenario.operation.is_responses(),
                Operations::Chat => scenario.operation.is_chat(),
                Operations::Messages => scenario.operation.is_messages(),
                Operations::SseApis => scenario.operation.is_sse_api(),
            })
            && self.endpoint.is_none_or(|endpoint| (endpoint == Endpoint::Mantle) == scenario.at_mantle)
            && any(&self.option, has_option)
            && !self.without_option.iter().any(|name| has_option(name))
            && self.option_is.iter().all(|(name, value)| scenario.option(name) == Some(value))
            && self.message_role.as_ref().is_none_or(has_role)
            && self.condition.as_ref().is_none_or(|name| named(conditions::ALL, name)(scenario))
    }

    fn fits_request(&self, sent: &mut Sent) -> bool {
        let did = match self.peer {
            None => true,
            Some(Did::Sent) => matches!(sent, Sent::Request(_)),
            Some(Did::Refused) => matches!(sent, Sent::Refused(_)),
        };
        let asks_for_prompt = !self.prompt_starts.is_empty() || !self.prompt_has.is_empty();
        let prompt = asks_for_prompt.then(|| prompts::prompt_of(sent).unwrap_or_default().to_owned());
        let fits = |prompt: &String| prompt.starts_with(&self.prompt_starts) && prompt.contains(&self.prompt_has);
        let has_path = |sent: &Sent| match sent {
            Sent::Request(request) => request.path.contains(&self.path_lacks),
            _ => true,
        };
        if !self.path_lacks.is_empty() && has_path(sent) {
            return false;
        }
        let body = body_of(sent);
        did && any(&self.body_has, |key| body.as_ref().is_some_and(|body| body.contains_key(key)))
            && (self.body_contains.is_empty()
                || body.is_some_and(|body| serde_json::to_string(body).unwrap().contains(&self.body_contains)))
            && prompt.as_ref().is_none_or(fits)
    }
}

/// One step of a correction.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// The request should not have been sent, for this reason.
    Refuse(String),
    /// The request answers another question, for this reason, and is not evidence.
    Disregard(String),
    /// A function in `build.rs` builds the whole request again from the question.
    Build(String),
    /// A member of the body gets another name.
    Rename(String, String),
    /// Members of the body are dropped if they have these values.
    Drop(Map<String, Value>),
    Remove(String),
    Set(Map<String, Value>),
    /// The end of the path is replaced.
    PathEnd(String, String),
    /// Blocks that were dropped are inserted again, in the form that a function in `restore.rs` returns.
    Restore(String),
    /// Neighboring turns are merged by a function in `turns.rs`.
    Merge(String),
    /// Joined text of messages of this role becomes separate blocks.
    Split(String),
    /// A function from a `CHANGES` table.
    Apply(String),
    /// A function in `replies.rs`, for the facts of a reply.
    Facts(String),
}

impl Step {
    pub(super) fn correct_request(&self, scenario: &Scenario, sent: &mut Sent) {
        match self {
            Self::Refuse(why) => refuse(sent, why),
            Self::Disregard(why) => *sent = Sent::Unrelated(why.clone()),
            Self::Build(name) => replace(sent, named(build::ALL, name)(scenario)),
            Self::Restore(name) => restore::dropped(scenario, sent, named(restore::FORMS, name)),
            Self::Merge(name) => turns::merge_in(sent, named(turns::ARE_ONE, name)),
            Self::Split(role) => restore::separate_texts(scenario, sent, role),
            Self::Apply(name) => change(name)(scenario, sent),
            Self::Facts(_) => {}
            Self::PathEnd(from, to) => {
                let Some(request) = request_of(sent) else { return };
                if let Some(start) = request.path.strip_suffix(from) {
                    request.path = format!("{start}{to}");
                }
            }
            Self::Rename(..) | Self::Drop(_) | Self::Remove(_) | Self::Set(_) => {
                body_of(sent).into_iter().for_each(|body| self.correct_body(body));
            }
        }
    }

    fn correct_body(&self, body: &mut Map<String, Value>) {
        match self {
            Self::Rename(from, to) => {
                if let Some(value) = body.remove(from) {
                    body.insert(to.clone(), value);
                }
            }
            Self::Drop(members) => body.retain(|key, value| members.get(key) != Some(value)),
            Self::Remove(key) => drop(body.remove(key)),
            Self::Set(members) => body.extend(members.clone()),
            _ => {}
        }
    }

    pub(super) fn correct_facts(&self, scenario: &Scenario, facts: &mut Vec<Fact>) {
        if let Self::Facts(name) = self {
            named(replies::CHANGES, name)(scenario, facts);
        }
    }
}

/// Marks a request as one that should not have been sent. A client that refused has its own reason.
pub(super) fn refuse(sent: &mut Sent, why: &str) {
    if matches!(sent, Sent::Request(_)) {
        *sent = Sent::Refused(why.to_owned());
    }
}

const CHANGES: [Named<Correct>; 5] =
    [requests::CHANGES, prompts::CHANGES, messages::CHANGES, tools::CHANGES, chat_apis::CHANGES];

fn find<T: Copy>(table: Named<T>, name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

fn named<T: Copy>(table: Named<T>, name: &str) -> T {
    find(table, name).unwrap_or_else(|| panic!("`rules.json` names `{name}`, which is not a function"))
}

fn change(name: &str) -> Correct {
    let found = CHANGES.iter().find_map(|table| find(table, name));
    found.unwrap_or_else(|| panic!("`rules.json` applies `{name}`, which is not a function"))
}

fn of<T>(table: Named<T>) -> impl Iterator<Item = &'static str> {
    table.iter().map(|(name, _)| *name)
}

/// The names of all functions that rows can refer to.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let changes = CHANGES.into_iter().flat_map(of);
    let forms = of(restore::FORMS).chain(of(turns::ARE_ONE));
    of(conditions::ALL).chain(of(build::ALL)).chain(of(replies::CHANGES)).chain(forms).chain(changes)
}
