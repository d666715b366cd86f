//! Headers of responses: names of the models and of what was left out, and CORS for pages of other origins.
//!
//! See [CORS](https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS).

use super::body;
use super::request::GatewayRequest;
use super::settings::GatewaySettings;
use crate::headers::Headers;
use crate::method::Method;
use crate::transport::HttpResponse;

/// The header that names what was left out of a request.
pub(super) const REMOVED: &str = "x-gateway-removed";

/// The header that names the model on Bedrock that answers.
pub(super) const MODEL: &str = "x-gateway-model";

/// The maximum length of a header of the gateway, in bytes: servers and clients limit all headers to 8 KB or more.
pub(super) const MAX_HEADER: usize = 2000;

/// Cuts the value of a header, and removes what headers cannot have.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| (' '..='~').contains(c)).take(MAX_HEADER).collect()
}

/// Returns the answer to a browser that asks whether a page may call.
pub(super) fn preflight(settings: &GatewaySettings, request: &GatewayRequest) -> Option<HttpResponse> {
    let origin = request.headers.get("origin")?;
    let asks = request.method == Method::Options && request.headers.get("access-control-request-method").is_some();
    if !asks || !is_allowed(settings, origin) {
        return None;
    }
    let mut headers = Headers::new();
    headers.push("access-control-allow-methods", "GET, POST");
    let asked = request.headers.get("access-control-request-headers").unwrap_or("authorization, content-type");
    headers.push("access-control-allow-headers", short(asked));
    headers.push("access-control-max-age", "86400");
    Some(HttpResponse::new(204, headers, body("")))
}

pub(super) fn allow_origin(settings: &GatewaySettings, origin: Option<&str>, headers: &mut Headers) {
    if let Some(origin) = origin.filter(|origin| is_allowed(settings, origin)) {
        headers.push("access-control-allow-origin", origin);
        headers.push("access-control-expose-headers", [REMOVED, MODEL, "request-id", "retry-after"].join(", "));
        headers.push("vary", "origin");
    }
}

fn is_allowed(settings: &GatewaySettings, origin: &str) -> bool {
    settings.cors_origins.iter().any(|allowed| allowed == "*" || allowed == origin)
}
