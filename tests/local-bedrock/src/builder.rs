//! Settings of a server.

use std::collections::BTreeMap;
#[cfg(feature = "server")]
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use crate::auth::{KnownKey, Rules, TokenRule};
use crate::identity::{Identity, Issued};
use crate::model::Trusted;
#[cfg(feature = "server")]
use crate::server::LocalBedrock;
#[cfg(feature = "server")]
use crate::upstream::Upstream;

/// The access key id that every server accepts by default.
pub const TEST_ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
/// The secret of [`TEST_ACCESS_KEY_ID`]; AWS's own documentation example.
pub const TEST_SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// [`TEST_ACCESS_KEY_ID`] is accepted without a session token or with this one.
pub const TEST_SESSION_TOKEN: &str = "TOKEN+/=";
/// The bearer key that every server accepts by default.
pub const TEST_BEARER_KEY: &str = "bedrock-api-key-local-test";

/// The credentials that a server accepts by default.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let credentials = local_bedrock::LocalBedrock::start().await?.test_credentials();
/// assert_eq!(credentials.access_key_id, local_bedrock::TEST_ACCESS_KEY_ID);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestCredentials {
    /// [`TEST_ACCESS_KEY_ID`]
    pub access_key_id: String,
    /// [`TEST_SECRET_ACCESS_KEY`]
    pub secret_access_key: String,
    /// [`TEST_SESSION_TOKEN`]. Requests may leave it out.
    pub session_token: String,
    /// [`TEST_BEARER_KEY`]
    pub bearer_key: String,
}

impl TestCredentials {
    /// Returns the default settings.
    #[expect(clippy::new_without_default, reason = "`Default` would say less than `new`")]
    pub fn new() -> Self {
        Self {
            access_key_id: TEST_ACCESS_KEY_ID.to_owned(),
            secret_access_key: TEST_SECRET_ACCESS_KEY.to_owned(),
            session_token: TEST_SESSION_TOKEN.to_owned(),
            bearer_key: TEST_BEARER_KEY.to_owned(),
        }
    }
}

/// Returns the lines of shell that point clients at a server, one for each way to sign in.
pub fn instructions(url: &str, mantle_url: &str, region: Option<&str>) -> String {
    let region = region.unwrap_or("us-east-1");
    format!(
        "\
# local Bedrock is listening; stop it with Ctrl-C. In the other terminal:
export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={url}
export AWS_ENDPOINT_URL_BEDROCK_MANTLE={mantle_url}
export AWS_REGION={region}
export AWS_ACCESS_KEY_ID={TEST_ACCESS_KEY_ID}
export AWS_SECRET_ACCESS_KEY={TEST_SECRET_ACCESS_KEY}
# or, instead of the two keys:
# export AWS_BEARER_TOKEN_BEDROCK={TEST_BEARER_KEY}
# STS, SSO, sign-in and Cognito; IMDS; container credentials:
# export AWS_ENDPOINT_URL={url} AWS_EC2_METADATA_SERVICE_ENDPOINT={url}
# export AWS_CONTAINER_CREDENTIALS_FULL_URI={url}/v2/credentials/task
# bedrock-mantle, for OpenAI's clients; for models other than GPT, Gemma and Grok without /openai:
# export OPENAI_BASE_URL={mantle_url}/openai/v1 OPENAI_API_KEY={TEST_BEARER_KEY}"
    )
}

/// Settings of a [`LocalBedrock`](crate::LocalBedrock) or a [`Service`](crate::Service).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let bedrock = local_bedrock::LocalBedrock::builder()
///     .prefix("/bedrock")
///     .region("eu-west-1")
///     .credential("AKIDROTATED", "another secret")
///     .start()
///     .await?;
/// assert!(bedrock.url().ends_with("/bedrock"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Builder {
    pub(crate) host: IpAddr,
    pub(crate) port: u16,
    pub(crate) mantle_port: u16,
    pub(crate) prefix: String,
    pub(crate) rules: Rules,
    pub(crate) clock_offset: i64,
    pub(crate) fixed_clock: Option<SystemTime>,
    pub(crate) frame_delay: Duration,
    pub(crate) strict_alternation: bool,
    pub(crate) opaque_family: String,
    pub(crate) trusted: Trusted,
    #[cfg(feature = "server")]
    pub(crate) upstream: Option<Upstream>,
    /// Models by the id of their profile.
    pub(crate) application_profiles: BTreeMap<String, String>,
    pub(crate) identity: Identity,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("prefix", &self.prefix)
            .field("region", &self.rules.region)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Returns the default settings.
    #[expect(clippy::new_without_default, reason = "`Default` would say less than `new`")]
    pub fn new() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            mantle_port: 0,
            prefix: String::new(),
            rules: Rules {
                keys: vec![KnownKey {
                    id: TEST_ACCESS_KEY_ID.to_owned(),
                    secret: TEST_SECRET_ACCESS_KEY.to_owned(),
                    token: TokenRule::Optional(TEST_SESSION_TOKEN.to_owned()),
                }],
                bearer_keys: vec![TEST_BEARER_KEY.to_owned()],
                region: None,
                service: "bedrock".to_owned(),
                verify: true,
                issued: Issued::default(),
            },
            clock_offset: 0,
            fixed_clock: None,
            frame_delay: Duration::ZERO,
            strict_alternation: false,
            opaque_family: "anthropic".to_owned(),
            trusted: Trusted::default(),
            #[cfg(feature = "server")]
            upstream: None,
            application_profiles: BTreeMap::new(),
            identity: Identity::default(),
        }
    }

    /// Sets the address to listen on. Default: 127.0.0.1. There is no TLS, so use a loopback address.
    pub fn host(mut self, host: IpAddr) -> Self {
        self.host = host;
        self
    }

    /// Sets the port. Default: 0, any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets a port that always serves `bedrock-mantle`. Default: 0, any free port.
    pub fn mantle_port(mut self, port: u16) -> Self {
        self.mantle_port = port;
        self
    }

    /// Sets a path in front of every operation, as on a gateway: with `/pfx`, the path is `/pfx/model/{id}/invoke`.
    /// Signatures include it. Default: none.
    pub fn prefix(mut self, prefix: &str) -> Self {
        let trimmed = prefix.trim_matches('/');
        self.prefix = if trimmed.is_empty() { String::new() } else { format!("/{trimmed}") };
        self
    }

    /// Sets the region that signatures must have in their scope. Default: any.
    pub fn region(mut self, region: &str) -> Self {
        self.rules.region = Some(region.to_owned());
        self
    }

    /// Accepts reasoning of another server: exactly this text with exactly this signature.
    pub fn trust_thinking(mut self, text: &str, signature: &str) -> Self {
        self.trusted.trust_signature(text, signature);
        self
    }

    /// Accepts redacted reasoning of another server, or the encrypted content of its reasoning items over Responses.
    pub fn trust_redacted_thinking(mut self, data: &str) -> Self {
        self.trusted.trust_redacted(data);
        self
    }

    /// Sets the service that signatures for `bedrock-runtime` must have in their scope. Default: `bedrock`.
    pub fn service(mut self, service: &str) -> Self {
        self.rules.service = service.to_owned();
        self
    }

    /// Adds a long-term key pair that is accepted.
    pub fn credential(self, access_key_id: &str, secret_access_key: &str) -> Self {
        self.key(access_key_id, secret_access_key, TokenRule::None)
    }

    /// Adds a temporary key pair that is accepted with exactly this session token.
    pub fn temporary_credential(self, access_key_id: &str, secret_access_key: &str, token: &str) -> Self {
        self.key(access_key_id, secret_access_key, TokenRule::Required(token.to_owned()))
    }

    /// Adds a temporary key pair that has expired: 403 `ExpiredTokenException`.
    pub fn expired_credential(self, access_key_id: &str, secret_access_key: &str, token: &str) -> Self {
        self.key(access_key_id, secret_access_key, TokenRule::Expired(token.to_owned()))
    }

    /// Removes the keys that are accepted by default.
    pub fn no_default_credentials(mut self) -> Self {
        self.rules.keys.retain(|key| key.id != TEST_ACCESS_KEY_ID);
        self.rules.bearer_keys.retain(|key| key != TEST_BEARER_KEY);
        self
    }

    /// Adds a bearer key that is accepted.
    pub fn bearer_key(mut self, key: &str) -> Self {
        self.rules.bearer_keys.push(key.to_owned());
        self
    }

    /// Sets whether signatures and keys are checked. Default: true.
    pub fn verify_signatures(mut self, verify: bool) -> Self {
        self.rules.verify = verify;
        self
    }

    /// Sets by how many seconds the server's clock is ahead (negative: behind). Signatures are accepted within five
    /// minutes of that clock, and the `Date` header shows it. Default: 0.
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = seconds;
        self
    }

    /// Stops the server's clock at this time. Default: it runs.
    pub fn fixed_clock(mut self, time: SystemTime) -> Self {
        self.fixed_clock = Some(time);
        self
    }

    /// Sets the pause before each frame of a stream. Default: 0 in the library, 15 ms in the program.
    pub fn frame_delay(mut self, delay: Duration) -> Self {
        self.frame_delay = delay;
        self
    }

    /// Sets whether Anthropic Messages with two adjacent turns of one role are refused, as the service once did.
    /// Default: false, they are merged. Converse always refuses them.
    pub fn strict_alternation(mut self, strict: bool) -> Self {
        self.strict_alternation = strict;
        self
    }

    /// Sets the model family behind ARNs that do not name a model (application inference profiles, provisioned and
    /// imported models), by its id prefix. Default: `anthropic`.
    pub fn opaque_family(mut self, vendor: &str) -> Self {
        self.opaque_family = vendor.to_owned();
        self
    }

    /// Lets another server answer instead of the echo model, on all APIs. It must have OpenAI's Chat Completions API,
    /// such as Ollama, vLLM or llama.cpp. `url` is its base, for example `http://127.0.0.1:11434/v1`; there is no
    /// TLS. `model` is the model to request; by default the id of the request. Default: the echo model.
    #[cfg(feature = "server")]
    pub fn upstream(mut self, url: &str, model: Option<&str>, api_key: Option<&str>) -> Self {
        self.upstream = Some(Upstream {
            url: url.trim_end_matches('/').to_owned(),
            model: model.map(str::to_owned),
            api_key: api_key.map(str::to_owned),
        });
        self
    }

    /// Adds an application inference profile: the last part of its ARN, and the id of the model behind it. It is in
    /// the list of profiles, and calls with its ARN are answered by that model.
    pub fn application_profile(mut self, id: &str, model_id: &str) -> Self {
        self.application_profiles.insert(id.to_owned(), model_id.to_owned());
        self
    }

    /// The settings of STS, IMDS and the other services that issue keys. Default: [`Identity::default`].
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    /// The model behind the ARN of a known application inference profile.
    pub(crate) fn application_profile_of(&self, arn: &str) -> Option<&String> {
        let (_, id) = arn.split_once(":application-inference-profile/")?;
        self.application_profiles.get(id)
    }

    /// Binds the port and starts to serve.
    ///
    /// # Errors
    ///
    /// An error if the port cannot be bound.
    #[cfg(feature = "server")]
    pub async fn start(self) -> io::Result<LocalBedrock> {
        LocalBedrock::with_settings(self).await
    }

    fn key(mut self, id: &str, secret: &str, token: TokenRule) -> Self {
        self.rules.keys.retain(|key| key.id != id);
        self.rules.keys.push(KnownKey { id: id.to_owned(), secret: secret.to_owned(), token });
        self
    }
}
