//! How a chat model is made.

mod address;
mod calls;
mod gateway;
mod headers;
mod profile;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use self::address::Address;
use self::headers::check_headers;
use super::BedrockChat;
use crate::api::{Api, Service};
use crate::chain;
use crate::client::{Client, CloudflareGateway, Provider, Timeouts, no_region};
use crate::credentials::{Credentials, ProvideCredentials, Variables, environment_variable};
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::json::Json;
use crate::limiter::Limit;
use crate::model::ModelId;
use crate::observe::{Observer, RunConfig};
use crate::platform::{MaybeSend, MaybeSync, Runtime, SystemRuntime};
use crate::provider::{Codec, codec_for};
use crate::request::{ChatOptions, Guardrail};
use crate::retry::{RetryPolicy, RetryQuota};
use crate::sigv4::SigningKeyCache;
use crate::sources::DefaultOf;
use crate::transport::{Transport, default_transport};

/// Makes a [`BedrockChat`]. Nothing is read, connected or sent before [`BedrockChatBuilder::build`]. `build` reads the
/// environment and, natively, AWS's files of profiles. Requests for credentials are sent and programs are started at the
/// first call.
///
/// Each setting is the one of its method, else that of the environment, else, natively, that of the profile.
///
/// ```
/// use std::time::Duration;
/// use bedrock_chat::{BedrockChat, Credentials, RetryPolicy, Timeouts};
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
///     .max_tokens(1000)
///     .temperature(0.5)
///     .retry(RetryPolicy::default().with_max_attempts(5))
///     .timeouts(Timeouts::default().with_idle(Duration::from_secs(60)))
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct BedrockChatBuilder {
    // In a box, as every method takes and returns the builder.
    set: Box<Settings>,
}

#[derive(Clone)]
struct Settings {
    model: String,
    family: Option<String>,
    api: Option<Api>,
    service: Option<Service>,
    codec: Option<Arc<dyn Codec>>,
    region: Option<String>,
    credentials: Option<Arc<dyn ProvideCredentials>>,
    endpoint: Option<String>,
    gateway: Option<String>,
    cloudflare: Option<CloudflareGateway>,
    signing_name: Option<String>,
    fips: Option<bool>,
    dual_stack: Option<bool>,
    environment: Arc<dyn Variables>,
    profile: Option<String>,
    /// Whether the credentials are known to be keys, which sign for a region.
    signs: bool,
    /// Whether the credentials are known to be anonymous, which need no region.
    anonymous: bool,
    headers: Headers,
    transport: Option<Arc<dyn Transport>>,
    runtime: Arc<dyn Runtime>,
    retry: RetryPolicy,
    limiter: Option<Arc<dyn Limit>>,
    timeouts: Timeouts,
    options: ChatOptions,
    streaming: bool,
    max_concurrency: usize,
    observers: Vec<Arc<dyn Observer>>,
}

impl std::fmt::Debug for BedrockChatBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BedrockChatBuilder")
            .field("model", &self.set.model)
            .field("region", &self.set.region)
            .field("endpoint", &self.set.endpoint)
            .finish_non_exhaustive()
    }
}

impl BedrockChatBuilder {
    pub(super) fn new(model: String) -> Self {
        let set = Settings {
            model,
            family: None,
            api: None,
            service: None,
            codec: None,
            region: None,
            credentials: None,
            endpoint: None,
            gateway: None,
            cloudflare: None,
            signing_name: None,
            fips: None,
            dual_stack: None,
            environment: Arc::new(environment_variable),
            profile: None,
            signs: false,
            anonymous: false,
            headers: Headers::new(),
            transport: None,
            runtime: Arc::new(SystemRuntime),
            retry: RetryPolicy::default(),
            limiter: None,
            timeouts: Timeouts::default(),
            options: ChatOptions::default(),
            streaming: false,
            max_concurrency: 32,
            observers: Vec::new(),
        };
        Self { set: Box::new(set) }
    }

    /// Sets the AWS region. An ARN's own region wins over it; an endpoint that is a host of AWS in another
    /// region is an error. Defaults to the region of such a host, else to `BEDROCK_AWS_REGION`, `AWS_REGION`
    /// or `AWS_DEFAULT_REGION` of the environment, else to `region` of the profile.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.set.region = Some(region.into());
        self
    }

    /// Sets the credentials. Nothing of the environment or of a profile is mixed into them. Defaults to the first
    /// source that is configured: natively `DefaultCredentials`, on wasm32
    /// [`EnvironmentCredentials`](crate::EnvironmentCredentials).
    pub fn credentials(self, credentials: Credentials) -> Self {
        let (signs, anonymous) = (credentials.access_key_id().is_some(), credentials.is_anonymous());
        let mut builder = self.credentials_provider(credentials);
        (builder.set.signs, builder.set.anonymous) = (signs, anonymous);
        builder
    }

    /// Sets a provider of credentials, which is called before every attempt. For the default see
    /// [`credentials`](Self::credentials).
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials) -> Self {
        self.set.credentials = Some(Arc::new(provider));
        (self.set.signs, self.set.anonymous) = (false, false);
        self
    }

    /// Chooses a profile of AWS's files `~/.aws/config` and `~/.aws/credentials`: its credentials, and its region,
    /// endpoints, FIPS and dual stack where neither the builder nor the environment sets them. Keys of the environment
    /// do not override it. Not available on wasm32. Defaults to `AWS_DEFAULT_PROFILE`, `AWS_PROFILE` or `default`.
    ///
    /// ```no_run
    /// use bedrock_chat::BedrockChat;
    /// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").profile("work").build()?;
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.set.profile = Some(name.into());
        self
    }

    /// A [Bedrock API key](https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html), instead of AWS
    /// credentials. Defaults to `AWS_BEARER_TOKEN_BEDROCK` of the environment.
    pub fn api_key(self, key: impl Into<String>) -> Self {
        self.credentials(Credentials::bearer(key))
    }

    /// Sets a custom endpoint, such as a VPC endpoint or a local server: calls go
    /// there and are signed for it. A path is kept as a prefix. Without `http://`, `https` is used. If its host
    /// is Bedrock's own or an interface endpoint, the host's region is used ([`Endpoint::region`](crate::Endpoint::region)). Defaults to
    /// the environment's ([`EnvironmentCredentials::endpoint_url`](crate::EnvironmentCredentials::endpoint_url)), else to the
    /// profile's, else to Bedrock's own host in the region.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.set.endpoint = Some(url.into());
        self
    }

    /// Sets the service's name in signatures. Defaults to `bedrock`, and to `bedrock-mantle` for that service.
    pub fn signing_name(mut self, name: impl Into<String>) -> Self {
        self.set.signing_name = Some(name.into());
        self
    }

    /// Whether to use AWS's FIPS hosts. Defaults to `AWS_USE_FIPS_ENDPOINT` of the environment, else to
    /// `use_fips_endpoint` of the profile, else to `false`. An endpoint that is not a FIPS host of AWS is an error then.
    pub fn fips(mut self, on: bool) -> Self {
        self.set.fips = Some(on);
        self
    }

    /// Whether to use AWS's dual-stack hosts. Defaults to `AWS_USE_DUALSTACK_ENDPOINT` of the environment,
    /// else to `use_dualstack_endpoint` of the profile, else to `false`. An endpoint that is not a dual-stack host of AWS is an error then.
    pub fn dual_stack(mut self, on: bool) -> Self {
        self.set.dual_stack = Some(on);
        self
    }

    /// Sets where variables such as `AWS_REGION` are read: credentials, region, endpoint and its variants, and `HOME`
    /// for the files of profiles.
    /// Defaults to the environment of the process; on wasm32 there is none.
    ///
    /// ```
    /// use bedrock_chat::BedrockChat;
    /// let bindings = |name: &str| match name {
    ///     "AWS_REGION" => Some("eu-west-1".to_owned()),
    ///     "AWS_BEARER_TOKEN_BEDROCK" => Some("a key".to_owned()),
    ///     _ => None,
    /// };
    /// let chat = BedrockChat::builder("eu.amazon.nova-lite-v1:0").environment(bindings).build()?;
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    pub fn environment(mut self, variable: impl Fn(&str) -> Option<String> + MaybeSend + MaybeSync + 'static) -> Self {
        self.set.environment = Arc::new(variable);
        self
    }

    /// Adds a header that is sent with every call, for gateways and tracing. It is not signed, so that it may change
    /// on the way; only AWS's own headers (`x-amz…`) are signed, as AWS requires it. `Debug` never shows the value.
    /// Defaults to no headers.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set.headers.push_hidden(name, value);
        self
    }

    /// The family of the model, where the id does not say it: a vendor
    /// (`anthropic`) or a model id. Defaults to what the id says.
    pub fn family(mut self, family: impl Into<String>) -> Self {
        self.set.family = Some(family.into());
        self
    }

    /// Sets which of Bedrock's APIs to call. Defaults to the model's own format if there is one, else Converse:
    /// see the table of [`codec_for`].
    pub fn api(mut self, api: Api) -> Self {
        self.set.api = Some(api);
        self
    }

    /// Sets which service to call, for models that both `bedrock-runtime` and `bedrock-mantle` serve. Defaults to the
    /// service of an [`endpoint_url`](Self::endpoint_url) whose host is AWS's, else to the one in the table of
    /// [`codec_for`].
    ///
    /// ```
    /// use bedrock_chat::{BedrockChat, Credentials, Service};
    /// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
    ///     .service(Service::Mantle)
    ///     .region("us-east-1")
    ///     .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
    ///     .build()?;
    /// assert!(format!("{chat:?}").contains("https://bedrock-mantle.us-east-1.api.aws"));
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    pub fn service(mut self, service: Service) -> Self {
        self.set.service = Some(service);
        self
    }

    /// Sets a custom codec, which decides the API: another [`api`](Self::api) is an error. Defaults to the
    /// codec of the model's family.
    pub fn codec(mut self, codec: impl Codec) -> Self {
        self.set.codec = Some(Arc::new(codec));
        self
    }

    /// How requests are sent. Defaults to reqwest, with separate connections for each chat that is
    /// built; clones of one [`ReqwestTransport`](crate::ReqwestTransport) share theirs.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.set.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the maximum number of tokens to generate. Defaults to the model's default; Anthropic's API, which
    /// requires a number, gets 4096.
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.set.options.max_tokens = Some(tokens);
        self
    }

    /// Randomness, 0 to 1 for most models. Defaults to the model's default.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.set.options.temperature = Some(temperature);
        self
    }

    /// Nucleus sampling. Defaults to the model's default.
    pub fn top_p(mut self, top_p: f64) -> Self {
        self.set.options.top_p = Some(top_p);
        self
    }

    /// Sample from the k likeliest tokens. Defaults to the model's default.
    pub fn top_k(mut self, top_k: u64) -> Self {
        self.set.options.top_k = Some(top_k);
        self
    }

    /// Sequences that end the answer. Defaults to none.
    pub fn stop<S: Into<String>>(mut self, sequences: impl IntoIterator<Item = S>) -> Self {
        self.set.options.stop = sequences.into_iter().map(Into::into).collect();
        self
    }

    /// Sets further JSON members of the request body. They are merged with the members that the options write.
    /// A contradiction is an error. Defaults to none.
    pub fn model_kwargs(mut self, kwargs: impl Into<Json>) -> Self {
        self.set.options.model_kwargs = Some(kwargs.into());
        self
    }

    /// The guardrail that watches every call. Defaults to none.
    pub fn guardrail(mut self, guardrail: Guardrail) -> Self {
        self.set.options.guardrail = Some(guardrail);
        self
    }

    /// Cache points where they pay, planned again for every call: see
    /// [`ChatRequest::with_cache_points`](crate::ChatRequest::with_cache_points). They are planned for Claude
    /// and Nova, and where the id does not name the model. Other models do not cache, and the option does
    /// nothing. Defaults to none.
    pub fn prompt_caching(mut self, point: crate::message::CachePoint) -> Self {
        self.set.options.prompt_caching = Some(point);
        self
    }

    /// How much the model thinks before it answers. Defaults to the model's default.
    pub fn reasoning(mut self, reasoning: crate::request::Reasoning) -> Self {
        self.set.options.reasoning = Some(reasoning);
        self
    }

    /// Sets all options at once. They override earlier ones.
    pub fn options(mut self, options: &ChatOptions) -> Self {
        self.set.options = self.set.options.merged_with(options);
        self
    }

    /// Makes the chat model.
    ///
    /// # Errors
    /// `Config`, if a setting is missing or wrong, also in a file of profiles. `Credentials`, if the environment has half
    /// of a pair of keys, or on wasm32 no credentials. `Unsupported`, if the requested API or service does not serve the model.
    pub fn build(self) -> Result<BedrockChat> {
        // Nothing is taken out of the box before all is known to be right.
        let mut set = self.set;
        let mut model = ModelId::parse(&set.model).map_err(|error| error.with_field("model"))?;
        if let Some(family) = &set.family {
            model = model.with_family(family.as_str());
        }
        let (endpoint, host_service) = set.endpoint()?;
        let codec = match &set.codec {
            Some(codec) if set.api.is_some_and(|api| api != codec.api()) => {
                return Err(Error::new(
                    ErrorKind::Config,
                    "`api` contradicts the API of the custom `codec`; leave `api` out, as the codec decides",
                ));
            }
            Some(codec) => Arc::clone(codec),
            None => codec_for(&model, set.api, set.service.or(host_service))?,
        };
        set.options.check()?;
        check_headers(&set.headers, set.anonymous)?;
        let variables = Arc::clone(&set.environment);
        let profile = set.profile.as_deref();
        let (environment, advice) = chain::settings(&variables, profile, set.credentials.is_some())?;
        set.environment = environment;
        // The profile can set the region. It does not, or it does not exist.
        let explained = |error: Error| match &advice {
            Some(advice) if error.message().starts_with("region is missing") => error.with_advice(advice),
            _ => error,
        };
        let Address { endpoint, region } = set.address(&model, endpoint, codec.service()).map_err(explained)?;
        let gateway = set.gateway(&endpoint, codec.service(), region.as_deref())?;
        let transport = match &set.transport {
            Some(transport) => Arc::clone(transport),
            None => default_transport(set.timeouts.connect, set.environment.get("AWS_CA_BUNDLE"))?,
        };
        let (credentials, signs): (Arc<dyn ProvideCredentials>, bool) = match &set.credentials {
            Some(provider) => (Arc::clone(provider), set.signs),
            None => chain::default_provider(DefaultOf {
                variables,
                profile: set.profile.as_deref(),
                region: region.as_deref(),
                transport: Arc::clone(&transport),
                own_transport: set.transport.clone(),
                runtime: Arc::clone(&set.runtime),
            })?,
        };
        if signs && region.is_none() {
            return Err(explained(no_region()));
        }
        let set = *set;
        let client = Client {
            model,
            codec,
            region,
            signing_name: set.signing_name,
            endpoint,
            gateway,
            headers: set.headers,
            credentials: Provider(credentials),
            transport,
            retry_quota: RetryQuota::new(&set.retry),
            retry: set.retry,
            limiter: set.limiter,
            timeouts: set.timeouts,
            runtime: set.runtime,
            keys: SigningKeyCache::new(),
            skew: AtomicI64::new(0),
            observers: set.observers,
        };
        Ok(BedrockChat {
            client: Arc::new(client),
            options: Arc::new(set.options),
            config: Arc::new(RunConfig::default()),
            streaming: set.streaming,
            max_concurrency: set.max_concurrency,
            fallbacks: None,
        })
    }
}
