//! A gateway that signs calls itself, as LiteLLM's pass-through does. A local imitation checks the client's key, signs with
//! `aws-sigv4`, and forwards to the local Bedrock, which verifies the signature.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bedrock_chat::{Api, BedrockChat, BedrockChatBuilder, Credentials, ErrorKind};
use local_bedrock::{Fault, LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY, Verdict};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{CLAUDE, at_once, receive, soon};

const KEY: &str = "sk-key-of-the-gateway";
const PREFIX: &str = "/bedrock";
const HOST: &str = "bedrock-runtime.us-east-1.amazonaws.com";

/// The headers of requests, as the client sent them.
type Heads = Arc<Mutex<Vec<String>>>;

/// Starts the gateway. It requires the header line `expected`, in lower case. Returns its URL.
async fn gateway(bedrock: &LocalBedrock, expected: String) -> (String, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{PREFIX}", listener.local_addr().unwrap());
    let (heads, to) = (Heads::default(), bedrock.port());
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, to, expected.clone(), Arc::clone(&seen)));
        }
    });
    (url, heads)
}

/// Serves one request, and closes the connection.
async fn serve(mut client: TcpStream, to: u16, expected: String, seen: Heads) {
    let Some((head, body)) = receive(&mut client).await else { return };
    seen.lock().unwrap().push(head.clone());
    let path = head.split(' ').nth(1).unwrap();
    let path = path.strip_prefix(PREFIX).filter(|_| head.lines().any(|line| line.eq_ignore_ascii_case(&expected)));
    let Some(path) = path else {
        // Some gateways repeat the key.
        let reply = format!("{{\"message\":\"the key is wrong: {KEY}\"}}");
        let length = reply.len();
        let reply = format!(
            "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{reply}"
        );
        return client.write_all(reply.as_bytes()).await.unwrap();
    };
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n");
    request.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    for (name, value) in signature(path, &body) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
    server.write_all(format!("{request}\r\n").as_bytes()).await.unwrap();
    server.write_all(&body).await.unwrap();
    // Either side may close the connection.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

/// Returns the headers that sign the request.
fn signature(path: &str, body: &[u8]) -> Vec<(String, String)> {
    let identity = AwsCredentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY, None, None, "test").into();
    let params = v4::SigningParams::builder().identity(&identity).region("us-east-1").name("bedrock");
    let params = params.time(SystemTime::now()).settings(SigningSettings::default()).build().unwrap();
    let headers = [("host", HOST), ("content-type", "application/json")];
    let url = format!("https://{HOST}{path}");
    let request = SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(body)).unwrap();
    let (instructions, _) = sign(request, &params.into()).unwrap().into_parts();
    instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Returns a chat without AWS's keys. Anonymous calls need no region.
fn chat(url: &str) -> BedrockChatBuilder {
    BedrockChat::builder(CLAUDE).gateway_url(url).retry(at_once()).environment(|_| None)
}

fn with_header(url: &str) -> BedrockChatBuilder {
    chat(url).credentials(Credentials::anonymous()).header("x-litellm-api-key", KEY)
}

#[tokio::test]
async fn signing_gateway_signs_calls_and_streams() {
    type Client = fn(&str) -> BedrockChatBuilder;
    let clients: [(&str, Client); 2] = [
        ("x-litellm-api-key: ", with_header),
        ("authorization: bearer ", |url| chat(url).region("us-east-1").api_key(KEY)),
    ];
    for (header, client) in clients {
        for api in [Api::Invoke, Api::Converse] {
            let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
            let (url, heads) = gateway(&bedrock, format!("{header}{KEY}")).await;
            let chat = client(&url).api(api).build().unwrap();
            assert!(soon(chat.invoke("hello")).await.unwrap().text().contains("hello"));
            let mut stream = soon(chat.stream("hello")).await.unwrap();
            let mut events = 0;
            while let Some(event) = soon(stream.next()).await {
                event.unwrap();
                events += 1;
            }
            assert!(events > 2, "{events}");
            let requests = bedrock.requests();
            assert_eq!(requests.len(), 2);
            for request in requests {
                let signed = matches!(&request.verdict, Verdict::Signed { access_key_id, .. } if access_key_id == TEST_ACCESS_KEY_ID);
                assert!(signed, "{:?}", request.verdict);
            }
            for head in heads.lock().unwrap().iter() {
                assert!(!head.contains("AWS4") && !head.to_lowercase().contains("x-amz-date"), "signed: {head}");
            }
        }
    }
}

#[tokio::test]
async fn signing_gateway_refuses_a_wrong_key() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let (url, heads) = gateway(&bedrock, "x-litellm-api-key: another".to_owned()).await;
    let chat = with_header(&url).build().unwrap();
    for error in [soon(chat.invoke("hello")).await.unwrap_err(), soon(chat.stream("hello")).await.unwrap_err()] {
        assert!(error.kind() == ErrorKind::AccessDenied && error.message().contains("is wrong"), "{error}");
        assert!(!format!("{error} {error:?}").contains(KEY), "{error}");
    }
    assert!(bedrock.requests().is_empty());
    assert_eq!(heads.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn signing_gateway_passes_on_errors_of_the_model() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let (url, heads) = gateway(&bedrock, format!("x-litellm-api-key: {KEY}")).await;
    let chat = with_header(&url).build().unwrap();
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "slow down"));
    assert!(soon(chat.invoke("hello")).await.unwrap().text().contains("hello"));
    assert_eq!(heads.lock().unwrap().len(), 2, "the throttled call is sent again");
    bedrock.faults().push(Fault::exception_frame(4, "modelStreamErrorException", "broken"));
    let error = soon(soon(chat.stream("hello")).await.unwrap().message()).await.unwrap_err();
    assert!(error.partial().is_some() && error.message().contains("broken"), "{error}");
}
