//! A transport that catches the call of the model.

use std::sync::{Arc, Mutex};

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BoxFuture, HttpRequest, HttpResponse, ReqwestTransport, Result, Transport};
use serde_json::Value;

use crate::Found;

/// How hosts of AWS end.
pub(crate) const AWS: &[&str] = &[".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".aws.amazon.com"];

/// The fixed address of ECS.
const ECS: &str = "http://169.254.170.2";

#[derive(Clone, Debug)]
pub(crate) struct Wire {
    services: ReqwestTransport,
    /// The address that is used instead of that of ECS.
    ecs: Option<String>,
    /// The address that is used instead of hosts of AWS.
    aws: Option<String>,
    caught: Arc<Mutex<Option<HttpRequest>>>,
}

impl Wire {
    pub(crate) fn new(switches: &Value, server: &str) -> Self {
        let instead_of = |switch: &str| (switches[switch] == true).then(|| server.to_owned());
        let (ecs, aws) = (instead_of("container_host"), instead_of("hosts"));
        Self { services: ReqwestTransport::new(None).unwrap(), ecs, aws, caught: Arc::default() }
    }

    /// Returns what the caught call would send.
    pub(crate) fn found(&self) -> Found {
        let request = self.caught.lock().unwrap().take().unwrap();
        let header = |name: &str| request.headers.get(name).map(str::to_owned);
        let authorization = header("authorization").unwrap();
        let (url, session_token) = (Some(request.url.clone()), header("x-amz-security-token"));
        if let Some(token) = authorization.strip_prefix("Bearer ") {
            return Found { bearer_token: Some(token.to_owned()), session_token, url, ..Found::default() };
        }
        let scope = authorization.split_once("Credential=").unwrap().1.split(',').next().unwrap();
        let parts: Vec<&str> = scope.rsplitn(5, '/').collect();
        let [_, service, region, _, id] = parts[..] else { panic!("{scope}") };
        assert_eq!(service, "bedrock");
        let (access_key_id, region) = (Some(id.to_owned()), Some(region.to_owned()));
        Found { bearer_token: None, access_key_id, session_token, region, url }
    }
}

impl Transport for Wire {
    fn send(&self, mut request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        if request.url.contains("/model/") {
            *self.caught.lock().unwrap() = Some(request.clone());
            let reply = r#"{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn",
                "usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#;
            let answer = MemoryTransport::new([Reply::json(200, reply)]);
            return Box::pin(async move { answer.send(request).await });
        }
        let path = request.url.strip_prefix(ECS).map(str::to_owned);
        if let (Some(server), Some(path)) = (&self.ecs, path) {
            request.url = format!("{server}{path}");
        }
        let rest = request.url.strip_prefix("https://").map(str::to_owned);
        if let (Some(server), Some(rest)) = (&self.aws, rest) {
            let (host, path) = rest.split_once('/').unwrap();
            assert!(AWS.iter().any(|end| host.ends_with(end)), "{host}");
            request.headers.push("host", host);
            request.url = format!("{server}/{path}");
        }
        self.services.send(request)
    }
}
