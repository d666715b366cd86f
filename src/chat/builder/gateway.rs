//! Gateways that calls are sent to.

use super::{BedrockChatBuilder, Settings};
use crate::api::Service;
use crate::client::{CloudflareGateway, ForwardingGateway};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};

impl BedrockChatBuilder {
    /// Sets a gateway: calls are signed for AWS, and sent to this URL with their path appended. With
    /// [`Credentials::anonymous`](crate::Credentials::anonymous) nothing is signed and no region is needed.
    /// Defaults to none.
    pub fn gateway_url(mut self, url: impl Into<String>) -> Self {
        self.set.gateway = Some(url.into());
        self
    }

    /// Sets Cloudflare's AI Gateway: calls are signed for AWS and sent to the gateway. A region is required, as it is
    /// a part of the gateway's path. Defaults to none.
    pub fn cloudflare_gateway(mut self, gateway: CloudflareGateway) -> Self {
        self.set.cloudflare = Some(gateway);
        self
    }
}

impl Settings {
    /// Returns the gateway of calls that are signed for this endpoint.
    pub(super) fn gateway(
        &self,
        endpoint: &Endpoint,
        service: Service,
        region: Option<&str>,
    ) -> Result<Option<ForwardingGateway>> {
        match (&self.gateway, &self.cloudflare) {
            (Some(_), Some(_)) => {
                let message = "there are two gateways; leave out `gateway_url` or `cloudflare_gateway`";
                Err(Error::new(ErrorKind::Config, message).with_field("gateway_url"))
            }
            (Some(url), None) => Ok(Some(ForwardingGateway::new(gateway_endpoint(url)?))),
            (None, Some(gateway)) => gateway.clone().resolve(endpoint, service, region).map(Some),
            (None, None) => Ok(None),
        }
    }
}

pub(super) fn gateway_endpoint(url: &str) -> Result<Endpoint> {
    Endpoint::custom(url).map_err(|error| error.with_field("gateway_url"))
}
