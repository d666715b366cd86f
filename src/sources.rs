//! Sources of temporary credentials, over the crate's own transport.

mod cognito;
mod defaults;
pub(crate) mod document;
pub(crate) mod http;
pub(crate) mod service_host;
mod sts;
pub(crate) mod time;
mod token;
mod web_identity;
mod xml;

pub use cognito::CognitoCredentials;
pub(crate) use defaults::DefaultOf;
pub use sts::AssumeRoleCredentials;
pub use token::{IdentityToken, ProvideIdentityToken};
pub use web_identity::WebIdentityCredentials;

#[cfg(test)]
pub(crate) mod tests;
