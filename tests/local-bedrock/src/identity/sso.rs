//! The SSO portal and SSO OIDC.
//! Sources: <https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>,
//! <https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html>

use serde_json::{Value, json};

use super::form::Parameters;
use super::settings::{TEST_CLIENT_ID, TEST_CLIENT_SECRET};
use super::{Call, Operation};
use crate::delivery::Reply;
use crate::problem::Problem;

/// Eight hours.
const TOKEN_SECONDS: i64 = 28_800;

pub(super) fn role_credentials(call: &Call<'_>) -> Result<Reply, Problem> {
    let parameters = Parameters::query(&call.wire);
    let wanted = |name: &str| {
        parameters
            .get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Problem::new(400, "InvalidRequestException", format!("{name} is missing from the query")))
    };
    let (role, account) = (wanted("role_name")?, wanted("account_id")?);
    let unauthorized = |message: &str| Problem::new(401, "UnauthorizedException", message);
    let token = call.wire.header("x-amz-sso_bearer_token").unwrap_or_default();
    let expires = call.state().memory().sso_tokens.get(token).copied();
    if expires.is_none_or(|expires| call.now() >= expires) {
        return Err(unauthorized("Session token not found or invalid"));
    }
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::new(400, "InvalidRequestException", "account_id must have 12 digits"));
    }
    let seconds = call.state().settings().lifetime_seconds;
    let arn = format!("arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{role}_0123456789abcdef/local");
    let key = call.state().issue(&format!("sso {account} {role}"), &arn, call.now(), seconds);
    Ok(Reply::json(&json!({"roleCredentials": {
        "accessKeyId": key.id,
        "secretAccessKey": key.secret,
        "sessionToken": key.token,
        "expiration": key.expires_at.saturating_mul(1_000),
    }})))
}

/// Returns a text member of a JSON body, or why there is none.
pub(super) fn member(body: &Value, name: &str) -> Result<String, Problem> {
    let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| Problem::new(400, "InvalidRequestException", format!("{name} is missing")))
}

pub(super) fn json_body(call: &Call<'_>) -> Result<Value, Problem> {
    serde_json::from_slice(call.wire.body)
        .map_err(|error| Problem::new(400, "InvalidRequestException", format!("the body is not JSON: {error}")))
}

pub(super) fn create_token(call: &Call<'_>) -> Result<Reply, Problem> {
    let body = json_body(call)?;
    let (id, secret, grant) = (member(&body, "clientId")?, member(&body, "clientSecret")?, member(&body, "grantType")?);
    if id != TEST_CLIENT_ID || secret != TEST_CLIENT_SECRET {
        return Err(Problem::new(401, "InvalidClientException", "Invalid client id or client secret"));
    }
    if grant != "refresh_token" {
        let message = format!("{} supports the grant refresh_token here", Operation::CreateToken.name());
        return Err(Problem::new(400, "UnsupportedGrantTypeException", message));
    }
    let refresh = member(&body, "refreshToken")?;
    let mut memory = call.state().memory();
    if !memory.sso_refresh.remove(&refresh) {
        return Err(Problem::new(400, "InvalidGrantException", "Invalid refresh token provided"));
    }
    let (access, next) = (memory.fresh("sso-access"), memory.fresh("sso-refresh"));
    memory.sso_tokens.insert(access.clone(), call.now().saturating_add(TOKEN_SECONDS));
    memory.sso_refresh.insert(next.clone());
    drop(memory);
    Ok(Reply::json(&json!({
        "accessToken": access,
        "tokenType": "Bearer",
        "expiresIn": TOKEN_SECONDS,
        "refreshToken": next,
    })))
}
