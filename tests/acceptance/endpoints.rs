//! The host and the region of a call: from options, hosts and variables.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BedrockChat, BedrockChatBuilder, Error, ErrorKind, HttpRequest, short_term_api_key};

use crate::support::{CLAUDE, THEN, alone, is_alone, keys, run_alone};

const ARN: &str = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123xyz";

/// Returns the request of a chat model that is built like this.
async fn sent(model: &str, change: impl FnOnce(BedrockChatBuilder) -> BedrockChatBuilder) -> HttpRequest {
    let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
    let chat = BedrockChat::builder(model).family("anthropic").credentials(keys()).transport(transport.clone());
    change(chat).build().unwrap().invoke("hello").await.unwrap();
    transport.requests().remove(0)
}

fn refused(change: impl FnOnce(BedrockChatBuilder) -> BedrockChatBuilder) -> Error {
    let chat = BedrockChat::builder(CLAUDE).credentials(keys()).transport(MemoryTransport::default());
    let error = change(chat).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    error
}

fn host(request: &HttpRequest) -> &str {
    request.url.split("/model/").next().unwrap()
}

fn region(request: &HttpRequest) -> &str {
    request.headers.get("authorization").unwrap().split('/').nth(2).unwrap()
}

#[tokio::test]
async fn region_is_derived_from_the_host_of_an_aws_endpoint() {
    if !alone("endpoints::region_is_derived_from_the_host_of_an_aws_endpoint", &[]) {
        return;
    }
    for (endpoint, wanted) in [
        ("bedrock-runtime.us-west-2.amazonaws.com", "us-west-2"),
        ("https://bedrock-runtime.us-west-2.amazonaws.com/", "us-west-2"),
        ("https://BEDROCK-RUNTIME.US-WEST-2.amazonaws.com:443", "us-west-2"),
        ("https://bedrock-runtime.us-west-2.amazonaws.com.", "us-west-2"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://bedrock-runtime.eu-central-1.api.aws", "eu-central-1"),
        ("https://bedrock-runtime-fips.ca-central-1.api.aws", "ca-central-1"),
        ("https://bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://bedrock-runtime.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"),
        ("https://bedrock-runtime.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
        ("https://bedrock-runtime.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
        ("https://bedrock-runtime.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("https://vpce-0a1b2c3d-xyz.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-east-1"),
        ("https://vpce-0a1b2c3d-xyz-us-east-1a.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-east-1"),
        ("https://vpce-0a1b2c3d-xyz.bedrock-runtime-fips.us-east-2.vpce.amazonaws.com", "us-east-2"),
        ("https://vpce-0a1b2c3d-xyz.bedrock-runtime.cn-north-1.vpce.amazonaws.com.cn", "cn-north-1"),
        ("https://bedrock-runtime.zz-new-9.amazonaws.com", "zz-new-9"),
    ] {
        let request = sent(CLAUDE, |chat| chat.endpoint_url(endpoint)).await;
        assert_eq!(region(&request), wanted, "{endpoint}");
    }
    for endpoint in [
        "https://bedrock.example",
        "https://bedrock-runtime.us-west-2.amazonaws.com.example",
        "https://bedrock-runtime.us-west-2.example.com",
        "https://bedrock-runtime.cn-north-1.amazonaws.com",
        "https://s3.us-west-2.amazonaws.com",
        "http://localhost:4566",
    ] {
        let error = refused(|chat| chat.endpoint_url(endpoint));
        assert!(error.message().contains("AWS_REGION"), "{endpoint}: {error}");
    }
}

#[tokio::test]
async fn region_of_an_aws_endpoint_wins_over_the_environment() {
    let variables = [("AWS_REGION", "eu-west-1")];
    if !alone("endpoints::region_of_an_aws_endpoint_wins_over_the_environment", &variables) {
        return;
    }
    let request = sent(CLAUDE, |chat| chat.endpoint_url("https://bedrock-runtime.us-west-2.amazonaws.com")).await;
    assert_eq!(region(&request), "us-west-2");
    let request = sent(CLAUDE, |chat| chat.endpoint_url("https://bedrock.example")).await;
    assert_eq!(region(&request), "eu-west-1");
}

#[tokio::test]
async fn region_is_derived_from_the_endpoint_variable() {
    let endpoint = ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://bedrock-runtime.us-west-2.amazonaws.com");
    let variables = [("AWS_REGION", "eu-west-1"), endpoint];
    if !alone("endpoints::region_is_derived_from_the_endpoint_variable", &variables) {
        return;
    }
    let request = sent(CLAUDE, |chat| chat).await;
    assert_eq!((host(&request), region(&request)), ("https://bedrock-runtime.us-west-2.amazonaws.com", "us-west-2"));
}

#[tokio::test]
async fn region_that_contradicts_an_aws_host_is_refused() {
    let endpoint = "https://bedrock-runtime.us-west-2.amazonaws.com";
    let error = refused(|chat| chat.region("us-east-1").endpoint_url(endpoint));
    assert!(error.message().contains("us-east-1") && error.message().contains("us-west-2"), "{error}");
    let chat = BedrockChat::builder(ARN).family("anthropic").credentials(keys()).endpoint_url(endpoint);
    let error = chat.build().unwrap_err();
    assert!(error.kind() == ErrorKind::Config && error.message().contains("eu-west-1"), "{error}");
    // The region in an ARN overrides `region`, and is the region of this host.
    let host = "https://bedrock-runtime.eu-west-1.amazonaws.com";
    assert_eq!(region(&sent(ARN, |chat| chat.region("us-east-1").endpoint_url(host)).await), "eu-west-1");
    // Interface endpoints may be in another region, so the stated region is used.
    let private = "https://vpce-0a1b2c3d-xyz.bedrock-runtime.us-east-1.vpce.amazonaws.com";
    assert_eq!(region(&sent(CLAUDE, |chat| chat.region("us-west-2").endpoint_url(private)).await), "us-west-2");
}

#[test]
fn endpoint_of_another_bedrock_service_is_refused() {
    for service in ["bedrock", "bedrock-fips", "bedrock-agent-runtime"] {
        let error = refused(|chat| chat.endpoint_url(format!("https://{service}.us-west-2.amazonaws.com")));
        assert!(error.message().contains("bedrock-runtime.us-west-2.amazonaws.com"), "{error}");
    }
}

#[tokio::test]
async fn fips_and_dual_stack_are_read_from_the_environment() {
    let test = "endpoints::fips_and_dual_stack_are_read_from_the_environment";
    let (fips, dual) = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT");
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[(fips, "true")], "https://bedrock-runtime-fips.us-east-1.amazonaws.com"),
        (&[(fips, " TRUE ")], "https://bedrock-runtime-fips.us-east-1.amazonaws.com"),
        (&[(dual, "True")], "https://bedrock-runtime.us-east-1.api.aws"),
        (&[(fips, "true"), (dual, "true")], "https://bedrock-runtime-fips.us-east-1.api.aws"),
        (&[(fips, "false"), (dual, "")], "https://bedrock-runtime.us-east-1.amazonaws.com"),
        (&[], "https://bedrock-runtime.us-east-1.amazonaws.com"),
    ];
    if !is_alone() {
        for (variables, wanted) in cases {
            run_alone(test, &[variables, &[("EXPECTED", wanted)]].concat());
        }
        return;
    }
    let request = sent(CLAUDE, |chat| chat.region("us-east-1")).await;
    assert_eq!(host(&request), std::env::var("EXPECTED").unwrap());
    let request = sent(CLAUDE, |chat| chat.region("us-east-1").fips(false).dual_stack(false)).await;
    assert_eq!(host(&request), "https://bedrock-runtime.us-east-1.amazonaws.com", "the builder goes first");
}

#[test]
fn invalid_boolean_variable_is_refused() {
    let test = "endpoints::invalid_boolean_variable_is_refused";
    let names = ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"];
    if !is_alone() {
        for name in names {
            for value in ["1", "yes", "tru"] {
                run_alone(test, &[(name, value)]);
            }
        }
        return;
    }
    let name = names.into_iter().find(|name| std::env::var(name).is_ok()).unwrap();
    let error = refused(|chat| chat.region("us-east-1"));
    assert!(error.message().contains(name) && error.message().contains("`true` or `false`"), "{error}");
}

#[tokio::test]
async fn fips_variable_and_a_custom_endpoint_are_refused() {
    let test = "endpoints::fips_variable_and_a_custom_endpoint_are_refused";
    if !alone(test, &[("AWS_USE_FIPS_ENDPOINT", "true")]) {
        return;
    }
    let error = refused(|chat| chat.region("us-east-1").endpoint_url("https://bedrock.example"));
    assert!(error.message().contains("AWS_USE_FIPS_ENDPOINT"), "{error}");
    let error = refused(|chat| chat.endpoint_url("https://bedrock-runtime.us-west-2.amazonaws.com"));
    assert!(error.message().contains("AWS_USE_FIPS_ENDPOINT"), "{error}");
    let fips = "https://bedrock-runtime-fips.us-west-2.amazonaws.com";
    assert_eq!(host(&sent(CLAUDE, |chat| chat.endpoint_url(fips)).await), fips);
    let private = "https://vpce-0a1b2c3d-xyz.bedrock-runtime-fips.us-east-2.vpce.amazonaws.com";
    assert_eq!(host(&sent(CLAUDE, |chat| chat.endpoint_url(private)).await), private);
    let own = sent(CLAUDE, |chat| chat.region("us-east-1").endpoint_url("https://bedrock.example").fips(false)).await;
    assert_eq!(host(&own), "https://bedrock.example");
}

#[test]
fn misspelled_region_is_refused_with_a_suggestion() {
    for (region, suggestion) in [
        ("us-east1", "us-east-1"),
        ("us_east_1", "us-east-1"),
        ("useast1", "us-east-1"),
        ("US-EAST-1", "us-east-1"),
        ("us-east-1a", "us-east-1"),
        ("us east 1", "us-east-1"),
        ("eu-west", "eu-west-1"),
        ("apsoutheast2", "ap-southeast-2"),
        ("us-gov-west1", "us-gov-west-1"),
    ] {
        let suggestion = format!("did you mean `{suggestion}`?");
        // A custom endpoint does not make a malformed region valid.
        for endpoint in [None, Some("https://bedrock.example")] {
            let error = refused(|chat| match endpoint {
                Some(url) => chat.region(region).endpoint_url(url),
                None => chat.region(region),
            });
            assert!(error.message().contains(&format!("`{region}`")), "{error}");
            assert!(error.message().contains(&suggestion), "{error}");
        }
        let error = short_term_api_key(&keys(), region, std::time::Duration::from_secs(60), THEN).unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains(&suggestion), "{error}");
    }
    let arn = "arn:aws:bedrock:us-east1:123456789012:application-inference-profile/abc123xyz";
    let error = BedrockChat::builder(arn).credentials(keys()).build().unwrap_err();
    assert!(error.message().contains("did you mean `us-east-1`?"), "{error}");
    for region in ["local", "global", "us", "us-east-1.evil.com/", "us-", "-1", "1", "n. virginia"] {
        let error = refused(|chat| chat.region(region));
        assert!(error.message().contains(&format!("`{region}`")), "{error}");
    }
}

#[tokio::test]
async fn unknown_well_formed_region_is_sent() {
    for name in ["zz-new-9", "mx-central-1", "us-isob-west-12", " us-east-1 "] {
        let request = sent(CLAUDE, |chat| chat.region(name)).await;
        let name = name.trim();
        assert_eq!(
            host(&request),
            format!("https://bedrock-runtime.{name}.amazonaws.com")
                .replace("isob-west-12.amazonaws.com", "isob-west-12.sc2s.sgov.gov")
        );
        assert_eq!(region(&request), name);
    }
    // A server other than AWS may have a region of any name.
    for name in ["local", "auto", "my-gateway"] {
        let request = sent(CLAUDE, |chat| chat.region(name).endpoint_url("https://bedrock.example")).await;
        assert_eq!(region(&request), name);
    }
    let error = refused(|chat| chat.region("a/b").endpoint_url("https://bedrock.example"));
    assert!(error.message().contains("`a/b`"), "{error}");
}

/// A server that answers every connection in plain HTTP.
async fn plain_http() -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 4096];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    port
}

#[tokio::test]
async fn tls_to_a_plain_http_server_is_explained_and_not_retried() {
    let port = plain_http().await;
    for scheme in ["", "https://"] {
        let chat = BedrockChat::builder(CLAUDE).region("us-east-1").credentials(keys());
        let chat = chat.endpoint_url(format!("{scheme}127.0.0.1:{port}")).build().unwrap();
        let error = chat.invoke("hello").await.unwrap_err();
        assert!(error.to_string().contains(&format!("`http://127.0.0.1:{port}`")), "{error}");
        assert_eq!(error.attempts(), 1, "{error}");
    }
}
