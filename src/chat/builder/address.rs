//! Where calls go and what they are signed for: from options, the model, the endpoint's host and the environment.

use super::Settings;
use super::gateway::gateway_endpoint;
use crate::api::Service;
use crate::client::no_region;
use crate::credentials::{EnvironmentCredentials, flag};
use crate::endpoint::{AwsHost, Endpoint};
use crate::error::{Error, ErrorKind, Result};
use crate::model::ModelId;
use crate::region;

/// The services that serve chats.
const CHAT_SERVICES: &[Service] = &[Service::Runtime, Service::Mantle];

pub(super) struct Address {
    pub(super) endpoint: Endpoint,
    /// The region of signatures, where there is one.
    pub(super) region: Option<String>,
}

impl Settings {
    /// Returns the endpoint that the caller set, and its service if it is a host of AWS that serves chats.
    pub(super) fn endpoint(&self) -> Result<(Option<Endpoint>, Option<Service>)> {
        let Some(url) = &self.endpoint else { return Ok((None, None)) };
        let endpoint = Endpoint::custom(url).map_err(|error| error.with_field("endpoint_url"))?;
        let host = endpoint.aws_host();
        let service = host.and_then(|host| CHAT_SERVICES.iter().copied().find(|known| known.as_str() == host.service));
        Ok((Some(endpoint), service))
    }

    /// Returns where the calls of a codec for this service go. `custom` is the caller's endpoint.
    pub(super) fn address(&self, model: &ModelId, custom: Option<Endpoint>, service: Service) -> Result<Address> {
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
        let forwarded = self.gateway.is_some() || self.cloudflare.is_some();
        // The builder's settings of AWS's hosts take precedence over the environment's endpoint.
        let stated = self.fips == Some(true) || self.dual_stack == Some(true) || forwarded;
        let custom = match custom {
            Some(endpoint) => Some(endpoint),
            None if stated => None,
            None => {
                let url = EnvironmentCredentials::endpoint_url(service, variable);
                url.as_deref().map(Endpoint::custom).transpose()?
            }
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
            self.host_fits(host, stated, service)?;
        }
        let region = stated.or(host.map(|host| host.region)).map(str::to_owned);
        let region = region.or_else(|| EnvironmentCredentials::region(variable));
        if let Some(region) = &region {
            region::check(region, custom.is_none()).map_err(|error| error.with_field("region"))?;
        }
        let endpoint = match (custom, &self.gateway) {
            (Some(endpoint), _) => endpoint,
            // Nothing is signed, so AWS's host is not needed.
            (None, Some(url)) if self.anonymous && region.is_none() => gateway_endpoint(url)?,
            (None, _) => Endpoint::aws(service, region.as_deref().ok_or_else(no_region)?, fips, dual_stack)?,
        };
        Ok(Address { endpoint, region })
    }

    /// Checks that a host of AWS serves the chosen API, and that its region is the requested one: AWS would refuse
    /// the signature. Interface endpoints may lead to another region.
    fn host_fits(&self, host: &AwsHost<'_>, stated: Option<&str>, wanted: Service) -> Result<()> {
        let AwsHost { service, region, private, .. } = *host;
        if service != wanted.as_str() && self.codec.is_none() {
            let (plain, dual) = region::suffixes(region);
            let (name, suffix) = (wanted.as_str(), if wanted == Service::Mantle { dual } else { plain });
            return Err(Error::of(
                ErrorKind::Config,
                format_args!("endpoint does not serve the API: `{service}`; use `{name}.{region}.{suffix}`"),
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
