//! AWS STS over the Query protocol.
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use super::form::Parameters;
use super::issued::{IssuedKey, letters};
use super::refusal;
use super::{ACCOUNT, Call, Role};
use crate::clock;
use crate::delivery::Reply;
use crate::problem::Problem;
use crate::recorded::Verdict;

const VERSION: &str = "2011-06-15";
const HOUR: i64 = 3_600;
/// The code of every MFA device.
const MFA_CODE: &str = "123456";
const NAMES: [&str; 9] = [
    "Action",
    "Version",
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "ExternalId",
    "SerialNumber",
    "TokenCode",
    "SourceIdentity",
];
/// Parameters that are accepted and have no effect here.
const UNUSED: [&str; 5] = ["Policy", "PolicyArns.", "Tags.", "TransitiveTagKeys.", "ProvidedContexts."];

pub(super) fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(400, "ValidationError", message)
}

fn denied(message: impl Into<String>) -> Problem {
    Problem::new(403, "AccessDenied", message)
}

pub(super) fn unknown_action(parameters: &Parameters) -> Problem {
    let action = parameters.get("Action").unwrap_or_default();
    let version = parameters.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
    Problem::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
}

pub(super) fn check_version(parameters: &Parameters) -> Result<(), Problem> {
    if parameters.get("Version") == Some(VERSION) { Ok(()) } else { Err(unknown_action(parameters)) }
}

/// Refuses parameters that the operation does not have. AWS ignores them; here they are a mistake of the client.
pub(super) fn check_names(parameters: &Parameters, known: &[&str]) -> Result<(), Problem> {
    let unused = |name: &str| UNUSED.iter().any(|start| name == start.trim_end_matches('.') || name.starts_with(start));
    match parameters.names().find(|name| !known.contains(name) && !unused(name)) {
        Some(name) => Err(invalid(format!("local-bedrock: unknown parameter {name}"))),
        None => Ok(()),
    }
}

/// Returns a required parameter whose length and characters fit.
pub(super) fn checked<'a>(
    parameters: &'a Parameters,
    name: &str,
    lengths: std::ops::RangeInclusive<usize>,
    others: &str,
) -> Result<&'a str, Problem> {
    let mut member = name.to_owned();
    if let Some(first) = member.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let violated = |value: &str, constraint: &str| {
        invalid(format!(
            "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {constraint}"
        ))
    };
    let value = parameters.get(name).ok_or_else(|| violated("null", "Member must not be null"))?;
    let quoted = format!("'{value}'");
    if value.chars().count() < *lengths.start() {
        let least = lengths.start();
        return Err(violated(&quoted, &format!("Member must have length greater than or equal to {least}")));
    }
    if value.chars().count() > *lengths.end() {
        let most = lengths.end();
        return Err(violated(&quoted, &format!("Member must have length less than or equal to {most}")));
    }
    if !others.is_empty() && !value.chars().all(|c| c.is_alphanumeric() || c == '_' || others.contains(c)) {
        return Err(violated(&quoted, &format!("Member must satisfy regular expression pattern: [\\w{others}]*")));
    }
    Ok(value)
}

/// Returns the role's ARN, account and name.
pub(super) fn role_arn(parameters: &Parameters) -> Result<(&str, &str, &str), Problem> {
    let arn = checked(parameters, "RoleArn", 20..=2048, "")?;
    let malformed = || invalid(format!("{arn} is invalid"));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return Err(malformed()) };
    let name = resource.strip_prefix("role/").filter(|name| !name.is_empty()).ok_or_else(malformed)?;
    if !partition.starts_with("aws") || account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    Ok((arn, account, name))
}

pub(super) fn session_name(parameters: &Parameters) -> Result<&str, Problem> {
    checked(parameters, "RoleSessionName", 2..=64, "+=,.@-")
}

/// Returns the duration in seconds. `longest` is the role's.
pub(super) fn duration(parameters: &Parameters, longest: i64) -> Result<i64, Problem> {
    let Some(text) = parameters.get("DurationSeconds") else { return Ok(HOUR.min(longest)) };
    let seconds: i64 = text.parse().map_err(|_| invalid(format!("Malformed input: DurationSeconds is {text}")))?;
    let violated = |constraint: &str| {
        invalid(format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value {constraint}"
        ))
    };
    if seconds < 900 {
        return Err(violated("greater than or equal to 900"));
    }
    if seconds > 12 * HOUR {
        return Err(violated("less than or equal to 43200"));
    }
    if seconds > longest {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    Ok(seconds)
}

/// The role's settings, or those of a role without conditions.
pub(super) fn role(call: &Call<'_>, arn: &str) -> Role {
    let settings = call.state().settings();
    settings.roles.into_iter().find(|role| role.arn == arn).unwrap_or_else(|| Role::new(arn))
}

pub(super) fn longest(role: &Role) -> i64 {
    role.max_session_seconds.unwrap_or(12 * HOUR)
}

pub(super) fn assume_role(call: &Call<'_>, verdict: &Verdict) -> Result<Reply, Problem> {
    let parameters = Parameters::of(&call.wire);
    check_version(&parameters)?;
    check_names(&parameters, &NAMES)?;
    let (arn, account, name) = role_arn(&parameters)?;
    let session = session_name(&parameters)?;
    if parameters.get("ExternalId").is_some() {
        checked(&parameters, "ExternalId", 2..=1224, "+=,.@:/-")?;
    }
    let role = role(call, arn);
    let seconds = duration(&parameters, longest(&role))?;
    let caller = caller(call, verdict);
    if caller.arn.contains(":assumed-role/") && seconds > HOUR {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(invalid(message));
    }
    let refused =
        || denied(format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", caller.arn));
    if role.external_id.is_some() && role.external_id.as_deref() != parameters.get("ExternalId") {
        return Err(refused());
    }
    if role.trusted_key_id.is_some() && role.trusted_key_id != caller.key_id {
        return Err(refused());
    }
    check_mfa(&parameters, &role)?.then_some(()).ok_or_else(refused)?;
    let user = format!("arn:aws:sts::{account}:assumed-role/{}/{session}", last_part(name));
    let key = call.state().issue(&format!("role {arn}"), &user, call.now(), seconds);
    Ok(reply("AssumeRole", &assumed(&key, arn, session), call.request_id))
}

/// Returns whether the caller has sent what the role requires about MFA.
fn check_mfa(parameters: &Parameters, role: &Role) -> Result<bool, Problem> {
    match (parameters.get("SerialNumber"), parameters.get("TokenCode")) {
        (Some(_), Some(code)) if code != MFA_CODE => {
            Err(denied("MultiFactorAuthentication failed with invalid MFA one time pass code. "))
        }
        (Some(serial), Some(_)) => Ok(role.mfa_serial.as_deref().is_none_or(|wanted| wanted == serial)),
        (None, Some(_)) | (Some(_), None) => {
            Err(denied("MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."))
        }
        (None, None) => Ok(role.mfa_serial.is_none()),
    }
}

pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The members of a result of the operations that assume roles.
pub(super) fn assumed(key: &IssuedKey, role_arn: &str, session: &str) -> String {
    let role_id = format!("AROA{}", letters("role", role_arn, 16));
    format!(
        "<AssumedRoleUser><AssumedRoleId>{role_id}:{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser><Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>",
        escape(session),
        escape(&key.arn),
        key.id,
        key.secret,
        key.token,
        clock::iso_date(key.expires_at)
    )
}

/// The caller of a signed operation.
struct Caller {
    arn: String,
    key_id: Option<String>,
}

fn caller(call: &Call<'_>, verdict: &Verdict) -> Caller {
    let key_id = match verdict {
        Verdict::Signed { access_key_id, .. } => Some(access_key_id.clone()),
        _ => None,
    };
    let issued = key_id.as_deref().and_then(|id| call.state().arn(id));
    Caller { arn: issued.unwrap_or_else(|| format!("arn:aws:iam::{ACCOUNT}:user/local")), key_id }
}

pub(super) fn caller_identity(call: &Call<'_>, verdict: &Verdict) -> Result<Reply, Problem> {
    let parameters = Parameters::of(&call.wire);
    check_version(&parameters)?;
    check_names(&parameters, &["Action", "Version"])?;
    let arn = caller(call, verdict).arn;
    let user_id = format!("AIDA{}", letters("user", &arn, 17));
    let account = arn.split(':').nth(4).unwrap_or(ACCOUNT);
    let members =
        format!("<Arn>{}</Arn><UserId>{user_id}</UserId><Account>{}</Account>", escape(&arn), escape(account));
    Ok(reply("GetCallerIdentity", &members, call.request_id))
}

pub(super) fn reply(operation: &str, members: &str, request_id: &str) -> Reply {
    xml(
        200,
        &format!(
            "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/{VERSION}/\"><{operation}Result>{members}</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        ),
    )
}

/// An error of the Query protocol. Names of errors about keys and signatures differ from those of Bedrock.
pub(super) fn error(status: u16, error_type: &str, message: &str, request_id: &str) -> Reply {
    let code = match error_type {
        "InvalidSignatureException" => "SignatureDoesNotMatch",
        "UnrecognizedClientException" => "InvalidClientTokenId",
        "ExpiredTokenException" if status == 403 => "ExpiredToken",
        "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
        "IncompleteSignatureException" => "IncompleteSignature",
        other => other,
    };
    let sender = if status < 500 { "Sender" } else { "Receiver" };
    xml(
        status,
        &format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/{VERSION}/\"><Error><Type>{sender}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
            escape(code),
            escape(message)
        ),
    )
}

fn xml(status: u16, body: &str) -> Reply {
    let mut reply = refusal::text(status, body);
    reply.set_header("content-type", "text/xml");
    reply
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
