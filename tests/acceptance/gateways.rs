//! Gateways: Cloudflare's, by a relay that forwards as Cloudflare documents it, gateways that sign calls themselves, and
//! interface endpoints with a port and a prefix.

use std::sync::{Arc, Mutex};

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{Api, BedrockChat, BedrockChatBuilder, CloudflareGateway, Credentials, Error, ErrorKind, Service};
use local_bedrock::{Fault, LocalBedrock, Verdict};

use crate::support::{CLAUDE, at_once, keys, only_request, over, relay, soon};

const TOKEN: &str = "cloudflare-token-of-the-test";
const PREFIX: &str = "/v1/account1/my-gateway/aws-bedrock/bedrock-runtime/us-east-1/";

/// Starts a local imitation of Cloudflare's AI Gateway. It accepts the documented path and token only, removes
/// both, and sends the rest to AWS's host of the region in the path.
async fn cloudflare(bedrock: &LocalBedrock) -> (u16, Arc<Mutex<Vec<String>>>) {
    relay(bedrock.port(), |head| {
        let authorized = head.contains(&format!("\r\ncf-aig-authorization: Bearer {TOKEN}\r\n"));
        let (path, rest) = (format!(" {PREFIX}"), head);
        let known = authorized && rest.contains(&path);
        let rest = if known { rest.replacen(&path, " /", 1) } else { rest.replacen(" /", " /refused/", 1) };
        let lines = rest.lines().filter(|line| !line.to_ascii_lowercase().starts_with("cf-aig-"));
        let lines = lines.map(|line| match line.to_ascii_lowercase().starts_with("host:") {
            true => "host: bedrock-runtime.us-east-1.amazonaws.com",
            false => line,
        });
        lines.map(|line| format!("{line}\r\n")).collect()
    })
    .await
}

fn through(port: u16) -> CloudflareGateway {
    CloudflareGateway::new("account1", "my-gateway").with_base_url(format!("http://127.0.0.1:{port}/v1"))
}

fn chat() -> BedrockChatBuilder {
    BedrockChat::builder(CLAUDE).region("us-east-1").credentials(keys()).retry(at_once()).environment(|_| None)
}

fn refused(builder: BedrockChatBuilder) -> Error {
    builder.transport(MemoryTransport::default()).build().unwrap_err()
}

#[tokio::test]
async fn cloudflare_gateway_forwards_signed_calls_and_streams() {
    for api in [Api::Invoke, Api::Converse] {
        let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
        let (port, heads) = cloudflare(&bedrock).await;
        let gateway = through(port).with_token(TOKEN);
        let chat = chat().api(api).cloudflare_gateway(gateway).header("cf-aig-skip-cache", "true").build().unwrap();
        assert!(soon(chat.invoke("hello")).await.unwrap().text().contains("hello"));
        let stream = soon(chat.stream("hello")).await.unwrap();
        assert!(soon(stream.message()).await.unwrap().text().contains("hello"));
        let requests = bedrock.requests();
        assert_eq!(requests.len(), 2);
        for request in requests {
            assert!(matches!(request.verdict, Verdict::Signed { .. }), "{:?}", request.verdict);
        }
        let heads = heads.lock().unwrap();
        assert!(heads.iter().all(|head| head.contains("cf-aig-skip-cache: true")), "{heads:?}");
    }
}

#[tokio::test]
async fn cloudflare_gateway_without_token_is_refused_by_the_gateway() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let (port, _) = cloudflare(&bedrock).await;
    let chat = chat().cloudflare_gateway(through(port)).build().unwrap();
    soon(chat.invoke("hello")).await.unwrap_err();
    assert!(only_request(&bedrock).path.starts_with("/refused/"));
}

#[tokio::test]
async fn cloudflare_gateway_url_is_the_documented_one() {
    let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[{"type":"text","text":"hi"}]}"#)]);
    let chat = chat().cloudflare_gateway(CloudflareGateway::new("account1", "my-gateway"));
    chat.credentials(Credentials::anonymous()).transport(transport.clone()).build().unwrap().invoke("x").await.unwrap();
    let request = transport.requests().remove(0);
    let path = "model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke";
    assert_eq!(request.url, format!("https://gateway.ai.cloudflare.com{PREFIX}{path}"));
    assert_eq!(request.headers.get("authorization"), None, "the gateway has stored keys");
    assert_eq!(request.headers.get("cf-aig-authorization"), None);
}

#[tokio::test]
async fn cloudflare_token_is_in_no_error_and_no_debug() {
    let body = format!(r#"{{"message":"bad token: {TOKEN}"}}"#);
    let transport = MemoryTransport::new([Reply::json(401, body)]);
    let gateway = CloudflareGateway::new("account1", "my-gateway").with_token(TOKEN);
    let builder = chat().cloudflare_gateway(gateway.clone()).transport(transport.clone());
    let chat = builder.clone().build().unwrap();
    let error = chat.invoke("x").await.unwrap_err();
    assert!(error.message().contains("bad token"), "{error}");
    let request = transport.requests().remove(0);
    let printed = format!("{error} {error:?} {gateway:?} {builder:?} {chat:?} {request:?}");
    assert!(!printed.contains(TOKEN), "{printed}");
}

#[tokio::test]
async fn cloudflare_token_is_in_no_error_of_a_stream() {
    for api in [Api::Invoke, Api::Converse] {
        let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
        let (port, _) = cloudflare(&bedrock).await;
        let message = format!("bad token: {TOKEN}");
        bedrock.faults().push(Fault::exception_frame(4, "modelStreamErrorException", &message));
        let chat = chat().api(api).cloudflare_gateway(through(port).with_token(TOKEN)).build().unwrap();
        let stream = soon(chat.stream("hello")).await.unwrap();
        let error = soon(stream.message()).await.unwrap_err();
        assert!(error.partial().is_some() && error.message().contains("bad token"), "{error}");
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error}");
    }
}

#[test]
fn cloudflare_gateway_setting_that_cannot_work_is_refused() {
    let gateway = || CloudflareGateway::new("account1", "my-gateway").with_token(TOKEN);
    for (builder, words) in [
        (chat().cloudflare_gateway(gateway().with_base_url("http://gateway.example/v1")), "not sent over `http://`"),
        (chat().cloudflare_gateway(CloudflareGateway::new("a/b", "g")), "invalid account id"),
        (chat().cloudflare_gateway(CloudflareGateway::new("a", "")), "invalid gateway id"),
        (chat().cloudflare_gateway(gateway().with_token("a b")), "token of Cloudflare"),
        (chat().cloudflare_gateway(gateway()).fips(true), "does not forward to `bedrock-runtime-fips."),
        (chat().cloudflare_gateway(gateway()).endpoint_url("https://bedrock.example"), "does not forward to `bedrock."),
        (chat().cloudflare_gateway(gateway()).service(Service::Mantle), "does not forward to `bedrock-mantle`"),
        (chat().cloudflare_gateway(gateway()).gateway_url("https://other.example"), "there are two gateways"),
    ] {
        let error = refused(builder);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.message().contains(words), "{words}: {error}");
    }
}

#[tokio::test]
async fn cloudflare_gateway_refuses_the_control_plane_before_sending() {
    let transport = MemoryTransport::default();
    let gateway = CloudflareGateway::new("account1", "my-gateway");
    let error = chat().cloudflare_gateway(gateway).transport(transport.clone()).build().unwrap().models().await;
    let error = error.unwrap_err();
    assert!(error.message().contains("does not forward to `bedrock`"), "{error}");
    assert!(transport.requests().is_empty());
}

#[tokio::test]
async fn anonymous_call_has_no_authorization_and_needs_no_region() {
    type Change = fn(BedrockChatBuilder) -> BedrockChatBuilder;
    let changes: [Change; 2] = [
        |chat| chat.gateway_url("http://litellm.example:4000/bedrock"),
        |chat| chat.endpoint_url("http://litellm.example:4000/bedrock"),
    ];
    for change in changes {
        let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[{"type":"text","text":"hi"}]}"#)]);
        let chat = BedrockChat::builder(CLAUDE).credentials(Credentials::anonymous()).environment(|_| None);
        let chat = change(chat).header("x-litellm-api-key", "sk-1").transport(transport.clone()).build().unwrap();
        assert_eq!(chat.invoke("x").await.unwrap().text(), "hi");
        let request = transport.requests().remove(0);
        assert!(request.url.starts_with("http://litellm.example:4000/bedrock/model/"), "{}", request.url);
        assert_eq!(request.headers.get("x-litellm-api-key"), Some("sk-1"));
        for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
            assert_eq!(request.headers.get(name), None, "{name}");
        }
    }
}

#[tokio::test]
async fn authorization_of_an_anonymous_call_is_the_callers() {
    let anonymous = |url: &str, transport: &MemoryTransport| {
        let chat = BedrockChat::builder(CLAUDE).credentials(Credentials::anonymous()).environment(|_| None);
        chat.gateway_url(url).header("Authorization", "Basic dXNlcjpwYXNz").transport(transport.clone())
    };
    for url in ["https://gateway.example", "http://localhost:4000"] {
        let echo = r#"{"message":"wrong: dXNlcjpwYXNz"}"#;
        let transport = MemoryTransport::new([
            Reply::json(200, r#"{"content":[{"type":"text","text":"hi"}]}"#),
            Reply::json(403, echo),
        ]);
        let chat = anonymous(url, &transport).build().unwrap();
        assert_eq!(chat.invoke("x").await.unwrap().text(), "hi");
        let headers = &transport.requests()[0].headers;
        let sent: Vec<_> = headers.iter().filter(|(name, _)| *name == "authorization").collect();
        assert_eq!(sent, [("authorization", "Basic dXNlcjpwYXNz")]);
        let error = chat.invoke("x").await.unwrap_err();
        assert!(error.message().contains("wrong: <secret>"), "{error}");
    }
    let transport = MemoryTransport::default();
    let error = anonymous("http://gateway.example", &transport).build().unwrap().invoke("x").await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Config, Some("header")), "{error}");
    let signed = anonymous("https://gateway.example", &transport).region("us-east-1").credentials(keys()).build();
    assert_eq!(signed.unwrap_err().field(), Some("header"));
    assert!(transport.requests().is_empty());
}

#[tokio::test]
async fn anonymous_call_to_a_host_of_aws_is_refused() {
    for url in [None, Some("https://vpce-1a2b.bedrock-runtime.us-east-1.vpce.amazonaws.com")] {
        let transport = MemoryTransport::default();
        let chat = over(transport.clone()).credentials(Credentials::anonymous());
        let chat = match url {
            Some(url) => chat.endpoint_url(url),
            None => chat,
        };
        let error = chat.build().unwrap().invoke("x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.message().contains("AWS refuses calls without credentials"), "{error}");
        assert!(transport.requests().is_empty());
    }
}

#[tokio::test]
async fn endpoint_with_port_and_prefix_is_signed_as_sent() {
    for api in [Api::Invoke, Api::Converse] {
        let bedrock = LocalBedrock::builder().region("us-east-1").prefix("/team/a").start().await.unwrap();
        let url = format!("http://127.0.0.1:{}/team/a/", bedrock.port());
        let chat = chat().api(api).endpoint_url(url).build().unwrap();
        assert!(soon(chat.invoke("hello")).await.unwrap().text().contains("hello"));
        let stream = soon(chat.stream("hello")).await.unwrap();
        assert!(soon(stream.message()).await.unwrap().text().contains("hello"));
        assert!(bedrock.requests().iter().all(|request| matches!(request.verdict, Verdict::Signed { .. })));
    }
}
