//! The APIs that have the model's id in the body: Responses, Chat Completions and Messages.

use serde_json::Value;

use super::{Call, anthropic, chat, not_json, responses};
use crate::catalog;
use crate::delivery::Reply;
use crate::endpoint::Endpoint;
use crate::problem::{Form, Problem};
use crate::route::{Base, Operation};
use crate::state::State;

/// One accepted request.
pub(crate) struct Request<'a> {
    pub(crate) operation: Operation,
    pub(crate) base: Base,
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
    pub(crate) state: &'a State,
}

/// Answers a request; errors have the shape of the API.
pub(crate) fn answer(request: &Request<'_>) -> Reply {
    let form = match request.base {
        Base::Anthropic => Form::Anthropic { request_id: format!("req_{}", request.state.request_id()) },
        Base::OpenAi | Base::V1 => Form::OpenAi,
    };
    let reply = answered(request);
    reply.unwrap_or_else(|problem| problem.into_reply_as(&form))
}

fn answered(request: &Request<'_>) -> Result<Reply, Problem> {
    let body: Value = serde_json::from_slice(request.body).map_err(|error| not_json(&error))?;
    let id = match body.get("model") {
        Some(Value::String(id)) => id.as_str(),
        Some(_) => return Err(Problem::about("model", "Invalid type for 'model': expected a string.")),
        None if request.base == Base::Anthropic => return Err(Problem::validation("model: Field required")),
        None => return Err(Problem::about("model", "Missing required parameter: 'model'.")),
    };
    let model = catalog::admit(request.endpoint, request.operation, request.base, id)?;
    project(request)?;
    let call = Call {
        model_id: id.to_owned(),
        model,
        operation: request.operation,
        headers: request.headers,
        body: request.body,
        state: request.state,
    };
    match request.operation {
        Operation::Responses => responses::answer(&call, &body, request.endpoint),
        Operation::Chat => chat::answer(&call, &body, request.endpoint),
        Operation::Messages => anthropic::answer_messages(&call, &body),
        _ => anthropic::count_messages(&call, &body),
    }
}

/// Checks the header that names the project. AWS's page of the Responses API: `bedrock-runtime` has only the default
/// project.
fn project(request: &Request<'_>) -> Result<(), Problem> {
    let name = match request.base {
        Base::Anthropic => "anthropic-workspace-id",
        Base::OpenAi | Base::V1 => "openai-project",
    };
    let header = request.headers.iter().find(|(header, _)| header == name);
    let Some((_, project)) = header else { return Ok(()) };
    let good = project.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) && !project.is_empty();
    if !good {
        return Err(Problem::validation(format!("Invalid project: '{project}'.")));
    }
    if request.endpoint == Endpoint::Runtime && project != "default" {
        return Err(Problem::validation(format!("The project '{project}' is not supported on this endpoint.")));
    }
    Ok(())
}
