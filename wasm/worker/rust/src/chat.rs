//! `POST /chat`: accepts JSON and answers with server-sent events in the format of Anthropic's API.
//!
//! ```json
//! {"messages": [{"role": "user", "content": "Hello?"}], "system": "Be brief.", "model": "...", "options": {"maxTokens": 300}}
//! ```

use std::pin::{Pin, pin};
use std::time::Duration;

use bedrock_chat::gateway::AnthropicSse;
use bedrock_chat::{ChatEvent, ChatStream, Result};
use futures_util::future::{Either, select};
use futures_util::stream;
use worker::{Delay, Request, Response, console_error};

use crate::answer::Refusal;
use crate::ask::Ask;
use crate::settings::Settings;
use crate::{access, body};

/// The maximum silence. Load balancers close silent connections, most of them after 60 seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Answers a request.
pub(crate) async fn answer(mut request: Request, settings: &Settings<'_>) -> Result<Response, Refusal> {
    access::check(&request, settings)?;
    let body = body::read(&mut request).await?;
    let Ask { model, messages, options } = Ask::read(&body, settings)?;
    let chat = settings.chat(&model)?.build()?.with_options(&options);
    let opening = Box::pin(async move { chat.stream(&messages).await });
    // An error has its status, unless the model thinks for so long that the response begins before it: then it is an
    // event.
    let answer = match select(opening, pin!(Delay::from(KEEP_ALIVE))).await {
        Either::Left((answer, _)) => Answer::Open(answer?),
        Either::Right(((), opening)) => Answer::Opening(opening),
    };
    Ok(events(answer, AnthropicSse::new(&model))?)
}

/// An answer, or the call that waits for it.
enum Answer {
    Opening(Pin<Box<dyn Future<Output = Result<ChatStream>>>>),
    Open(ChatStream),
}

impl Answer {
    /// Waits for the next event. Dropping the future loses nothing.
    async fn next(&mut self) -> Option<Result<ChatEvent>> {
        if let Self::Opening(opening) = self {
            match opening.await {
                Ok(stream) => *self = Self::Open(stream),
                Err(error) => return Some(Err(error)),
            }
        }
        match self {
            Self::Open(stream) => stream.next().await,
            Self::Opening(_) => None,
        }
    }
}

/// Returns an answer as server-sent events, each sent as soon as it has arrived. When the client disconnects, the
/// runtime drops the stream, which cancels the call to Bedrock.
fn events(answer: Answer, sse: AnthropicSse) -> worker::Result<Response> {
    let pieces = stream::unfold(Some((answer, sse)), async |state| {
        let (mut answer, mut sse) = state?;
        loop {
            let next = match select(pin!(answer.next()), pin!(Delay::from(KEEP_ALIVE))).await {
                Either::Left((next, _)) => Some(next),
                Either::Right(_) => None,
            };
            let (text, ended) = match next {
                Some(Some(Ok(event))) => (sse.event(event), false),
                Some(Some(Err(error))) => {
                    console_error!("{error}");
                    (sse.error(&error), true)
                }
                Some(None) => (sse.end(), true),
                // Readers skip comments.
                None => (": keep-alive\n\n".to_owned(), false),
            };
            if ended || !text.is_empty() {
                let rest = (!ended).then_some((answer, sse));
                return Some((Ok::<_, worker::Error>(text.into_bytes()), rest));
            }
        }
    });
    let response = Response::from_stream(pieces)?;
    response.headers().set("content-type", "text/event-stream; charset=utf-8")?;
    response.headers().set("cache-control", "no-cache, no-transform")?;
    Ok(response)
}
