//! Proofs that a client has the key of its refresh token: DPoP, [RFC 9449](https://www.rfc-editor.org/rfc/rfc9449).

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// Returns an error, as signatures need the feature.
#[cfg(not(feature = "login"))]
pub(super) fn proof(_: &str, _: &str, _: Duration) -> Result<String> {
    Err(Error::new(
        ErrorKind::Config,
        "sessions of `aws login` are renewed only with the feature `login`; enable it, or run `aws login`",
    ))
}

/// Returns a proof for a `POST` to this URL: a JSON Web Token, signed with ES256.
///
/// # Errors
/// `Credentials`, if the key is not one of P-256 in PEM.
#[cfg(feature = "login")]
pub(super) fn proof(pem: &str, url: &str, now: Duration) -> Result<String> {
    signed::proof(pem, url, now)
}

#[cfg(feature = "login")]
mod signed {
    use ring::rand::{SecureRandom, SystemRandom};
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use zeroize::Zeroizing;

    use super::{Duration, Error, ErrorKind, Result};
    use crate::base64;
    use crate::chain::cache::hex;
    use crate::json::Writer;

    pub(super) fn proof(pem: &str, url: &str, now: Duration) -> Result<String> {
        let failed = |why: &str| {
            Error::of(ErrorKind::Credentials, format_args!("DPoP key of the login session {why}; run `aws login`"))
        };
        let random = SystemRandom::new();
        let body: String = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        let (body, mut der) = (Zeroizing::new(body), Zeroizing::new(Vec::new()));
        base64::decode(body.as_bytes(), &mut der).map_err(|_| failed("is not PEM"))?;
        let (private, public) = parts(&der).ok_or_else(|| failed("is not a pair of keys of P-256"))?;
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, private, public, &random)
                .map_err(|_| failed("is not a pair of keys of P-256"))?;
        let point = pair.public_key().as_ref();
        let (x, y) = (point.get(1..33).unwrap_or_default(), point.get(33..65).unwrap_or_default());
        let mut header = Writer::new();
        header.begin_object();
        header.field("typ", "dpop+jwt");
        header.field("alg", "ES256");
        header.object("jwk");
        header.field("kty", "EC");
        header.field("x", &url_safe(x));
        header.field("y", &url_safe(y));
        header.field("crv", "P-256");
        header.end_object();
        header.end_object();
        let mut id = [0; 16];
        random.fill(&mut id).map_err(|_| failed("cannot be used: the system's random number generator failed"))?;
        let mut payload = Writer::new();
        payload.begin_object();
        payload.field("htm", "POST");
        payload.field("htu", url);
        payload.opt_u64("iat", Some(now.as_secs()));
        payload.field("jti", &uuid(id));
        payload.end_object();
        let input = [url_safe(header.finish().as_bytes()), url_safe(payload.finish().as_bytes())].join(".");
        let signature = pair.sign(&random, input.as_bytes()).map_err(|_| failed("cannot sign"))?;
        Ok([input, url_safe(signature.as_ref())].join("."))
    }

    /// Returns bytes as a UUID of version 4.
    fn uuid(mut bytes: [u8; 16]) -> String {
        let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
        *version = *version & 0x0f | 0x40;
        *variant = *variant & 0x3f | 0x80;
        let digits = hex(&bytes);
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }

    /// Encodes as base64 for URLs, without padding.
    fn url_safe(bytes: &[u8]) -> String {
        let mut text = String::new();
        base64::encode(bytes, &mut text);
        text.trim_end_matches('=').replace('+', "-").replace('/', "_")
    }

    /// Returns the private and the public key in DER: an `ECPrivateKey` (RFC 5915), alone or within PKCS #8.
    fn parts(der: &[u8]) -> Option<(&[u8], &[u8])> {
        let (SEQUENCE, mut inside, _) = element(der)? else { return None };
        loop {
            let (tag, value, rest) = element(inside)?;
            inside = rest;
            match (tag, value) {
                // The version, and in PKCS #8 the algorithm.
                (INTEGER | SEQUENCE, _) => {}
                (OCTETS, private) if private.len() == 32 => return Some((private, public(inside)?)),
                (OCTETS, key) => return parts(key),
                _ => return None,
            }
        }
    }

    /// Returns the public key behind the private one: `[1] BIT STRING`.
    fn public(mut rest: &[u8]) -> Option<&[u8]> {
        loop {
            let (tag, value, after) = element(rest)?;
            rest = after;
            if tag == PUBLIC {
                let (BITS, bits, _) = element(value)? else { return None };
                return bits.strip_prefix(&[0]).filter(|point| point.len() == 65);
            }
        }
    }

    const INTEGER: u8 = 2;
    const BITS: u8 = 3;
    const OCTETS: u8 = 4;
    const SEQUENCE: u8 = 0x30;
    const PUBLIC: u8 = 0xa1;

    /// Splits off the first element: its tag, its value, and the rest.
    fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
        let (&tag, rest) = der.split_first()?;
        let (&short, rest) = rest.split_first()?;
        // Longer lengths have one or two bytes here.
        let (length, rest) = match short {
            0..=0x7f => (usize::from(short), rest),
            0x81 => rest.split_first().map(|(&length, rest)| (usize::from(length), rest))?,
            0x82 => rest.split_first_chunk().map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?,
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        Some((tag, value, rest))
    }
}
