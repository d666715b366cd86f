//! Access control of `/chat`. Every answer costs money, so by default a client needs the token.

use bedrock_chat::gateway::KeySettings;
use worker::Request;

use crate::answer::Refusal;
use crate::settings::Settings;

/// Accepts a request that has the Worker's `ACCESS_TOKEN` as its bearer token. Replace this with your own sessions:
/// requests of strangers must be refused.
pub(crate) fn check(request: &Request, settings: &Settings<'_>) -> Result<(), Refusal> {
    let Some(token) = settings.get("ACCESS_TOKEN") else {
        return Err(Refusal::new(
            503,
            "config",
            "this Worker has no ACCESS_TOKEN yet, so it refuses all requests: set one with `wrangler secret put ACCESS_TOKEN`",
        ));
    };
    let given = request.headers().get("authorization").ok().flatten().unwrap_or_default();
    let bearer = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match bearer.is_some_and(|(_, given)| KeySettings::new(&token).is_key(given)) {
        true => Ok(()),
        false => Err(Refusal::new(401, "unauthorized", "send the header: authorization: Bearer <ACCESS_TOKEN>")),
    }
}
