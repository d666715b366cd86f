//! Roles of profiles, which get their keys from another profile or another source.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::Attempt;
use super::files::Keys;
use super::looked::{Found, Looked};
use super::waiting::Waiting;
use crate::credentials::{Credentials, EnvironmentCredentials, ProvideCredentials};
use crate::error::{Error, ErrorKind, Result};
use crate::platform::BoxFuture;
use crate::sources::AssumeRoleCredentials;

/// The source of the first role's keys.
enum Source<'a> {
    Profile(&'a str),
    Named(&'a str),
}

/// A profile with a role.
struct RoleStep<'a> {
    profile: &'a str,
    keys: Keys<'a>,
    arn: &'a str,
}

impl Attempt {
    /// Returns the credentials of a profile's role, or a text that says that the profile or its role is missing.
    ///
    /// # Errors
    /// `Config`, if the settings of the role are wrong; `Credentials`, if its source has no keys or STS refuses.
    pub(super) async fn role(&self, profile: &str) -> Result<Found> {
        match self.files.profile(profile) {
            Some(keys) if has_role(keys) => {}
            Some(_) => return Ok(Err(format!("`role_arn` is not in profile `{profile}`"))),
            None => return Ok(Err(format!("profile `{profile}` does not exist"))),
        }
        let mut steps = Vec::new();
        let source = self.steps(profile, &mut steps)?;
        let mut keys: Arc<dyn ProvideCredentials> = Arc::new(match source {
            Source::Profile(name) => {
                let mut looked = Looked::default();
                let found = self.of_profile(name, false, &mut looked).await;
                let found = found.and_then(|keys| keys.ok_or_else(|| self.empty_profile(name, looked)));
                found.map_err(|error| error.of_source(format_args!("profile `{profile}` has no keys for its role")))?
            }
            Source::Named(name) => self.named(name, steps.last().map_or(profile, |step| step.profile)).await?,
        });
        for step in steps.iter().rev() {
            keys = Arc::new(RoleOfProfile {
                profile: step.profile.to_owned(),
                role: step.arn.to_owned(),
                provider: self.assumed(step, keys)?,
                waiting: Arc::clone(&self.waiting),
            });
        }
        keys.credentials().await.map(Ok)
    }

    /// Collects the roles from a profile to its source of keys.
    fn steps<'a>(&'a self, top: &'a str, steps: &mut Vec<RoleStep<'a>>) -> Result<Source<'a>> {
        let mut visited = vec![top];
        let mut profile = top;
        loop {
            let wrong = |why: std::fmt::Arguments<'_>| {
                Error::of(ErrorKind::Config, format_args!("role of profile `{profile}` cannot be assumed: {why}"))
            };
            let keys = self.files.profile(profile);
            let keys = keys.ok_or_else(|| wrong(format_args!("the profile does not exist")))?;
            let arn = keys.get("role_arn").unwrap_or_default();
            if keys.get("mfa_serial").is_some() {
                return Err(wrong(format_args!(
                    "`mfa_serial` needs a code, which is not asked for; \
                     use `credential_process = aws configure export-credentials --profile {profile}` in another profile"
                )));
            }
            steps.push(RoleStep { profile, keys, arn });
            let next = match (keys.get("credential_source"), keys.get("source_profile")) {
                (Some(_), Some(_)) => {
                    let why = "it has both `source_profile` and `credential_source`; remove one of them";
                    return Err(wrong(format_args!("{why}")));
                }
                (None, None) => {
                    let why = "it has neither `source_profile` nor `credential_source`; add one of them";
                    return Err(wrong(format_args!("{why}")));
                }
                (Some(source), None) => return Ok(Source::Named(source)),
                (None, Some(next)) => next,
            };
            let Some(source) = self.files.profile(next) else {
                return Err(wrong(format_args!("its `source_profile` does not exist: `{next}`; correct the name")));
            };
            // A profile may be its own source if it has keys.
            if visited.contains(&next) && (next != profile || !has_keys(source)) {
                visited.push(next);
                let path = visited.join("` > `");
                return Err(wrong(format_args!(
                    "`source_profile` has a cycle: `{path}`; add keys to one of these profiles"
                )));
            }
            if has_keys(source) || !has_role(source) {
                return Ok(Source::Profile(next));
            }
            visited.push(next);
            profile = next;
        }
    }

    /// Returns the credentials of a `credential_source`.
    async fn named(&self, name: &str, profile: &str) -> Result<Credentials> {
        let found = match name {
            "Environment" => EnvironmentCredentials::keys("AWS", |name| self.variables.get(name))?,
            // The whole error, which may be retryable: a service that is slow for a second must not fail the call.
            "EcsContainer" => {
                let found = self.container().await;
                found.map_err(|error| error.of_source(format_args!("{}", without(name, profile))))?
            }
            "Ec2InstanceMetadata" => {
                let found = self.instance().await;
                return found.map_err(|error| error.of_source(format_args!("{}", without(name, profile))));
            }
            _ => {
                return Err(Error::of(
                    ErrorKind::Config,
                    format_args!(
                        "`credential_source` of profile `{profile}` is unknown: `{name}`; \
                         use `Environment`, `Ec2InstanceMetadata` or `EcsContainer`"
                    ),
                ));
            }
        };
        found.map_err(|why| Error::of(ErrorKind::Credentials, format_args!("{}: {why}", without(name, profile))))
    }

    /// Returns the provider of a role's credentials.
    fn assumed(&self, step: &RoleStep<'_>, source: Arc<dyn ProvideCredentials>) -> Result<AssumeRoleCredentials> {
        let mut provider = AssumeRoleCredentials::new(step.arn, source)
            .with_environment(self.environment())
            .with_runtime(Arc::clone(&self.runtime));
        if let Some(name) = step.keys.get("role_session_name") {
            provider = provider.with_session_name(name);
        }
        if let Some(id) = step.keys.get("external_id") {
            provider = provider.with_external_id(id);
        }
        if let Some(text) = step.keys.get("duration_seconds") {
            // The range of STS.
            let Some(seconds) = text.trim().parse().ok().filter(|seconds| (900..=43_200).contains(seconds)) else {
                let profile = step.profile;
                return Err(Error::of(
                    ErrorKind::Config,
                    format_args!(
                        "`duration_seconds` of profile `{profile}` is `{text}`; set it to 900 to 43200 seconds"
                    ),
                ));
            };
            provider = provider.with_duration(Duration::from_secs(seconds));
        }
        if let Some(region) = &self.region {
            provider = provider.with_region(region);
        }
        if let Some(transport) = &self.transport {
            provider = provider.with_transport(Arc::clone(transport));
        }
        Ok(provider)
    }
}

/// The role of a profile, whose errors name the profile.
struct RoleOfProfile {
    profile: String,
    role: String,
    provider: AssumeRoleCredentials,
    waiting: Arc<Waiting>,
}

impl ProvideCredentials for RoleOfProfile {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(async {
            let Self { profile, role, provider, waiting } = self;
            let found =
                waiting.on(format!("STS for role `{role}` of profile `{profile}`"), provider.credentials()).await;
            found.map_err(|error| error.of_source(format_args!("profile `{profile}`")))
        })
    }
}

/// Returns what is wrong with a `credential_source` without credentials.
fn without(name: &str, profile: &str) -> String {
    format!("`credential_source` `{name}` of profile `{profile}` has no credentials")
}

/// Returns whether a profile assumes a role with keys. One with a token file is one of web identity.
fn has_role(keys: Keys<'_>) -> bool {
    keys.get("role_arn").is_some() && keys.get("web_identity_token_file").is_none()
}

fn has_keys(keys: Keys<'_>) -> bool {
    keys.get("aws_access_key_id").is_some() || keys.get("aws_secret_access_key").is_some()
}
