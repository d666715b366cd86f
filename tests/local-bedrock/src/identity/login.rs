//! The token endpoint of `aws login`.
//! Source: <https://docs.aws.amazon.com/signin/latest/APIReference/API_CreateOAuth2Token.html>

use serde_json::json;

use super::sso::{json_body, member};
use super::{ACCOUNT, Call, dpop};
use crate::delivery::Reply;
use crate::problem::Problem;

const CLIENTS: [&str; 2] = ["arn:aws:signin:::devtools/same-device", "arn:aws:signin:::devtools/cross-device"];
/// Fifteen minutes, the service's longest.
const SECONDS: i64 = 900;

fn denied(code: &'static str, message: impl Into<String>) -> Problem {
    Problem { code: Some(code), ..Problem::new(400, "AccessDeniedException", message) }
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem { code: Some("INVALID_REQUEST"), ..Problem::validation(message) }
}

pub(super) fn create_token(call: &Call<'_>) -> Result<Reply, Problem> {
    let body = json_body(call).map_err(|problem| invalid(problem.message))?;
    let wanted = |name: &str| member(&body, name).map_err(|problem| invalid(problem.message));
    let (client, grant) = (wanted("clientId")?, wanted("grantType")?);
    if !CLIENTS.contains(&client.as_str()) {
        return Err(invalid(format!("clientId is not one of {}", CLIENTS.join(", "))));
    }
    if grant != "refresh_token" {
        let message = format!("the grant {grant} is not supported here; use refresh_token");
        return Err(Problem { code: Some("unsupported_grant_type"), ..Problem::validation(message) });
    }
    let refresh = wanted("refreshToken")?;
    let host = call.wire.header("host").unwrap_or_default();
    // Requests to hosts of AWS are sent over TLS, which ends before this server.
    let is_aws = [".amazonaws.com", ".api.aws", ".aws.amazon.com"].iter().any(|end| host.ends_with(end));
    let url = format!("{}://{host}{}", if is_aws { "https" } else { "http" }, call.wire.path);
    let proof = call.wire.header("dpop").ok_or_else(|| invalid("the header DPoP is missing"))?;
    let proof = dpop::verify(proof, call.wire.method, &url, call.now())
        .map_err(|reason| invalid(format!("the DPoP proof is not valid: {reason}")))?;

    let mut memory = call.state().memory();
    if !memory.proofs.insert(proof.id) {
        return Err(invalid("the DPoP proof is not valid: its jti was used before"));
    }
    let bound = memory.login_refresh.get(&refresh).cloned();
    match bound {
        None => return Err(denied("TOKEN_EXPIRED", "The refresh token has expired.")),
        Some(Some(thumbprint)) if thumbprint != proof.thumbprint => {
            return Err(denied("INVALID_REQUEST", "The refresh token belongs to another DPoP key."));
        }
        Some(_) => memory.login_refresh.remove(&refresh),
    };
    let next = memory.fresh("login-refresh");
    memory.login_refresh.insert(next.clone(), Some(proof.thumbprint));
    drop(memory);

    let arn = format!("arn:aws:iam::{ACCOUNT}:user/local");
    let key = call.state().issue("login", &arn, call.now(), SECONDS);
    Ok(Reply::json(&json!({
        "accessToken": {"accessKeyId": key.id, "secretAccessKey": key.secret, "sessionToken": key.token},
        "tokenType": "aws_sigv4",
        "expiresIn": SECONDS,
        "refreshToken": next,
    })))
}
