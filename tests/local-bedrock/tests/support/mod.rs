//! A small HTTP client that signs with `aws-sigv4` and returns every byte of the reply.
//! Each test binary uses only a part of this module.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use base64::Engine as _;
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const CLAUDE: &str = "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0";

/// A request before it is signed.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) time: SystemTime,
}

impl Request {
    pub(crate) fn post(path: &str, body: &Value) -> Self {
        Self::raw(path, body.to_string().into_bytes())
    }

    pub(crate) fn raw(path: &str, body: Vec<u8>) -> Self {
        Self {
            method: "POST".into(),
            path: path.into(),
            query: None,
            headers: vec![("content-type".into(), "application/json".into())],
            body,
            key: TEST_ACCESS_KEY_ID.into(),
            secret: TEST_SECRET_ACCESS_KEY.into(),
            token: None,
            region: "us-east-1".into(),
            service: "bedrock".into(),
            time: SystemTime::now(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds host, date, token and authorization for `port`.
    pub(crate) fn signed(mut self, port: u16) -> Self {
        self.headers.insert(0, ("host".into(), format!("127.0.0.1:{port}")));
        let identity = Credentials::new(&self.key, &self.secret, self.token.clone(), None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let uri = format!("http://127.0.0.1:{port}{}{query}", self.path);
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let request = SignableRequest::new(&self.method, uri, headers, SignableBody::Bytes(&self.body)).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let (added, _) = instructions.into_parts();
        for header in added {
            self.headers.push((header.name().into(), header.value().into()));
        }
        self
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let mut out = format!("{} {}{query} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()));
        let mut bytes = out.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// A reply, and how it ended.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as HTTP requires.
    pub(crate) complete: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn message(&self) -> String {
        let json = self.json();
        let message = json.get("message").or(json.get("Message"));
        message.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The type before the first colon of `x-amzn-errortype`.
    pub(crate) fn error_type(&self) -> &str {
        self.header("x-amzn-errortype").unwrap_or_default().split(':').next().unwrap_or_default()
    }

    /// Message, type, parameter and code of an error in OpenAI's shape.
    pub(crate) fn openai_error(&self) -> (String, Value, Value, Value) {
        let error = &self.json()["error"];
        let message = error["message"].as_str().unwrap_or_default().to_owned();
        (message, error["type"].clone(), error["param"].clone(), error["code"].clone())
    }

    /// The data of all server-sent events; `[DONE]` is a string.
    pub(crate) fn sse(&self) -> Vec<Value> {
        assert_eq!(self.header("content-type"), Some("text/event-stream"), "{}", self.json());
        let text = String::from_utf8(self.body.clone()).unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into())).collect()
    }

    /// All whole frames, as (headers, payload).
    pub(crate) fn frames(&self) -> Vec<Frame> {
        decode(&self.body).unwrap()
    }

    /// Returns the events inside the chunks of an InvokeModel stream.
    pub(crate) fn events(&self) -> Vec<Value> {
        let frames = self.frames();
        let chunks = frames.iter().filter(|frame| frame.header(":event-type") == Some("chunk"));
        chunks.map(Frame::chunk).collect()
    }
}

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap_or(Value::Null)
    }

    pub(crate) fn chunk(&self) -> Value {
        let payload = self.json();
        assert!(payload.get("p").is_some(), "no padding in {payload}");
        let bytes = payload["bytes"].as_str().unwrap();
        serde_json::from_slice(&base64::engine::general_purpose::STANDARD.decode(bytes).unwrap()).unwrap()
    }
}

/// Decodes frames with Amazon's own decoder.
pub(crate) fn decode(mut bytes: &[u8]) -> Result<Vec<Frame>, String> {
    let mut decoder = MessageFrameDecoder::new();
    let mut frames = Vec::new();
    loop {
        match decoder.decode_frame(&mut bytes).map_err(|error| error.to_string())? {
            DecodedFrame::Incomplete => return Ok(frames),
            DecodedFrame::Complete(message) => frames.push(Frame {
                headers: message
                    .headers()
                    .iter()
                    .map(|header| {
                        let value = header.value().as_string().map(|s| s.as_str().to_owned()).unwrap_or_default();
                        (header.name().as_str().to_owned(), value)
                    })
                    .collect(),
                payload: message.payload().to_vec(),
            }),
        }
    }
}

/// Signs and sends.
pub(crate) async fn send(bedrock: &LocalBedrock, request: Request) -> Reply {
    exchange(bedrock.port(), &request.signed(bedrock.port()).to_bytes()).await
}

pub(crate) async fn post(bedrock: &LocalBedrock, path: &str, body: &Value) -> Reply {
    send(bedrock, Request::post(path, body)).await
}

/// Signs for `bedrock-mantle` and sends.
pub(crate) async fn post_mantle(bedrock: &LocalBedrock, path: &str, body: &Value) -> Reply {
    let mut request = Request::post(path, body).header("anthropic-version", "2023-06-01");
    request.service = "bedrock-mantle".into();
    send(bedrock, request).await
}

/// Sends bytes as they are and reads the reply to its end.
pub(crate) async fn exchange(port: u16, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    // A reset counts as an end.
    let _ = stream.read_to_end(&mut bytes).await;
    parse(&bytes)
}

pub(crate) fn parse(bytes: &[u8]) -> Reply {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("no end of headers");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let find = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    let (body, complete) = if find("transfer-encoding").as_deref() == Some("chunked") {
        dechunk(rest)
    } else {
        let wanted: usize = find("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        (rest.to_vec(), rest.len() == wanted)
    };
    Reply { status, headers, body, complete }
}

fn dechunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else {
            return (body, false);
        };
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        bytes = &bytes[end + 2..];
        if size == 0 {
            return (body, true);
        }
        if bytes.len() < size + 2 {
            body.extend_from_slice(&bytes[..bytes.len().min(size)]);
            return (body, false);
        }
        body.extend_from_slice(&bytes[..size]);
        bytes = &bytes[size + 2..];
    }
}
