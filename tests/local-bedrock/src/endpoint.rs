//! The two endpoints of Bedrock, and the choice of one for a request.

use serde::Serialize;

/// An endpoint of Bedrock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// `bedrock-runtime`, signed for the service `bedrock`.
    Runtime,
    /// `bedrock-mantle`, signed for the service `bedrock-mantle`.
    Mantle,
    /// A service that issues keys: STS, IMDS, containers, SSO, sign-in, Cognito.
    Identity,
}

/// The service that requests to mantle are signed for.
pub(crate) const MANTLE_SERVICE: &str = "bedrock-mantle";

/// Returns the endpoint of a request. It is mantle in these cases: the request arrived at mantle's port, its host
/// name begins with `bedrock-mantle.` or `mantle.`, only mantle has its path, or the request is signed for mantle and
/// both endpoints have its path.
pub(crate) fn endpoint(mantle_port: bool, host: Option<&str>, path: &str, authorization: Option<&str>) -> Endpoint {
    let named = host.is_some_and(|host| ["bedrock-mantle.", "mantle."].iter().any(|name| host.starts_with(name)));
    let own_path = ["/v1/", "/anthropic/"].iter().any(|start| path.starts_with(start));
    let shared_path = path.starts_with("/openai/");
    let signed = authorization.is_some_and(|value| value.contains(&format!("/{MANTLE_SERVICE}/aws4_request")));
    if mantle_port || named || own_path || (shared_path && signed) { Endpoint::Mantle } else { Endpoint::Runtime }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_follows_port_host_path_and_signature() {
        let (responses, runtime) = ("/openai/v1/responses", Some("127.0.0.1:8080"));
        let scope =
            |service: &str| format!("AWS4-HMAC-SHA256 Credential=AKID/20250102/us-east-1/{service}/aws4_request");
        let (mantle, bedrock) = (scope("bedrock-mantle"), scope("bedrock"));
        assert_eq!(endpoint(false, runtime, responses, Some(&mantle)), Endpoint::Mantle);
        assert_eq!(endpoint(false, runtime, responses, Some(&bedrock)), Endpoint::Runtime);
        assert_eq!(endpoint(false, runtime, responses, Some("Bearer key")), Endpoint::Runtime);
        assert_eq!(endpoint(true, runtime, responses, Some("Bearer key")), Endpoint::Mantle);
        assert_eq!(endpoint(false, Some("mantle.localhost:1"), responses, None), Endpoint::Mantle);
        assert_eq!(endpoint(false, runtime, "/v1/responses", Some("Bearer key")), Endpoint::Mantle);
        assert_eq!(endpoint(false, runtime, "/model/x/invoke", Some(&mantle)), Endpoint::Runtime);
    }
}
