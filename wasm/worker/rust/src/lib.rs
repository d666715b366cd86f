//! A Cloudflare Worker that answers for Amazon Bedrock.
//!
//! - A gateway: clients of OpenAI's, Anthropic's and Bedrock's own APIs reach every model. See
//!   [`bedrock_chat::gateway`] for its paths.
//! - `POST /chat`, for a page or an application: JSON in, Anthropic's server-sent events out.
//!
//! Its settings are bindings: see `wrangler.toml`.

mod access;
mod answer;
mod ask;
mod body;
mod chat;
mod gateway;
mod limits;
mod settings;
mod usage;

use worker::{Context, Env, Method, Request, Response, event};

use crate::answer::Refusal;
use crate::settings::Settings;

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    match route(request, &env, &context).await {
        Ok(response) => Ok(response),
        Err(refusal) => refusal.response(),
    }
}

async fn route(request: Request, env: &Env, context: &Context) -> Result<Response, Refusal> {
    match (request.path().as_str(), request.method()) {
        ("/chat", Method::Post) => chat::answer(request, &Settings::new(env)).await,
        ("/chat", _) => Err(Refusal::new(405, "method_not_allowed", "`/chat` takes POST")),
        _ => gateway::answer(request, env, context).await,
    }
}
