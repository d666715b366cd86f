//! Sessions of `aws login`: credentials in a file, renewed with a refresh token that is bound to a key (DPoP).

use std::time::Duration;

use zeroize::Zeroizing;

use super::attempt::Attempt;
use super::cache::{TokenFile, hex, time_text};
use super::dpop;
use super::files::expanded;
use crate::credentials::{Credentials, EnvironmentCredentials};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{View, Writer};
use crate::platform::sha256;
use crate::region;
use crate::sources::document::KeyDocument;
use crate::sources::service_host::Names;
use crate::sources::time::parse_time;

const SIGNIN: Names =
    Names { title: "AWS Sign-In", host: "signin", variable: "AWS_ENDPOINT_URL_SIGNIN", dual_stack: true };

/// How long before their expiry credentials are renewed, as in botocore.
const WINDOW: Duration = Duration::from_secs(5 * 60);

/// Returns the credentials of a login session.
///
/// # Errors
/// `Credentials`, with the advice to sign in again.
pub(super) async fn credentials_of(session: &str, profile: &str, attempt: &Attempt) -> Result<Credentials> {
    let advice = format!("run `aws login --profile {profile}`");
    let failed =
        |why: &str| Error::of(ErrorKind::Credentials, format_args!("login session `{session}` {why}; {advice}"));
    let folder = attempt.variables.get("AWS_LOGIN_CACHE_DIRECTORY").filter(|folder| !folder.is_empty());
    let folder = folder.unwrap_or_else(|| "~/.aws/login/cache".to_owned());
    let Some(folder) = expanded(&folder, &*attempt.variables) else {
        return Err(failed("has an unknown token folder: `HOME` is not set"));
    };
    let path = folder.join(hex(&sha256(session.as_bytes())) + ".json");
    let Some(file) = TokenFile::read(path)? else { return Err(failed("has no token")) };
    let Some(token) = file.view().get("accessToken") else { return Err(failed("has a malformed token")) };
    for name in ["refreshToken", "dpopKey", "clientId"] {
        if file.text(name).is_none() {
            return Err(failed(&format!("has a token without `{name}`")));
        }
    }
    let old = keys_of(token, token.get("expiresAt").and_then(View::string))?;
    let left = old.expires_at().unwrap_or_default().saturating_sub(attempt.runtime.now());
    if left > WINDOW {
        return Ok(old);
    }
    let renewed = renewed(&file, attempt, &advice).await;
    match renewed {
        // The old ones still hold.
        Err(_) if !left.is_zero() => Ok(old),
        Err(error) if error.kind() == ErrorKind::Config => Err(error),
        Err(error) => {
            let context = format_args!("profile `{profile}`: login session `{session}` was not renewed");
            Err(error.of_source(context))
        }
        renewed => renewed,
    }
}

/// Reads the keys in a file or an answer.
fn keys_of(token: View<'_>, expiry: Option<String>) -> Result<Credentials> {
    let text = |name: &str| token.get(name)?.string();
    let document = KeyDocument {
        access_key_id: text("accessKeyId"),
        secret_access_key: text("secretAccessKey").map(Zeroizing::new),
        session_token: text("sessionToken").map(Zeroizing::new),
        expiry: expiry.map(|text| {
            let time = parse_time(&text);
            (text, time)
        }),
    };
    document.into_credentials("the login session")
}

/// Renews the credentials, and saves the new ones and the new refresh token.
async fn renewed(file: &TokenFile, attempt: &Attempt, advice: &str) -> Result<Credentials> {
    let text = |name: &str| file.text(name).unwrap_or_default();
    let (refresh, client, key) = (text("refreshToken"), text("clientId"), text("dpopKey"));
    let region = EnvironmentCredentials::region(|name| attempt.settings.get(name)).ok_or_else(|| {
        Error::new(ErrorKind::Config, "region of AWS Sign-In is missing; set `AWS_REGION`, or `region` in the profile")
    })?;
    let mut service_host = attempt.service_host(&region);
    service_host.endpoint_url = host(&region, attempt)?;
    let url = [service_host.endpoint(&SIGNIN, &region)?.url(), "/v1/token"].concat();
    let now = attempt.runtime.now();
    let proof = dpop::proof(&key, &url, now)?;
    let mut body = Writer::new();
    body.begin_object();
    body.field("clientId", &client);
    body.field("refreshToken", &refresh);
    body.field("grantType", "refresh_token");
    body.end_object();
    let mut request = attempt.post_json(url, body);
    request.headers.push("dpop", proof);
    let sent = attempt.connection().send(request, attempt.settings.get("AWS_CA_BUNDLE")).await;
    let answer = sent.map_err(|error| error.concealing(&[&refresh]))?;
    let view = View::from_bytes(&answer.body).ok();
    if answer.status != 200 {
        let code = view.and_then(|view| view.get("error")?.string()).unwrap_or_default();
        let error = answer.error().concealing(&[&refresh]);
        return Err(match code.as_str() {
            "INSUFFICIENT_PERMISSIONS" => error.with_advice("the user needs permission for `signin:CreateOAuth2Token`"),
            _ => error.with_advice(advice),
        });
    }
    let member = |name: &str| view?.get(name);
    let lifetime = member("expiresIn").and_then(View::u64);
    let (Some(token), Some(lifetime)) = (member("accessToken"), lifetime) else {
        return Err(Error::new(ErrorKind::Decode, "the answer of AWS Sign-In has no credentials").with_advice(advice));
    };
    let expiry = time_text(now.saturating_add(Duration::from_secs(lifetime)))?;
    let keys = keys_of(token, Some(expiry.clone()))?;
    let mut saved = Writer::new();
    saved.begin_object();
    // All other members stay.
    for (name, value) in file.view().entries() {
        if name != "accessToken" && name != "refreshToken" {
            saved.key(&name);
            saved.raw(value);
        }
    }
    saved.object("accessToken");
    for name in ["accessKeyId", "secretAccessKey", "sessionToken"] {
        saved.opt_field(name, token.get(name).and_then(View::str).as_deref());
    }
    let account = file.view().get("accessToken").and_then(|old| old.get("accountId")?.string());
    saved.opt_field("accountId", account.as_deref());
    saved.field("expiresAt", &expiry);
    saved.end_object();
    let next = member("refreshToken").and_then(View::string).map(Zeroizing::new);
    saved.field("refreshToken", next.as_deref().unwrap_or(&refresh));
    saved.end_object();
    file.replace(&Zeroizing::new(saved.finish()))?;
    Ok(keys)
}

/// Returns the URL of AWS Sign-In: a custom endpoint, `https://REGION.signin.aws.amazon.com`, or its equivalent in
/// China and GovCloud. `None` with FIPS, with dual stack and in other partitions: the host follows the usual pattern.
fn host(region: &str, attempt: &Attempt) -> Result<Option<String>> {
    let get = |name: &str| attempt.settings.get(name);
    if let Some(url) = EnvironmentCredentials::endpoint_variable(SIGNIN.variable, get) {
        return Ok(Some(url));
    }
    let variant = EnvironmentCredentials::fips(get)?.unwrap_or_default()
        || EnvironmentCredentials::dual_stack(get)?.unwrap_or_default();
    region::check(region, true)?;
    let domain = match region {
        _ if variant => return Ok(None),
        region if region.starts_with("cn-") => "signin.amazonaws.cn",
        region if region.starts_with("us-gov-") => "signin.amazonaws-us-gov.com",
        region if region::suffixes(region).0 == "amazonaws.com" => "signin.aws.amazon.com",
        _ => return Ok(None),
    };
    Ok(Some(format!("https://{region}.{domain}")))
}
