//! Where calls go and what they are signed for: from options, the model, the endpoint's host and the environment.

use super::Settings;
use crate::client::no_region;
use crate::credentials::{EnvironmentCredentials, flag};
use crate::endpoint::{AwsHost, Endpoint};
use crate::error::{Error, ErrorKind, Result};
use crate::model::ModelId;
use crate::region;

pub(super) struct Address {
    pub(super) endpoint: Endpoint,
    /// The region of signatures, where there is one.
    pub(super) region: Option<String>,
    /// The service's name in signatures.
    pub(super) service: String,
}

impl Settings {
    pub(super) fn address(&self, model: &ModelId) -> Result<Address> {
        let variable = |name: &str| self.environment.get(name);
        // A misspelled word must not pass for `false`.
        flag(variable, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?;
        let fips = match self.fips {
            Some(on) => on,
            None => EnvironmentCredentials::fips(variable)?.unwrap_or_default(),
        };
        let dual_stack = match self.dual_stack {
            Some(on) => on,
            None => EnvironmentCredentials::dual_stack(variable)?.unwrap_or_default(),
        };
        // The builder's settings of AWS's hosts take precedence over the environment's endpoint.
        let stated = self.fips == Some(true) || self.dual_stack == Some(true) || self.gateway.is_some();
        let custom = match &self.endpoint {
            Some(url) => Some(Endpoint::custom(url).map_err(|error| error.with_field("endpoint_url"))?),
            None if stated => None,
            None => EnvironmentCredentials::endpoint_url(variable).as_deref().map(Endpoint::custom).transpose()?,
        };
        let host = custom.as_ref().and_then(Endpoint::aws_host);
        if let Some(endpoint) = &custom {
            let is = |has: fn(&AwsHost<'_>) -> bool| host.as_ref().is_some_and(has);
            variant_fits(fips, is(|host| host.fips), endpoint, "fips", "AWS_USE_FIPS_ENDPOINT")?;
            variant_fits(dual_stack, is(|host| host.dual_stack), endpoint, "dual_stack", "AWS_USE_DUALSTACK_ENDPOINT")?;
        }
        let given = self.region.as_deref().map(str::trim).filter(|region| !region.is_empty());
        let stated = model.region().or(given);
        if let Some(host) = &host {
            self.host_fits(host, stated)?;
        }
        let region = stated.or(host.map(|host| host.region)).map(str::to_owned);
        let region = region.or_else(|| EnvironmentCredentials::region(variable));
        if let Some(region) = &region {
            region::check(region, custom.is_none()).map_err(|error| error.with_field("region"))?;
        }
        let service = match (&self.signing_name, host) {
            (Some(name), _) => name.as_str(),
            (None, Some(host)) if host.service == "bedrock-mantle" => host.service,
            _ => "bedrock",
        };
        let service = service.to_owned();
        let endpoint = match custom {
            Some(endpoint) => endpoint,
            None => Endpoint::aws(region.as_deref().ok_or_else(no_region)?, fips, dual_stack)?,
        };
        Ok(Address { endpoint, region, service })
    }

    /// Checks that a host of AWS's is one that serves chats, and that the region which is stated is its own:
    /// AWS would refuse the signature. Interface endpoints may lead to another region.
    fn host_fits(&self, host: &AwsHost<'_>, stated: Option<&str>) -> Result<()> {
        let AwsHost { service, region, private, .. } = *host;
        if service != "bedrock-runtime" && self.codec.is_none() {
            let (suffix, _) = region::suffixes(region);
            return Err(Error::of(
                ErrorKind::Config,
                format_args!("endpoint serves no chats: `{service}`; use `bedrock-runtime.{region}.{suffix}`"),
            )
            .with_field("endpoint_url"));
        }
        match stated {
            Some(stated) if stated != region && !private => Err(Error::of(
                ErrorKind::Config,
                format_args!("region is `{stated}` but the endpoint's host is in `{region}`; leave out one of them"),
            )
            .with_field("region")),
            _ => Ok(()),
        }
    }
}

/// Refuses an endpoint that is not of the variant which is asked for: a call that must use FIPS must not go elsewhere.
fn variant_fits(wanted: bool, is: bool, endpoint: &Endpoint, option: &str, variable: &str) -> Result<()> {
    if !wanted || is {
        return Ok(());
    }
    let host = endpoint.host();
    Err(Error::of(
        ErrorKind::Config,
        format_args!(
            "`{option}` (`{variable}`) needs such a host of AWS: `{host}`; leave out the endpoint, or set `{option}` to `false`"
        ),
    )
    .with_field(option))
}
