//! The function that the entry `bedrock-chat/credentials` calls: it requests temporary AWS keys from STS or Cognito.
//! It is a separate module, so that only programs that use it load it. Files that both modules have are in
//! `wasm/src`.

#[path = "../../src/credentials.rs"]
mod credentials;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/members.rs"]
mod members;
#[path = "../../src/memory.rs"]
mod memory;
mod options;

use std::time::Duration;

use bedrock_chat::json::{View, Writer};
use bedrock_chat::{
    AiMessage, AssumeRoleCredentials, CognitoCredentials, Credentials, FetchTransport, IdentityToken, Json,
    ProvideCredentials, Result, WebIdentityCredentials,
};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use credentials::{Provider, read_credentials};
use members::Members;

/// Requests temporary credentials, once. `request` is JSON: `source` is `"role"`, `"webIdentity"` or `"cognito"`, and
/// the other members are the options of its function in the package. `fetch` is used instead of the global one, and
/// `credentials` returns a promise of the credentials that assume a role.
///
/// Returns JSON: the credentials, their `expiration` in milliseconds since 1970, and the `identityId` of Cognito.
#[wasm_bindgen(js_name = temporaryCredentials)]
pub async fn temporary_credentials(
    request: String,
    fetch: Option<Function>,
    credentials: Option<Function>,
) -> core::result::Result<String, JsValue> {
    find(&request, fetch, credentials).await.map_err(error::thrown)
}

async fn find(request: &str, fetch: Option<Function>, credentials: Option<Function>) -> Result<String> {
    let request = Json::parse(request).map_err(error::json)?;
    let fields = Members::of(request.view());
    let transport = fetch.map(FetchTransport::with_fetch).unwrap_or_default();
    let (found, identity) = match fields.text("source").as_str() {
        "cognito" => {
            let pool = cognito(&fields, transport);
            (pool.credentials().await?, pool.identity_id())
        }
        "webIdentity" => (web_identity(&fields, transport).credentials().await?, None),
        _ => (role(&fields, transport, credentials)?.credentials().await?, None),
    };
    Ok(written(&found, identity))
}

/// Applies the options that all sources have, and those of the list that are set.
macro_rules! with_options {
    ($provider:expr, $fields:expr, $transport:expr, {$($key:literal => $setter:ident),*}) => {{
        let mut provider = $provider.with_transport($transport);
        $(if let Some(text) = $fields.string($key) {
            provider = provider.$setter(text);
        })*
        if let Some(variables) = $fields.get("environment") {
            let variables = Json::from(variables);
            provider = provider.with_environment(move |name| variables.view().get(name).and_then(View::string));
        }
        provider
    }};
}

/// Returns the duration of a session.
fn duration(fields: &Members<'_>) -> Option<Duration> {
    fields.get("durationSeconds").and_then(View::u64).map(Duration::from_secs)
}

fn role(
    fields: &Members<'_>,
    transport: FetchTransport,
    credentials: Option<Function>,
) -> Result<AssumeRoleCredentials> {
    let role = match (credentials, fields.get("credentials")) {
        (Some(function), _) => AssumeRoleCredentials::new(fields.text("roleArn"), Provider::new(function)),
        (None, given) => {
            let given = given.map(read_credentials).transpose()?;
            AssumeRoleCredentials::new(fields.text("roleArn"), given.unwrap_or_else(|| Credentials::new("", "")))
        }
    };
    let role = with_options!(role, fields, transport, {
        "region" => with_region, "externalId" => with_external_id, "sessionName" => with_session_name,
        "policy" => with_policy, "endpointUrl" => with_endpoint_url
    });
    Ok(match duration(fields) {
        Some(duration) => role.with_duration(duration),
        None => role,
    })
}

fn web_identity(fields: &Members<'_>, transport: FetchTransport) -> WebIdentityCredentials {
    let token = IdentityToken::new(fields.text("token"));
    let role = with_options!(WebIdentityCredentials::new(fields.text("roleArn"), token), fields, transport, {
        "region" => with_region, "sessionName" => with_session_name, "policy" => with_policy,
        "endpointUrl" => with_endpoint_url
    });
    match duration(fields) {
        Some(duration) => role.with_duration(duration),
        None => role,
    }
}

fn cognito(fields: &Members<'_>, transport: FetchTransport) -> CognitoCredentials {
    let mut pool = with_options!(CognitoCredentials::new(fields.text("identityPoolId")), fields, transport, {
        "identityId" => with_identity_id, "roleArn" => with_role_arn, "endpointUrl" => with_endpoint_url
    });
    if let Some(logins) = fields.get("logins") {
        for (name, token) in logins.entries() {
            pool = pool.with_login(name.into_owned(), IdentityToken::new(token.string().unwrap_or_default()));
        }
    }
    pool
}

/// Writes credentials as JavaScript reads them.
fn written(found: &Credentials, identity: Option<String>) -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.opt_field("accessKeyId", found.access_key_id());
    w.opt_field("secretAccessKey", found.secret_access_key());
    w.opt_field("sessionToken", found.session_token());
    w.opt_u64("expiration", found.expires_at().and_then(|end| end.as_millis().try_into().ok()));
    w.opt_field("identityId", identity.as_deref());
    w.end_object();
    w.finish()
}

/// Returns the message that had arrived before an error. No request for credentials has one.
fn partial(_: &AiMessage) -> Option<Json> {
    None
}
