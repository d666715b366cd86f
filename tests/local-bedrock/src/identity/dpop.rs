//! DPoP proofs (RFC 9449): a JWT that is signed with the key of the session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// How far the clocks may be apart, in seconds.
const SKEW: u64 = 300;

/// A proof that holds.
#[derive(Debug)]
pub(super) struct Proof {
    /// `jti`, which must not be used twice.
    pub(super) id: String,
    /// The thumbprint of the key (RFC 7638).
    pub(super) thumbprint: String,
}

fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str, String> {
    object.get(name).and_then(Value::as_str).ok_or_else(|| format!("{name} is missing"))
}

fn equal(object: &Value, name: &str, wanted: &str) -> Result<(), String> {
    let value = text(object, name)?;
    if value == wanted { Ok(()) } else { Err(format!("{name} is {value}, not {wanted}")) }
}

/// Verifies a proof for a request to `url`. The error says what is wrong with it.
pub(super) fn verify(proof: &str, method: &str, url: &str, now: i64) -> Result<Proof, String> {
    let (signed, signature) = proof.rsplit_once('.').ok_or("it does not have three parts")?;
    let (header, claims) = signed.split_once('.').ok_or("it does not have three parts")?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|error| format!("a part is not base64url: {error}"));
    let json = |part: &str| -> Result<Value, String> {
        serde_json::from_slice(&decode(part)?).map_err(|error| format!("a part is not JSON: {error}"))
    };
    let (header, claims) = (json(header)?, json(claims)?);
    equal(&header, "typ", "dpop+jwt")?;
    equal(&header, "alg", "ES256")?;
    let key = header.get("jwk").ok_or("jwk is missing")?;
    equal(key, "kty", "EC")?;
    equal(key, "crv", "P-256")?;
    if key.get("d").is_some() {
        return Err("jwk has the private key".to_owned());
    }
    let (x, y) = (text(key, "x")?, text(key, "y")?);
    let (x_bytes, y_bytes) = (decode(x)?, decode(y)?);
    if x_bytes.len() != 32 || y_bytes.len() != 32 {
        return Err("x and y do not have 32 bytes".to_owned());
    }
    let point = [&[4], x_bytes.as_slice(), y_bytes.as_slice()].concat();
    let key = VerifyingKey::from_sec1_bytes(&point).map_err(|_| "x and y are not a point of the curve")?;
    let signature = Signature::from_slice(&decode(signature)?).map_err(|_| "the signature does not fit")?;
    key.verify(signed.as_bytes(), &signature).map_err(|_| "the signature does not fit")?;
    equal(&claims, "htm", method)?;
    equal(&claims, "htu", url)?;
    let issued_at = claims.get("iat").and_then(Value::as_i64).ok_or("iat is missing")?;
    if issued_at.abs_diff(now) > SKEW {
        return Err(format!("iat is {issued_at}, the time is {now}"));
    }
    let id = text(&claims, "jti")?.to_owned();
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    Ok(Proof { id, thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes())) })
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    const URL: &str = "http://127.0.0.1:8080/v1/token";

    fn proof(change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref();
        let part = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        let mut header = json!({"typ": "dpop+jwt", "alg": "ES256",
            "jwk": {"kty": "EC", "crv": "P-256", "x": part(1), "y": part(33)}});
        let mut claims = json!({"htm": "POST", "htu": URL, "iat": 1_000, "jti": "one"});
        change(&mut header, &mut claims);
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = pair.sign(&random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn reason(proof: &str) -> String {
        verify(proof, "POST", URL, 1_010).unwrap_err()
    }

    #[test]
    fn valid_dpop_proof_is_accepted() {
        let verified = verify(&proof(|_, _| ()), "POST", URL, 1_010).unwrap();
        assert_eq!((verified.id.as_str(), verified.thumbprint.len()), ("one", 43));
    }

    #[test]
    fn dpop_proof_with_a_wrong_claim_is_refused() {
        assert_eq!(reason(&proof(|_, claims| claims["htm"] = "GET".into())), "htm is GET, not POST");
        assert!(reason(&proof(|_, claims| claims["htu"] = "http://other/v1/token".into())).starts_with("htu is http"));
        assert_eq!(reason(&proof(|_, claims| claims["iat"] = 600.into())), "iat is 600, the time is 1010");
        assert_eq!(reason(&proof(|_, claims| claims["jti"] = Value::Null)), "jti is missing");
        assert_eq!(reason(&proof(|header, _| header["alg"] = "none".into())), "alg is none, not ES256");
        assert_eq!(reason(&proof(|header, _| header["jwk"]["d"] = "x".into())), "jwk has the private key");
    }

    #[test]
    fn dpop_proof_with_a_wrong_signature_is_refused() {
        let (one, other) = (proof(|_, _| ()), proof(|_, _| ()));
        let (signed, _) = one.rsplit_once('.').unwrap();
        let (_, signature) = other.rsplit_once('.').unwrap();
        assert_eq!(reason(&format!("{signed}.{signature}")), "the signature does not fit");
        assert_eq!(reason("one.two"), "it does not have three parts");
    }
}
