//! The services that issue temporary keys: STS, IMDS, container credentials, SSO, sign-in and Cognito. They are on the
//! same port, and the local Bedrock accepts the keys that they issue until these expire.

mod cognito;
mod container;
mod dpop;
mod form;
mod imds;
mod issued;
mod login;
mod refusal;
mod settings;
mod sso;
mod state;
mod sts;
mod web_identity;

use crate::auth::{self, Rules, Wire};
use crate::clock::Clock;
use crate::delivery::{self, Reply};
use crate::faults::Fault;
use crate::problem::Problem;
use crate::recorded::Verdict;

pub(crate) use issued::Issued;
pub use settings::{
    Identity, KeyPair, Role, TEST_CLIENT_ID, TEST_CLIENT_SECRET, TEST_CONTAINER_TOKEN, TEST_REFRESH_TOKEN,
    TEST_SSO_TOKEN,
};
pub(crate) use state::State;

/// The account of all keys.
pub(crate) const ACCOUNT: &str = "123456789012";

/// An operation of one of these services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    AssumeRole,
    AssumeRoleWithWebIdentity,
    GetCallerIdentity,
    /// An action of the Query protocol that does not exist here.
    UnknownAction,
    ImdsToken,
    ImdsRoles,
    ImdsCredentials,
    /// Any other path of IMDS.
    ImdsOther,
    ContainerCredentials,
    GetRoleCredentials,
    CreateToken,
    CreateOAuth2Token,
    GetId,
    GetCredentialsForIdentity,
    /// A target of Cognito that does not exist here.
    UnknownTarget,
}

/// The protocol of a service, which decides the shape of its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// STS: XML.
    Query,
    /// IMDS: text.
    Text,
    /// `{"code": ..., "message": ...}`
    Container,
    /// `x-amzn-errortype`, `__type` and `message`.
    Json,
    /// SSO OIDC: `error` and `error_description`.
    OAuth,
    /// Sign-in: `error` and `message`.
    SignIn,
}

/// Returns the operation that a request is for, if it is for one of these services. `below_prefix` is the path without
/// the server's prefix.
pub(crate) fn operation(wire: &Wire<'_>, below_prefix: Option<&str>) -> Option<Operation> {
    // Clients of IMDS and containers do not send the prefix.
    let path = below_prefix.unwrap_or(wire.path);
    match (wire.method, path) {
        ("POST" | "GET", "" | "/") => match wire.header("x-amz-target") {
            Some(target) => Some(match target.strip_prefix("AWSCognitoIdentityService.")? {
                "GetId" => Operation::GetId,
                "GetCredentialsForIdentity" => Operation::GetCredentialsForIdentity,
                _ => Operation::UnknownTarget,
            }),
            None => Some(match form::Parameters::of(wire).get("Action")? {
                "AssumeRole" => Operation::AssumeRole,
                "AssumeRoleWithWebIdentity" => Operation::AssumeRoleWithWebIdentity,
                "GetCallerIdentity" => Operation::GetCallerIdentity,
                _ => Operation::UnknownAction,
            }),
        },
        ("GET", "/federation/credentials") => Some(Operation::GetRoleCredentials),
        ("POST", "/token") => Some(Operation::CreateToken),
        ("POST", "/v1/token") => Some(Operation::CreateOAuth2Token),
        ("GET", path) if path == container::EKS_PATH || path.starts_with(container::ECS_PATH) => {
            Some(Operation::ContainerCredentials)
        }
        (_, "/latest/api/token") => Some(Operation::ImdsToken),
        ("GET", path) if path.starts_with("/latest/") => Some(match path.strip_prefix(imds::ROLES) {
            Some("" | "/") => Operation::ImdsRoles,
            Some(role) if role.starts_with('/') => Operation::ImdsCredentials,
            _ => Operation::ImdsOther,
        }),
        _ => None,
    }
}

/// One request to an identity service.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) wire: Wire<'a>,
    pub(crate) request_id: &'a str,
    pub(crate) server: &'a crate::state::State,
}

impl Call<'_> {
    fn now(&self) -> i64 {
        self.server.clock.now()
    }

    fn state(&self) -> &State {
        &self.server.identity
    }
}

impl Operation {
    /// Returns the name that faults are chosen by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::UnknownAction => "UnknownAction",
            Self::ImdsToken => "ImdsToken",
            Self::ImdsRoles => "ImdsRoles",
            Self::ImdsCredentials => "ImdsCredentials",
            Self::ImdsOther => "ImdsOther",
            Self::ContainerCredentials => "ContainerCredentials",
            Self::GetRoleCredentials => "GetRoleCredentials",
            Self::CreateToken => "CreateToken",
            Self::CreateOAuth2Token => "CreateOAuth2Token",
            Self::GetId => "GetId",
            Self::GetCredentialsForIdentity => "GetCredentialsForIdentity",
            Self::UnknownTarget => "UnknownTarget",
        }
    }

    fn protocol(self) -> Protocol {
        match self {
            Self::AssumeRole | Self::AssumeRoleWithWebIdentity | Self::GetCallerIdentity | Self::UnknownAction => {
                Protocol::Query
            }
            Self::ImdsToken | Self::ImdsRoles | Self::ImdsCredentials | Self::ImdsOther => Protocol::Text,
            Self::ContainerCredentials => Protocol::Container,
            Self::CreateToken => Protocol::OAuth,
            Self::CreateOAuth2Token => Protocol::SignIn,
            Self::GetRoleCredentials | Self::GetId | Self::GetCredentialsForIdentity | Self::UnknownTarget => {
                Protocol::Json
            }
        }
    }

    /// Checks the signature of the operations that take one.
    pub(crate) fn authenticate(self, wire: &Wire<'_>, rules: &Rules, clock: &Clock) -> Result<Verdict, Problem> {
        match self {
            Self::AssumeRole | Self::GetCallerIdentity => {
                if wire.header("authorization").is_some_and(|value| value.starts_with("Bearer ")) {
                    let message = "Missing Authentication Token";
                    return Err(Problem::new(403, "MissingAuthenticationTokenException", message));
                }
                auth::check(wire, rules, "sts", clock)
            }
            _ => Ok(Verdict::Unchecked),
        }
    }

    pub(crate) fn answer(self, call: &Call<'_>, verdict: &Verdict) -> Result<Reply, Problem> {
        match self {
            Self::AssumeRole => sts::assume_role(call, verdict),
            Self::AssumeRoleWithWebIdentity => web_identity::assume_role(call),
            Self::GetCallerIdentity => sts::caller_identity(call, verdict),
            Self::UnknownAction => Err(sts::unknown_action(&form::Parameters::of(&call.wire))),
            Self::ImdsToken => imds::token(call),
            Self::ImdsRoles => imds::roles(call),
            Self::ImdsCredentials => imds::credentials(call),
            Self::ImdsOther => imds::other(call),
            Self::ContainerCredentials => container::credentials(call),
            Self::GetRoleCredentials => sso::role_credentials(call),
            Self::CreateToken => sso::create_token(call),
            Self::CreateOAuth2Token => login::create_token(call),
            Self::GetId => cognito::get_id(call),
            Self::GetCredentialsForIdentity => cognito::credentials(call),
            Self::UnknownTarget => Err(Problem::new(400, "UnknownOperationException", "")),
        }
    }

    /// Returns an error in the shape of the service.
    pub(crate) fn refusal(self, problem: Problem, request_id: &str) -> Reply {
        refusal::reply(self.protocol(), problem, request_id)
    }

    /// Returns the reply that a fault sets. Its error has the shape of the service.
    pub(crate) fn replacement(self, fault: &Fault, request_id: &str) -> Option<Reply> {
        match &fault.error_type {
            Some(error_type) if fault.shape.is_none() && fault.body.is_none() && fault.body_base64.is_none() => {
                let message = fault.message.as_deref().unwrap_or_default();
                Some(self.refusal(Problem::new(fault.status.unwrap_or(400), error_type, message), request_id))
            }
            _ => delivery::replacement(fault),
        }
    }
}
