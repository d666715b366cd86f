//! A Cloudflare Worker that streams answers of Amazon Bedrock.
//!
//! `POST /chat` takes JSON and answers with Server-Sent Events in the shape of Anthropic's API:
//!
//! ```json
//! {"messages": [{"role": "user", "content": "Hello?"}], "system": "Be brief.", "model": "...", "options": {"maxTokens": 300}}
//! ```
//!
//! What it needs to know are bindings: see `wrangler.toml`.

mod access;
mod answer;
mod ask;
mod body;
mod settings;
mod sse;

use bedrock_chat::{ChatStream, Result};
use futures_util::stream;
use worker::{Context, Env, Method, Request, Response, event};

use crate::answer::Refusal;
use crate::ask::Ask;
use crate::settings::Settings;
use crate::sse::AnthropicEvents;

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _: Context) -> worker::Result<Response> {
    match route(&mut request, &env).await {
        Ok(response) => Ok(response),
        Err(refusal) => refusal.response(),
    }
}

async fn route(request: &mut Request, env: &Env) -> Result<Response, Refusal> {
    let settings = Settings::new(env);
    match (request.path().as_str(), request.method()) {
        ("/chat", Method::Post) => {
            access::check(request, &settings)?;
            let body = body::read(request).await?;
            let Ask { model, messages, options } = Ask::read(&body, &settings)?;
            let chat = settings.chat(&model)?.with_options(&options);
            Ok(events(chat.stream(&messages).await?)?)
        }
        ("/chat", _) => Err(Refusal::new(405, "method_not_allowed", "ask /chat with POST")),
        _ => Err(Refusal::new(404, "not_found", "there is POST /chat, and nothing else")),
    }
}

/// An answer as Server-Sent Events, each as soon as it is there. When the client goes, the runtime
/// drops the stream, and with it the call to Bedrock.
fn events(answer: ChatStream) -> worker::Result<Response> {
    let pieces = stream::unfold(Some((answer, AnthropicEvents::new())), async |state| {
        let (mut answer, mut events) = state?;
        loop {
            let (text, ended) = match answer.next().await {
                Some(Ok(event)) => (events.event(event), false),
                Some(Err(error)) => (AnthropicEvents::error(&error), true),
                None => (events.end(), true),
            };
            if ended || !text.is_empty() {
                let rest = (!ended).then_some((answer, events));
                return Some((Ok::<_, worker::Error>(text.into_bytes()), rest));
            }
        }
    });
    let response = Response::from_stream(pieces)?;
    response.headers().set("content-type", "text/event-stream; charset=utf-8")?;
    response.headers().set("cache-control", "no-cache, no-transform")?;
    Ok(response)
}
