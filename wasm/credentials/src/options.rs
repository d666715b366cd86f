//! The names of options.

/// The names in Rust of options, with those in JavaScript where they differ.
pub(crate) static NAMES: &[(&str, &str)] = &[
    ("duration", "durationSeconds"),
    ("endpoint_url", "endpointUrl"),
    ("external_id", "externalId"),
    ("identity_pool_id", "identityPoolId"),
    ("role_arn", "roleArn"),
    ("session_name", "sessionName"),
];
