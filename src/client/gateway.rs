//! Gateways between the caller and AWS.

use std::fmt;

use zeroize::Zeroizing;

use crate::api::Service;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};

use super::check::no_region;

/// The address of Cloudflare's AI Gateway.
const CLOUDFLARE: &str = "https://gateway.ai.cloudflare.com/v1";

/// The header of a token for Cloudflare's AI Gateway.
const TOKEN_HEADER: &str = "cf-aig-authorization";

/// A [Cloudflare AI Gateway](https://developers.cloudflare.com/ai-gateway/usage/providers/bedrock/). Calls are signed
/// for AWS and sent to the gateway, which forwards them. It serves `bedrock-runtime` only, and AWS's standard hosts.
///
/// `Debug` does not show the token, and its memory is wiped on drop.
///
/// ```
/// use bedrock_chat::{BedrockChat, CloudflareGateway, Credentials};
/// let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0")
///     .region("us-east-1")
///     .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
///     .cloudflare_gateway(CloudflareGateway::new("0123456789abcdef", "my-gateway").with_token("token"))
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CloudflareGateway {
    account_id: String,
    gateway_id: String,
    token: Option<Zeroizing<String>>,
    base_url: Option<String>,
}

impl CloudflareGateway {
    /// Creates a gateway from the id of the Cloudflare account and the id (name) of the gateway.
    pub fn new(account_id: impl Into<String>, gateway_id: impl Into<String>) -> Self {
        Self { account_id: account_id.into(), gateway_id: gateway_id.into(), token: None, base_url: None }
    }

    /// Sets the token of an [authenticated
    /// gateway](https://developers.cloudflare.com/ai-gateway/configuration/authentication/), which is sent as
    /// `cf-aig-authorization: Bearer {token}`. Defaults to none.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Zeroizing::new(token.into().trim().to_owned()));
        self
    }

    /// Sets the URL before `/{account_id}/{gateway_id}`, for a proxy or a test. A token is sent to it over `https://`
    /// or to this machine only. Defaults to `https://gateway.ai.cloudflare.com/v1`.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Returns the gateway for calls that are signed for this endpoint.
    ///
    /// # Errors
    /// `Config`, if an id, the token or the URL is not valid, or if Cloudflare does not forward to the endpoint.
    pub(crate) fn resolve(
        self,
        signed_for: &Endpoint,
        service: Service,
        region: Option<&str>,
    ) -> Result<ForwardingGateway> {
        let config = |args: fmt::Arguments<'_>| Error::of(ErrorKind::Config, args).with_field("cloudflare_gateway");
        only_runtime(service)?;
        let Some(region) = region else { return Err(no_region()) };
        // Cloudflare makes the host from the region in the path, so a signature for any other host is wrong.
        if *signed_for != Endpoint::aws(Service::Runtime, region, false, false)? {
            return Err(config(format_args!(
                "Cloudflare's AI Gateway does not forward to `{}`; leave out endpoint, FIPS and dual stack, or use `gateway_url`",
                signed_for.host()
            )));
        }
        for (name, id) in [("account", &self.account_id), ("gateway", &self.gateway_id)] {
            if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
                return Err(config(format_args!(
                    "invalid {name} id of Cloudflare's AI Gateway: `{id}`; use letters, digits, `-` and `_`"
                )));
            }
        }
        let base = self.base_url.as_deref().unwrap_or(CLOUDFLARE).trim_end_matches('/');
        let (account, gateway) = (&self.account_id, &self.gateway_id);
        let url = format!("{base}/{account}/{gateway}/aws-bedrock/bedrock-runtime/{region}");
        let endpoint = Endpoint::custom(&url).map_err(|error| error.with_field("cloudflare_gateway"))?;
        if let Some(token) = &self.token {
            if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(config(format_args!(
                    "token of Cloudflare's AI Gateway is empty or has a character that is not valid in a header; check it"
                )));
            }
            let checked = endpoint.check_confidential("a gateway's token", "");
            checked.map_err(|error| error.with_field("cloudflare_gateway"))?;
        }
        Ok(ForwardingGateway { endpoint, cloudflare: true, token: self.token })
    }
}

impl fmt::Debug for CloudflareGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudflareGateway")
            .field("account_id", &self.account_id)
            .field("gateway_id", &self.gateway_id)
            .field("token", &self.token.as_ref().map(|_| "<secret>"))
            .finish_non_exhaustive()
    }
}

/// A gateway that forwards calls. The calls are signed for AWS and sent to the gateway.
#[derive(Clone)]
pub(crate) struct ForwardingGateway {
    pub(crate) endpoint: Endpoint,
    cloudflare: bool,
    token: Option<Zeroizing<String>>,
}

impl ForwardingGateway {
    /// Creates a gateway that forwards calls of all services.
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, cloudflare: false, token: None }
    }

    /// Checks that the gateway forwards calls of a service.
    pub(crate) fn check(&self, service: Service) -> Result<()> {
        if self.cloudflare { only_runtime(service) } else { Ok(()) }
    }

    /// Returns the gateway's own header.
    pub(crate) fn header(&self) -> Option<(&'static str, String)> {
        self.token.as_ref().map(|token| (TOKEN_HEADER, format!("Bearer {}", token.as_str())))
    }

    /// Returns the text that must not be printed, or an empty one.
    pub(crate) fn secret(&self) -> &str {
        self.token.as_ref().map_or("", |token| token.as_str())
    }
}

impl fmt::Debug for ForwardingGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardingGateway").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Cloudflare documents no other service of Bedrock.
fn only_runtime(service: Service) -> Result<()> {
    if service == Service::Runtime {
        return Ok(());
    }
    Err(Error::of(
        ErrorKind::Config,
        format_args!(
            "Cloudflare's AI Gateway does not forward to `{}`; use an API of `bedrock-runtime`, or a chat without the gateway",
            service.as_str()
        ),
    )
    .with_field("cloudflare_gateway"))
}
