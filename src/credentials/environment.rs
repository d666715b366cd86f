//! Credentials and region from environment variables.

use super::{Credentials, ProvideCredentials};
use crate::error::{Error, ErrorKind, Result};
use crate::platform::BoxFuture;

/// Credentials from the environment, read anew for every call. In this order:
///
/// 1. `AWS_BEARER_TOKEN_BEDROCK`, a Bedrock API key;
/// 2. `BEDROCK_AWS_ACCESS_KEY_ID`, `BEDROCK_AWS_SECRET_ACCESS_KEY`, `BEDROCK_AWS_SESSION_TOKEN`;
/// 3. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
///
/// Empty variables count as absent, and the names of one group are never mixed
/// with those of another.
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
pub struct EnvironmentCredentials;

/// One value of the process's environment, if it says anything.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl EnvironmentCredentials {
    /// The credentials in an environment that you give.
    ///
    /// # Errors
    /// `Credentials`, where there are none or only half of a pair, with the names.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Credentials> {
        let get = |name: &str| given(&variable, name);
        if let Some(key) = get("AWS_BEARER_TOKEN_BEDROCK") {
            return Ok(Credentials::bearer(key));
        }
        for prefix in ["BEDROCK_AWS", "AWS"] {
            let id = get(&format!("{prefix}_ACCESS_KEY_ID"));
            let secret = get(&format!("{prefix}_SECRET_ACCESS_KEY"));
            let missing = match (id, secret) {
                (Some(id), Some(secret)) => {
                    let token = get(&format!("{prefix}_SESSION_TOKEN")).unwrap_or_default();
                    return Ok(Credentials::new(id, secret).with_session_token(token));
                }
                (None, None) => continue,
                (Some(_), None) => "SECRET_ACCESS_KEY",
                (None, Some(_)) => "ACCESS_KEY_ID",
            };
            return Err(Error::new(
                ErrorKind::Credentials,
                format!("{prefix}_{missing} is not set, its other half is"),
            ));
        }
        Err(Error::new(
            ErrorKind::Credentials,
            "no credentials: give some to the builder, or set AWS_BEARER_TOKEN_BEDROCK (a Bedrock API key), or \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones)",
        ))
    }

    /// The region in an environment that you give: `BEDROCK_AWS_REGION`, then
    /// `AWS_REGION`, then `AWS_DEFAULT_REGION`.
    pub fn region(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        ["BEDROCK_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| given(&variable, name))
    }

    /// The endpoint in an environment that you give: `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`, then `AWS_ENDPOINT_URL`,
    /// unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`. See AWS's
    /// [service-specific endpoints](https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
    pub fn endpoint_url(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        let get = |name| given(&variable, name);
        if get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|word| word.eq_ignore_ascii_case("true")) {
            return None;
        }
        ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"].into_iter().find_map(get)
    }
}

/// A variable's value without white space around it; none if nothing is left.
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
    fn the_order_is_bearer_then_bedrocks_own_then_aws() {
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
    fn what_is_missing_is_named() {
        assert!(read(&[]).unwrap_err().message().contains("AWS_ACCESS_KEY_ID"));
        let half = read(&[("AWS_ACCESS_KEY_ID", "A")]).unwrap_err();
        assert!(half.message().contains("AWS_SECRET_ACCESS_KEY"), "{half}");
    }

    #[test]
    fn aws_region_beats_aws_default_region() {
        let region = |pairs: &[(&str, &str)]| {
            EnvironmentCredentials::region(|name| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
        };
        let both = [("AWS_DEFAULT_REGION", "eu-west-1"), ("AWS_REGION", "us-east-1")];
        assert_eq!(region(&both).as_deref(), Some("us-east-1"));
        assert_eq!(region(&both[..1]).as_deref(), Some("eu-west-1"));
        assert_eq!(region(&[("AWS_REGION", " ")]), None);
    }

    #[test]
    fn the_endpoint_of_this_service_beats_that_of_all_and_both_may_be_ignored() {
        let endpoint = |pairs: &[(&str, &str)]| {
            EnvironmentCredentials::endpoint_url(|name| {
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
