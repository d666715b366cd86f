//! Identity pools of Amazon Cognito.
//! Source: <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html>

use serde_json::{Map, Value, json};

use super::issued::letters;
use super::web_identity::claims;
use super::{ACCOUNT, Call};
use crate::delivery::Reply;
use crate::problem::Problem;

fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(400, "InvalidParameterException", message)
}

fn not_authorized(message: impl Into<String>) -> Problem {
    Problem::new(400, "NotAuthorizedException", message)
}

/// Reads the body, whose members must be in `known`.
fn body(call: &Call<'_>, known: &[&str]) -> Result<Map<String, Value>, Problem> {
    let kind = call.wire.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/x-amz-json-1.1") {
        let message = format!("the content type is {kind}, not application/x-amz-json-1.1");
        return Err(Problem::new(400, "SerializationException", message));
    }
    let body: Map<String, Value> = serde_json::from_slice(call.wire.body)
        .map_err(|error| Problem::new(400, "SerializationException", error.to_string()))?;
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(invalid(format!("local-bedrock: unknown member {name}"))),
        None => Ok(body),
    }
}

/// Returns an id such as `us-east-1:0f12...`.
fn id<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Problem> {
    let mut member = name.to_owned();
    if let Some(first) = member.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let constraint = "failed to satisfy constraint: Member must";
    let value = body.get(name).and_then(Value::as_str).ok_or_else(|| {
        invalid(format!("1 validation error detected: Value null at '{member}' {constraint} not be null"))
    })?;
    let fits = value.split_once(':').is_some_and(|(region, id)| {
        let hex = |c: char| c.is_ascii_hexdigit() && !c.is_uppercase() || c == '-';
        region.contains('-') && !id.is_empty() && id.chars().all(hex) && value.len() <= 55
    });
    if fits {
        return Ok(value);
    }
    let pattern = r"[\w-]+:[0-9a-f-]+";
    Err(invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' {constraint} satisfy regular expression pattern: {pattern}"
    )))
}

/// Checks logins, and returns a text that names the user.
fn logins(call: &Call<'_>, body: &Map<String, Value>) -> Result<Option<String>, Problem> {
    let Some(logins) = body.get("Logins").filter(|logins| !logins.is_null()) else { return Ok(None) };
    let logins = logins.as_object().ok_or_else(|| invalid("Logins is not a map"))?;
    let mut user = String::new();
    for (provider, token) in logins {
        let claims = token.as_str().and_then(claims);
        let claims =
            claims.ok_or_else(|| not_authorized("Invalid login token. Not a valid OpenId Connect identity token."))?;
        let expires = claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
        if call.now() >= expires {
            let message = format!("Invalid login token. Token expired: {expires} >= {}", call.now());
            return Err(not_authorized(message));
        }
        user.push_str(&format!("{provider} {} ", claims.get("sub").and_then(Value::as_str).unwrap_or_default()));
    }
    Ok((!logins.is_empty()).then_some(user))
}

fn check_guest(call: &Call<'_>, user: Option<&String>) -> Result<(), Problem> {
    if user.is_none() && !call.state().settings().unauthenticated_identities {
        return Err(not_authorized("Unauthenticated access is not supported for this identity pool."));
    }
    Ok(())
}

pub(super) fn get_id(call: &Call<'_>) -> Result<Reply, Problem> {
    let body = body(call, &["AccountId", "IdentityPoolId", "Logins"])?;
    let pool = id(&body, "IdentityPoolId")?;
    let user = logins(call, &body)?;
    check_guest(call, user.as_ref())?;
    let region = pool.split(':').next().unwrap_or_default();
    // Guests get one identity for a pool here, so that recordings can be repeated.
    let hex: String = letters("identity", &format!("{pool} {}", user.as_deref().unwrap_or("guest")), 32)
        .bytes()
        .map(|letter| format!("{:x}", letter % 16))
        .collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    let identity =
        format!("{region}:{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32));
    call.state().memory().identities.insert(identity.clone(), user.is_some());
    Ok(Reply::json(&json!({ "IdentityId": identity })))
}

pub(super) fn credentials(call: &Call<'_>) -> Result<Reply, Problem> {
    let body = body(call, &["IdentityId", "Logins", "CustomRoleArn"])?;
    let identity = id(&body, "IdentityId")?;
    let user = logins(call, &body)?;
    let known = call.state().memory().identities.get(identity).copied();
    let has_logins = known
        .ok_or_else(|| Problem::new(400, "ResourceNotFoundException", format!("Identity '{identity}' not found.")))?;
    if has_logins != user.is_some() {
        return Err(not_authorized(format!("Access to Identity '{identity}' is forbidden.")));
    }
    check_guest(call, user.as_ref())?;
    if user.is_none() && body.contains_key("CustomRoleArn") {
        return Err(invalid("CustomRoleArn is not allowed without logins"));
    }
    let role = if user.is_some() { "Cognito_Auth_Role" } else { "Cognito_Unauth_Role" };
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/CognitoIdentityCredentials");
    let key = call.state().issue(&format!("cognito {identity}"), &arn, call.now(), 3_600);
    let mut reply = Reply::json(&json!({
        "IdentityId": identity,
        "Credentials": {
            "AccessKeyId": key.id,
            "SecretKey": key.secret,
            "SessionToken": key.token,
            // Amazon's JSON protocol has seconds as a number with a fraction.
            "Expiration": serde_json::Number::from_f64(f64::from(u32::try_from(key.expires_at).unwrap_or(u32::MAX))),
        },
    }));
    reply.set_header("content-type", "application/x-amz-json-1.1");
    Ok(reply)
}
