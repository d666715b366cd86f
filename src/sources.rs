//! Sources of temporary credentials, over the crate's own transport.

mod cognito;
pub(crate) mod document;
pub(crate) mod http;
mod place;
mod sts;
pub(crate) mod time;
mod token;
mod web_identity;
mod xml;

pub use cognito::CognitoCredentials;
pub use sts::AssumeRoleCredentials;
pub use token::{IdentityToken, ProvideIdentityToken};
pub use web_identity::WebIdentityCredentials;

#[cfg(test)]
pub(crate) mod tests;
