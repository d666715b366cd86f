//! The credentials that `aws-config` finds. Usage: `probe SERVER [PROFILE]`. See `libraries.py`.

mod exchange;

use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

#[derive(Debug, Clone)]
struct Server(String);

impl Server {
    fn send(&self, request: &HttpRequest) -> std::io::Result<HttpResponse> {
        let url = request.uri();
        let (_, rest) = url.split_once("://").ok_or(std::io::Error::other("a URL without a host"))?;
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let headers = request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = request.body().bytes().unwrap_or_default();
        let (status, headers, body) = exchange::exchange(&self.0, request.method(), host, &path, headers, body)?;
        let status = status.try_into().map_err(std::io::Error::other)?;
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().append(name, value);
        }
        Ok(response)
    }
}

impl HttpConnector for Server {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let server = self.clone();
        HttpConnectorFuture::new(async move {
            let sent = tokio::task::spawn_blocking(move || server.send(&request)).await;
            sent.expect("the request does not panic").map_err(|error| ConnectorError::io(error.into()))
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let server = Server(arguments.next().expect("the server"));
    let client = http_client_fn(move |_, _| SharedHttpConnector::new(server.clone()));
    let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(client);
    if let Some(profile) = arguments.next() {
        loader = loader.profile_name(profile);
    }
    let config = loader.load().await;
    let found = match config.credentials_provider() {
        Some(provider) => provider.provide_credentials().await.ok(),
        None => None,
    };
    exchange::print(found.as_ref().map(|keys| (keys.access_key_id(), keys.session_token().unwrap_or(""))));
}
