//! A fetcher of media. A URL from a user cannot be trusted: it may point to hosts that only this machine can
//! reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Response, Url};

use crate::endpoint::shown_url;
use crate::error::{Error, ErrorKind, Result};
use crate::message::Content;

/// Maximum number of redirects.
const MAX_REDIRECTS: usize = 5;

/// A fetcher of images, documents, audio and video, as Bedrock fetches no URLs.
///
/// Only `https` and public addresses are allowed. Names that resolve to private addresses are refused, also
/// after a redirect or a change of DNS. Proxies are not used. The size is limited. Images, PDF, audio and video
/// are recognized by their signature, text by its content type.
///
/// Natively only, with the feature `web`. Browsers and Workers have `fetch`.
///
/// ```no_run
/// use bedrock_chat::{MediaFetcher, Message};
/// # async fn run(chat: bedrock_chat::BedrockChat) -> bedrock_chat::Result<()> {
/// let fetcher = MediaFetcher::new()?.max_bytes(2_000_000);
/// let image = fetcher.fetch("https://example.com/cat.png").await?;
/// let reply = chat.invoke(Message::human("What is this?").with(image)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MediaFetcher {
    client: Client,
    max_bytes: usize,
    timeout: Duration,
    /// Checks a URL, and the target of each redirect. Tests allow a local plain-HTTP server.
    check: fn(&Url) -> Result<()>,
}

impl MediaFetcher {
    /// Creates a fetcher with a limit of 4,500,000 bytes and 30 seconds.
    ///
    /// # Errors
    /// `Config`, if TLS cannot be set up.
    pub fn new() -> Result<Self> {
        Self::of(builder()?.https_only(true).dns_resolver(Arc::new(PublicOnly)), check_url)
    }

    fn of(builder: ClientBuilder, check: fn(&Url) -> Result<()>) -> Result<Self> {
        let client = builder
            .build()
            .map_err(|error| Error::new(ErrorKind::Config, "the HTTP client cannot be set up").with_source(error))?;
        Ok(Self { client, max_bytes: 4_500_000, timeout: Duration::from_secs(30), check })
    }

    /// Sets the maximum size of a medium. Defaults to 4,500,000 bytes, the largest document of Converse.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets the time limit of a fetch, redirects included. Defaults to 30 seconds.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Fetches a medium.
    ///
    /// # Errors
    /// `Encode`, if the URL, the size or the type is refused. `Connect`, if the server is not reached or its
    /// status is not 200. `Timeout`, after the time limit.
    pub async fn fetch(&self, url: &str) -> Result<Content> {
        let shown = shown(url);
        let outcome = tokio::time::timeout(self.timeout, self.follow(url)).await;
        let late = || Err(Error::new(ErrorKind::Timeout, format!("timed out after {:?}", self.timeout)));
        outcome.unwrap_or_else(|_| late()).map_err(|error| {
            let error = Error::new(error.kind(), format!("{shown}: {}", error.message()));
            // The caller decides whether to retry, as the URL may be wrong.
            error.with_transient(false)
        })
    }

    async fn follow(&self, url: &str) -> Result<Content> {
        let mut url = Url::parse(url).map_err(|error| refused(format!("invalid URL: {error}")))?;
        for _ in 0..=MAX_REDIRECTS {
            (self.check)(&url)?;
            let response = self.client.get(url.clone()).send().await.map_err(|error| not_fetched(&error))?;
            if !response.status().is_redirection() {
                return self.read(response).await;
            }
            let location = response.headers().get("location").and_then(|location| location.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            url = next.ok_or_else(|| refused("redirect without a target".into()))?;
        }
        Err(refused(format!("more than {MAX_REDIRECTS} redirects")))
    }

    async fn read(&self, mut response: Response) -> Result<Content> {
        if response.status() != 200 {
            return Err(Error::new(ErrorKind::Connect, format!("unexpected status: HTTP {}", response.status())));
        }
        let too_large = || refused(format!("medium is larger than {} bytes; raise `max_bytes`", self.max_bytes));
        if response.content_length().is_some_and(|length| length > self.max_bytes as u64) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| not_fetched(&error))? {
            if bytes.len() + chunk.len() > self.max_bytes {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        let media_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/plain" | "text/markdown" | "text/html" | "text/csv" => Ok(Content::document(essence, bytes)),
            _ => Content::from_bytes(bytes).map_err(|_| refused(format!("unsupported media type: `{essence}`"))),
        }
    }
}

fn builder() -> Result<ClientBuilder> {
    crate::transport::install_crypto()?;
    Ok(Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy())
}

/// Checks the scheme of a URL, and its host if that is an address. Names are checked when they are resolved.
fn check_url(url: &Url) -> Result<()> {
    if url.scheme() != "https" {
        return Err(refused(format!("unsupported scheme: {}; use `https`", url.scheme())));
    }
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) if !is_public(address) => Err(refused(format!("not a public address: {address}"))),
        _ => Ok(()),
    }
}

/// Returns the beginning of a URL for errors.
fn shown(url: &str) -> String {
    shown_url(url).chars().take(80).collect()
}

fn refused(why: String) -> Error {
    Error::new(ErrorKind::Encode, why)
}

fn not_fetched(error: &reqwest::Error) -> Error {
    // The innermost cause is the most specific one.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Error::new(ErrorKind::Connect, cause.to_string())
}

/// A resolver that returns public addresses only. The connection uses the addresses resolved here, so a name
/// cannot change between check and use.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(format!("no public address: {}", name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// See [IANA's registry](https://www.iana.org/assignments/iana-ipv4-special-registry).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0, ..] | [192, 0, 0, _] | [192, 88, 99, _] => true,
        [100, second, ..] => second & 0xc0 == 64,
        [198, second, ..] => second & 0xfe == 18,
        [first, ..] => first >= 224,
    };
    !(special || address.is_private() || address.is_loopback() || address.is_link_local() || address.is_documentation())
}

/// IPv6 addresses that contain an IPv4 address are judged by it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(v4(high, low)),
        [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x3fff, second, ..] => second >= 0x1000,
        // Allow global unicast addresses only.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn private_addresses_are_detected_in_every_notation() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "8.8.8.8", "100.128.0.1", "52.94.133.131", "2606:4700::1111", "2001:4860:4860::8888"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[tokio::test]
    async fn web_rejects_private_addresses_before_sending() {
        let fetcher = MediaFetcher::new().unwrap();
        for (url, says) in [
            ("http://example.com/cat.png", "use `https`"),
            ("file:///etc/passwd", "use `https`"),
            ("https://127.0.0.1/cat.png", "not a public address"),
            ("https://2130706433/cat.png", "not a public address"),
            ("https://0x7f.1/cat.png", "not a public address"),
            ("https://[::1]/cat.png", "not a public address"),
            ("https://169.254.169.254/latest/meta-data/", "not a public address"),
            ("https://localhost/cat.png", "no public address"),
            ("cat.png", "invalid URL"),
        ] {
            let error = fetcher.fetch(url).await.unwrap_err();
            assert!(error.message().contains(says) && error.message().contains(url), "{error}");
            assert!(!error.is_retryable());
        }
    }

    /// Answers every request with the same bytes.
    async fn server(answer: impl Into<Vec<u8>>) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = answer.into();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(&answer).await;
            }
        });
        url
    }

    async fn fetched(answer: &str, max_bytes: usize) -> Result<Content> {
        let fetcher = MediaFetcher::of(builder().unwrap(), |_| Ok(()))
            .unwrap()
            .max_bytes(max_bytes)
            .timeout(Duration::from_secs(180));
        fetcher.fetch(&server(answer).await).await
    }

    #[test]
    fn web_error_shows_a_url_without_its_secrets() {
        for (url, expected) in [
            ("https://host/a.png?X-Amz-Signature=SECRET#SECRET", "https://host/a.png"),
            ("https://user:SECRET@host/a@b.png", "https://host/a@b.png"),
            ("https://SECRET@SECRET@host?q=@", "https://host"),
            ("cat.png", "cat.png"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[tokio::test]
    async fn web_rejects_redirects_to_private_addresses() {
        // The local server is allowed, and nothing else.
        let first_only = |url: &Url| if url.path() == "/start" { Ok(()) } else { check_url(url) };
        for (location, says) in [
            ("https://169.254.169.254/latest/meta-data/", "not a public address: 169.254.169.254"),
            ("https://[::ffff:10.0.0.1]/", "not a public address"),
            ("//127.0.0.1/", "use `https`"),
            ("/next", "use `https`"),
            ("file:///etc/passwd", "use `https`"),
        ] {
            let answer = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            let fetcher = MediaFetcher::of(builder().unwrap(), first_only).unwrap().timeout(Duration::from_secs(180));
            let error = fetcher.fetch(&format!("{}/start", server(answer).await)).await.unwrap_err();
            assert!(error.kind() == ErrorKind::Encode && error.message().contains(says), "{location}: {error}");
        }
    }

    #[tokio::test]
    async fn web_resolver_drops_private_addresses() {
        let name: Name = "localhost".parse().unwrap();
        let error = PublicOnly.resolve(name).await.err().unwrap();
        assert!(error.to_string().contains("no public address"), "{error}");
    }

    #[tokio::test]
    async fn web_media_type_is_from_the_bytes_or_the_header() {
        let gif =
            fetched("HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 6\r\n\r\nGIF89a", 6).await.unwrap();
        assert_eq!(gif, Content::image("image/gif", "GIF89a"));
        let text = "HTTP/1.1 200 OK\r\ncontent-type: Text/CSV; charset=utf-8\r\ncontent-length: 3\r\n\r\na,b";
        assert_eq!(fetched(text, 10).await.unwrap(), Content::document("text/csv", "a,b"));
    }

    #[tokio::test]
    async fn web_refuses_large_unknown_and_missing_media() {
        for (answer, says) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nGIF89a1", "larger than 6 bytes"),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\nGIF89a1\r\n0\r\n\r\n", "larger than 6 bytes"),
            ("HTTP/1.1 200 OK\r\ncontent-type: application/zip\r\ncontent-length: 2\r\n\r\nPK", "application/zip"),
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "404"),
            (
                "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                "more than 5 redirects",
            ),
            ("HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n", "without a target"),
        ] {
            let error = fetched(answer, 6).await.unwrap_err();
            assert!(error.message().contains(says), "{says}: {error}");
        }
    }

    #[tokio::test]
    async fn web_fetch_from_a_silent_server_is_a_timeout() {
        // Connections are accepted by the system and stay open, but the server does not answer.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fetcher = MediaFetcher::of(builder().unwrap(), |_| Ok(())).unwrap().timeout(Duration::from_millis(50));
        let error = fetcher.fetch(&url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        drop(listener);
    }
}
