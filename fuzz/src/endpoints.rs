//! Endpoints, gateways, regions and headers of a chat.
//!
//! - A setting is refused before anything is sent, as a wrong setting. Otherwise the call is sent to exactly that host,
//!   as the crate `url` reads it.
//! - A header has no line break, and the URL has no secret.
//!
//! Input: which settings are arbitrary; the texts.

use std::sync::OnceLock;

use bedrock_chat::{Endpoint, ErrorKind, Headers};
use bytes::Bytes;
use url::Url;

use crate::input::Input;
use crate::wires::{Prepared, SECRET, chat};

const MODEL: &str = "us.anthropic.claude-sonnet-4-6";

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let which = input.below(5);
    let text = String::from_utf8_lossy(input.rest()).into_owned();
    if let Ok(endpoint) = Endpoint::custom(&text) {
        assert!(endpoint.url().ends_with(&format!("{}{}", endpoint.host(), endpoint.prefix())));
        assert!(!endpoint.host().is_empty() && !endpoint.url().contains(char::is_whitespace));
        let again = Endpoint::custom(endpoint.url()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!((again.url(), again.host()), (endpoint.url(), endpoint.host()), "{text:?}");
    }
    static TRANSPORT: OnceLock<Prepared> = OnceLock::new();
    let transport = TRANSPORT.get_or_init(Prepared::default);
    let builder = chat(MODEL, transport);
    let builder = match which {
        0 => builder.endpoint_url(text.as_str()),
        1 => builder.gateway_url(text.as_str()),
        2 => builder.region(text.as_str()),
        3 => builder.header("x-test", text.as_str()),
        _ => builder.header(&text, "value"),
    };
    let chat = match builder.build() {
        Ok(chat) => chat,
        Err(error) => return assert_eq!(error.kind(), ErrorKind::Config, "{text:?}: {error}"),
    };
    let mut headers = Headers::new();
    headers.push("content-type", "application/json");
    let body = Bytes::from_static(br#"{"content":[],"stop_reason":"end_turn"}"#);
    transport.set(200, headers, vec![body]);
    let answer = futures_executor::block_on(chat.invoke("hi"));
    let Some(request) = transport.request() else {
        let error = answer.map(|_| "nothing was sent").map_err(|error| (error.kind(), error.to_string()));
        return assert!(matches!(error, Err((ErrorKind::Config, _))), "{text:?}: {error:?}");
    };
    for (name, value) in request.headers.iter() {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        assert!(!name.is_empty() && name.bytes().all(is_token), "{name:?}");
        assert!(!value.contains(['\r', '\n', '\0']), "{name}: {value:?}");
    }
    assert!(!request.url.contains(SECRET) && !request.url.contains(char::is_whitespace), "{}", request.url);
    // The crate `url` refuses some hosts that are made of allowed characters, such as `[`: nothing is sent to them.
    let Ok(sent) = Url::parse(&request.url) else { return };
    assert_eq!(sent.username(), "", "{}", request.url);
    assert!(sent.path().ends_with("/model/us.anthropic.claude-sonnet-4-6/invoke"), "{}", request.url);
    if which < 2 {
        let scheme = if text.contains("://") { "" } else { "https://" };
        let asked = Url::parse(&format!("{scheme}{}", text.trim())).ok();
        let asked = asked.unwrap_or_else(|| panic!("{text:?} is sent to {}", request.url));
        assert_eq!((sent.host(), sent.port()), (asked.host(), asked.port()), "{text:?}");
    } else {
        assert!(
            sent.host_str().is_some_and(|host| host.ends_with(|c: char| c.is_ascii_alphabetic())),
            "{}",
            request.url
        );
    }
}

/// Returns endpoints, regions and headers.
pub fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "https://bedrock-runtime.us-west-2.amazonaws.com",
        "http://localhost:4566/pfx/",
        "custom.example",
        "https://vpce-1a2b.bedrock-runtime.us-east-1.vpce.amazonaws.com",
        "http://[::1]:8080/a//",
        "https://user:pass@host",
        "HTTPS://Example.com:443/a%20b/../c",
        "us-gov-west-1",
        "us-isob-east-1",
        "x-custom: a\r\nb",
        "http:\\\\evil",
    ];
    (0..5).flat_map(|which| texts.map(|text| [&[which], text.as_bytes()].concat())).collect()
}
