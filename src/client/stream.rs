//! The stream of an answer: bytes to frames to events to a message.
//!
//! How a stream ends:
//!
//! | what comes | what the caller gets |
//! |---|---|
//! | the provider's last event, then the end | the events, then `None` |
//! | an event of a type we do not know | [`ChatEvent::Unknown`], and the stream goes on |
//! | an exception or error frame, or an error of the provider's in a chunk | the events before it, the typed `Err`, then `None` |
//! | a corrupt frame | the events before it, `Err(Frame)`, then `None` |
//! | the end inside a frame, or before the provider's last event | the events before it, `Err(Truncated)`, then `None` |
//! | silence beyond the idle limit | `Err(Timeout)`, then `None` |
//!
//! Every such error has the message as far as it came ([`Error::partial`]).

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::Client;
use super::attempts::Sent;
use super::body::Body;
use crate::error::{Error, Result, from_exception};
use crate::event::{Accumulator, ChatEvent, Events};
use crate::eventstream::FrameDecoder;
use crate::json::Writer;
use crate::message::AiMessage;
use crate::observe::Runs;
use crate::provider::StreamDecoder;

/// The events of an answer, as they come. Dropping it closes the connection, and
/// the model stops.
///
/// It is a [`Stream`]; [`ChatStream::next`] serves without any other crate.
/// [`ChatStream::text`] gives the text alone, [`ChatStream::message`] waits for
/// the whole message.
///
/// ```
/// # use bedrock_chat::{BedrockChat, ChatEvent, Credentials, MemoryTransport, Reply};
/// # futures_executor::block_on(async {
/// # let transport = MemoryTransport::new([Reply::chunks([
/// #     r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Bon"}}"#,
/// #     r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"jour"}}"#,
/// #     r#"{"type":"message_stop"}"#,
/// # ])]);
/// # let chat = BedrockChat::builder("anthropic.claude-3-haiku-20240307-v1:0").region("us-east-1")
/// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
/// let mut stream = chat.stream("Hello in French?").await?;
/// let mut texts = Vec::new();
/// while let Some(event) = stream.next().await {
///     if let ChatEvent::Text { text, .. } = event? {
///         texts.push(text);
///     }
/// }
/// assert_eq!(texts, ["Bon", "jour"]);
/// assert_eq!(stream.so_far().text(), "Bonjour");
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
#[must_use = "a stream does nothing unless it is read"]
pub struct ChatStream {
    // In a box, as it is handed on some times before anybody reads it.
    state: Box<State>,
}

struct State {
    client: Arc<Client>,
    reading: Option<Reading>,
    /// The answer has ended as it should.
    whole: bool,
    events: Events,
    /// Comes after the events that are queued.
    failed: Option<Error>,
    message: Accumulator,
    request_id: Option<String>,
    sent: Sent,
    runs: Runs,
}

struct Reading {
    body: Body,
    frames: FrameDecoder,
    decoder: Box<dyn StreamDecoder>,
}

impl std::fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatStream")
            .field("model", &self.state.client.model)
            .field("request_id", &self.state.request_id)
            .field("ended", &self.state.reading.is_none())
            .finish_non_exhaustive()
    }
}

impl ChatStream {
    pub(super) fn new(
        client: Arc<Client>,
        body: Body,
        decoder: Box<dyn StreamDecoder>,
        request_id: Option<String>,
        sent: Sent,
    ) -> Self {
        let reading = Some(Reading { body, frames: FrameDecoder::new(), decoder });
        Self::begin(client, reading, Events::default(), request_id, sent)
    }

    /// The events of a message that came whole.
    pub(super) fn of_message(client: Arc<Client>, message: AiMessage) -> Self {
        let request_id = message.request_id.clone();
        Self::begin(client, None, Events::from(message), request_id, Sent::default())
    }

    fn begin(
        client: Arc<Client>,
        reading: Option<Reading>,
        events: Events,
        request_id: Option<String>,
        sent: Sent,
    ) -> Self {
        let mut message = Accumulator::new();
        message.set_request_id(request_id.clone());
        let whole = reading.is_none();
        let (failed, runs) = (None, Runs::default());
        Self { state: Box::new(State { client, reading, whole, events, failed, message, request_id, sent, runs }) }
    }

    /// The same stream, watched.
    pub(super) fn watched(mut self, runs: Runs) -> Self {
        self.state.runs = runs;
        self
    }

    /// Waits until there is an event to deliver. An error that comes first is
    /// given bare, as nothing was delivered and the call may be tried again.
    pub(super) async fn first_event(&mut self) -> Result<()> {
        let state = &mut *self.state;
        poll_fn(|context| state.poll_fill(context)).await;
        match state.failed.take() {
            Some(error) if state.events.is_empty() => Err(error.with_request_id(state.request_id.as_deref())),
            failed => {
                state.failed = failed;
                Ok(())
            }
        }
    }

    /// AWS's id of the request, for support cases.
    pub fn request_id(&self) -> Option<&str> {
        self.state.request_id.as_deref()
    }

    /// The next event; `None` after the last, and after an error.
    pub async fn next(&mut self) -> Option<Result<ChatEvent>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The text alone, as it comes.
    pub fn text(self) -> TextStream {
        TextStream { stream: self }
    }

    /// Waits for the whole message.
    ///
    /// # Errors
    /// What breaks the stream; the error has the message as far as it came.
    pub async fn message(mut self) -> Result<AiMessage> {
        while let Some(event) = self.next().await {
            event?;
        }
        Ok(self.state.message.finish())
    }

    /// As [`ChatStream::message`], telling those who watch a call that may be made again.
    pub(super) async fn gathered(mut self, runs: &mut Runs) -> Result<AiMessage> {
        while let Some(event) = self.next().await {
            runs.event(&event?);
        }
        Ok(self.state.message.finish())
    }

    /// The message as far as it was delivered.
    pub fn so_far(&self) -> AiMessage {
        let State { whole, events, message, .. } = &*self.state;
        if *whole && events.is_empty() {
            return message.clone().finish();
        }
        message.clone().partial()
    }
}

impl State {
    /// Reads until there is something to deliver or nothing more to come.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.events.is_empty() && self.failed.is_none() {
            let Some(reading) = &mut self.reading else { break };
            let piece = ready!(reading.body.poll_piece(context));
            match reading.take(piece, &mut self.events) {
                Ok(false) => {}
                Ok(true) => {
                    self.reading = None;
                    self.whole = true;
                }
                Err(error) => {
                    // What the decoder has still to report comes before the error; whether the message
                    // was whole no longer matters.
                    let _ = reading.decoder.finish(&mut self.events);
                    self.failed = Some(error);
                    self.reading = None;
                }
            }
        }
        Poll::Ready(())
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self.state;
        ready!(this.poll_fill(context));
        if let Some(mut event) = this.events.pop() {
            if let ChatEvent::Start { model, .. } = &mut event {
                this.client.name(model);
            }
            this.message.push(&event);
            this.runs.event(&event);
            return Poll::Ready(Some(Ok(event)));
        }
        let Some(error) = this.failed.take() else {
            if !this.runs.is_empty() {
                this.runs.end(&this.message.clone().finish());
            }
            return Poll::Ready(None);
        };
        let client = &this.client;
        let error = this
            .sent
            .concealed(error)
            .with_request_id(this.request_id.as_deref())
            .with_call(client.model.as_str(), client.region.as_deref(), this.sent.attempts)
            .with_partial(this.message.clone().partial());
        this.runs.error(&error);
        Poll::Ready(Some(Err(error)))
    }
}

impl Reading {
    /// Takes one piece of the body in, or its end; `true` at the end of a whole message.
    fn take(&mut self, piece: Option<Result<bytes::Bytes>>, out: &mut Events) -> Result<bool> {
        let Some(piece) = piece else {
            self.frames.finish()?;
            self.decoder.finish(out)?;
            return Ok(true);
        };
        match piece {
            Ok(piece) => self.frames.push(&piece),
            // The message was whole before the connection broke: then nothing is lost, and nothing failed.
            Err(_) if self.frames.finish().is_ok() && self.decoder.finish(out).is_ok() => return Ok(true),
            Err(error) => return Err(error),
        }
        while let Some(frame) = self.frames.next_frame()? {
            match frame.message_type() {
                Some("exception") => {
                    return Err(from_exception(frame.exception_type().unwrap_or("UnknownException"), frame.payload()));
                }
                Some("error") => {
                    let mut w = Writer::new();
                    w.begin_object();
                    w.opt_field("message", frame.error_message());
                    w.end_object();
                    return Err(from_exception(frame.error_code().unwrap_or("UnknownError"), w.finish().as_bytes()));
                }
                _ => self.decoder.frame(&frame, out)?,
            }
        }
        Ok(false)
    }
}

/// The text of an answer, as it comes, from [`ChatStream::text`].
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials, MemoryTransport, Reply};
/// # futures_executor::block_on(async {
/// # let transport = MemoryTransport::new([Reply::chunks([
/// #     r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Bon"}}"#,
/// #     r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"jour"}}"#,
/// #     r#"{"type":"message_stop"}"#,
/// # ])]);
/// # let chat = BedrockChat::builder("anthropic.claude-3-haiku-20240307-v1:0").region("us-east-1")
/// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
/// let mut text = chat.stream("Hello in French?").await?.text();
/// let mut answer = String::new();
/// while let Some(piece) = text.next().await {
///     answer.push_str(&piece?);
/// }
/// assert_eq!(answer, "Bonjour");
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is read"]
pub struct TextStream {
    stream: ChatStream,
}

impl TextStream {
    /// The next piece of text; `None` after the last, and after an error.
    pub async fn next(&mut self) -> Option<Result<String>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The message as far as it was delivered: all of it, once the text has ended.
    pub fn so_far(&self) -> AiMessage {
        self.stream.so_far()
    }
}

impl Stream for TextStream {
    type Item = Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(ChatEvent::Text { text, .. })) => Some(Ok(text)),
                Some(Ok(_)) => continue,
                Some(Err(error)) => Some(Err(error)),
                None => None,
            });
        }
    }
}
