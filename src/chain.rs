//! The default chain of credentials: variables, profiles, SSO, roles, processes, containers, instances.
//!
//! It is our own code for four reasons. STS, web identity and Cognito are needed on wasm32, too, over this crate's
//! transport. The files with credentials also set the region, endpoints and FIPS. Errors must list every source
//! tried. Our code adds only one small crate. `aws-config` adds 81 crates and a C build. `reqsign-aws-core` adds 22,
//! and has neither `aws login` nor the renewal of SSO tokens (`tests/credentials/libraries.py`). Tests compare this
//! code with botocore: `tests/credentials`.

mod attempt;
mod cache;
mod dpop;
mod files;
mod ini;
mod login;
mod looked;
mod process;
mod profile;
mod resolve;
mod roles;
mod settings;
mod sso;
mod thread;
mod waiting;
mod words;

pub use profile::ProfileCredentials;

use std::fmt;
use std::sync::{Arc, OnceLock};

use self::attempt::Attempt;
use self::waiting::Waiting;
use crate::credentials::{
    CachedCredentials, Credentials, EnvironmentCredentials, ProvideCredentials, Variables, environment_variable,
};
use crate::error::Result;
use crate::platform::{BoxFuture, Runtime, SystemRuntime};
use crate::sources::DefaultOf;
use crate::transport::Transport;

/// The settings of a search for credentials.
#[derive(Clone)]
struct Context {
    variables: Arc<dyn Variables>,
    /// The profile that was chosen in code.
    profile: Option<String>,
    region: Option<String>,
    /// Where requests to AWS's services go.
    transport: Option<Arc<dyn Transport>>,
    /// Where requests to containers and instances go, whose addresses only exist on the machine.
    direct: Option<Arc<dyn Transport>>,
    runtime: Arc<dyn Runtime>,
    waiting: Arc<Waiting>,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            variables: Arc::new(environment_variable),
            profile: None,
            region: None,
            transport: None,
            direct: None,
            runtime: Arc::new(SystemRuntime),
            waiting: Arc::default(),
        }
    }
}

/// Adds the setters of a context to a provider with the member `context`.
macro_rules! context_setters {
    () => {
        /// Sets the region of STS and AWS Sign-In. Defaults to `AWS_REGION` or `AWS_DEFAULT_REGION` of the
        /// environment, else to the profile's.
        #[must_use]
        pub fn with_region(mut self, region: impl Into<String>) -> Self {
            self.context.region = Some(region.into());
            self
        }

        /// Sets where variables are read, also `HOME`. Defaults to the environment of the process.
        #[must_use]
        pub fn with_environment(
            mut self,
            variable: impl Fn(&str) -> Option<String>
            + $crate::platform::MaybeSend
            + $crate::platform::MaybeSync
            + 'static,
        ) -> Self {
            self.context.variables = std::sync::Arc::new(variable);
            self
        }

        /// Sets how requests are sent. Defaults to reqwest; to containers and instances without proxies.
        #[must_use]
        pub fn with_transport(mut self, transport: impl $crate::transport::Transport) -> Self {
            let transport: std::sync::Arc<dyn $crate::transport::Transport> = std::sync::Arc::new(transport);
            self.context.transport = Some(std::sync::Arc::clone(&transport));
            self.context.direct = Some(transport);
            self
        }

        /// Sets the clock and the timer. Defaults to the system's.
        #[must_use]
        pub fn with_runtime(mut self, runtime: impl $crate::platform::Runtime) -> Self {
            self.context.runtime = std::sync::Arc::new(runtime);
            self
        }
    };
}
use context_setters;

/// The provider that a chat has by default on native targets: the credentials that AWS's command line and SDKs would
/// use. The first source that is configured is used:
///
/// | source | what configures it |
/// |---|---|
/// | Bedrock API key | `AWS_BEARER_TOKEN_BEDROCK` |
/// | environment | `BEDROCK_AWS_ACCESS_KEY_ID`, else `AWS_ACCESS_KEY_ID`, each with its secret and session token |
/// | role of the profile | `role_arn` with `source_profile` or `credential_source`; `external_id`, `role_session_name`, `duration_seconds` |
/// | web identity | `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`, `AWS_ROLE_SESSION_NAME`, else the profile's `web_identity_token_file`, `role_arn`, `role_session_name` |
/// | SSO | `sso_account_id`, `sso_role_name`, and `sso_session` or `sso_start_url` and `sso_region`; sign in with `aws sso login` |
/// | credentials file | `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token` |
/// | login | `login_session`, which `aws login` writes |
/// | process | `credential_process` |
/// | config file | the same keys as in the credentials file |
/// | container | `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `AWS_CONTAINER_CREDENTIALS_FULL_URI` (ECS, EKS Pod Identity) |
/// | instance | the metadata service of EC2 (IMDSv2), unless `AWS_EC2_METADATA_DISABLED` is `true` |
///
/// The profile is the one of [`DefaultCredentials::with_profile`], else `AWS_DEFAULT_PROFILE`, else `AWS_PROFILE`, else
/// `default`. A profile that was chosen with `with_profile` is never overridden by keys, tokens or roles of the
/// environment. They can override a profile of `AWS_PROFILE` or `AWS_DEFAULT_PROFILE`, as in botocore. A chosen profile
/// must exist. Parts of two sources are never mixed.
///
/// Files are `AWS_CONFIG_FILE` (`~/.aws/config`) and `AWS_SHARED_CREDENTIALS_FILE` (`~/.aws/credentials`, whose keys
/// win). They are read with botocore's rules.
///
/// A source that is configured but fails is an error with its name; the next one is not tried. Only the metadata service
/// is passed over. If nothing is configured, the error lists every source and what is missing.
///
/// Variables with keys are read again for every attempt. Everything else is cached as in [`CachedCredentials`]: renewed
/// five minutes before it expires, by one call for all that wait. If that fails, the old credentials are used until they
/// expire.
///
/// Not available on wasm32, where there are no files. MFA codes are not asked for, and the files of EC2's and boto's first
/// tools are not read. See AWS's [credential
/// providers](https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
///
/// Programs that have `aws-config` can pass its providers in a closure instead: see
/// [`ProvideCredentials`].
///
/// ```
/// use bedrock_chat::{BedrockChat, DefaultCredentials};
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials_provider(DefaultCredentials::new())
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Default)]
pub struct DefaultCredentials {
    context: Context,
    cache: OnceLock<CachedCredentials<Chain>>,
}

impl DefaultCredentials {
    /// Creates a provider. Nothing is read before the first call.
    pub fn new() -> Self {
        Self::default()
    }

    /// Chooses a profile, which is never overridden by the environment.
    #[must_use]
    pub fn with_profile(mut self, name: impl Into<String>) -> Self {
        self.context.profile = Some(name.into());
        self
    }

    context_setters!();

    fn cache(&self) -> &CachedCredentials<Chain> {
        let chain = || Chain(self.context.clone());
        self.cache.get_or_init(|| CachedCredentials::with_runtime(chain(), Arc::clone(&self.context.runtime)))
    }
}

impl ProvideCredentials for DefaultCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        if self.context.profile.is_none() {
            // Credentials in variables need no files, so no file is read. An incomplete set of variables, such as an id
            // without its secret, is an error here.
            match EnvironmentCredentials::find(|name| self.context.variables.get(name)) {
                Ok(Ok(keys)) => return Box::pin(std::future::ready(Ok(keys))),
                Err(error) => return Box::pin(std::future::ready(Err(error))),
                Ok(Err(_)) => {}
            }
        }
        self.cache().credentials()
    }

    fn forget(&self, rejected: &Credentials) {
        if let Some(cache) = self.cache.get() {
            cache.forget(rejected);
        }
    }

    fn waiting_for(&self) -> Option<String> {
        self.context.waiting.source()
    }
}

impl fmt::Debug for DefaultCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultCredentials").field("profile", &self.context.profile).finish_non_exhaustive()
    }
}

/// The search itself, without a cache.
struct Chain(Context);

impl ProvideCredentials for Chain {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(async { Attempt::new(&self.0)?.resolve().await })
    }
}

/// Returns the variables. For a variable that is not set, the profile's setting is used. `has_credentials` is whether
/// they are set in code.
///
/// Such a chat, and one with a Bedrock API key in the environment, does not need a profile. If the one of `AWS_PROFILE`
/// does not exist, the variables are returned as they are.
///
/// The text is advice for an error about a missing region.
///
/// # Errors
/// `Config`, if a file is malformed, a chosen profile does not exist, or one of its settings is wrong. A malformed file
/// is always an error, because it may set FIPS.
pub(crate) fn settings(
    variables: &Arc<dyn Variables>,
    profile: Option<&str>,
    has_credentials: bool,
) -> Result<(Arc<dyn Variables>, Option<String>)> {
    let context =
        Context { variables: Arc::clone(variables), profile: profile.map(str::to_owned), ..Context::default() };
    let needs_no_profile = || has_credentials || has_api_key(&**variables);
    match Attempt::new(&context) {
        Ok(attempt) => {
            let advice = attempt.files.profile(&attempt.profile).map(|_| {
                let (profile, config) = (&attempt.profile, &attempt.files.config.path);
                format!("or set `region` of profile `{profile}` in `{config}`")
            });
            Ok((attempt.settings, advice))
        }
        Err(error) if profile.is_none() && error.field() == Some(files::NO_PROFILE) && needs_no_profile() => {
            Ok((Arc::clone(variables), Some(error.message().to_owned())))
        }
        Err(error) => Err(error),
    }
}

/// Returns whether the variables have a Bedrock API key, which is used before any other source.
fn has_api_key(variables: &dyn Variables) -> bool {
    matches!(EnvironmentCredentials::find(|name| variables.get(name)), Ok(Ok(found)) if found.access_key_id().is_none())
}

/// Returns the default provider of a chat, and whether calls need a region for their signature. They do, unless the
/// environment has a Bedrock API key.
///
/// # Errors
/// `Credentials`, if a variable has half of a pair.
pub(crate) fn default_provider(chat: DefaultOf<'_>) -> Result<(Arc<dyn ProvideCredentials>, bool)> {
    let found = match chat.profile {
        Some(_) => None,
        None => EnvironmentCredentials::find(|name| chat.variables.get(name))?.ok(),
    };
    let context = Context {
        variables: chat.variables,
        profile: chat.profile.map(str::to_owned),
        region: chat.region.map(str::to_owned),
        transport: Some(chat.transport),
        direct: chat.own_transport,
        runtime: chat.runtime,
        waiting: Arc::default(),
    };
    let signs = found.is_none_or(|found| found.access_key_id().is_some());
    Ok((Arc::new(DefaultCredentials { context, cache: OnceLock::new() }), signs))
}

#[cfg(test)]
mod tests;
