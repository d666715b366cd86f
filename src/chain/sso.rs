//! IAM Identity Center (SSO): a token of `aws sso login`, exchanged for the credentials of a role.

use std::path::PathBuf;
use std::time::Duration;

use sha1::Digest;
use zeroize::Zeroizing;

use super::attempt::Attempt;
use super::cache::{TokenFile, hex, time_text};
use super::files::{Keys, expanded};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::json::{View, Writer};
use crate::method::Method;
use crate::sigv4::encode_path_segment;
use crate::sources::document::KeyDocument;
use crate::sources::service_host::Names;
use crate::sources::time::parse_time;
use crate::transport::HttpRequest;

const SSO: Names = Names { title: "SSO", host: "portal.sso", variable: "AWS_ENDPOINT_URL_SSO", dual_stack: true };
const OIDC: Names = Names { title: "SSO OIDC", host: "oidc", variable: "AWS_ENDPOINT_URL_SSO_OIDC", dual_stack: true };

/// How long before its expiry a token is renewed, as in botocore.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// The SSO settings of a profile, with those of its session.
pub(super) struct Sso<'a> {
    profile: &'a str,
    session: Option<&'a str>,
    start_url: &'a str,
    region: &'a str,
    account: &'a str,
    role: &'a str,
}

impl<'a> Sso<'a> {
    /// Reads the settings of a profile; `None` if it does not use SSO.
    ///
    /// # Errors
    /// `Config`, if a key is missing, if the session does not exist, or if it contradicts the profile.
    pub(super) fn read(attempt: &'a Attempt, profile: &'a str, keys: Keys<'a>) -> Result<Option<Self>> {
        if keys.get("sso_role_name").is_none() && keys.get("sso_account_id").is_none() {
            return Ok(None);
        }
        let wrong = |why: std::fmt::Arguments<'_>| {
            Error::of(ErrorKind::Config, format_args!("profile `{profile}` uses SSO, but {why}"))
        };
        let session = keys.get("sso_session");
        let section = match session {
            Some(name) => {
                let section = attempt.files.sso_session(name);
                Some(section.ok_or_else(|| {
                    let path = &attempt.files.config.path;
                    wrong(format_args!("section `[sso-session {name}]` is not in `{path}`; add it"))
                })?)
            }
            None => None,
        };
        for (key, value) in section.into_iter().flat_map(Keys::texts) {
            if keys.get(key).is_some_and(|own| own != value) {
                return Err(wrong(format_args!("its `{key}` is not that of its session; remove it from the profile")));
            }
        }
        let find = |key: &str| {
            let found = section.and_then(|section| section.given(key)).or_else(|| keys.given(key));
            found.ok_or_else(|| wrong(format_args!("has no `{key}`; add it, or run `aws configure sso`")))
        };
        let (role, account) = (find("sso_role_name")?, find("sso_account_id")?);
        let (start_url, region) = (find("sso_start_url")?, find("sso_region")?);
        Ok(Some(Self { profile, session, start_url, region, account, role }))
    }

    /// Returns the advice for a token that cannot be used.
    fn advice(&self) -> String {
        format!("run `aws sso login --profile {}`", self.profile)
    }

    /// Returns an error about the token.
    fn signed_out(&self, why: &str) -> Error {
        let name = self.session.unwrap_or(self.start_url);
        Error::of(ErrorKind::Credentials, format_args!("SSO session `{name}` {why}; {}", self.advice()))
    }

    /// Returns the path of the token.
    fn path(&self, attempt: &Attempt) -> Result<PathBuf> {
        let name = hex(&sha1::Sha1::digest(self.session.unwrap_or(self.start_url)));
        let path = expanded(&format!("~/.aws/sso/cache/{name}.json"), &*attempt.variables);
        path.ok_or_else(|| self.signed_out("has an unknown token folder: `HOME` is not set"))
    }

    /// Returns the credentials of the role.
    pub(super) async fn credentials(&self, attempt: &Attempt) -> Result<Credentials> {
        let token = self.token(attempt).await?;
        let endpoint = attempt.service_host(self.region).endpoint(&SSO, self.region)?;
        let mut headers = Headers::new();
        headers.push("accept", "application/json");
        headers.push("x-amz-sso_bearer_token", token.as_str());
        let query = ["role_name=", &encode_path_segment(self.role), "&account_id=", &encode_path_segment(self.account)];
        let url = [endpoint.url(), "/federation/credentials?", &query.concat()].concat();
        let request = HttpRequest::new(Method::Get, url).with_headers(headers);
        let failed = |error: Error| {
            error
                .of_source(format_args!(
                    "profile `{}`: SSO returned no credentials for role `{}` in account {}",
                    self.profile, self.role, self.account
                ))
                .concealing(&[&token])
        };
        let sent = attempt.connection().send(request, attempt.settings.get("AWS_CA_BUNDLE")).await;
        let answer = sent.map_err(failed)?;
        if answer.status != 200 {
            let error = failed(answer.error());
            return Err(match answer.status {
                401 => error.with_advice(&self.advice()),
                403 | 404 => {
                    error.with_advice("check `sso_account_id` and `sso_role_name`, and who is assigned to them")
                }
                _ => error,
            });
        }
        let view = View::from_bytes(&answer.body).ok();
        let of = |name: &str| view?.get("roleCredentials")?.get(name);
        let text = |name: &str| of(name)?.string();
        let milliseconds = of("expiration").and_then(View::u64);
        let document = KeyDocument {
            access_key_id: text("accessKeyId"),
            secret_access_key: text("secretAccessKey").map(Zeroizing::new),
            session_token: text("sessionToken").map(Zeroizing::new),
            expiry: milliseconds.map(|time| (time.to_string(), Some(Duration::from_millis(time)))),
        };
        document.into_credentials(SSO.title)
    }

    /// Returns a token that is valid now. One of a session is renewed if it expires soon; if that fails, the old one is
    /// used until it expires.
    async fn token(&self, attempt: &Attempt) -> Result<Zeroizing<String>> {
        let Some(file) = TokenFile::read(self.path(attempt)?)? else {
            return Err(self.signed_out("has no token"));
        };
        let now = attempt.runtime.now();
        let token = file.text("accessToken").zip(file.text("expiresAt").and_then(|text| parse_time(&text)));
        let Some((token, expiry)) = token else { return Err(self.signed_out("has a malformed token")) };
        if self.session.is_none() {
            return if expiry > now { Ok(token) } else { Err(self.signed_out("has expired")) };
        }
        if expiry.saturating_sub(now) >= WINDOW {
            return Ok(token);
        }
        match self.renewed(attempt, &file).await {
            Ok(Some(token)) => Ok(token),
            Ok(None) | Err(_) if expiry > now => Ok(token),
            Ok(None) => Err(self.signed_out("has expired")),
            Err(error) => Err(error),
        }
    }

    /// Renews the token, and saves the new one. `None` if the file has no valid registration.
    async fn renewed(&self, attempt: &Attempt, file: &TokenFile) -> Result<Option<Zeroizing<String>>> {
        let now = attempt.runtime.now();
        let (refresh, id) = (file.text("refreshToken"), file.text("clientId"));
        let (secret, registered) = (file.text("clientSecret"), file.text("registrationExpiresAt"));
        let (Some(refresh), Some(id), Some(secret), Some(registered)) = (refresh, id, secret, registered) else {
            return Ok(None);
        };
        if parse_time(&registered).is_none_or(|end| end <= now) {
            return Ok(None);
        }
        let mut body = Writer::new();
        body.begin_object();
        body.field("clientId", &id);
        body.field("clientSecret", &secret);
        body.field("grantType", "refresh_token");
        body.field("refreshToken", &refresh);
        body.end_object();
        let endpoint = attempt.service_host(self.region).endpoint(&OIDC, self.region)?;
        let request = attempt.post_json([endpoint.url(), "/token"].concat(), body);
        let name = self.session.unwrap_or_default();
        let failed = |error: Error| {
            let profile = self.profile;
            let error =
                error.of_source(format_args!("profile `{profile}`: token of SSO session `{name}` was not renewed"));
            error.concealing(&[&refresh, &secret])
        };
        let sent = attempt.connection().send(request, attempt.settings.get("AWS_CA_BUNDLE")).await;
        let answer = sent.map_err(failed)?;
        let view = View::from_bytes(&answer.body).ok();
        let text = |name: &str| view?.get(name)?.string().map(Zeroizing::new).filter(|text| !text.is_empty());
        if answer.status != 200 {
            let error = match (text("error"), text("error_description")) {
                (Some(code), description) => answer.named_error(&code, description.as_deref().map_or("", |text| text)),
                _ => answer.error(),
            };
            return Err(failed(error).with_advice(&self.advice()));
        }
        let lifetime = view.and_then(|view| view.get("expiresIn")?.u64());
        let Some((token, lifetime)) = text("accessToken").zip(lifetime) else {
            return Err(failed(Error::new(ErrorKind::Decode, "the answer has no token")).with_advice(&self.advice()));
        };
        let mut saved = Writer::new();
        saved.begin_object();
        saved.field("startUrl", self.start_url);
        saved.field("region", self.region);
        saved.field("accessToken", &token);
        saved.field("expiresAt", &time_text(now.saturating_add(Duration::from_secs(lifetime)))?);
        saved.field("clientId", &id);
        saved.field("clientSecret", &secret);
        saved.field("registrationExpiresAt", &registered);
        saved.opt_field("refreshToken", text("refreshToken").as_deref().map(|text| text.as_str()));
        saved.end_object();
        file.replace(&Zeroizing::new(saved.finish()))?;
        Ok(Some(token))
    }
}
