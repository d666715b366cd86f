//! A client's chat: the models of its name are called in their order until one answers.

use std::future::poll_fn;
use std::sync::Arc;

use super::Inner;
use super::access::Target;
use super::answer::{Opened, Source};
use super::dialect::{Asked, Dialect, Given, Relay};
use super::effort::{ReasoningMembers, fit_reasoning};
use super::failure::{Failure, Reason};
use super::fit::fit;
use super::forward::{add, check_guardrail};
use super::metadata;
use super::openai::sampling;
use super::request::ClientApi;
use super::tally::Used;
use crate::api::{Framing, Service};
use crate::chat::BedrockChat;
use crate::client::{Prepared, request_id};
use crate::error::{Error, ErrorKind};
use crate::headers::Headers;
use crate::json::Json;
use crate::message::{Message, Usage};
use crate::observe::Runs;
use crate::operations::read_tokens;
use crate::provider::invoke::{push_guardrail, push_headers};
use crate::provider::openai::PROJECT;
use crate::provider::{Call, Mode};
use crate::request::ChatOptions;

/// A client's request of a chat, which was read.
pub(super) struct Chat {
    pub(super) api: ClientApi,
    pub(super) dialect: &'static dyn Dialect,
    pub(super) body: Json,
    pub(super) headers: Headers,
    pub(super) model: String,
    /// The name of the client's key.
    pub(super) key: String,
    pub(super) streams: bool,
    pub(super) target: Target,
    /// The options of the client's key.
    pub(super) options: ChatOptions,
    /// The time, in seconds since 1970-01-01T00:00:00Z.
    pub(super) now: u64,
    pub(super) nonce: String,
}

impl Chat {
    pub(super) fn given(&self) -> Given<'_> {
        Given {
            body: self.body.view(),
            headers: &self.headers,
            model: &self.model,
            streams: self.streams,
            now: self.now,
            nonce: &self.nonce,
        }
    }
}

/// The reason why a model did not answer.
enum Refused {
    /// The request or the settings are wrong.
    Request(Failure),
    Call {
        error: Error,
        body: Option<Vec<u8>>,
    },
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Request(failure)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Call { error, body: None }
    }
}

/// A request as a model receives it.
enum Written {
    /// For a model that speaks the client's API.
    Passed { call: Call, relay: Box<dyn Relay> },
    /// In the model's own format.
    Translated { chat: BedrockChat, prepared: Box<Prepared> },
}

impl Written {
    /// Returns whether the request will be sent. A model's format may have no place for a part of it, which is an error.
    fn is_sent(&self) -> bool {
        match self {
            Self::Passed { .. } => true,
            Self::Translated { prepared, .. } => prepared.is_written(),
        }
    }
}

/// Calls the models until one answers.
///
/// # Errors
/// The last model's.
pub(super) async fn open(inner: Arc<Inner>, chat: Chat) -> Result<Opened, Failure> {
    let mut failure = Failure::invalid("the model has no id on Bedrock");
    let mut is_counted = false;
    for id in &chat.target.ids {
        let mut removed = Vec::new();
        let mut may_pass = false;
        failure = match open_one(&inner, &chat, id, &mut is_counted, &mut removed).await {
            Ok(opened) => return Ok(Opened { removed, ..opened }),
            Err(Refused::Request(failure)) => failure,
            Err(Refused::Call { error, body }) => {
                // Another model may be there, or may have a free place.
                may_pass = error.is_transient() || error.kind() == ErrorKind::NotFound;
                let failure = Failure::from(error);
                // An error that concerns only the operator is not passed on.
                Failure { body: body.filter(|_| failure.detail.is_none()), ..failure }
            }
        };
        (failure.model_id, failure.removed) = (Some(id.clone()), removed);
        if !may_pass {
            break;
        }
    }
    Err(failure)
}

/// Calls one model. Counts the call before it is sent, unless `is_counted`. `removed` receives what is left out of the
/// request, also if the call fails.
async fn open_one(
    inner: &Inner,
    asked: &Chat,
    id: &str,
    is_counted: &mut bool,
    removed: &mut Vec<String>,
) -> Result<Opened, Refused> {
    let chat = inner.chat(id).map_err(|error| Failure::of_settings(&error))?;
    let written = written(asked, &chat, removed)?;
    if !*is_counted && written.is_sent() {
        inner.admit(&asked.key).await?;
        *is_counted = true;
    }
    match written {
        Written::Passed { call, relay } => pass(asked, &chat, call, relay).await,
        Written::Translated { chat, prepared } => translate(asked, chat, *prepared, removed).await,
    }
}

/// Writes a request for a model.
///
/// # Errors
/// The errors of a request that the gateway refuses.
fn written(asked: &Chat, chat: &BedrockChat, removed: &mut Vec<String>) -> Result<Written, Failure> {
    if let Some(passed) = asked.dialect.pass(&asked.given(), chat.model())? {
        *removed = passed.removed;
        return Ok(Written::Passed { call: with_options(asked, chat, passed.call)?, relay: passed.relay });
    }
    let read = fitted(asked, chat)?;
    *removed = read.removed;
    let mut options = read.options.merged_with(&asked.options);
    let key = &asked.options.request_metadata;
    options.request_metadata = metadata::merged(key, read.options.request_metadata, "metadata.", removed);
    let chat = chat.with_options(&options);
    let prepared = Box::new(prepare(asked, &chat, read.messages)?);
    Ok(Written::Translated { chat, prepared })
}

/// Writes a request in the model's own format. It is done before the call is counted, and only once.
fn prepare(asked: &Chat, chat: &BedrockChat, messages: Vec<Message>) -> Result<Prepared, Error> {
    let mode = if asked.streams || chat.is_streaming() { Mode::Stream } else { Mode::Invoke };
    Ok(chat.client().prepare(chat.request(messages)?, mode))
}

/// Returns a call that passes on, with the options of the gateway and of the key.
///
/// # Errors
/// `Forbidden`, if the gateway has a guardrail that the call would not apply.
fn with_options(asked: &Chat, chat: &BedrockChat, mut call: Call) -> Result<Call, Failure> {
    let options = chat.options().merged_with(&asked.options);
    check_guardrail(&call.body, &options)?;
    if call.service == Service::Mantle && options.guardrail.is_some() {
        let message =
            "this gateway has a guardrail, which the endpoint of this model does not apply; use another model";
        return Err(Failure::new(Reason::Forbidden, message));
    }
    match call.framing {
        Framing::EventStream => {
            let given = std::mem::take(&mut call.headers);
            push_headers(&mut call.headers, &options);
            add(&mut call.headers, &given, |_| true);
        }
        _ => {
            push_guardrail(&mut call.headers, &options);
            if let Some(project) = &options.project {
                call.headers.push(PROJECT, project.clone());
            }
        }
    }
    Ok(call)
}

/// Passes a request on to a model that speaks the client's API.
async fn pass(asked: &Chat, chat: &BedrockChat, call: Call, mut relay: Box<dyn Relay>) -> Result<Opened, Refused> {
    let is_sse = call.framing == Framing::Sse;
    let (headers, mut body, mut runs) = match chat.client().open(call).await {
        Ok(opened) => opened,
        Err((error, body)) => return Err(Refused::Call { error, body: is_sse.then_some(body) }),
    };
    let mut first = Vec::new();
    // An error before the first event can still have its status, and another model can answer.
    let mut is_whole = false;
    while !is_whole && (first.is_empty() || !asked.streams) {
        match poll_fn(|context| body.poll_piece(context)).await {
            Some(piece) => piece.and_then(|piece| relay.push(&piece, &mut first)),
            None => {
                is_whole = true;
                relay.finish(&mut first)
            }
        }
        .inspect_err(|error| runs.error(error))?;
    }
    Ok(Opened {
        source: match is_whole {
            true => Source::Known(relay.used()),
            false => Source::Bytes { body, relay },
        },
        first,
        removed: Vec::new(),
        model_id: chat.model().as_str().to_owned(),
        request_id: request_id(&headers).map(str::to_owned),
        runs,
    })
}

/// Reads a request and fits it to the model.
fn fitted(asked: &Chat, chat: &BedrockChat) -> Result<Asked, Failure> {
    let mut read = asked.dialect.read(&asked.given())?;
    let can = chat.capabilities();
    fit_reasoning(&mut read, chat.model(), can, reasoning_members(asked));
    sampling::send(&mut read, chat.model())?;
    fit(&mut read, chat.model(), chat.client().codec.api(), can);
    Ok(read)
}

/// Returns the members of a request that ask for reasoning.
fn reasoning_members(asked: &Chat) -> ReasoningMembers {
    let (reasoning, effort) = match asked.api {
        ClientApi::Responses => ("reasoning.effort", "reasoning.effort"),
        // Some clients of Chat Completions send Claude's member.
        ClientApi::ChatCompletions if asked.body.view().get("thinking").is_none() => {
            ("reasoning_effort", "reasoning_effort")
        }
        _ => ("thinking", "output_config.effort"),
    };
    ReasoningMembers { reasoning, effort }
}

/// Sends a request to a model in the model's own format.
async fn translate(
    asked: &Chat,
    mut chat: BedrockChat,
    prepared: Prepared,
    removed: &mut Vec<String>,
) -> Result<Opened, Refused> {
    let mut opened = send(asked, &chat, prepared).await;
    // Clients send `max_tokens` for the model they were written for, which may be above this model's limit.
    if let (Err(error), Some(wanted)) = (&opened, chat.options().max_tokens)
        && let Some(limit) = output_limit(error.message()).filter(|limit| *limit < wanted)
    {
        removed.push(format!("max_tokens {wanted} (the model's limit is {limit})"));
        chat = chat.with_options(&ChatOptions::default().with_max_tokens(limit));
        // They are read once more, as a copy would double the memory of each request.
        let prepared = prepare(asked, &chat, fitted(asked, &chat)?.messages)?;
        opened = send(asked, &chat, prepared).await;
    }
    Ok(opened?)
}

async fn send(asked: &Chat, chat: &BedrockChat, prepared: Prepared) -> crate::error::Result<Opened> {
    let given = asked.given();
    let (model_id, removed) = (chat.model().as_str().to_owned(), Vec::new());
    if asked.streams {
        let stream = chat.client().stream(prepared, chat.config()).await?;
        let request_id = stream.request_id().map(str::to_owned);
        let source = Source::Events {
            stream,
            writer: asked.dialect.events(&given),
            text: String::new(),
            usage: Usage::default(),
            bytes: 0,
        };
        return Ok(Opened { source, first: Vec::new(), removed, model_id, request_id, runs: Runs::default() });
    }
    let reply = chat.client().invoke(prepared, chat.config()).await?;
    let source = Source::Known(Used::with_estimate(reply.usage.unwrap_or_default(), 0));
    let first = asked.dialect.message(&given, &reply).into_bytes();
    Ok(Opened { source, first, removed, model_id, request_id: reply.request_id, runs: Runs::default() })
}

/// Returns the limit of the output's tokens that an error of the service states: over Converse, and over InvokeModel.
fn output_limit(message: &str) -> Option<u64> {
    const BEFORE: &[&str] = &["exceeds the model limit of ", "is not less or equal to "];
    let (_, rest) = BEFORE.iter().find_map(|before| message.split_once(before))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| rest.get(..end).unwrap_or_default());
    digits.parse().ok()
}

/// Counts the tokens of a request in Anthropic's API.
///
/// # Errors
/// Same as for the request itself.
pub(super) async fn count(inner: &Inner, asked: &Chat) -> Result<u64, Failure> {
    let id = asked.target.ids.first().map(String::as_str).unwrap_or_default();
    let chat = inner.chat(id).map_err(|error| Failure::of_settings(&error))?;
    let given = asked.given();
    if let Some(call) = super::anthropic::count(&given, chat.model())? {
        inner.admit(&asked.key).await?;
        return Ok(chat.client().operation(call, read_tokens).await?);
    }
    let read = fitted(asked, &chat)?;
    let chat = chat.with_options(&read.options);
    let call = chat.count_call(&chat.request(read.messages)?)?;
    inner.admit(&asked.key).await?;
    Ok(chat.client().operation(call, read_tokens).await?)
}
