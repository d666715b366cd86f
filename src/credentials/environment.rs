//! Credentials and region from environment variables.

use super::{Credentials, ProvideCredentials};
use crate::api::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::platform::{BoxFuture, MaybeSend, MaybeSync};

/// Credentials from environment variables, read again for every call, in this order:
///
/// 1. `AWS_BEARER_TOKEN_BEDROCK`, a Bedrock API key;
/// 2. `BEDROCK_AWS_ACCESS_KEY_ID`, `BEDROCK_AWS_SECRET_ACCESS_KEY`, `BEDROCK_AWS_SESSION_TOKEN`;
/// 3. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` (or its older name `AWS_SECURITY_TOKEN`).
///
/// Natively, the default of a chat is `DefaultCredentials`, which also reads profiles, SSO and roles.
///
/// Empty variables count as absent. Variables of different groups are never mixed.
///
/// ```
/// use bedrock_chat::EnvironmentCredentials;
/// let found = EnvironmentCredentials::read(|name| match name {
///     "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".into()),
///     "AWS_SECRET_ACCESS_KEY" => Some("secret".into()),
///     _ => None,
/// });
/// assert_eq!(found?.access_key_id(), Some("AKIDEXAMPLE"));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit struct is used as a value; it has no state that could grow")]
pub struct EnvironmentCredentials;

/// Returns a variable of the process's environment. On wasm32 there is none.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A source of variables: the process's environment, or a caller's function.
pub(crate) trait Variables: MaybeSend + MaybeSync + 'static {
    fn get(&self, name: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String> + MaybeSend + MaybeSync + 'static> Variables for F {
    fn get(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// Variables from which AWS's tools and the default chain get credentials, and which are not read here.
const NOT_READ: &[&str] = &[
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
];

impl EnvironmentCredentials {
    /// Reads credentials from the given variables.
    ///
    /// # Errors
    /// `Credentials`, if there are no credentials or only half of a pair. The message names the variables.
    /// Profiles, SSO, web identity and container credentials are not read here; if their variables are set, the
    /// error says so.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Credentials> {
        if let Ok(found) = Self::find(&variable)? {
            return Ok(found);
        }
        if let Some(half) = Self::without_id(&variable) {
            return Err(Error::new(ErrorKind::Credentials, half));
        }
        let set: Vec<&str> = NOT_READ.iter().copied().filter(|name| given(&variable, name).is_some()).collect();
        if !set.is_empty() {
            let (set, verb) = (set.join("`, `"), if set.len() == 1 { "is" } else { "are" });
            let way = "use `DefaultCredentials` natively, or pass a provider";
            let message = format!("no credentials: `{set}` {verb} set, but only keys are read here; {way}");
            return Err(Error::new(ErrorKind::Credentials, message));
        }
        Err(Error::new(
            ErrorKind::Credentials,
            "no credentials; set `AWS_BEARER_TOKEN_BEDROCK`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, \
             or pass some; profiles, SSO and roles are not read here",
        ))
    }

    /// Same as [`EnvironmentCredentials::read`], for a chain with further sources: returns the reason if there are no
    /// credentials. As in AWS's tools, a secret or a token without an access key id is not an error then.
    ///
    /// # Errors
    /// `Credentials`, if only half of a pair is set.
    pub(crate) fn find(variable: impl Fn(&str) -> Option<String>) -> Result<Result<Credentials, String>> {
        if let Some(key) = given(&variable, "AWS_BEARER_TOKEN_BEDROCK") {
            return Ok(Ok(Credentials::bearer(key)));
        }
        if let Ok(keys) = Self::keys("BEDROCK_AWS", &variable)? {
            return Ok(Ok(keys));
        }
        let nothing = |why| match why {
            None => "neither `AWS_BEARER_TOKEN_BEDROCK` nor `AWS_ACCESS_KEY_ID` is set".to_owned(),
            Some(half) => half,
        };
        Ok(Self::keys("AWS", &variable)?.map_err(|_| nothing(Self::without_id(&variable))))
    }

    /// Reads the variables with this prefix: an access key id, a secret access key, a session token.
    pub(crate) fn keys(prefix: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Result<Credentials, String>> {
        let get = |name: &str| given(&variable, &[prefix, "_", name].concat());
        let half = |set: &str, missing: &str| format!("`{prefix}_{set}` is set but `{prefix}_{missing}` is not");
        let failed = |why: String| Err(Error::new(ErrorKind::Credentials, why));
        match (get("ACCESS_KEY_ID"), get("SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => {
                // The older name is the first that botocore reads.
                let token = get("SECURITY_TOKEN").or_else(|| get("SESSION_TOKEN"));
                Ok(Ok(Credentials::new(id, secret).with_session_token(token.unwrap_or_default())))
            }
            (Some(_), None) => failed(half("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")),
            // AWS's tools do not read these, so they cannot be leftovers.
            (None, Some(_)) if prefix != "AWS" => failed(half("SECRET_ACCESS_KEY", "ACCESS_KEY_ID")),
            (None, None) if prefix != "AWS" && get("SESSION_TOKEN").is_some() => {
                failed(half("SESSION_TOKEN", "ACCESS_KEY_ID"))
            }
            (None, _) => {
                Ok(Err(Self::without_id(&variable).unwrap_or_else(|| "`AWS_ACCESS_KEY_ID` is not set".into())))
            }
        }
    }

    /// Returns the error of `AWS` variables that lack their access key id.
    fn without_id(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        let set =
            ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].into_iter().find(|name| given(&variable, name).is_some());
        set.map(|set| format!("`{set}` is set but `AWS_ACCESS_KEY_ID` is not"))
    }

    /// Reads the region from the given variables: `BEDROCK_AWS_REGION`, then `AWS_REGION`, then
    /// `AWS_DEFAULT_REGION`.
    pub fn region(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        ["BEDROCK_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| given(&variable, name))
    }

    /// Reads the endpoint of a service from the given variables: `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` (or `..._MANTLE`,
    /// or `AWS_ENDPOINT_URL_BEDROCK` for the control plane), then `AWS_ENDPOINT_URL`, unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`. See AWS's [service-specific
    /// endpoints](https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
    pub fn endpoint_url(service: Service, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        let specific = match service {
            Service::Runtime => "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
            Service::Mantle => "AWS_ENDPOINT_URL_BEDROCK_MANTLE",
            Service::ControlPlane => "AWS_ENDPOINT_URL_BEDROCK",
        };
        Self::endpoint_variable(specific, variable)
    }

    /// Reads the endpoint of a service from its own variable, then from `AWS_ENDPOINT_URL`.
    pub(crate) fn endpoint_variable(specific: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        let get = |name| given(&variable, name);
        if get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|word| word.eq_ignore_ascii_case("true")) {
            return None;
        }
        [specific, "AWS_ENDPOINT_URL"].into_iter().find_map(get)
    }

    /// Reads whether to use AWS's FIPS hosts: `AWS_USE_FIPS_ENDPOINT`. See AWS's [dual-stack and FIPS
    /// endpoints](https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html).
    ///
    /// # Errors
    /// `Config`, if the value is neither `true` nor `false` (case-insensitive).
    pub fn fips(variable: impl Fn(&str) -> Option<String>) -> Result<Option<bool>> {
        flag(variable, "AWS_USE_FIPS_ENDPOINT")
    }

    /// Reads whether to use AWS's dual-stack hosts: `AWS_USE_DUALSTACK_ENDPOINT`.
    ///
    /// # Errors
    /// `Config`, if the value is neither `true` nor `false` (case-insensitive).
    pub fn dual_stack(variable: impl Fn(&str) -> Option<String>) -> Result<Option<bool>> {
        flag(variable, "AWS_USE_DUALSTACK_ENDPOINT")
    }
}

/// Reads a boolean variable, ignoring case. AWS's tools take any other word for `false`; here it is an error.
pub(crate) fn flag(variable: impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<bool>> {
    match given(variable, name) {
        None => Ok(None),
        Some(word) if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(word) if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(word) => {
            Err(Error::of(ErrorKind::Config, format_args!("`{name}` is `{word}`; set it to `true` or `false`")))
        }
    }
}

/// Returns the trimmed value of a variable; `None` if it is empty.
fn given(variable: impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

impl ProvideCredentials for EnvironmentCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(std::future::ready(Self::read(variable)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Credentials> {
        EnvironmentCredentials::read(|name| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn environment_credentials_have_an_order_of_precedence() {
        let aws = [("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "S"), ("AWS_SESSION_TOKEN", "T")];
        let own = [("BEDROCK_AWS_ACCESS_KEY_ID", "B"), ("BEDROCK_AWS_SECRET_ACCESS_KEY", "S")];
        let bearer = [("AWS_BEARER_TOKEN_BEDROCK", "key")];
        assert_eq!(read(&aws).unwrap(), Credentials::new("A", "S").with_session_token("T"));
        assert_eq!(read(&[&aws[..], &own].concat()).unwrap(), Credentials::new("B", "S"), "no token of another pair");
        assert_eq!(read(&[&aws[..], &own, &bearer].concat()).unwrap(), Credentials::bearer("key"));
        let blank = [("AWS_BEARER_TOKEN_BEDROCK", " "), ("AWS_SESSION_TOKEN", "")];
        assert_eq!(read(&[&blank[..], &aws[..2]].concat()).unwrap(), Credentials::new("A", "S"));
    }

    #[test]
    fn missing_environment_variable_is_named() {
        assert!(read(&[]).unwrap_err().message().contains("AWS_ACCESS_KEY_ID"));
        let half = read(&[("AWS_ACCESS_KEY_ID", "A")]).unwrap_err();
        assert!(half.message().contains("AWS_SECRET_ACCESS_KEY"), "{half}");
    }

    #[test]
    fn region_from_aws_region_wins_over_the_default_region() {
        let region = |pairs: &[(&str, &str)]| {
            EnvironmentCredentials::region(|name| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
        };
        let both = [("AWS_DEFAULT_REGION", "eu-west-1"), ("AWS_REGION", "us-east-1")];
        assert_eq!(region(&both).as_deref(), Some("us-east-1"));
        assert_eq!(region(&both[..1]).as_deref(), Some("eu-west-1"));
        assert_eq!(region(&[("AWS_REGION", " ")]), None);
    }

    #[test]
    fn service_endpoint_variable_wins_and_can_be_ignored() {
        let endpoint = |pairs: &[(&str, &str)]| {
            EnvironmentCredentials::endpoint_url(Service::Runtime, |name| {
                pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).into())
            })
        };
        let (all, own) = (("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://own"));
        assert_eq!(endpoint(&[all, own]).as_deref(), Some("http://own"));
        assert_eq!(endpoint(&[all, (own.0, "")]).as_deref(), Some("http://all"));
        assert_eq!(endpoint(&[all, own, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE")]), None);
        assert_eq!(endpoint(&[]), None);
    }
}
