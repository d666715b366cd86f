//! Tests of the API.

mod passed;
mod replies;
mod requests;

use super::ChatDialect;
use crate::gateway::dialect::{Asked, Dialect};
use crate::gateway::openai::testing::with;

/// Reads a request with these members beside the model and one message.
fn read_with(members: &str) -> Asked {
    read(&body(members))
}

fn body(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}]{comma}{members}}}"#)
}

fn read(body: &str) -> Asked {
    with(body, |given| ChatDialect.read(given)).unwrap_or_else(|failure| panic!("{}: {body}", failure.message))
}
