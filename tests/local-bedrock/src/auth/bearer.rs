//! Bedrock API keys in `Authorization: Bearer`: long-term keys, which the server has in its settings, and short-term keys,
//! which are a presigned request in base64.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::Engine as _;

use super::Rules;
use super::sigv4::{UNKNOWN_KEY, check_token};
use crate::clock::{self, Clock};
use crate::problem::Problem;
use crate::recorded::Verdict;
use crate::route::percent_decode;

const SHORT_TERM: &str = "bedrock-api-key-";
const HOST: &str = "bedrock.amazonaws.com";
/// Twelve hours.
const LONGEST_LIFE: i64 = 43_200;
const INVALID: &str = "Authentication failed: Please make sure your API Key is valid.";

fn refused(message: &str) -> Problem {
    let mut problem = Problem::new(403, "AccessDeniedException", message);
    problem.capital = true;
    problem
}

pub(super) fn check(key: &str, rules: &Rules, clock: &Clock) -> Result<Verdict, Problem> {
    if rules.bearer_keys.iter().any(|known| known == key) {
        return Ok(Verdict::Bearer);
    }
    let decoded = key
        .strip_prefix(SHORT_TERM)
        .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded {
        Some(url) => short_term(&url, rules, clock),
        None => Err(refused(INVALID)),
    }
}

/// A presigned `CallWithBearerToken`, without its scheme and with `Version=1` at its end.
fn short_term(url: &str, rules: &Rules, clock: &Clock) -> Result<Verdict, Problem> {
    let invalid = || refused(INVALID);
    let query = url.strip_prefix(HOST).and_then(|rest| rest.strip_prefix("/?")).ok_or_else(invalid)?;
    let pairs: Vec<(&str, String)> = query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name, percent_decode(value))
        })
        .collect();
    let get = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str());
    let fixed = [
        ("Action", "CallWithBearerToken"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-SignedHeaders", "host"),
        ("Version", "1"),
    ];
    if fixed.iter().any(|(name, value)| get(name) != Some(*value)) {
        return Err(invalid());
    }
    let credential = get("X-Amz-Credential").ok_or_else(invalid)?;
    let [key_id, day, region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
        return Err(invalid());
    };
    let date = get("X-Amz-Date").ok_or_else(invalid)?;
    let signed_at = clock::parse_amz_date(date).ok_or_else(invalid)?;
    let life: i64 = get("X-Amz-Expires").and_then(|life| life.parse().ok()).ok_or_else(invalid)?;
    let elsewhere = rules.region.as_ref().is_some_and(|expected| expected != region);
    if service != rules.service || elsewhere || !date.starts_with(day) || !(1..=LONGEST_LIFE).contains(&life) {
        return Err(invalid());
    }
    let token = get("X-Amz-Security-Token");
    let known = check_token(key_id, token, rules, clock).map_err(|problem| {
        // The error of an expired key says so; all other errors only say that the key is not valid.
        if problem.message == UNKNOWN_KEY { invalid() } else { problem }
    })?;
    let identity: Identity =
        Credentials::new(&known.id, &known.secret, token.map(str::to_owned), None, "local-bedrock").into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = u64::try_from(life).ok().map(Duration::from_secs);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(clock::system_time(signed_at))
        .settings(settings)
        .build()
        .map_err(|_| invalid())?
        .into();
    let uri = format!("https://{HOST}/?Action=CallWithBearerToken");
    let request =
        SignableRequest::new("POST", uri, std::iter::empty(), SignableBody::Bytes(b"")).map_err(|_| invalid())?;
    let output = sign(request, &params).map_err(|_| invalid())?;
    if get("X-Amz-Signature") != Some(output.signature()) {
        return Err(invalid());
    }
    let now = clock.now();
    if now >= signed_at + life {
        return Err(refused("Bearer Token has expired"));
    }
    if now < signed_at - 5 * 60 {
        return Err(invalid());
    }
    Ok(Verdict::Bearer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{KnownKey, TokenRule};
    use crate::identity::Issued;

    /// Keys made by aws-bedrock-token-generator 1.1.0 at 2025-01-02T03:04:05Z: twelve hours in us-east-1, and fifteen
    /// minutes in eu-west-1 with the session token `TOKEN+/=`.
    const TWELVE_HOURS: &str = "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tlbiZYLUFtei1BbGdvcml0aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFLSURFWEFNUExFJTJGMjAyNTAxMDIlMkZ1cy1lYXN0LTElMkZiZWRyb2NrJTJGYXdzNF9yZXF1ZXN0JlgtQW16LURhdGU9MjAyNTAxMDJUMDMwNDA1WiZYLUFtei1FeHBpcmVzPTQzMjAwJlgtQW16LVNpZ25lZEhlYWRlcnM9aG9zdCZYLUFtei1TaWduYXR1cmU9ZTQ2Y2Q1ZGQ3MDA1ZDZmNDFlZGFkYTlhODNlMzQyY2I5NmE5NTA5ZTgzZTM0YmI5NmUyOTQxZjk1ZTY5NzUzYSZWZXJzaW9uPTE=";
    const WITH_TOKEN: &str = "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tlbiZYLUFtei1BbGdvcml0aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFLSURFWEFNUExFJTJGMjAyNTAxMDIlMkZldS13ZXN0LTElMkZiZWRyb2NrJTJGYXdzNF9yZXF1ZXN0JlgtQW16LURhdGU9MjAyNTAxMDJUMDMwNDA1WiZYLUFtei1FeHBpcmVzPTkwMCZYLUFtei1TaWduZWRIZWFkZXJzPWhvc3QmWC1BbXotU2VjdXJpdHktVG9rZW49VE9LRU4lMkIlMkYlM0QmWC1BbXotU2lnbmF0dXJlPTE0YmQ5MGE5ZTQ0NjJjYWJlNzc2OWMxNTAyMTc0OThjMjM4MDQ1YjQ4NGI3M2E0ZWY3MjBjMTM0OTVkYjAwZDgmVmVyc2lvbj0x";

    fn judge(key: &str, region: Option<&str>, date: &str) -> Result<Verdict, Problem> {
        let rules = Rules {
            keys: vec![KnownKey {
                id: "AKIDEXAMPLE".to_owned(),
                secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
                token: TokenRule::Optional("TOKEN+/=".to_owned()),
            }],
            bearer_keys: Vec::new(),
            region: region.map(str::to_owned),
            service: "bedrock".to_owned(),
            verify: true,
            issued: Issued::default(),
        };
        check(key, &rules, &Clock::new(Some(clock::system_time(clock::parse_amz_date(date).unwrap())), 0))
    }

    #[test]
    fn short_term_keys_are_accepted_until_they_expire() {
        assert_eq!(judge(TWELVE_HOURS, None, "20250102T150404Z"), Ok(Verdict::Bearer));
        assert_eq!(judge(WITH_TOKEN, Some("eu-west-1"), "20250102T031904Z"), Ok(Verdict::Bearer));
        let problem = judge(TWELVE_HOURS, None, "20250102T150405Z").unwrap_err();
        assert_eq!(problem.message, "Bearer Token has expired");
    }

    #[test]
    fn short_term_key_changed_or_for_another_region_is_refused() {
        let message = |result: Result<Verdict, Problem>| result.unwrap_err().message;
        assert_eq!(message(judge(TWELVE_HOURS, Some("eu-west-1"), "20250102T030405Z")), INVALID);
        assert_eq!(message(judge(TWELVE_HOURS, None, "20250102T025800Z")), INVALID);
        let text = TWELVE_HOURS.strip_prefix(SHORT_TERM).unwrap();
        let url = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        let longer = String::from_utf8(url).unwrap().replace("Expires=43200", "Expires=43199");
        let changed = format!("{SHORT_TERM}{}", base64::engine::general_purpose::STANDARD.encode(longer));
        assert_eq!(message(judge(&changed, None, "20250102T030405Z")), INVALID);
    }
}
