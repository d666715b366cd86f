//! Roles, from AWS Security Token Service (STS).

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::document::KeyDocument;
use super::http::{Answer, Connection};
use super::service_host::{Names, ServiceHost, setters};
use super::time::parse_time;
use super::xml::Leaves;
use crate::credentials::{Credentials, Parts, ProvideCredentials};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::method::Method;
use crate::platform::BoxFuture;
use crate::sigv4::{AmzDate, Payload, SignableRequest, SigningKeyCache, SigningParams, encode_path_segment, sign};
use crate::text::has;
use crate::transport::HttpRequest;

pub(super) const STS: Names = Names { title: "STS", host: "sts", variable: "AWS_ENDPOINT_URL_STS", dual_stack: true };

/// The version of STS's API.
const VERSION: &str = "2011-06-15";

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Default limit on one request.
pub(super) const LIMIT: Duration = Duration::from_secs(15);

/// A provider of the temporary credentials of an IAM role, with
/// [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). Works on every target.
///
/// Each call of the provider sends a request: wrap it in [`CachedCredentials`](crate::CachedCredentials).
///
/// ```
/// use bedrock_chat::{AssumeRoleCredentials, BedrockChat, CachedCredentials, EnvironmentCredentials};
/// let role = AssumeRoleCredentials::new("arn:aws:iam::123456789012:role/chat", EnvironmentCredentials)
///     .with_region("us-east-1")
///     .with_external_id("example");
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials_provider(CachedCredentials::new(role))
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub struct AssumeRoleCredentials {
    source: Arc<dyn ProvideCredentials>,
    role: AssumedRole,
    external_id: Option<String>,
    service_host: ServiceHost,
    connection: Connection,
    /// The clock skew in seconds: STS time minus local time, from the last request that STS refused for its time.
    skew: AtomicI64,
}

impl AssumeRoleCredentials {
    /// Creates a provider that assumes a role with the keys of `source`, which may assume another role itself.
    pub fn new(role_arn: impl Into<String>, source: impl ProvideCredentials) -> Self {
        Self {
            source: Arc::new(source),
            role: AssumedRole::new(role_arn.into()),
            external_id: None,
            skew: AtomicI64::new(0),
            service_host: ServiceHost::default(),
            connection: Connection::new(LIMIT),
        }
    }

    /// Sets the external id that the role's trust policy requires, 2 to 1224 characters. Defaults to none.
    #[must_use]
    pub fn with_external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    role_setters!();
    setters!("AWS_ENDPOINT_URL_STS");

    async fn assume(&self) -> Result<Credentials> {
        self.connection.begin();
        let now = self.connection.runtime.now();
        let mut form = self.role.form("AssumeRole", now)?;
        if let Some(id) = &self.external_id {
            if !(2..=1224).contains(&id.len()) {
                return Err(wrong("external id must have 2 to 1224 characters", "external_id"));
            }
            form.push("ExternalId", id);
        }
        let region = self.service_host.region(&STS)?;
        let endpoint = self.service_host.endpoint(&STS, &region)?;
        let mut keys = self.keys().await?;
        let mut answer = self.send(&form, &endpoint, &region, &keys).await?;
        if let Some(skew) = skew(&answer, self.connection.runtime.now().as_secs()) {
            // Retry once. Later requests use the same clock skew.
            self.skew.store(skew, Ordering::Relaxed);
            answer = self.send(&form, &endpoint, &region, &keys).await?;
        }
        if is_expired(&answer) {
            // Retry once, if the source has new keys by now.
            self.source.forget(&keys);
            let renewed = self.keys().await?;
            if renewed != keys {
                answer = self.send(&form, &endpoint, &region, &renewed).await?;
                keys = renewed;
            }
        }
        let with = [" with key `", keys.access_key_id().unwrap_or_default(), "`"].concat();
        let found = answered(&answer, &self.role.arn, &with, &keys.secrets())?;
        Ok(self.by_local_clock(found))
    }

    /// Converts the expiry to local time. Otherwise, with a clock that is ahead by hours, credentials would count as
    /// expired at once. Each call would request new ones.
    fn by_local_clock(&self, found: Credentials) -> Credentials {
        let skew = self.skew.load(Ordering::Relaxed);
        let difference = Duration::from_secs(skew.unsigned_abs());
        match found.expires_at() {
            Some(end) if skew < 0 => found.with_expiry(end.saturating_add(difference)),
            Some(end) => found.with_expiry(end.saturating_sub(difference)),
            None => found,
        }
    }

    /// Returns the keys of the source.
    async fn keys(&self) -> Result<Credentials> {
        let keys = self.source.credentials().await.and_then(|keys| keys.check().map(|()| keys));
        keys.map_err(|error| error.of_source(format_args!("role `{}` has no source keys", self.role.arn)))
    }

    /// Sends the form, signed with these keys.
    async fn send(&self, form: &Form, endpoint: &Endpoint, region: &str, keys: &Credentials) -> Result<Answer> {
        let Parts::Keys { access_key_id, secret_access_key, session_token } = keys.parts() else {
            let message = "a Bedrock API key cannot assume a role; give AWS keys as the source of the role";
            return Err(Error::new(ErrorKind::Credentials, message));
        };
        let mut request = form.request(endpoint);
        let host = endpoint.host();
        let signed = [("content-type", FORM), ("host", host)];
        let prefix = endpoint.prefix();
        let signable = SignableRequest {
            method: request.method.as_str(),
            path: if prefix.is_empty() { "/" } else { prefix },
            query: "",
            headers: &signed,
            payload: Payload::Bytes(&request.body),
        };
        let now = self.connection.runtime.now().as_secs();
        let date = AmzDate::from_unix_seconds(now.saturating_add_signed(self.skew.load(Ordering::Relaxed)))?;
        let params = SigningParams { access_key_id, secret_access_key, session_token, region, service: STS.host, date };
        let signature = sign(&signable, &params, &SigningKeyCache::new())?;
        for (name, value) in signature.headers() {
            request.headers.push(name, value);
        }
        let sent = self.connection.send(request, self.service_host.variable("AWS_CA_BUNDLE")).await;
        sent.map_err(|error| not_assumed(error, &self.role.arn, ""))
    }
}

impl ProvideCredentials for AssumeRoleCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(self.assume())
    }

    fn forget(&self, rejected: &Credentials) {
        self.source.forget(rejected);
    }

    fn waiting_for(&self) -> Option<String> {
        self.role.awaited(&self.connection).or_else(|| self.source.waiting_for())
    }
}

impl fmt::Debug for AssumeRoleCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumeRoleCredentials").field("role_arn", &self.role.arn).finish_non_exhaustive()
    }
}

/// A role to assume, with the parameters that both operations have.
pub(super) struct AssumedRole {
    pub(super) arn: String,
    pub(super) session_name: Option<String>,
    /// The generated name, which stays the same for all requests.
    generated: OnceLock<String>,
    pub(super) duration: Option<Duration>,
    pub(super) policy: Option<String>,
}

impl AssumedRole {
    pub(super) fn new(arn: String) -> Self {
        Self {
            arn: arn.trim().to_owned(),
            session_name: None,
            generated: OnceLock::new(),
            duration: None,
            policy: None,
        }
    }

    /// Returns what is waited for, if STS has not answered yet.
    pub(super) fn awaited(&self, connection: &Connection) -> Option<String> {
        connection.is_waiting().then(|| ["STS for role `", &self.arn, "`"].concat())
    }

    /// Returns the parameters of an operation.
    ///
    /// # Errors
    /// `Config`, if one is malformed. See the [parameters of
    /// AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_RequestParameters).
    pub(super) fn form(&self, action: &str, now: Duration) -> Result<Form> {
        if !self.arn.starts_with("arn:") || !has(&self.arn, ":role/") || !(20..=2048).contains(&self.arn.len()) {
            return Err(Error::of(
                ErrorKind::Config,
                format_args!("role ARN is malformed: `{}`; it is like `arn:aws:iam::ACCOUNT:role/NAME`", self.arn),
            )
            .with_field("role_arn"));
        }
        let name = match &self.session_name {
            Some(name) => name,
            None => self.generated.get_or_init(|| format!("bedrock-chat-{}", now.as_secs())),
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if !(2..=64).contains(&name.len()) || !name.bytes().all(fits) {
            let message = "session name must have 2 to 64 letters, digits or `_+=,.@-`";
            return Err(wrong(message, "session_name"));
        }
        let mut form = Form::new(action);
        form.push("RoleArn", &self.arn);
        form.push("RoleSessionName", name);
        if let Some(duration) = self.duration {
            let seconds = duration.as_secs();
            if !(900..=43_200).contains(&seconds) {
                return Err(Error::of(
                    ErrorKind::Config,
                    format_args!("`duration` of a role session is not 900 to 43200 seconds: {seconds}"),
                )
                .with_field("duration"));
            }
            form.push("DurationSeconds", &seconds.to_string());
        }
        if let Some(policy) = &self.policy {
            form.push("Policy", policy);
        }
        Ok(form)
    }
}

/// Adds the setters of a role to a provider with the member `role`.
macro_rules! role_setters {
    () => {
        /// Sets the name of the session, which CloudTrail shows: 2 to 64 letters, digits or `_+=,.@-`. Defaults
        /// to `bedrock-chat-` and the seconds since 1970.
        #[must_use]
        pub fn with_session_name(mut self, name: impl Into<String>) -> Self {
            self.role.session_name = Some(name.into());
            self
        }

        /// Sets how long the credentials are valid: 15 minutes to 12 hours, at most the role's own maximum.
        /// Defaults to the service's default, one hour.
        #[must_use]
        pub fn with_duration(mut self, duration: std::time::Duration) -> Self {
            self.role.duration = Some(duration);
            self
        }

        /// Sets a session policy in JSON, which restricts the permissions of the role further. Defaults to none.
        #[must_use]
        pub fn with_policy(mut self, json: impl Into<String>) -> Self {
            self.role.policy = Some(json.into());
            self
        }

        /// Sets the region of STS. Defaults to `AWS_REGION` or `AWS_DEFAULT_REGION` of the environment.
        #[must_use]
        pub fn with_region(mut self, region: impl Into<String>) -> Self {
            self.service_host.region = Some(region.into());
            self
        }
    };
}
pub(super) use role_setters;

/// The parameters of a request, percent-encoded.
pub(super) struct Form(Zeroizing<Vec<u8>>);

impl Form {
    fn new(action: &str) -> Self {
        // Large enough for a web identity token: growing would leave a copy of it in memory.
        let mut form = Self(Zeroizing::new(Vec::with_capacity(8 * 1024)));
        form.push("Action", action);
        form.push("Version", VERSION);
        form
    }

    pub(super) fn push(&mut self, name: &str, value: &str) {
        let value = Zeroizing::new(encode_path_segment(value));
        let separator = if self.0.is_empty() { "" } else { "&" };
        for part in [separator, name, "=", &value] {
            self.0.extend_from_slice(part.as_bytes());
        }
    }

    /// Returns an unsigned request.
    pub(super) fn request(&self, endpoint: &Endpoint) -> HttpRequest {
        let mut headers = Headers::new();
        headers.push("content-type", FORM);
        // Without a prefix, the path is `/`.
        let slash = if endpoint.prefix().is_empty() { "/" } else { "" };
        HttpRequest::new(Method::Post, [endpoint.url(), slash].concat())
            .with_headers(headers)
            .with_body(Bytes::from_owner(self.0.clone()))
    }
}

/// Returns an error about a setting.
pub(super) fn wrong(message: &str, field: &str) -> Error {
    Error::new(ErrorKind::Config, message).with_field(field)
}

/// Returns a member of STS's refusal.
fn refusal(answer: &Answer, name: &str) -> Option<String> {
    Leaves::parse(&answer.body).filter(|_| answer.status == 403)?.get("Error", name)
}

/// Returns whether STS refused the keys of the source as expired.
fn is_expired(answer: &Answer) -> bool {
    refusal(answer, "Code").is_some_and(|code| code.starts_with("ExpiredToken"))
}

/// Returns by how many seconds the clock of STS is ahead, if it refused the time of the signature.
fn skew(answer: &Answer, now: u64) -> Option<i64> {
    AmzDate::skew(&refusal(answer, "Message")?, now)
}

/// Adds the role to an error, and what it was requested with.
pub(super) fn not_assumed(error: Error, role: &str, with: &str) -> Error {
    error.of_source(format_args!("STS did not assume role `{role}`{with}"))
}

/// Reads STS's answer about a role.
///
/// # Errors
/// `Credentials`, with STS's own code and message, and without these secrets.
pub(super) fn answered(answer: &Answer, role: &str, with: &str, secrets: &[&str]) -> Result<Credentials> {
    let leaves = Leaves::parse(&answer.body);
    if answer.status != 200 {
        let of = |name: &str| leaves.as_ref()?.get("Error", name);
        let error = match of("Code") {
            Some(code) => answer.named_error(&code, &of("Message").unwrap_or_default()),
            None => answer.error(),
        };
        let error = not_assumed(error, role, with).concealing(secrets);
        let advice = error.aws_type().and_then(advice);
        return Err(match advice {
            Some(advice) => error.with_advice(advice),
            None => error,
        });
    }
    let of = |name: &str| leaves.as_ref()?.get("Credentials", name);
    let expiry = of("Expiration").map(|text| (parse_time(&text), text));
    let document = KeyDocument {
        access_key_id: of("AccessKeyId"),
        secret_access_key: of("SecretAccessKey").map(Zeroizing::new),
        session_token: of("SessionToken").map(Zeroizing::new),
        expiry: expiry.map(|(time, text)| (text, time)),
    };
    document.into_credentials(STS.title).map_err(|error| not_assumed(error, role, ""))
}

/// Returns what to do about an error of STS, by its code.
///
/// See the [errors of AssumeRoleWithWebIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors).
fn advice(code: &str) -> Option<&'static str> {
    Some(match code.strip_suffix("Exception").unwrap_or(code) {
        "AccessDenied" => "check the role's trust policy, the caller's permission and the external id",
        "ExpiredToken" => "renew the source's credentials or token",
        "InvalidIdentityToken" => "get a new token from the identity provider; check its audience",
        "IDPRejectedClaim" => "check the claims of the token, and whether it has expired",
        "InvalidClientTokenId" | "SignatureDoesNotMatch" => "check the keys of the source, and this machine's clock",
        "RegionDisabled" => "activate STS in this region, or set another one",
        _ => return None,
    })
}
