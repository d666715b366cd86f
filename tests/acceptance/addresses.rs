//! Model ids and ARNs in paths, endpoints and gateways, and which parts of them are signed.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    AiMessage, Anthropic, BedrockChat, BedrockChatBuilder, Call, ChatRequest, Codec, Credentials, ErrorKind, Headers,
    HttpRequest, Mode, ModelId, Result, StreamDecoder,
};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY, Verdict};

use crate::support::{
    CLAUDE, Clock, THEN, calling, calling_url, keys, only_request, over, relay, signed_headers, soon,
};

/// Sends the fixed request whose signatures are in these tests: `{"messages":[]}` to Converse.
#[derive(Debug)]
struct KnownByHeart;

impl Codec for KnownByHeart {
    fn encode(&self, model: &ModelId, _: &ChatRequest, _: Mode) -> Result<Call> {
        let mut headers = Headers::new();
        headers.push("content-type", "application/json");
        Ok(Call::new(model.path("converse"), headers, br#"{"messages":[]}"#.to_vec(), false))
    }

    fn decode(&self, _: &Call, _: &[u8], _: &Headers) -> Result<AiMessage> {
        Ok(AiMessage::default())
    }

    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
        Anthropic.stream(call)
    }
}

const COLON_SIGNATURE: &str = "292dc7eaf9ecb5f4bbb7b3f80b47c53195739c9a90cd041efb262eb9198417b8";
const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123xyz";
const ENCODED_ARN: &str = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123xyz";

/// Returns the request that is sent for the fixed question at the fixed time.
async fn sent(model: &str, change: impl FnOnce(BedrockChatBuilder) -> BedrockChatBuilder) -> HttpRequest {
    let transport = MemoryTransport::new([Reply::json(200, "{}")]);
    let builder = BedrockChat::builder(model)
        .region("us-east-1")
        .credentials(keys())
        .codec(KnownByHeart)
        .runtime(Clock::at(THEN))
        .transport(transport.clone());
    change(builder).build().unwrap().invoke("x").await.unwrap();
    transport.requests().remove(0)
}

fn signature(request: &HttpRequest) -> &str {
    request.headers.get("authorization").unwrap().rsplit_once("Signature=").unwrap().1
}

#[tokio::test]
async fn model_id_colon_is_encoded_once_and_signed_twice() {
    let request = sent(CLAUDE, |chat| chat).await;
    let url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
    assert_eq!(request.url, url);
    assert_eq!(signature(&request), COLON_SIGNATURE);
    assert_eq!(request.headers.get("x-amz-date"), Some("20250102T030405Z"));
    let with_token = |chat: BedrockChatBuilder| {
        let keys = Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY).with_session_token("TOKEN+/=");
        chat.credentials(keys)
    };
    let request = sent(CLAUDE, with_token).await;
    assert_eq!(signature(&request), "d31efe75e6fb587d1223041bf96e92a9831480e17a6cafb73874ade28be18113");
    assert_eq!(request.headers.get("x-amz-security-token"), Some("TOKEN+/="), "verbatim");
}

#[tokio::test]
async fn encoded_and_plain_arn_send_the_same_path() {
    let plain = sent(ARN, |chat| chat).await;
    assert!(plain.url.ends_with(&format!("/model/{ENCODED_ARN}/converse")), "{}", plain.url);
    assert_eq!(signature(&plain), "bcf97f253842f98fc2eb5ba935858c3840f8fbb431b5acab8a9a14f28a06f170");
    let encoded = sent(ENCODED_ARN, |chat| chat).await;
    assert_eq!((encoded.url.as_str(), signature(&encoded)), (plain.url.as_str(), signature(&plain)));
}

#[tokio::test]
async fn region_of_an_arn_sets_host_and_signature_scope() {
    let arn = ARN.replace("us-east-1", "eu-west-1");
    let request = sent(&arn, |chat| chat.region("us-east-1")).await;
    assert!(request.url.starts_with("https://bedrock-runtime.eu-west-1.amazonaws.com/"), "{}", request.url);
    let authorization = request.headers.get("authorization").unwrap();
    assert!(authorization.contains("/20250102/eu-west-1/bedrock/aws4_request"), "{authorization}");
}

#[tokio::test]
async fn model_ids_with_colons_and_arns_verify_over_http() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let dotted = "zz-new.anthropic.claude-from-nowhere-v1:0";
    let foreign = ARN.replace("us-east-1", "eu-west-1");
    for model in [CLAUDE, ARN, ENCODED_ARN, &foreign, dotted, "amer.anthropic.claude-sonnet-4-5-20250929-v1:0"] {
        bedrock.clear();
        let chat = BedrockChat::builder(model).family("anthropic").region("us-east-1").credentials(keys());
        let chat = chat.endpoint_url(bedrock.url()).build().unwrap();
        assert!(chat.invoke("hello").await.unwrap().text().contains("hello"));
        let request = only_request(&bedrock);
        let wanted = if model == ENCODED_ARN { ARN } else { model };
        assert_eq!(request.model_id().as_deref(), Some(wanted));
        let raw = format!("/model/{}/invoke", wanted.replace(':', "%3A").replace('/', "%2F"));
        assert_eq!(request.path, raw);
        let Verdict::Signed { region, .. } = &request.verdict else { panic!("{:?}", request.verdict) };
        assert_eq!(region, if model == foreign { "eu-west-1" } else { "us-east-1" });
    }
}

#[tokio::test]
async fn unknown_region_prefix_and_opaque_arn_find_the_family() {
    let ok = |model: &str| BedrockChat::builder(model).region("us-east-1").credentials(keys()).build();
    for model in ["amer.anthropic.x", "zz-new.anthropic.x", "us-gov.anthropic.claude-3-haiku-20240307-v1:0"] {
        let chat = ok(model).unwrap();
        assert_eq!(chat.model().vendor(), Some("anthropic"));
        assert!(format!("{chat:?}").contains("Anthropic"), "{chat:?}");
    }
    match ok(ARN) {
        Err(error) => assert!(error.message().contains(".family("), "{error}"),
        Ok(chat) => assert!(format!("{chat:?}").contains("Converse"), "{chat:?}"),
    }
}

#[tokio::test]
async fn custom_endpoint_is_signed_with_port_and_prefix() {
    let bedrock = LocalBedrock::builder().prefix("/pfx").start().await.unwrap();
    for slash in ["", "/"] {
        bedrock.clear();
        let chat = calling_url(&format!("{}{slash}", bedrock.url())).build().unwrap();
        chat.invoke("hello").await.unwrap();
        chat.stream("hello").await.unwrap().message().await.unwrap();
        let requests = bedrock.requests();
        assert_eq!(requests.len(), 2);
        for request in requests {
            assert!(request.path.starts_with("/pfx/model/"), "{}", request.path);
            assert_eq!(request.header("host"), Some(format!("127.0.0.1:{}", bedrock.port()).as_str()));
            assert!(signed_headers(&request).contains(&"host".to_owned()));
        }
    }
}

#[tokio::test]
async fn endpoint_with_unusual_host_or_prefix_is_signed_as_sent() {
    for prefix in ["/stage%20one/v1", "/~user/a.b-c_d", "/a=b,c:d@e!f", "/v1//double", "/%E6%BC%A2"] {
        let bedrock = LocalBedrock::builder().prefix(prefix).start().await.unwrap();
        let chat = calling(&bedrock).build().unwrap();
        let reply = chat.invoke("hello").await;
        assert!(reply.is_ok(), "{prefix}: {reply:?} {:?}", bedrock.requests());
        assert!(only_request(&bedrock).path.starts_with(prefix));
    }
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling_url(&format!("HTTP://LocalHost:{}", bedrock.port()));
    match chat.build() {
        Ok(chat) => assert!(chat.invoke("hello").await.is_ok(), "{:?}", bedrock.requests()),
        Err(error) => panic!("schemes and hosts know no case: {error}"),
    }
}

#[tokio::test]
async fn ipv6_endpoint_is_signed_with_brackets() {
    let Ok(bedrock) = LocalBedrock::builder().host("::1".parse().unwrap()).start().await else {
        println!("skipped: this machine has no IPv6");
        return;
    };
    calling(&bedrock).build().unwrap().invoke("hello").await.unwrap();
    assert_eq!(only_request(&bedrock).header("host"), Some(format!("[::1]:{}", bedrock.port()).as_str()));
}

#[tokio::test]
async fn default_port_is_not_signed_or_sent() {
    let with = |url: &'static str| sent(CLAUDE, move |chat| chat.endpoint_url(url));
    for (explicit, implied) in [
        ("https://bedrock.example:443", "https://bedrock.example"),
        ("http://bedrock.example:80", "http://bedrock.example"),
    ] {
        let (explicit, implied) = (with(explicit).await, with(implied).await);
        assert_eq!(explicit.url, implied.url);
        assert_eq!(signature(&explicit), signature(&implied));
    }
    let other = with("https://bedrock.example:8443").await;
    assert_ne!(signature(&other), signature(&with("https://bedrock.example").await));
    assert!(other.url.starts_with("https://bedrock.example:8443/"));
}

#[tokio::test]
async fn gateway_calls_are_signed_for_the_aws_host() {
    let gateway = "https://gateway.ai.cloudflare.com/v1/a/g/aws-bedrock/bedrock-runtime/us-east-1";
    let request =
        sent(CLAUDE, |chat| chat.gateway_url(gateway).header("cf-aig-authorization", "Bearer of the gateway")).await;
    assert_eq!(request.url, format!("{gateway}/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"));
    assert_eq!(signature(&request), COLON_SIGNATURE, "as without the gateway");
    assert_eq!(request.headers.get("cf-aig-authorization"), Some("Bearer of the gateway"));
    assert!(request.headers.get("authorization").unwrap().contains("SignedHeaders=content-type;host;x-amz-date,"));
}

#[tokio::test]
async fn signature_is_valid_through_a_gateway() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    // Gateways do the same: their own prefix and key are removed, and AWS's host is set.
    let (port, heads) = relay(bedrock.port(), |head| {
        let lines = head.replacen("/v1/account/gate/", "/", 1);
        let lines = lines.lines().filter(|line| !line.to_ascii_lowercase().starts_with("cf-aig-authorization:"));
        let lines = lines.map(|line| match line.to_ascii_lowercase().starts_with("host:") {
            true => "host: bedrock-runtime.us-east-1.amazonaws.com",
            false => line,
        });
        lines.map(|line| format!("{line}\r\n")).collect()
    })
    .await;
    let chat = BedrockChat::builder(CLAUDE).region("us-east-1").credentials(keys());
    let chat =
        chat.gateway_url(format!("http://127.0.0.1:{port}/v1/account/gate")).header("cf-aig-authorization", "gk");
    let chat = chat.build().unwrap();
    assert!(soon(chat.invoke("hello")).await.unwrap().text().contains("hello"));
    assert!(soon(chat.stream("hello").await.unwrap().message()).await.unwrap().text().contains("hello"));
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 2);
    assert!(heads[0].contains("cf-aig-authorization: gk") && heads[0].contains(&format!("host: 127.0.0.1:{port}")));
    assert!(bedrock.requests().iter().all(|request| request.verdict.is_accepted()));
}

#[tokio::test]
async fn headers_that_proxies_change_are_not_signed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let theirs = [
        ("x-forwarded-for", "10.0.0.1"),
        ("accept-encoding", "identity"),
        ("connection", "keep-alive"),
        ("user-agent", "mine/1.0"),
        ("x-amzn-trace-id", "Root=1-67891233-abcdef012345678912345678"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    let chat = theirs.iter().fold(calling(&bedrock), |chat, (name, value)| chat.header(name, *value)).build().unwrap();
    chat.invoke("hello").await.unwrap();
    let request = only_request(&bedrock);
    for (name, value) in theirs {
        assert_eq!(request.header(name), Some(value), "{name}");
        assert_eq!(request.headers.iter().filter(|(sent, _)| sent == name).count(), 1, "{name}");
    }
    assert_eq!(signed_headers(&request), ["content-type", "host", "x-amz-date"]);
}

#[tokio::test]
async fn custom_amz_header_is_signed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).header("X-Amzn-Bedrock-Trace", "ENABLED").build().unwrap();
    chat.invoke("hello").await.unwrap();
    let request = only_request(&bedrock);
    assert!(signed_headers(&request).contains(&"x-amzn-bedrock-trace".to_owned()), "{:?}", request.verdict);
}

#[test]
fn custom_header_that_the_crate_sets_is_refused_by_name() {
    for name in ["Authorization", "x-amz-date", "X-Amz-Security-Token", "host", "Content-Type", "content-length"] {
        let error = over(MemoryTransport::default()).header(name, "x").build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(&name.to_ascii_lowercase()), "{error}");
    }
    let error = over(MemoryTransport::default()).header("x-split", "a\r\nauthorization: b").build().unwrap_err();
    assert!(error.message().contains("x-split"), "{error}");
}

#[tokio::test]
async fn custom_signing_name_is_in_the_signature_scope() {
    let bedrock = LocalBedrock::builder().service("bedrock-mantle").start().await.unwrap();
    let chat = calling(&bedrock).signing_name("bedrock-mantle").build().unwrap();
    chat.invoke("hello").await.unwrap();
    let wrong = calling(&bedrock).build().unwrap().invoke("hello").await.unwrap_err();
    assert_eq!((wrong.kind(), wrong.status()), (ErrorKind::AccessDenied, Some(403)), "the server does look");
}

#[tokio::test]
async fn path_with_dot_segments_is_refused_before_signing() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in ["..", "anthropic./../x", "anthropic.%2e%2e"] {
        let chat = BedrockChat::builder(model).family("anthropic").region("us-east-1").credentials(keys());
        let answer = match chat.endpoint_url(bedrock.url()).build() {
            Ok(chat) => chat.invoke("hello").await,
            Err(error) => Err(error),
        };
        // Either the id was sent as one segment with a valid signature, or no request was sent.
        let requests = bedrock.requests();
        assert!(requests.iter().all(|request| request.verdict.is_accepted()), "{model}: {requests:?}");
        if requests.is_empty() {
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::Config);
        }
        bedrock.clear();
    }
}

#[test]
fn api_that_contradicts_a_custom_codec_is_refused() {
    let builder = |api| BedrockChat::builder("m").region("us-east-1").credentials(keys()).codec(KnownByHeart).api(api);
    assert!(builder(bedrock_chat::Api::Invoke).build().is_ok());
    let error = builder(bedrock_chat::Api::Converse).build().unwrap_err();
    assert_eq!(error.kind(), bedrock_chat::ErrorKind::Config);
    assert!(error.message().contains("`api`") && error.message().contains("`codec`"), "{error}");
}
