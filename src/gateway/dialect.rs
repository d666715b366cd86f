//! The interface between the gateway and an API that clients speak: read a request, write a reply, write an error. Each
//! API implements [`Dialect`], and the rest of the gateway does not depend on its JSON.

use super::failure::Failure;
use super::tally::Used;
use crate::error::Result;
use crate::event::ChatEvent;
use crate::headers::Headers;
use crate::json::{Json, View};
use crate::message::{AiMessage, Message};
use crate::model::ModelId;
use crate::platform::{MaybeSend, Runtime};
use crate::provider::Call;
use crate::request::ChatOptions;

/// A client's request: a JSON object, which names a model.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    /// The body, an object.
    pub(crate) body: View<'a>,
    /// The headers. Some contain secrets.
    pub(crate) headers: &'a Headers,
    /// The model's name, as the client wrote it.
    pub(crate) model: &'a str,
    /// Whether the client asked for a stream.
    pub(crate) streams: bool,
    /// The time, in seconds since 1970-01-01T00:00:00Z.
    pub(crate) now: u64,
    /// A random text of letters and digits, for ids of the gateway.
    pub(crate) nonce: &'a str,
}

/// A request that is translated: sent to the model in the model's own format.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) messages: Vec<Message>,
    pub(crate) options: ChatOptions,
    /// The parts of the request that cannot be sent to any model of Bedrock and do not change the answer, such as
    /// `anthropic-beta: x`. A response header names them.
    pub(crate) removed: Vec<String>,
    /// Members for which the crate has no option. They are sent to models whose own format has them.
    pub(crate) sampling: Vec<(&'static str, Json)>,
    /// Whether the client wants to read the reasoning, which newer Claude models leave out by default.
    pub(crate) shows_reasoning: bool,
}

/// Adds a part of the request that is left out, once.
pub(crate) fn leave_out(removed: &mut Vec<String>, name: &str) {
    if !removed.iter().any(|known| known == name) {
        removed.push(name.to_owned());
    }
}

/// A request that is passed on: its members are sent byte for byte to a model that speaks the API itself.
pub(crate) struct Passed {
    pub(crate) call: Call,
    pub(crate) removed: Vec<String>,
    /// Writes the answer. It gets the pieces of a stream, or the whole body as one piece.
    pub(crate) relay: Box<dyn Relay>,
}

/// Turns the bytes of the service's answer into those of the client's.
pub(crate) trait Relay: MaybeSend {
    /// Reads a piece and writes what it completes.
    ///
    /// # Errors
    /// The service's own error in a stream, or `Frame` if the bytes are not in the service's format.
    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<()>;

    /// Ends the answer.
    ///
    /// # Errors
    /// `Truncated`, if the answer is not complete.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()>;

    /// Returns the tokens so far.
    fn used(&self) -> Used;
}

/// Writes the events of a reply as the Server-Sent Events of an API.
pub(crate) trait EventWriter: MaybeSend {
    /// Writes an event, if the API has a counterpart.
    fn event(&mut self, event: ChatEvent, out: &mut String);

    /// Writes what follows the last event.
    fn end(&mut self, out: &mut String);
}

/// An API that clients speak.
pub(crate) trait Dialect: Sync {
    /// Returns the call of a model that speaks this API itself, or nothing, if the request must be translated.
    ///
    /// # Errors
    /// A request that no model accepts.
    fn pass(&self, given: &Given<'_>, model: &ModelId) -> Result<Option<Passed>, Failure>;

    /// Reads a request, to be sent in another format.
    ///
    /// # Errors
    /// A member that cannot be read, or that the gateway would have to drop although it changes the answer.
    fn read(&self, given: &Given<'_>) -> Result<Asked, Failure>;

    /// Returns a whole reply in the API's JSON.
    fn message(&self, given: &Given<'_>, reply: &AiMessage) -> String;

    /// Returns a writer of a streamed reply.
    fn events(&self, given: &Given<'_>) -> Box<dyn EventWriter>;

    /// Returns the body of an error.
    fn problem(&self, failure: &Failure) -> String;

    /// Returns the event that ends a stream which fails.
    fn problem_event(&self, failure: &Failure) -> String;

    /// Returns the event for a silence, so that no server on the way closes the connection.
    fn keep_alive(&self) -> &'static str {
        ": keep-alive\n\n"
    }
}

/// Returns a text of 24 random letters and digits.
pub(crate) fn nonce(runtime: &dyn Runtime) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let digit = |_| {
        let random = runtime.random() * DIGITS.len() as f64;
        char::from(DIGITS.get(random as usize).copied().unwrap_or(b'0'))
    };
    (0..24).map(digit).collect()
}
