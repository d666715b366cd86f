//! The sources of credentials, in their order.

use std::sync::Arc;

use super::attempt::Attempt;
use super::files::{File, Keys};
use super::looked::{Found, Looked};
use super::sso::Sso;
use super::{login, process};
use crate::credentials::{Credentials, EnvironmentCredentials, ProvideCredentials};
use crate::error::{Error, ErrorKind, Result};
use crate::sources::WebIdentityCredentials;

impl Attempt {
    /// Returns the credentials of the first source that is configured.
    ///
    /// # Errors
    /// If a configured source fails, its error, with the name of the source. If no source is configured, an error that
    /// lists all sources. A failure of the metadata service, which is always the last source, is only listed. If its cause
    /// may pass, the error is transient, too.
    pub(super) async fn resolve(&self) -> Result<Credentials> {
        let mut looked = Looked::default();
        let environment = match self.explicit {
            true => Err(format!("not read, as profile `{}` was chosen", self.profile)),
            false => EnvironmentCredentials::find(|name| self.variables.get(name))?,
        };
        if let Some(keys) = looked.at("environment", environment) {
            return Ok(keys);
        }
        if let Some(keys) = looked.at("role of the profile", self.role(&self.profile).await?) {
            return Ok(keys);
        }
        if let Some(keys) = self.of_profile(&self.profile, !self.explicit, &mut looked).await? {
            return Ok(keys);
        }
        if let Some(keys) = looked.at("container", self.container().await?) {
            return Ok(keys);
        }
        let mut transient = false;
        let instance = self.instance().await.map_err(|error| {
            transient = error.is_transient();
            // The list names the source.
            let why = error.message();
            why.strip_prefix("no credentials of the instance (IMDS)")
                .unwrap_or(why)
                .trim_start_matches([':', ' '])
                .to_owned()
        });
        if let Some(keys) = looked.at("instance (IMDS)", instance) {
            return Ok(keys);
        }
        let error = looked.nothing("no credentials found", "set up one of these sources, or pass credentials");
        Err(error.with_transient(transient))
    }

    /// Returns the credentials of the chosen profile alone.
    pub(super) async fn resolve_profile(&self) -> Result<Credentials> {
        let mut looked = Looked::default();
        if let Some(keys) = looked.at("role of the profile", self.role(&self.profile).await?) {
            return Ok(keys);
        }
        match self.of_profile(&self.profile, false, &mut looked).await? {
            Some(keys) => Ok(keys),
            None => Err(self.empty_profile(&self.profile, looked)),
        }
    }

    pub(super) fn empty_profile(&self, name: &str, looked: Looked) -> Error {
        looked.nothing(&format!("profile `{name}` has no credentials"), "add some, such as `aws_access_key_id`")
    }

    /// Looks at the sources in one profile, without its role.
    pub(super) async fn of_profile(
        &self,
        name: &str,
        environment: bool,
        looked: &mut Looked,
    ) -> Result<Option<Credentials>> {
        let keys = self.files.profile(name);
        let absent = format!("profile `{name}` does not exist");
        let missing = |key: &str| match keys {
            Some(_) => format!("`{key}` is not in profile `{name}`"),
            None => absent.clone(),
        };
        let found = self.web_identity(name, environment).await?;
        if let Some(keys) = looked.at("web identity", found) {
            return Ok(Some(keys));
        }
        let sso = keys.map(|keys| Sso::read(self, name, keys)).transpose()?.flatten();
        let found = match sso {
            Some(sso) => {
                let source = format!("SSO for profile `{name}`");
                Ok(self.waiting.on(source, sso.credentials(self)).await?)
            }
            None => Err(missing("sso_account_id")),
        };
        if let Some(keys) = looked.at("SSO", found) {
            return Ok(Some(keys));
        }
        let found = static_keys(&self.files.credentials, self.files.in_credentials(name), name)?;
        if let Some(keys) = looked.at("credentials file", found) {
            return Ok(Some(keys));
        }
        let found = match keys.and_then(|keys| keys.given("login_session")) {
            Some(session) => {
                let source = format!("AWS Sign-In for profile `{name}`");
                Ok(self.waiting.on(source, login::credentials_of(session, name, self)).await?)
            }
            None => Err(missing("login_session")),
        };
        if let Some(keys) = looked.at("login", found) {
            return Ok(Some(keys));
        }
        let found = match keys.and_then(|keys| keys.get("credential_process")) {
            Some(command) => {
                let source = format!("`credential_process` of profile `{name}`");
                Ok(self.waiting.on(source, process::credentials_of(command, name, self.runtime.now())).await?)
            }
            None => Err(missing("credential_process")),
        };
        if let Some(keys) = looked.at("process", found) {
            return Ok(Some(keys));
        }
        let found = static_keys(&self.files.config, self.files.in_config(name), name)?;
        Ok(looked.at("config file", found))
    }

    /// Returns the credentials of a role for the token in a file, if variables or the profile have one.
    async fn web_identity(&self, name: &str, environment: bool) -> Result<Found> {
        let keys = self.files.profile(name);
        let find = |variable: &str, key: &str| {
            let set = self.variables.get(variable).filter(|value| environment && !value.is_empty());
            set.or_else(|| keys.and_then(|keys| keys.given(key)).map(str::to_owned))
        };
        let Some(path) = find("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file") else {
            return Ok(Err(match environment {
                true => format!(
                    "neither `AWS_WEB_IDENTITY_TOKEN_FILE` nor `web_identity_token_file` of profile `{name}` is set"
                ),
                false => format!("`web_identity_token_file` is not in profile `{name}`"),
            }));
        };
        let profile = format!("profile `{name}`");
        let of = match keys.and_then(|keys| keys.given("web_identity_token_file")) {
            Some(own) if *own == path => &profile,
            _ => "`AWS_WEB_IDENTITY_TOKEN_FILE`",
        };
        let Some(role) = find("AWS_ROLE_ARN", "role_arn") else {
            return Err(Error::of(
                ErrorKind::Config,
                format_args!(
                    "no role is set for the web identity token `{path}`; set `AWS_ROLE_ARN`, or `role_arn` in the profile"
                ),
            ));
        };
        let token = move || {
            let read = std::fs::read_to_string(&path).map_err(|error| {
                Error::of(ErrorKind::Credentials, format_args!("file of the token cannot be read: `{path}`: {error}"))
            });
            std::future::ready(read)
        };
        let source = format!("STS for role `{role}` of {of}");
        let mut provider = WebIdentityCredentials::new(role, token).with_environment(self.environment());
        if let Some(session) = find("AWS_ROLE_SESSION_NAME", "role_session_name") {
            provider = provider.with_session_name(session);
        }
        if let Some(region) = &self.region {
            provider = provider.with_region(region);
        }
        if let Some(transport) = &self.transport {
            provider = provider.with_transport(Arc::clone(transport));
        }
        let provider = provider.with_runtime(Arc::clone(&self.runtime));
        let found = self.waiting.on(source, provider.credentials()).await;
        found.map(Ok).map_err(|error| error.of_source(format_args!("{of}")))
    }
}

/// Returns the keys in a profile of one file.
fn static_keys(file: &File, keys: Option<Keys<'_>>, profile: &str) -> Result<Found> {
    let path = &file.path;
    let Some(keys) = keys else {
        let absent = file.absent.clone();
        return Ok(Err(absent.unwrap_or_else(|| format!("profile `{profile}` is not in `{path}`"))));
    };
    let Some(id) = keys.get("aws_access_key_id") else {
        return Ok(Err(format!("`aws_access_key_id` is not in profile `{profile}` of `{path}`")));
    };
    let Some(secret) = keys.get("aws_secret_access_key") else {
        return Err(Error::of(
            ErrorKind::Credentials,
            format_args!(
                "profile `{profile}` of `{path}` has `aws_access_key_id` but not `aws_secret_access_key`; add it there"
            ),
        ));
    };
    let token = keys.get("aws_security_token").or_else(|| keys.get("aws_session_token")).unwrap_or_default();
    let found = Credentials::new(id, secret).with_session_token(token);
    match found.check() {
        Ok(()) => Ok(Ok(found)),
        Err(error) => Err(error.of_source(format_args!("profile `{profile}` of `{path}`"))),
    }
}
