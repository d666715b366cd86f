//! Settings of a profile: region, endpoints, FIPS.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::files::Files;
use crate::credentials::Variables;
use crate::error::{Error, ErrorKind, Result};

/// Variables, and for each the profile key that is used if the variable is not set.
const KEYS: &[(&str, &str)] = &[
    // The last of the variables with the region.
    ("AWS_DEFAULT_REGION", "region"),
    (FIPS, "use_fips_endpoint"),
    (DUAL_STACK, "use_dualstack_endpoint"),
    (IGNORE, "ignore_configured_endpoint_urls"),
    (ENDPOINT, "endpoint_url"),
    ("AWS_CA_BUNDLE", "ca_bundle"),
    ("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"),
    ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint"),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode"),
    ("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"),
];

const FIPS: &str = "AWS_USE_FIPS_ENDPOINT";
const DUAL_STACK: &str = "AWS_USE_DUALSTACK_ENDPOINT";
const IGNORE: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// Variables whose defaults are the settings of a profile, so that all code that reads variables also uses the profile.
pub(super) struct Settings {
    variables: Arc<dyn Variables>,
    of_profile: BTreeMap<String, String>,
}

impl Settings {
    /// Reads the settings of a profile.
    ///
    /// # Errors
    /// `Config`, if the profile names a section of services that does not exist, or a boolean is neither `true` nor
    /// `false`.
    pub(super) fn read(variables: &Arc<dyn Variables>, files: &Files, profile: &str) -> Result<Self> {
        let variables = Arc::clone(variables);
        let Some(keys) = files.profile(profile) else {
            return Ok(Self { variables, of_profile: BTreeMap::new() });
        };
        let mut of_profile = BTreeMap::new();
        for (variable, key) in KEYS {
            let Some(value) = keys.given(key) else { continue };
            let is_word = value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
            if [FIPS, DUAL_STACK, IGNORE].contains(variable) && !is_word {
                return Err(Error::of(
                    ErrorKind::Config,
                    format_args!("`{key}` of profile `{profile}` is `{value}`; set it to `true` or `false`"),
                ));
            }
            of_profile.insert((*variable).to_owned(), value.to_owned());
        }
        if let Some(name) = keys.get("services") {
            let section = files.services(name).filter(|section| !section.is_empty());
            let Some(section) = section else {
                let (config, section) = (&files.config.path, "services");
                return Err(Error::of(
                    ErrorKind::Config,
                    format_args!(
                        "profile `{profile}` needs section `[{section} {name}]`, which `{config}` does not have; add it"
                    ),
                ));
            };
            for service in ["bedrock_runtime", "bedrock_mantle", "bedrock", "sts", "sso", "sso_oidc", "signin"] {
                if let Some(url) = section.nested(service, "endpoint_url") {
                    of_profile.insert(format!("{ENDPOINT}_{}", service.to_ascii_uppercase()), url.to_owned());
                }
            }
        }
        Ok(Self { variables, of_profile })
    }
}

impl Variables for Settings {
    fn get(&self, name: &str) -> Option<String> {
        let set = |name: &str| self.variables.get(name).filter(|value| !value.trim().is_empty());
        if let Some(value) = set(name) {
            return Some(value);
        }
        // The environment's endpoint for all services wins over the profile's endpoint for one.
        let is_hidden = name.starts_with(ENDPOINT) && set(ENDPOINT).is_some();
        self.of_profile.get(name).filter(|_| !is_hidden).cloned()
    }
}
