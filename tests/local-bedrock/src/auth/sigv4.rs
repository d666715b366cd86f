//! SigV4 in the `Authorization` header.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;

use super::{KnownKey, Rules, TokenRule, Wire, canonical, refused};
use crate::clock::{self, Clock};
use crate::problem::Problem;
use crate::recorded::Verdict;

/// HTTP/2 has this header instead of `host`; the JavaScript SDK signs it under this name.
const AUTHORITY: &str = ":authority";
const SKEW: i64 = 5 * 60;
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
pub(super) const UNKNOWN_KEY: &str = "The security token included in the request is invalid.";
pub(super) const EXPIRED: &str = "The security token included in the request is expired";

/// `Credential=.../20250102/us-east-1/bedrock/aws4_request, SignedHeaders=a;b, Signature=hex`
#[derive(Debug)]
struct Authorization {
    key_id: String,
    date: String,
    region: String,
    service: String,
    signed_headers: Vec<String>,
    signature: String,
}

fn incomplete(message: impl Into<String>) -> Problem {
    refused(400, "IncompleteSignatureException", message)
}

fn invalid(message: impl Into<String>) -> Problem {
    refused(403, "InvalidSignatureException", message)
}

fn parse(header: &str) -> Result<Authorization, Problem> {
    let Some(fields) = header.strip_prefix("AWS4-HMAC-SHA256") else {
        return Err(incomplete(format!(
            "Unsupported AWS 'algorithm': '{}'.",
            header.split(' ').next().unwrap_or_default()
        )));
    };
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for field in fields.split(',').map(str::trim).filter(|field| !field.is_empty()) {
        let Some((key, value)) = field.split_once('=') else {
            return Err(incomplete(format!(
                "'{field}' not a valid key=value pair (missing equal-sign) in Authorization header."
            )));
        };
        match key {
            "Credential" => credential = Some(value),
            "SignedHeaders" => signed_headers = Some(value),
            "Signature" => signature = Some(value),
            _ => {}
        }
    }
    let missing: String = [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)]
        .iter()
        .filter(|(_, value)| value.is_none_or(str::is_empty))
        .map(|(name, _)| format!("Authorization header requires '{name}' parameter. "))
        .collect();
    let (Some(credential), Some(signed_headers), Some(signature), true) =
        (credential, signed_headers, signature, missing.is_empty())
    else {
        return Err(incomplete(missing.trim_end()));
    };
    // A key id may contain slashes; the scope is the last four parts.
    let parts: Vec<&str> = credential.rsplitn(5, '/').collect();
    let [terminator, service, region, date, key_id] = parts.as_slice() else {
        return Err(incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
        )));
    };
    if *terminator != "aws4_request" {
        return Err(invalid(format!(
            "Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'."
        )));
    }
    Ok(Authorization {
        key_id: (*key_id).to_owned(),
        date: (*date).to_owned(),
        region: (*region).to_owned(),
        service: (*service).to_owned(),
        signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
        signature: signature.to_owned(),
    })
}

pub(super) fn check(
    wire: &Wire<'_>,
    header: &str,
    rules: &Rules,
    service: &str,
    clock: &Clock,
) -> Result<Verdict, Problem> {
    let authorization = parse(header)?;
    let Some(amz_date) = wire.header("x-amz-date") else {
        return Err(incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."));
    };
    let Some(signed_at) = clock::parse_amz_date(amz_date) else {
        return Err(incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{amz_date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )));
    };
    check_signed_headers(wire, &authorization.signed_headers)?;
    check_scope(&authorization, amz_date, rules, service)?;
    let key = check_key(wire, &authorization.key_id, rules, clock)?;
    check_time(signed_at, clock.now())?;
    let time = clock::system_time(signed_at);
    let signature = if authorization.signed_headers.iter().any(|name| name == AUTHORITY) {
        // `aws-sigv4` refuses a request with a colon in a header name, so only its last two steps are used.
        let key = v4::generate_signing_key(&key.secret, time, &authorization.region, &authorization.service);
        v4::calculate_signature(key, string_to_sign(wire, &authorization, amz_date).1.as_bytes())
    } else {
        recompute(wire, &authorization, &key, time)?
    };
    if signature != authorization.signature {
        return Err(invalid(mismatch(wire, &authorization, amz_date)));
    }
    Ok(Verdict::Signed {
        access_key_id: authorization.key_id,
        region: authorization.region,
        service: authorization.service,
        signed_headers: authorization.signed_headers,
    })
}

fn check_signed_headers(wire: &Wire<'_>, signed: &[String]) -> Result<(), Problem> {
    if !signed.is_sorted() || signed.iter().any(|name| name.chars().any(char::is_uppercase)) {
        return Err(invalid("SignedHeaders must be lower-case and sorted."));
    }
    if signed.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(invalid("SignedHeaders must not name a header twice."));
    }
    if !signed.iter().any(|name| name == "host" || name == AUTHORITY) {
        return Err(invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    }
    for (name, _) in wire.headers {
        // Load balancers add and change the trace id, so AWS's own clients do not sign it.
        if name.starts_with("x-amz") && name != "x-amzn-trace-id" && !signed.contains(name) {
            return Err(invalid(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
        }
    }
    for name in signed {
        if !wire.headers.iter().any(|(present, _)| present == name) {
            return Err(invalid(format!("The signed header '{name}' is not in the request. {MISMATCH}")));
        }
    }
    Ok(())
}

fn check_scope(authorization: &Authorization, amz_date: &str, rules: &Rules, service: &str) -> Result<(), Problem> {
    if authorization.service != service {
        return Err(invalid(format!("Credential should be scoped to correct service: '{service}'. ")));
    }
    if authorization.region.is_empty() || rules.region.as_ref().is_some_and(|region| *region != authorization.region) {
        let expected = rules.region.as_deref().unwrap_or("a region");
        return Err(invalid(format!(
            "Credential should be scoped to a valid Region, not '{}'. Expected '{expected}'.",
            authorization.region
        )));
    }
    let day = amz_date.get(..8).unwrap_or_default();
    if authorization.date != day {
        return Err(invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{amz_date}'.",
            authorization.date
        )));
    }
    Ok(())
}

pub(super) fn check_key(wire: &Wire<'_>, id: &str, rules: &Rules, clock: &Clock) -> Result<KnownKey, Problem> {
    check_token(id, wire.header("x-amz-security-token"), rules, clock)
}

pub(super) fn check_token(id: &str, token: Option<&str>, rules: &Rules, clock: &Clock) -> Result<KnownKey, Problem> {
    let unknown = || refused(403, "UnrecognizedClientException", UNKNOWN_KEY);
    let key = rules.key(id, clock.now()).ok_or_else(unknown)?;
    match (&key.token, token) {
        (TokenRule::Expired(expected), Some(given)) if given == expected => {
            Err(refused(403, "ExpiredTokenException", EXPIRED))
        }
        (TokenRule::Optional(_) | TokenRule::None, None) => Ok(key),
        (TokenRule::Optional(expected) | TokenRule::Required(expected), Some(given)) if given == expected => Ok(key),
        _ => Err(unknown()),
    }
}

fn check_time(signed_at: i64, now: i64) -> Result<(), Problem> {
    let (signed, current) = (clock::amz_date(signed_at), clock::amz_date(now));
    if signed_at < now - SKEW {
        let limit = clock::amz_date(now - SKEW);
        return Err(invalid(format!("Signature expired: {signed} is now earlier than {limit} ({current} - 5 min.)")));
    }
    if signed_at > now + SKEW {
        let limit = clock::amz_date(now + SKEW);
        return Err(invalid(format!(
            "Signature not yet current: {signed} is still later than {limit} ({current} + 5 min.)"
        )));
    }
    Ok(())
}

/// The signature that `aws-sigv4` makes over the bytes as received.
fn recompute(
    wire: &Wire<'_>,
    authorization: &Authorization,
    key: &KnownKey,
    signed_at: SystemTime,
) -> Result<String, Problem> {
    let token = wire.header("x-amz-security-token").map(str::to_owned);
    let identity: Identity = Credentials::new(&key.id, &key.secret, token, None, "local-bedrock").into();
    let mut settings = SigningSettings::default();
    // All headers that the client signed are included, also a `user-agent`.
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&authorization.region)
        .name(&authorization.service)
        .time(signed_at)
        .settings(settings)
        .build()
        .map_err(|error| invalid(format!("{MISMATCH} ({error})")))?
        .into();
    let uri = uri(wire);
    let headers = wire
        .headers
        .iter()
        .filter(|(name, _)| authorization.signed_headers.contains(name))
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let request = SignableRequest::new(wire.method, uri, headers, SignableBody::Bytes(wire.body))
        .map_err(|error| invalid(format!("{MISMATCH} ({error})")))?;
    let output = sign(request, &params).map_err(|error| invalid(format!("{MISMATCH} ({error})")))?;
    Ok(output.signature().to_owned())
}

/// `aws-sigv4` requires a whole URI. It does not use the authority, but the `host` header.
pub(super) fn uri(wire: &Wire<'_>) -> String {
    match wire.query {
        Some(query) => format!("http://local{}?{query}", wire.path),
        None => format!("http://local{}", wire.path),
    }
}

/// The canonical request and the string to sign.
fn string_to_sign(wire: &Wire<'_>, authorization: &Authorization, amz_date: &str) -> (String, String) {
    let canonical_request = canonical::request(wire, &authorization.signed_headers);
    let scope = format!("{}/{}/{}/aws4_request", authorization.date, authorization.region, authorization.service);
    let string_to_sign = canonical::string_to_sign(&canonical_request, amz_date, &scope);
    (canonical_request, string_to_sign)
}

fn mismatch(wire: &Wire<'_>, authorization: &Authorization, amz_date: &str) -> String {
    let (canonical_request, string_to_sign) = string_to_sign(wire, authorization, amz_date);
    format!(
        "{MISMATCH}\n\nThe Canonical String for this request should have been\n'{canonical_request}'\n\nThe String-to-Sign should have been\n'{string_to_sign}'\n"
    )
}

#[cfg(test)]
mod tests;
