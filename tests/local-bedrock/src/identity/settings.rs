//! Settings of the services that issue keys.

use serde::{Deserialize, Serialize};

/// The access token of an SSO session that every server accepts.
pub const TEST_SSO_TOKEN: &str = "sso-access-token-local";
/// The refresh token that `CreateToken` of SSO OIDC and the sign-in service accept until it is used.
pub const TEST_REFRESH_TOKEN: &str = "refresh-token-local";
/// The client id for SSO OIDC.
pub const TEST_CLIENT_ID: &str = "client-id-local";
/// The client secret for SSO OIDC.
pub const TEST_CLIENT_SECRET: &str = "client-secret-local";
/// The value of `Authorization` that EKS's path of the container credentials wants by default.
pub const TEST_CONTAINER_TOKEN: &str = "container-token-local";

/// Settings of STS, IMDS, container credentials, SSO, sign-in and Cognito. The same names are the JSON keys of
/// `POST /_local/identity`, which replaces all of them.
///
/// ```
/// use local_bedrock::{Identity, Role};
///
/// let role = Role::new("arn:aws:iam::123456789012:role/Reader").external_id("customer-7");
/// let identity = Identity { roles: vec![role], imds_v1: true, ..Identity::default() };
/// # let _ = identity;
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// More keys that are accepted, by STS and by the local Bedrock. Default: none.
    pub keys: Vec<KeyPair>,
    /// Roles with conditions. Any other role can be assumed by everyone, for at most 12 hours. Default: none.
    pub roles: Vec<Role>,
    /// The role of the EC2 instance; `null` (`None`) for an instance without a role. Default: `local-instance-role`.
    pub instance_role: Option<String>,
    /// Whether IMDS answers without a session token (version 1). Default: false.
    pub imds_v1: bool,
    /// The `Authorization` that `/v1/credentials` (EKS) wants, and `/v2/credentials/` (ECS) if the client sends one.
    /// Default: [`TEST_CONTAINER_TOKEN`].
    pub container_token: String,
    /// Lifetime of keys from IMDS, container credentials and SSO, in seconds. Default: six hours.
    pub lifetime_seconds: i64,
    /// Whether Cognito issues keys without logins. Default: true.
    pub unauthenticated_identities: bool,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            roles: Vec::new(),
            instance_role: Some("local-instance-role".to_owned()),
            imds_v1: false,
            container_token: TEST_CONTAINER_TOKEN.to_owned(),
            lifetime_seconds: 21_600,
            unauthenticated_identities: true,
        }
    }
}

/// A key pair that does not expire.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPair {
    /// The id.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// The session token that must be sent with it. Default: none.
    #[serde(default)]
    pub session_token: Option<String>,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// A role, and the conditions to assume it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// The external id that callers must send. Default: none.
    pub external_id: Option<String>,
    /// The device whose code callers must send (`123456` is valid). Default: none.
    pub mfa_serial: Option<String>,
    /// The longest session, in seconds. Default: 12 hours.
    pub max_session_seconds: Option<i64>,
    /// The id of the only key that may assume it. Default: every key.
    pub trusted_key_id: Option<String>,
}

impl Role {
    /// A role without conditions.
    pub fn new(arn: &str) -> Self {
        Self { arn: arn.to_owned(), ..Self::default() }
    }

    /// The external id that callers must send.
    pub fn external_id(mut self, id: &str) -> Self {
        self.external_id = Some(id.to_owned());
        self
    }

    /// The longest session, in seconds.
    pub fn max_session_seconds(mut self, seconds: i64) -> Self {
        self.max_session_seconds = Some(seconds);
        self
    }

    /// The id of the only key that may assume it.
    pub fn trusted_key_id(mut self, id: &str) -> Self {
        self.trusted_key_id = Some(id.to_owned());
        self
    }
}
