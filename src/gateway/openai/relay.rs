//! Answers that are passed on byte for byte, while their usage is read.

use crate::error::{Error, ErrorKind, Result, from_reported};
use crate::gateway::dialect::Relay;
use crate::gateway::tally::Used;
use crate::json::View;
use crate::platform::MaybeSend;
use crate::provider::body::object;
use crate::provider::invoke::check_end;
use crate::sse::{DEFAULT_MAX_EVENT_LEN, SseDecoder, SseEvent};

/// Reads the answers of an API.
pub(crate) trait AnswerReader: MaybeSend {
    /// Reads an event of a stream. Returns whether the client receives it.
    ///
    /// # Errors
    /// The error that the event reports.
    fn event(&mut self, event: &SseEvent<'_>) -> Result<bool>;

    /// Reads a whole answer.
    fn whole(&mut self, answer: View<'_>);

    /// Returns whether the last event of a stream has arrived.
    fn is_complete(&self) -> bool;

    /// Returns the tokens so far.
    fn used(&self) -> Used;
}

/// Passes on a whole answer, or a stream of server-sent events. Events are written when they are complete, so that
/// other events can be written between them.
pub(crate) struct OpenAiRelay<R> {
    reader: R,
    streams: bool,
    decoder: SseDecoder,
    /// The whole answer, or the bytes of the event that is not complete.
    held: Vec<u8>,
    /// Where the line that is not complete begins in `held`.
    line: usize,
}

impl<R: AnswerReader> OpenAiRelay<R> {
    pub(crate) fn new(reader: R, streams: bool) -> Self {
        Self { reader, streams, decoder: SseDecoder::new(), held: Vec::new(), line: 0 }
    }

    /// Reads the events that are complete. Returns whether there was an event, and whether the client receives it.
    fn read(&mut self) -> (bool, Result<bool>) {
        let (mut any, mut is_shown) = (false, false);
        loop {
            let shown = match self.decoder.next_event() {
                Ok(Some(event)) => self.reader.event(&event),
                Ok(None) => return (any, Ok(is_shown)),
                Err(error) => Err(error),
            };
            any = true;
            match shown {
                Ok(shown) => is_shown |= shown,
                Err(error) => return (true, Err(error)),
            }
        }
    }

    /// Reads the line that ends `held`, and passes on or drops the event that it completes.
    fn end_line(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.decoder.push(self.held.get(self.line..).unwrap_or_default());
        let is_first = self.line == 0;
        let is_comment = self.held.starts_with(b":") || self.held.iter().all(u8::is_ascii_whitespace);
        self.line = self.held.len();
        let (any, shown) = self.read();
        let is_shown = !matches!(shown, Ok(false));
        if any || is_first && is_comment {
            if is_shown || !any {
                out.append(&mut self.held);
            }
            self.held.clear();
            self.line = 0;
        }
        shown.map(|_| ())
    }
}

impl<R: AnswerReader> Relay for OpenAiRelay<R> {
    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if !self.streams {
            self.held.extend_from_slice(piece);
            return Ok(());
        }
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.held.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end_line(out)?;
            }
            if self.held.len() > DEFAULT_MAX_EVENT_LEN {
                return Err(Error::new(ErrorKind::Frame, "an event of the service's stream is too long"));
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        if !self.streams {
            // An answer that was cut must not look like a whole one.
            let answer = object(&self.held)?;
            if answer.get("error").is_some() && answer.word_at("status") != "failed" {
                return Err(from_reported(answer));
            }
            self.reader.whole(answer);
            out.append(&mut self.held);
            return Ok(());
        }
        if !self.held.is_empty() {
            self.decoder.push(self.held.get(self.line..).unwrap_or_default());
        }
        // Events whose lines end in `\r` alone are read here.
        let (any, shown) = self.read();
        let mut is_shown = shown?;
        match self.decoder.finish()? {
            Some(event) => is_shown |= self.reader.event(&event)?,
            None => is_shown |= !any,
        }
        check_end(self.reader.is_complete())?;
        if is_shown {
            out.append(&mut self.held);
        }
        Ok(())
    }

    fn used(&self) -> Used {
        self.reader.used()
    }
}
