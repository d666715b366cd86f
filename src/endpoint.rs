//! Where calls go: AWS's hosts, or an endpoint of your own.

use crate::error::{Error, ErrorKind, Result};
use crate::text::{find, has, split_once};

/// Where calls go, and what host and path they are signed for.
///
/// ```
/// use bedrock_chat::Endpoint;
/// let endpoint = Endpoint::aws("us-east-1", false, false)?;
/// assert_eq!(endpoint.url(), "https://bedrock-runtime.us-east-1.amazonaws.com");
/// let endpoint = Endpoint::custom("http://localhost:4566/pfx/")?;
/// assert_eq!((endpoint.host(), endpoint.prefix()), ("localhost:4566", "/pfx"));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    /// Where the host begins and ends in the URL.
    host: std::ops::Range<usize>,
}

/// AWS's partitions: how their regions begin, the suffix of their hosts, and that of their dual-stack hosts.
///
/// See [Bedrock's endpoints](https://docs.aws.amazon.com/general/latest/gr/bedrock.html).
const PARTITIONS: &[(&str, &str, &str)] = &[
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("", "amazonaws.com", "api.aws"),
];

impl Endpoint {
    /// Bedrock's own host in a region; `fips` and `dual_stack` choose its variants.
    ///
    /// # Errors
    /// `Config`, where the region is no region's name.
    pub fn aws(region: &str, fips: bool, dual_stack: bool) -> Result<Self> {
        let fits = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if region.is_empty() || region.len() > 63 || !region.bytes().all(fits) {
            return Err(Error::of(
                ErrorKind::Config,
                format_args!("\"{region}\" is not the name of an AWS region, such as us-east-1"),
            ));
        }
        let found = PARTITIONS.iter().find(|(prefix, ..)| region.starts_with(prefix));
        let (_, plain, dual) = found.copied().unwrap_or(("", "amazonaws.com", "api.aws"));
        let suffix = if dual_stack { dual } else { plain };
        let fips = if fips { "-fips" } else { "" };
        Self::custom(&format!("https://bedrock-runtime{fips}.{region}.{suffix}"))
    }

    /// An endpoint of your own: it is called and signed for. A path is kept as a
    /// prefix; without `http://` or `https://`, `https` is meant.
    ///
    /// # Errors
    /// `Config`, where the text is no such URL.
    pub fn custom(text: &str) -> Result<Self> {
        let config = |why: &str| Err(Error::of(ErrorKind::Config, format_args!("the endpoint \"{text}\" {why}")));
        let text = text.trim();
        let (scheme, rest) = split_once(text, "://").unwrap_or(("https", text));
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            _ => return config("has a scheme other than http and https"),
        };
        let (host, path) = rest.split_at_checked(find(rest, "/").unwrap_or(rest.len())).unwrap_or_default();
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(default_port).unwrap_or(&host);
        if host.is_empty() {
            return config("has no host");
        }
        if has(host, "@") {
            return config("has a user name in it: give credentials apart");
        }
        if has(rest, "?") || has(rest, "#") {
            return config("has a query or fragment, which cannot be kept");
        }
        let fits = |c: u8| c.is_ascii_alphanumeric() || b"-._:[]".contains(&c);
        if !host.bytes().all(fits) {
            return config("has a host with a character that no host has");
        }
        if !path.bytes().all(|c| c.is_ascii_graphic()) {
            return config("has a path that is not percent-encoded");
        }
        let start = scheme.len() + 3;
        let url = format!("{scheme}://{host}{}", path.trim_end_matches('/'));
        Ok(Self { url, host: start..start + host.len() })
    }

    /// The endpoint of Bedrock's control plane beside this one of its runtime; an
    /// endpoint of your own serves both.
    ///
    /// # Errors
    /// None for endpoints that this type made.
    pub(crate) fn control_plane(&self) -> Result<Self> {
        match self.url.strip_prefix("https://bedrock-runtime") {
            Some(rest) => Self::custom(&format!("https://bedrock{rest}")),
            None => Ok(self.clone()),
        }
    }

    /// Scheme, host and prefix, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host with its port, unless that is the scheme's own: what is signed.
    pub fn host(&self) -> &str {
        self.url.get(self.host.clone()).unwrap_or_default()
    }

    /// The path that all calls begin with; empty if there is none.
    pub fn prefix(&self) -> &str {
        self.url.get(self.host.end..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_its_hosts() {
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
            assert_eq!(Endpoint::aws(region, fips, dual).unwrap().host(), host);
        }
    }

    #[test]
    fn the_control_plane_is_beside_the_runtime() {
        let host = |endpoint: Endpoint| endpoint.control_plane().unwrap().host().to_owned();
        assert_eq!(host(Endpoint::aws("us-east-1", true, false).unwrap()), "bedrock-fips.us-east-1.amazonaws.com");
        assert_eq!(host(Endpoint::custom("http://localhost:80/x").unwrap()), "localhost");
    }

    #[test]
    fn custom_endpoints_keep_port_and_prefix_and_drop_the_default_port() {
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
    fn what_is_no_endpoint_is_refused_with_the_reason() {
        for text in
            ["ftp://x", "https://", "http://u:p@h", "https://h/?q=1", "https://h#f", "https://a b", "https://h/ü"]
        {
            assert_eq!(Endpoint::custom(text).unwrap_err().kind(), ErrorKind::Config, "{text}");
        }
        for region in ["", "us-east-1.evil.com/", "US-EAST-1", "us east"] {
            assert!(Endpoint::aws(region, false, false).is_err(), "{region}");
        }
    }
}
