//! Attacks on keys and requests: keys in clear text, redirects, proxies, and text that leaves its header or path.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    AiMessage, Anthropic, Api, BedrockChat, BedrockChatBuilder, Call, ChatRequest, Codec, Error, ErrorKind, Guardrail,
    GuardrailChecks, GuardrailSource, Headers, Mode, ModelId, Result, Service, StreamDecoder,
};
use local_bedrock::{Fault, LocalBedrock};

use crate::support::{CLAUDE, calling, calling_url, is_alone, over, relay, run_alone, soon};

const KEY: &str = "bedrock-api-key-local-test";

/// A model for each API, and the variable of the endpoint of its service.
const APIS: &[(&str, Api, Service, &str)] = &[
    (CLAUDE, Api::Invoke, Service::Runtime, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
    (CLAUDE, Api::Converse, Service::Runtime, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
    ("us.anthropic.claude-sonnet-4-6", Api::Messages, Service::Mantle, "AWS_ENDPOINT_URL_BEDROCK_MANTLE"),
    ("openai.gpt-5.6-sol", Api::Responses, Service::Mantle, "AWS_ENDPOINT_URL_BEDROCK_MANTLE"),
    ("openai.gpt-oss-120b-1:0", Api::ChatCompletions, Service::Runtime, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
];

/// A chat model with an API key and no variables.
fn with_key(model: &str, transport: &MemoryTransport) -> BedrockChatBuilder {
    let builder = BedrockChat::builder(model).region("us-east-1").transport(transport.clone());
    builder.api_key(KEY).environment(|_| None)
}

/// Makes every kind of call, and returns the errors.
async fn errors(chat: &BedrockChat) -> Vec<Error> {
    let mut errors = vec![
        chat.invoke("hello").await.unwrap_err(),
        chat.stream("hello").await.unwrap_err(),
        chat.models().await.unwrap_err(),
        chat.inference_profiles(None).await.unwrap_err(),
        chat.inference_profile("us.meta.llama3-3-70b-instruct-v1:0").await.unwrap_err(),
        chat.batch_job("arn:aws:bedrock:us-east-1:1:model-invocation-job/a").await.unwrap_err(),
        chat.apply_guardrail(GuardrailSource::Input, ["x"]).await.unwrap_err(),
    ];
    let checks = GuardrailChecks::default().with_prompt_attack(["JAILBREAK"]);
    errors.push(chat.invoke_guardrail_checks(&checks, "hello").await.unwrap_err());
    errors.extend(chat.count_tokens("hello").await.err());
    errors
}

#[tokio::test]
async fn bearer_key_over_http_is_refused_for_every_setting() {
    for &(model, api, service, variable) in APIS {
        for url in ["http://gateway.example", "HTTP://localhost.example/prefix", "http://127.0.0.1.example:80"] {
            let transport = MemoryTransport::default();
            let chat = || with_key(model, &transport).api(api).service(service);
            let of_variable = move |name: &'static str| {
                move |asked: &str| match asked {
                    "AWS_BEARER_TOKEN_BEDROCK" => Some(KEY.to_owned()),
                    asked => (asked == name).then(|| url.to_owned()),
                }
            };
            let guarded = |chat: BedrockChatBuilder| match service {
                Service::Runtime => chat.guardrail(Guardrail::new("gr-1", "1")),
                _ => chat,
            };
            for chat in [
                chat().endpoint_url(url),
                chat().gateway_url(url),
                chat().environment(of_variable("AWS_ENDPOINT_URL")),
                chat().environment(of_variable(variable)),
                BedrockChat::builder(model)
                    .region("us-east-1")
                    .api(api)
                    .service(service)
                    .transport(transport.clone())
                    .environment(of_variable(variable)),
            ] {
                for error in errors(&guarded(chat).build().unwrap()).await {
                    let is_other = error.message().contains("no guardrail") || error.kind() == ErrorKind::Unsupported;
                    assert!(error.message().contains("over `http://`") || is_other, "{api:?} {url}: {error}");
                    assert!(!error.to_string().contains(KEY) && error.attempts() == 0, "{error}");
                }
            }
            assert!(transport.requests().is_empty(), "{api:?} {url}");
        }
        // The same calls over TLS are sent.
        let transport = MemoryTransport::default();
        let chat = with_key(model, &transport).api(api).service(service).endpoint_url("https://gateway.example");
        chat.build().unwrap().invoke("hello").await.unwrap_err();
        assert_eq!(transport.requests()[0].headers.get("authorization"), Some("Bearer bedrock-api-key-local-test"));
    }
}

#[tokio::test]
async fn redirect_is_not_followed_with_credentials() {
    let (bedrock, other) = (LocalBedrock::start().await.unwrap(), LocalBedrock::start().await.unwrap());
    for builder in [calling(&bedrock), calling(&bedrock).api(Api::Converse), calling(&bedrock).api_key(KEY)] {
        let chat = builder.build().unwrap();
        for status in [301, 302, 303, 307, 308] {
            bedrock.clear();
            let location = format!("{}/model/m/invoke?token=SECRET", other.url().replace("//", "//me:SECRET@"));
            bedrock.faults().push(Fault::error(status, "", "").header("location", &location).times(3));
            for error in [
                soon(chat.invoke("hello")).await.unwrap_err(),
                soon(chat.stream("hello")).await.unwrap_err(),
                soon(chat.models()).await.unwrap_err(),
            ] {
                assert!(error.message().contains("redirects are not followed: http://127.0.0.1"), "{error}");
                assert!(!error.to_string().contains("SECRET") && !error.is_retryable(), "{error}");
            }
            assert_eq!((bedrock.requests().len(), other.requests().len()), (3, 0), "{status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bearer_key_for_loopback_is_not_sent_to_a_proxy() {
    if is_alone() {
        let chat = calling_url(&std::env::var("URL").unwrap()).api_key(KEY).build().unwrap();
        assert!(soon(chat.invoke("hello")).await.unwrap().text().contains("hello"));
        return;
    }
    let name = "safety::bearer_key_for_loopback_is_not_sent_to_a_proxy";
    let bedrock = LocalBedrock::start().await.unwrap();
    let (port, heads) = relay(bedrock.port(), str::to_owned).await;
    for host in ["127.0.0.1", "localhost"] {
        for variable in ["HTTP_PROXY", "ALL_PROXY"] {
            let (proxy, url) = (format!("http://127.0.0.1:{port}"), format!("http://{host}:{}", bedrock.port()));
            run_alone(name, &[(variable, &proxy), ("URL", &url)]);
            assert!(heads.lock().unwrap().is_empty(), "{variable} {host}");
        }
    }
    assert_eq!(bedrock.requests().len(), 4);
}

#[tokio::test]
async fn option_value_invalid_in_a_header_is_refused_with_a_key() {
    let evil = "x\r\nx-evil: 1";
    let changes: &[fn(BedrockChatBuilder, &str) -> BedrockChatBuilder] = &[
        |chat, text| chat.guardrail(Guardrail::new(text, "1")),
        |chat, text| chat.guardrail(Guardrail::new("gr-1", text)),
        |chat, text| chat.options(&Default::default()).header("x-team", text),
        |chat, text| chat.options(&bedrock_chat::ChatOptions::default().with_project(text)),
        |chat, text| chat.options(&bedrock_chat::ChatOptions::default().with_anthropic_beta([text])),
    ];
    for (at, change) in changes.iter().enumerate() {
        let sent = async |text: &str| {
            let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
            let error = match change(with_key(CLAUDE, &transport), text).build() {
                Ok(chat) => chat.invoke("hello").await.err(),
                Err(error) => Some(error),
            };
            (transport.requests(), error)
        };
        let (requests, error) = sent(evil).await;
        let is_refused = error.is_some_and(|error| error.kind() == ErrorKind::Config);
        // A list of features is a member of Claude's body.
        let is_in_body = requests.iter().all(|request| request.headers.iter().all(|(_, value)| !value.contains('\n')));
        assert!(is_refused && requests.is_empty() || (at == 4 && is_in_body), "{at}");
        assert!(sent("plain").await.1.is_none(), "{at}");
    }
}

#[tokio::test]
async fn metadata_is_escaped_in_its_header() {
    let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
    let options = bedrock_chat::ChatOptions::default().with_request_metadata([("a\r\nx-evil", "1\r\n\r\nbody")]);
    let chat = with_key(CLAUDE, &transport).options(&options).build().unwrap();
    chat.invoke("hello").await.unwrap();
    let sent = &transport.requests()[0].headers;
    assert_eq!(sent.get("x-amzn-bedrock-request-metadata"), Some(r#"{"a\r\nx-evil":"1\r\n\r\nbody"}"#));
}

#[tokio::test]
async fn model_id_does_not_leave_its_path_segment() {
    for id in ["anthropic.claude/../../x", "anthropic.claude?x=1", "anthropic.claude#x", "anthropic.a@evil.example:80"]
    {
        let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
        with_key(id, &transport).build().unwrap().invoke("hello").await.unwrap();
        let url = transport.requests().remove(0).url;
        let path = url.strip_prefix("https://bedrock-runtime.us-east-1.amazonaws.com/model/").unwrap();
        let id = path.strip_suffix("/invoke").unwrap();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"%.-_~".contains(&byte);
        assert!(id.starts_with("anthropic.") && id.bytes().all(fits), "{url}");
    }
}

#[tokio::test]
async fn id_of_dots_in_a_path_is_refused() {
    let transport = MemoryTransport::default();
    let chat = with_key(CLAUDE, &transport).guardrail(Guardrail::new("..", "1")).build().unwrap();
    let mut errors = vec![chat.apply_guardrail(GuardrailSource::Input, ["x"]).await.unwrap_err()];
    errors.push(chat.batch_job("..").await.unwrap_err());
    errors.push(chat.batch_job(".").await.unwrap_err());
    errors.push(chat.inference_profile("..").await.unwrap_err());
    for error in errors {
        assert!(error.kind() == ErrorKind::Config && error.attempts() == 0, "{error}");
    }
    assert!(transport.requests().is_empty());
}

/// A codec whose calls have this path.
#[derive(Debug)]
struct At(&'static str);

impl Codec for At {
    fn encode(&self, _: &ModelId, _: &ChatRequest, _: Mode) -> Result<Call> {
        Ok(Call::new(self.0, Headers::new(), "{}", false))
    }

    fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        Anthropic.decode(call, body, headers)
    }

    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
        Anthropic.stream(call)
    }
}

#[tokio::test]
async fn codec_path_that_leaves_the_host_is_refused() {
    for path in
        ["@evil.example/", ".evil.example/", ":80@evil.example/", "", "/a/../b", "/a?b", "/a#b", "/a\\b", "/a b"]
    {
        let transport = MemoryTransport::default();
        let error = over(transport.clone()).codec(At(path)).build().unwrap().invoke("hello").await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0), "{path}: {error}");
        assert!(transport.requests().is_empty(), "{path}");
    }
    let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
    over(transport.clone()).codec(At("/a.b/..c/%2F")).build().unwrap().invoke("hello").await.unwrap();
    assert!(transport.requests()[0].url.ends_with("amazonaws.com/a.b/..c/%2F"));
}
