//! The stream of a reply: events to a message.
//!
//! How a stream ends:
//!
//! | the stream has | the caller gets |
//! |---|---|
//! | the provider's last event, then the end | the events, then `None` |
//! | an event of an unknown type | [`ChatEvent::Unknown`], and the stream goes on |
//! | an exception or error frame, or an error of the provider in a chunk or event | the events before it, the typed `Err`, then `None` |
//! | a corrupt frame, or a line or event that is too long | the events before it, `Err(Frame)`, then `None` |
//! | the end inside a frame or event, or before the provider's last event | the events before it, `Err(Truncated)`, then `None` |
//! | silence beyond the idle limit, a call beyond its total limit | `Err(Timeout)`, then `None` |
//!
//! Every such error has the message as far as it arrived ([`Error::partial`]).
//!
//! The caller gets the stream with its first content. After a failure before that, nothing was delivered, and
//! [`RetryPolicy`](crate::RetryPolicy) decides whether the call is sent again.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::Client;
use super::body::{Deadline, within};
use super::reading::Reading;
use super::received::{Head, Response, Sent};
use crate::api::Framing;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Accumulator, ChatEvent, Events};
use crate::headers::Headers;
use crate::json::Json;
use crate::message::AiMessage;
use crate::observe::Runs;
use crate::provider::Call;

/// The events of an answer, as they arrive. Dropping it closes the connection, and the model stops.
///
/// It is a [`Stream`]; [`ChatStream::next`] needs no other crate. [`ChatStream::text`] returns the text alone,
/// [`ChatStream::message`] the whole message.
///
/// ```
/// # use bedrock_chat::{BedrockChat, ChatEvent, Credentials};
/// # use bedrock_chat::testing::{MemoryTransport, Reply};
/// # futures_executor::block_on(async {
/// # let transport = MemoryTransport::new([Reply::chunks([
/// #     r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Bon"}}"#,
/// #     r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"jour"}}"#,
/// #     r#"{"type":"message_stop"}"#,
/// # ])]);
/// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
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
    // In a box, as the stream is moved several times before it is read.
    state: Box<State>,
}

struct State {
    client: Arc<Client>,
    reading: Option<Reading>,
    /// Whether the reply is complete.
    whole: bool,
    events: Events,
    /// An error to return after the queued events.
    failed: Option<Error>,
    message: Accumulator,
    request_id: Option<String>,
    headers: Arc<Headers>,
    sent: Sent,
    runs: Runs,
    /// The limit on the whole call.
    deadline: Option<Deadline>,
}

/// Maximum number of events held back while no content arrives, so that a server cannot exhaust memory.
const MAX_HELD: usize = 64;

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
    /// Reads a response as a stream, up to its first content.
    ///
    /// # Errors
    /// The error that arrived instead of a stream, or before its first content.
    pub(super) async fn open(client: &Arc<Client>, call: &Call, response: Response) -> Result<Self> {
        if !response.head.is_stream(call.framing) {
            return match call.framing {
                Framing::Sse if response.head.is_json() => Self::of_whole(client, call, response).await,
                _ => Err(response.no_stream().await),
            };
        }
        let Response { head, body, sent } = response;
        let reading = Some(Reading::new(body, call.framing, client.codec.stream(call)));
        let mut stream = Self::begin(Arc::clone(client), reading, Events::default(), &head, sent);
        stream.first_content().await.map_err(|error| head.noted(error))?;
        Ok(stream)
    }

    /// Reads a message that arrived whole, although a stream was asked for: servers behind a gateway may ignore
    /// `stream`.
    async fn of_whole(client: &Arc<Client>, call: &Call, response: Response) -> Result<Self> {
        let received = response.whole().await?;
        match client.decode(call, &received) {
            Ok(message) => Ok(Self::of_message(Arc::clone(client), &received.head, message)),
            Err(error) if error.kind() == ErrorKind::Decode || received.is_empty() => Err(received.no_stream()),
            Err(error) => Err(error),
        }
    }

    /// Returns a message that arrived whole as a stream of its events.
    pub(super) fn of_message(client: Arc<Client>, head: &Head, message: AiMessage) -> Self {
        Self::begin(client, None, Events::from(message), head, Sent::default())
    }

    fn begin(client: Arc<Client>, reading: Option<Reading>, events: Events, head: &Head, sent: Sent) -> Self {
        let (request_id, headers) = (head.request_id().map(str::to_owned), Arc::clone(&head.kept));
        let mut message = Accumulator::new();
        message.set_request_id(request_id.clone());
        message.set_response_headers(&headers);
        let state = State {
            client,
            whole: reading.is_none(),
            reading,
            events,
            failed: None,
            message,
            request_id,
            headers,
            sent,
            runs: Runs::default(),
            deadline: None,
        };
        Self { state: Box::new(state) }
    }

    /// Returns the same stream with observers and a time limit.
    pub(super) fn watched(mut self, runs: Runs, deadline: Option<Deadline>) -> Self {
        self.state.runs = runs;
        self.state.deadline = deadline;
        self
    }

    /// Returns the same stream with an event of metadata after its start.
    pub(crate) fn with_metadata(mut self, key: &str, value: Json) -> Self {
        self.state.events.insert_metadata(key, value);
        self
    }

    /// Waits until there is content to deliver. After an error before that, nothing is delivered, so that
    /// the call may be sent again.
    async fn first_content(&mut self) -> Result<()> {
        let state = &mut *self.state;
        let has_begun = |events: &Events| events.has_content() || events.len() >= MAX_HELD;
        poll_fn(|context| state.poll_fill(context, has_begun)).await;
        match state.failed.take() {
            Some(error) if !state.events.has_content() => {
                let error = error.before_content();
                if state.events.is_empty() {
                    return Err(error);
                }
                // The events are added so that the partial message has an id and usage.
                state.message.extend(&mut state.events);
                Err(error.with_partial(state.message.clone().partial()))
            }
            failed => {
                state.failed = failed;
                Ok(())
            }
        }
    }

    /// Returns the headers of the response. Values that are secrets, such as cookies, are replaced; at
    /// most 16 KiB are kept.
    pub fn response_headers(&self) -> &Headers {
        &self.state.headers
    }

    /// Returns AWS's id of the request, for support cases.
    pub fn request_id(&self) -> Option<&str> {
        self.state.request_id.as_deref()
    }

    /// Returns the next event; `None` after the last, and after an error.
    pub async fn next(&mut self) -> Option<Result<ChatEvent>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Returns the text alone, as it arrives.
    pub fn text(self) -> TextStream {
        TextStream { stream: self }
    }

    /// Waits for the whole message.
    ///
    /// # Errors
    /// The error that ends the stream, with the message so far.
    pub async fn message(mut self) -> Result<AiMessage> {
        while let Some(event) = self.next().await {
            event?;
        }
        Ok(self.state.message.finish())
    }

    /// Same as [`ChatStream::message`], with the observers and the time limit of a call that may be made
    /// again.
    pub(super) async fn gathered(mut self, deadline: &mut Option<Deadline>, runs: &mut Runs) -> Result<AiMessage> {
        loop {
            match within(deadline, self.next()).await {
                Ok(Some(event)) => runs.event(&event?),
                Ok(None) => return Ok(self.state.message.finish()),
                Err(late) => return Err(self.state.noted(late)),
            }
        }
    }

    /// Returns the message so far.
    pub fn so_far(&self) -> AiMessage {
        let State { whole, events, message, .. } = &*self.state;
        if *whole && events.is_empty() {
            return message.clone().finish();
        }
        message.clone().partial()
    }
}

impl State {
    /// Returns the same error, with the data of the call and the part of the message that had arrived.
    fn noted(&self, error: Error) -> Error {
        let client = &self.client;
        self.sent
            .concealed(client, error)
            // The stream began with content: see `first_content`.
            .after_content()
            .with_request_id(self.request_id.as_deref())
            .with_headers(&self.headers)
            .with_call(client.model.as_str(), client.region.as_deref(), self.sent.attempts)
            .with_partial(self.message.clone().partial())
    }

    /// Reads until enough events can be delivered, or the stream has ended.
    fn poll_fill(&mut self, context: &mut Context<'_>, is_enough: impl Fn(&Events) -> bool) -> Poll<()> {
        while !is_enough(&self.events) && self.failed.is_none() {
            let Some(reading) = &mut self.reading else { break };
            if let Some(Poll::Ready(late)) = self.deadline.as_mut().map(|deadline| deadline.poll(context)) {
                self.failed = Some(late);
                self.reading = None;
                break;
            }
            let piece = ready!(reading.poll_piece(context));
            match reading.take(piece, &mut self.events) {
                Ok(false) => {}
                Ok(true) => {
                    self.reading = None;
                    self.whole = true;
                }
                Err(error) => {
                    // The decoder's last events are delivered before the error. Whether the message was
                    // complete does not matter anymore.
                    reading.give_up(&mut self.events);
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
        ready!(this.poll_fill(context, |events| !events.is_empty()));
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
        let error = this.noted(error);
        this.runs.error(&error);
        Poll::Ready(Some(Err(error)))
    }
}

/// The text of an answer, as it arrives, from [`ChatStream::text`].
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials};
/// # use bedrock_chat::testing::{MemoryTransport, Reply};
/// # futures_executor::block_on(async {
/// # let transport = MemoryTransport::new([Reply::chunks([
/// #     r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Bon"}}"#,
/// #     r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"jour"}}"#,
/// #     r#"{"type":"message_stop"}"#,
/// # ])]);
/// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
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
    /// Returns the next piece of text; `None` after the last, and after an error.
    pub async fn next(&mut self) -> Option<Result<String>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Returns the message as far as it was delivered: all of it, once the text has ended.
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
