//! Authentication: SigV4 signatures recomputed by `aws-sigv4`, and bearer keys.

mod bearer;
mod canonical;
mod sigv4;

use crate::clock::Clock;
use crate::identity::Issued;
use crate::problem::Problem;
use crate::recorded::Verdict;

/// A key pair that the server accepts.
#[derive(Clone)]
pub(crate) struct KnownKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: TokenRule,
}

/// The token that a key requires in `x-amz-security-token`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum TokenRule {
    /// A long-term key: no token, or exactly this token.
    Optional(String),
    /// A temporary key: exactly this token.
    Required(String),
    /// An expired temporary key.
    Expired(String),
    /// A long-term key: no token.
    None,
}

/// The keys and signatures that the server accepts.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) keys: Vec<KnownKey>,
    pub(crate) bearer_keys: Vec<String>,
    pub(crate) region: Option<String>,
    pub(crate) service: String,
    pub(crate) verify: bool,
    /// Keys of the identity services.
    pub(crate) issued: Issued,
}

impl Rules {
    /// Returns the key with this id, if the server made it or was given it.
    fn key(&self, id: &str, now: i64) -> Option<KnownKey> {
        let configured = self.keys.iter().find(|key| key.id == id).cloned();
        configured.or_else(|| self.issued.key(id, now))
    }
}

/// A request as received.
#[derive(Debug)]
pub(crate) struct Wire<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

impl Wire<'_> {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// The region in the scope of a signature.
pub(crate) fn region(headers: &[(String, String)]) -> Option<&str> {
    let (_, authorization) = headers.iter().find(|(name, _)| name == "authorization")?;
    let (_, scope) = authorization.split_once("Credential=")?;
    scope.split(',').next()?.rsplit('/').nth(2)
}

fn refused(status: u16, error_type: &str, message: impl Into<String>) -> Problem {
    Problem::new(status, error_type, message)
}

/// Authenticates one request. `service` is the one that it must be signed for.
pub(crate) fn check(wire: &Wire<'_>, rules: &Rules, service: &str, clock: &Clock) -> Result<Verdict, Problem> {
    if !rules.verify {
        return Ok(Verdict::Unchecked);
    }
    let mut authorizations = wire.headers.iter().filter(|(name, _)| name == "authorization");
    let Some((_, authorization)) = authorizations.next() else {
        return Err(refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    if authorizations.next().is_some() {
        return Err(refused(
            400,
            "IncompleteSignatureException",
            "There is more than one Authorization header in the request.",
        ));
    }
    if let Some(key) = authorization.strip_prefix("Bearer ") {
        return bearer::check(key, rules, clock);
    }
    sigv4::check(wire, authorization, rules, service, clock)
}
