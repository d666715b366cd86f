//! Endpoints: AWS's hosts, or a custom one.

use crate::api::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::region::{self, is_well_formed, suffixes};
use crate::text::{after_last, before, find, has, split, split_once};

/// The endpoint of calls, and the host and path prefix that they are signed for.
///
/// ```
/// use bedrock_chat::{Endpoint, Service};
/// let endpoint = Endpoint::aws(Service::Runtime, "us-east-1", false, false)?;
/// assert_eq!(endpoint.url(), "https://bedrock-runtime.us-east-1.amazonaws.com");
/// let endpoint = Endpoint::custom("http://localhost:4566/pfx/")?;
/// assert_eq!((endpoint.host(), endpoint.prefix()), ("localhost:4566", "/pfx"));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    /// The range of the host in the URL.
    host: std::ops::Range<usize>,
    /// Whether no scheme was given.
    https_assumed: bool,
}

/// The parts of one of Bedrock's hosts, or of an interface endpoint (AWS PrivateLink) of Bedrock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AwsHost<'a> {
    /// The service, without `-fips`: `bedrock-runtime`, for instance.
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) fips: bool,
    pub(crate) dual_stack: bool,
    /// Whether the host is that of an interface endpoint.
    pub(crate) private: bool,
}

impl<'a> AwsHost<'a> {
    /// Parses `SERVICE.REGION.SUFFIX` and `vpce-ID.SERVICE.REGION.vpce.SUFFIX`.
    fn parse(host: &'a str) -> Option<Self> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let private = host.starts_with("vpce-");
        let rest = if private { split_once(host, ".")?.1 } else { host };
        let (label, rest) = split_once(rest, ".")?;
        let (region, suffix) = split_once(rest, ".")?;
        let suffix = if private { suffix.strip_prefix("vpce.")? } else { suffix };
        let (plain, dual) = suffixes(region);
        let (service, fips) = label.strip_suffix("-fips").map_or((label, false), |service| (service, true));
        let known = service.starts_with("bedrock") && is_well_formed(region) && (suffix == plain || suffix == dual);
        known.then_some(Self { service, region, fips, dual_stack: suffix == dual, private })
    }
}

/// Errors (in lower case) of TLS libraries when a server answers in plain HTTP: rustls, OpenSSL twice,
/// BoringSSL.
const NO_TLS: &[&str] =
    &["invalidcontenttype", "wrong version number", "packet length too long", "wrong_version_number"];

impl Endpoint {
    /// Creates the endpoint of a service in a region; `fips` and `dual_stack` select its variants.
    /// `bedrock-mantle` has neither: its one host serves IPv4 and IPv6.
    ///
    /// # Errors
    /// `Config`, if the region's name is not valid, or if a FIPS endpoint of `bedrock-mantle` is requested.
    pub fn aws(service: Service, region: &str, fips: bool, dual_stack: bool) -> Result<Self> {
        region::check(region, true)?;
        let is_mantle = service == Service::Mantle;
        if is_mantle && fips {
            let message = "`bedrock-mantle` has no FIPS endpoint; use an API of `bedrock-runtime`, or set the endpoint";
            return Err(Error::new(ErrorKind::Config, message).with_field("fips"));
        }
        let (plain, dual) = suffixes(region);
        let suffix = if dual_stack || is_mantle { dual } else { plain };
        let (name, fips) = (service.as_str(), if fips { "-fips" } else { "" });
        Self::custom(&format!("https://{name}{fips}.{region}.{suffix}"))
    }

    /// Creates a custom endpoint. Calls are sent to it and signed for it. A path is kept as a prefix. Without a
    /// scheme, `https` is used.
    ///
    /// # Errors
    /// `Config`, if the text is not such a URL.
    pub fn custom(text: &str) -> Result<Self> {
        let shown = shown_url(text);
        let config = |why: &str| Err(Error::of(ErrorKind::Config, format_args!("invalid endpoint `{shown}`: {why}")));
        let text = text.trim();
        let (scheme, rest) = split_once(text, "://").unwrap_or(("https", text));
        let https_assumed = rest.len() == text.len();
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            _ => return config("its scheme is neither `http` nor `https`"),
        };
        let (host, path) = rest.split_at_checked(find(rest, "/").unwrap_or(rest.len())).unwrap_or_default();
        let host = host.to_ascii_lowercase();
        let is_valid = is_host(&host);
        let host = host.strip_suffix(default_port).unwrap_or(&host);
        if host.is_empty() {
            return config("it has no host");
        }
        if has(host, "@") {
            return config("it has a user name; set credentials separately");
        }
        if has(rest, "?") || has(rest, "#") {
            return config("it has a query or a fragment; leave it out");
        }
        let fits = |c: u8| c.is_ascii_alphanumeric() || b"-._:[]".contains(&c);
        if !host.bytes().all(fits) {
            return config("its host has an invalid character");
        }
        if !is_valid {
            return config("its host is not a name or an address, with or without a port from 1 to 65535");
        }
        if !path.bytes().all(|c| c.is_ascii_graphic()) {
            return config("its path is not percent-encoded");
        }
        let start = scheme.len() + 3;
        let url = format!("{scheme}://{host}{}", path.trim_end_matches('/'));
        Ok(Self { url, host: start..start + host.len(), https_assumed })
    }

    /// Returns the endpoint of another service in the same region. A custom endpoint serves all.
    ///
    /// # Errors
    /// `Config`, if this is a FIPS endpoint and the service does not have such endpoints.
    pub(crate) fn of_service(&self, service: Service) -> Result<Self> {
        match self.aws_host() {
            Some(AwsHost { service: name, region, fips, dual_stack, private: false }) if name != service.as_str() => {
                // The suffix of `bedrock-mantle` is that of dual-stack hosts.
                let dual_stack = dual_stack && name != Service::Mantle.as_str();
                Self::aws(service, region, fips, dual_stack)
            }
            _ => Ok(self.clone()),
        }
    }

    /// Returns scheme, host and prefix, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the host that is signed, with its port unless that is the scheme's default.
    pub fn host(&self) -> &str {
        self.url.get(self.host.clone()).unwrap_or_default()
    }

    /// Returns the region in the host, if the host is one of Bedrock's, or an interface endpoint of Bedrock.
    ///
    /// ```
    /// use bedrock_chat::Endpoint;
    /// let region = |url| Endpoint::custom(url).map(|endpoint| endpoint.region().map(str::to_owned));
    /// assert_eq!(region("bedrock-runtime.us-west-2.amazonaws.com")?.as_deref(), Some("us-west-2"));
    /// assert_eq!(region("https://vpce-1a2b.bedrock-runtime.us-east-1.vpce.amazonaws.com")?.as_deref(), Some("us-east-1"));
    /// assert_eq!(region("https://bedrock.example")?, None);
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    pub fn region(&self) -> Option<&str> {
        self.aws_host().map(|aws| aws.region)
    }

    pub(crate) fn aws_host(&self) -> Option<AwsHost<'_>> {
        AwsHost::parse(self.host())
    }

    /// Adds advice to a connection error if the scheme of this endpoint is likely to be wrong.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let Some(address) = self.url.strip_prefix("https://").filter(|_| error.status().is_none()) else {
            return error;
        };
        if NO_TLS.iter().any(|words| says(&error, words)) {
            return Error::of(
                ErrorKind::Connect,
                format_args!("endpoint answers without TLS: {}; set it to `http://{address}`", self.host()),
            )
            .with_transient(false)
            .with_source(error);
        }
        // `fetch` often does not report whether there was a connection.
        let unreached = matches!(error.kind().as_str(), "connect" | "interrupted");
        if self.https_assumed && unreached && self.aws_host().is_none() {
            return error.with_advice(&format!("for a server without TLS, set the endpoint to `http://{address}`"));
        }
        error
    }

    /// Returns whether other machines cannot read requests: over `https`, or to this machine.
    pub(crate) fn is_confidential(&self) -> bool {
        self.url.starts_with("https:") || is_loopback(self.host())
    }

    /// Checks that a secret may be sent here, where no other machine can read it. `or` is further advice.
    ///
    /// # Errors
    /// `Config`, if it may not.
    pub(crate) fn check_confidential(&self, secret: &str, or: &str) -> Result<()> {
        if self.is_confidential() {
            return Ok(());
        }
        let host = self.host();
        Err(Error::of(
            ErrorKind::Config,
            format_args!("{secret} is not sent over `http://` to another machine: {host}; use `https://`{or}"),
        ))
    }

    /// Returns the path prefix of all calls; empty if it has no path.
    pub fn prefix(&self) -> &str {
        self.url.get(self.host.end..).unwrap_or_default()
    }
}

/// Returns whether a text is one name or address, with or without a port. Libraries may read others differently.
fn is_host(text: &str) -> bool {
    let is_port =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u16>().is_ok_and(|port| port > 0);
    let (fits, rest) = match text.strip_prefix('[') {
        None => {
            let name = before(text, ":");
            (!name.is_empty() && !has(name, "[") && !has(name, "]"), text.get(name.len()..).unwrap_or_default())
        }
        Some(inside) => match split_once(inside, "]") {
            Some((address, rest)) => {
                (address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte)), rest)
            }
            None => return false,
        },
    };
    fits && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

/// Returns whether a host in lower case, with or without a port, is this machine: `localhost`, `[::1]`, or four
/// numbers that begin with `127`. Other notations of these addresses do not count.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(_) => return host == "[::1]" || host.starts_with("[::1]:"),
        None => before(host, ":"),
    };
    let is_number = |part: &str| matches!(part.len(), 1..=3) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_address = split(name, b'.').count() == 4 && split(name, b'.').all(is_number);
    name == "localhost" || (is_address && name.starts_with("127."))
}

/// Returns a URL for errors, without a user name, a query and a fragment: they may be secrets.
pub(crate) fn shown_url(url: &str) -> String {
    let kept = before(before(url, "?"), "#");
    let hidden = url.get(kept.len()..).unwrap_or_default();
    let (scheme, rest) = match split_once(kept, "://") {
        Some((scheme, rest)) => ([scheme, "://"].concat(), rest),
        None => (String::new(), kept),
    };
    let (host, path) = rest.split_at_checked(find(rest, "/").unwrap_or(rest.len())).unwrap_or_default();
    let host = match after_last(host, "@") {
        Some(host) => host,
        // In `http://user:p?ss@host` all of it is a password.
        None if path.is_empty() && has(hidden, "@") => "",
        None => host,
    };
    [&scheme, host, path].concat()
}

/// Returns whether the message of an error or of one of its causes contains a text, ignoring case.
fn says(error: &Error, words: &str) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if has(&error.to_string().to_ascii_lowercase(), words) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_hosts_follow_the_partition() {
        for (region, fips, dual, host) in [
            ("us-east-1", false, false, "bedrock-runtime.us-east-1.amazonaws.com"),
            ("eu-west-1", true, false, "bedrock-runtime-fips.eu-west-1.amazonaws.com"),
            ("us-east-1", false, true, "bedrock-runtime.us-east-1.api.aws"),
            ("us-gov-west-1", true, false, "bedrock-runtime-fips.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", false, false, "bedrock-runtime.cn-north-1.amazonaws.com.cn"),
            ("us-iso-east-1", false, false, "bedrock-runtime.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", false, false, "bedrock-runtime.us-isob-east-1.sc2s.sgov.gov"),
            ("eusc-de-east-1", false, false, "bedrock-runtime.eusc-de-east-1.amazonaws.eu"),
            ("zz-new-9", false, false, "bedrock-runtime.zz-new-9.amazonaws.com"),
        ] {
            assert_eq!(Endpoint::aws(Service::Runtime, region, fips, dual).unwrap().host(), host);
        }
    }

    #[test]
    fn control_plane_host_is_derived_from_the_runtime() {
        let host = |endpoint: Endpoint| endpoint.of_service(Service::ControlPlane).unwrap().host().to_owned();
        assert_eq!(
            host(Endpoint::aws(Service::Runtime, "us-east-1", true, false).unwrap()),
            "bedrock-fips.us-east-1.amazonaws.com"
        );
        assert_eq!(host(Endpoint::custom("http://localhost:80/x").unwrap()), "localhost");
    }

    #[test]
    fn custom_endpoint_keeps_port_and_prefix() {
        for (text, url, host, prefix) in [
            ("http://localhost:4566/pfx", "http://localhost:4566/pfx", "localhost:4566", "/pfx"),
            ("https://Example.com:443/", "https://example.com", "example.com", ""),
            ("http://example.com:80", "http://example.com", "example.com", ""),
            ("custom.amazonaws.com", "https://custom.amazonaws.com", "custom.amazonaws.com", ""),
            ("http://[::1]:8080/a/b//", "http://[::1]:8080/a/b", "[::1]:8080", "/a/b"),
        ] {
            let endpoint = Endpoint::custom(text).unwrap();
            assert_eq!((endpoint.url(), endpoint.host(), endpoint.prefix()), (url, host, prefix));
        }
    }

    #[test]
    fn invalid_endpoint_is_refused_with_the_reason() {
        for text in [
            "ftp://x",
            "https://",
            "http://u:p@h",
            "https://h/?q=1",
            "https://h#f",
            "https://a b",
            "https://h/ü",
            "http://localhost@evil.example",
            "http://127.0.0.1\\@evil.example",
            "http://localhost\\.evil.example",
            "http://localhost:80.evil.example",
            "http://localhost:",
            "http://[::1]evil.example",
            "http://[::1].evil.example:80",
            "http://[::1",
            "http://[localhost]",
        ] {
            assert_eq!(Endpoint::custom(text).unwrap_err().kind(), ErrorKind::Config, "{text}");
        }
        // The first lacks a slash, and its host would be `https`.
        for text in ["https:/h", "h:", "h:x", "h:0", "h:65536", "h:1:2", "h:1:443", "::1"] {
            let error = Endpoint::custom(text).unwrap_err();
            assert!(error.message().contains("port"), "{text}: {error}");
        }
        for region in ["", "us-east-1.evil.com/", "US-EAST-1", "us east"] {
            assert!(Endpoint::aws(Service::Runtime, region, false, false).is_err(), "{region}");
        }
    }

    #[test]
    fn invalid_endpoint_error_hides_secrets_in_the_url() {
        for text in [
            "https://user:secret-1@h",
            "https://h/?signature=secret-1",
            "ftp://user:secret-1@h?x=secret-1",
            "https://h/?signature=abc@secret-1",
            "https://user:secret-1?x@h",
            "https://h/#secret-1",
        ] {
            let error = Endpoint::custom(text).unwrap_err();
            assert!(!error.to_string().contains("secret-1") && error.message().contains('h'), "{error}");
        }
    }

    #[test]
    fn control_plane_uses_a_custom_host_unchanged() {
        for url in ["https://bedrock-runtime.example", "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com"] {
            assert_eq!(Endpoint::custom(url).unwrap().of_service(Service::ControlPlane).unwrap().url(), url);
        }
    }

    #[test]
    fn connection_error_suggests_http_if_the_scheme_was_assumed() {
        let refused = || Error::new(ErrorKind::Connect, "`localhost:8080` was not reached");
        let explained = |url: &str| Endpoint::custom(url).unwrap().explain(refused());
        assert!(explained("localhost:8080").message().contains("`http://localhost:8080`"));
        assert!(explained("localhost:8080").is_retryable());
        for url in ["http://localhost:8080", "https://localhost:8080", "bedrock-runtime.us-east-1.amazonaws.com"] {
            assert_eq!(explained(url).message(), refused().message(), "{url}");
        }
    }
}
