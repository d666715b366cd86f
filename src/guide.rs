//! Guides by topic. The [README](https://github.com/bedrock-chat/bedrock-chat#readme) is the first one.

#[doc = include_str!("../docs/apis.md")]
pub mod apis {}

#[doc = include_str!("../docs/credentials.md")]
pub mod credentials {}

#[doc = include_str!("../docs/gateways.md")]
pub mod gateways {}

#[doc = include_str!("../docs/production.md")]
pub mod production {}

#[doc = include_str!("../docs/from-aws-sdk.md")]
pub mod from_aws_sdk {}

#[cfg(feature = "gateway")]
#[doc = include_str!("../docs/serve.md")]
pub mod serve {}
