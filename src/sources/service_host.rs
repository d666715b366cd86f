//! The region and the host of an AWS service.

use std::sync::Arc;

use crate::credentials::{EnvironmentCredentials, Variables, environment_variable};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::region;

/// The settings that determine the host of a service.
pub(crate) struct ServiceHost {
    pub(crate) region: Option<String>,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) fips: Option<bool>,
    pub(crate) variables: Arc<dyn Variables>,
}

/// The service's names.
pub(crate) struct Names {
    /// The name in errors, such as `STS`.
    pub(crate) title: &'static str,
    /// The first part of its hosts, such as `sts`.
    pub(crate) host: &'static str,
    /// The variable with its endpoint.
    pub(crate) variable: &'static str,
    /// Whether its dual-stack hosts have their own suffix.
    pub(crate) dual_stack: bool,
}

impl Default for ServiceHost {
    fn default() -> Self {
        Self { region: None, endpoint_url: None, fips: None, variables: Arc::new(environment_variable) }
    }
}

impl ServiceHost {
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name)
    }

    /// Returns the region: the one that was set, else the environment's.
    pub(crate) fn region(&self, names: &Names) -> Result<String> {
        let given = self.region.as_deref().map(str::trim).filter(|region| !region.is_empty()).map(str::to_owned);
        let found = given.or_else(|| EnvironmentCredentials::region(|name| self.variable(name)));
        found.ok_or_else(|| {
            let title = names.title;
            Error::of(
                ErrorKind::Config,
                format_args!("region of {title} is missing; set it, or `AWS_REGION` or `AWS_DEFAULT_REGION`"),
            )
            .with_field("region")
        })
    }

    /// Returns the endpoint of a service in a region.
    ///
    /// # Errors
    /// `Config`, if a setting is malformed, or if both a custom endpoint and a FIPS endpoint are requested. Also if a
    /// custom endpoint would send keys in clear text to this machine.
    pub(crate) fn endpoint(&self, names: &Names, region: &str) -> Result<Endpoint> {
        let get = |name: &str| self.variable(name);
        let fips = match self.fips {
            Some(fips) => fips,
            None => EnvironmentCredentials::fips(get)?.unwrap_or_default(),
        };
        let given = self.endpoint_url.clone().filter(|url| !url.trim().is_empty());
        let custom = given.or_else(|| EnvironmentCredentials::endpoint_variable(names.variable, get));
        region::check(region, custom.is_none())?;
        if let Some(url) = custom {
            let endpoint = Endpoint::custom(&url)?;
            let url = endpoint.url();
            if fips {
                let title = names.title;
                return Err(Error::of(
                    ErrorKind::Config,
                    format_args!("{title} has both a custom endpoint and FIPS: `{url}`; unset one of them"),
                )
                .with_field("fips"));
            }
            if !endpoint.is_confidential() {
                return Err(Error::of(
                    ErrorKind::Config,
                    format_args!("keys are not requested over `http://` from another machine: `{url}`; use `https://`"),
                )
                .with_field("endpoint_url"));
            }
            return Ok(endpoint);
        }
        let dual_stack = names.dual_stack && EnvironmentCredentials::dual_stack(get)?.unwrap_or_default();
        let (plain, dual) = region::suffixes(region);
        let suffix = if dual_stack { dual } else { plain };
        // GovCloud's own hosts of STS are FIPS hosts.
        let fips = fips && !(names.host == "sts" && region.starts_with("us-gov-") && !dual_stack);
        let fips = if fips { "-fips" } else { "" };
        Endpoint::custom(&format!("https://{}{fips}.{region}.{suffix}", names.host))
    }
}

/// Adds the setters of the connection to a provider with the members `service_host` and `connection`.
macro_rules! setters {
    ($endpoint:literal) => {
        /// Sets the URL of the service, such as that of a local server.
        #[doc = concat!("Defaults to `", $endpoint, "` of the environment, else to the service's host in the region.")]
        #[must_use]
        pub fn with_endpoint_url(mut self, url: impl Into<String>) -> Self {
            self.service_host.endpoint_url = Some(url.into());
            self
        }

        /// Sets whether to use AWS's FIPS host. Defaults to `AWS_USE_FIPS_ENDPOINT` of the environment, else to
        /// `false`.
        #[must_use]
        pub fn with_fips(mut self, on: bool) -> Self {
            self.service_host.fips = Some(on);
            self
        }

        /// Sets how requests are sent. Defaults to reqwest, or to `fetch` with that feature on wasm32.
        #[must_use]
        pub fn with_transport(mut self, transport: impl $crate::transport::Transport) -> Self {
            self.connection.set_transport(std::sync::Arc::new(transport));
            self
        }

        /// Sets the clock and the timer. Defaults to the system's.
        #[must_use]
        pub fn with_runtime(mut self, runtime: impl $crate::platform::Runtime) -> Self {
            self.connection.runtime = std::sync::Arc::new(runtime);
            self
        }

        /// Sets the limit on one request to the service, from the connection to the end of the answer. Defaults
        /// to 15 seconds.
        #[must_use]
        pub fn with_timeout(mut self, limit: std::time::Duration) -> Self {
            self.connection.limit = limit;
            self
        }

        /// Sets where variables such as `AWS_REGION` are read. Defaults to the environment of the process; on wasm32
        /// there is none.
        #[must_use]
        pub fn with_environment(
            mut self,
            variable: impl Fn(&str) -> Option<String> + $crate::platform::MaybeSend + $crate::platform::MaybeSync + 'static,
        ) -> Self {
            self.service_host.variables = std::sync::Arc::new(variable);
            self
        }
    };
}
pub(super) use setters;
