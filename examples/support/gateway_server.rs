//! An HTTP server around a gateway, on axum.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use bedrock_chat::gateway::{Gateway, GatewayRequest};
use bedrock_chat::{Error, ErrorKind, Headers, HttpResponse, Method};
use futures_util::StreamExt;
use tokio::net::TcpListener;

/// Serves a gateway until the process ends. A client that leaves ends its call.
pub(crate) async fn serve(listener: TcpListener, gateway: Gateway) -> std::io::Result<()> {
    axum::serve(listener, Router::new().fallback(answer).with_state(gateway)).await
}

async fn answer(State(gateway): State<Gateway>, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let Some(method) = Method::parse(request.method().as_str()) else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return Ok(response);
    };
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let mut headers = Headers::new();
    for (name, value) in request.headers() {
        headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    let pieces = request.into_body().into_data_stream();
    let body = pieces.map(|piece| piece.map_err(|error| Error::new(ErrorKind::Interrupted, error.to_string())));
    let answer = gateway.handle(GatewayRequest::new(method, target, headers, Box::pin(body))).await;
    Ok(response(answer))
}

fn response(answer: HttpResponse) -> Response<Body> {
    let mut response = Response::new(Body::from_stream(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.headers.iter() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
