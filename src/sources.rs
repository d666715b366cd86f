//! Sources of temporary credentials, over the crate's own transport.

mod document;
mod http;
mod place;
mod sts;
mod time;
mod xml;

pub use sts::AssumeRoleCredentials;

#[cfg(test)]
mod tests;
