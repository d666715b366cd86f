//! `AssumeRoleWithWebIdentity`, and the checks of tokens of other identity providers.
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use base64::Engine as _;
use serde_json::Value;

use super::form::Parameters;
use super::{Call, sts};
use crate::clock;
use crate::delivery::Reply;
use crate::problem::Problem;

const NAMES: [&str; 7] =
    ["Action", "Version", "RoleArn", "RoleSessionName", "DurationSeconds", "WebIdentityToken", "ProviderId"];
/// The audience that EKS and most CI systems put into tokens for STS.
const AUDIENCE: &str = "sts.amazonaws.com";

pub(super) fn assume_role(call: &Call<'_>) -> Result<Reply, Problem> {
    let parameters = Parameters::of(&call.wire);
    sts::check_version(&parameters)?;
    sts::check_names(&parameters, &NAMES)?;
    let (arn, account, name) = sts::role_arn(&parameters)?;
    let session = sts::session_name(&parameters)?;
    let token = sts::checked(&parameters, "WebIdentityToken", 4..=20_000, "")?;
    let role = sts::role(call, arn);
    let seconds = sts::duration(&parameters, sts::longest(&role))?;
    let claims = claims(token).ok_or_else(|| {
        Problem::new(
            400,
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        )
    })?;
    check_time(&claims, call.now())?;
    let audience = claims.get("aud").cloned().unwrap_or_default();
    let fits = audience == AUDIENCE || audience.as_array().is_some_and(|all| all.contains(&Value::from(AUDIENCE)));
    if !fits {
        return Err(Problem::new(400, "InvalidIdentityToken", "Incorrect token audience"));
    }
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    let provider = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    let user = format!("arn:aws:sts::{account}:assumed-role/{}/{session}", sts::last_part(name));
    let key = call.state().issue(&format!("web identity {arn}"), &user, call.now(), seconds);
    let members = format!(
        "<SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken><Audience>{AUDIENCE}</Audience><Provider>{}</Provider>{}",
        sts::escape(subject),
        sts::escape(provider),
        sts::assumed(&key, arn, session)
    );
    Ok(sts::reply("AssumeRoleWithWebIdentity", &members, call.request_id))
}

/// Returns the claims of a JWT. Its signature is not checked: the keys of the issuer are not known here.
pub(super) fn claims(token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return None };
    let decode = |part: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).ok();
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    decode(signature).filter(|signature| !signature.is_empty())?;
    header.get("alg")?.as_str()?;
    serde_json::from_slice(&decode(claims)?).ok().filter(Value::is_object)
}

fn check_time(claims: &Value, now: i64) -> Result<(), Problem> {
    let expires = claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
    if now < expires {
        return Ok(());
    }
    let (now, expires) = (clock::iso_date(now), clock::iso_date(expires));
    let message = format!("Token expired: current date/time {now} must be before the expiration date/time {expires}");
    Err(Problem::new(400, "ExpiredTokenException", message))
}
