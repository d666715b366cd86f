//! Code shared by the examples: AWS if the environment sets credentials or a profile, else a local Bedrock.

use bedrock_chat::{BedrockChat, BedrockChatBuilder, Credentials};
use local_bedrock::LocalBedrock;

/// The model that the examples use by default.
#[allow(dead_code, reason = "not every example asks for it")]
pub(crate) const MODEL: &str = "us.anthropic.claude-sonnet-4-6";

/// A builder with region and endpoint, and the local server, which runs until the connection is dropped.
pub(crate) struct Connection {
    pub(crate) builder: BedrockChatBuilder,
    _local: Option<LocalBedrock>,
}

/// Begins a chat with AWS if a variable sets credentials, a profile or an endpoint, or if an endpoint is given. Otherwise
/// starts a local Bedrock in this process and prints a note.
pub(crate) async fn connect(model: &str, endpoint: Option<&str>) -> Result<Connection, Box<dyn std::error::Error>> {
    let builder = BedrockChat::builder(model);
    if let Some(url) = endpoint {
        return Ok(Connection { builder: builder.endpoint_url(url), _local: None });
    }
    if means_aws() {
        return Ok(Connection { builder, _local: None });
    }
    let local = LocalBedrock::builder().frame_delay(std::time::Duration::from_millis(15)).start().await?;
    eprintln!("No AWS credentials in the environment: talking to a local Bedrock at {}.", local.url());
    eprintln!("For AWS, set AWS_PROFILE (`default` is one), or AWS_BEARER_TOKEN_BEDROCK (a Bedrock API key), or");
    eprintln!("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; and AWS_REGION, unless the profile has a region.\n");
    let keys = local.test_credentials();
    let builder = builder
        .region("us-east-1")
        .endpoint_url(local.url())
        .fips(false)
        .dual_stack(false)
        .credentials(Credentials::new(keys.access_key_id, keys.secret_access_key));
    Ok(Connection { builder, _local: Some(local) })
}

/// Returns whether one of AWS's variables sets credentials, a profile or an endpoint. Files alone do not count, so that
/// an example never costs money by accident.
fn means_aws() -> bool {
    const WORDS: &[&str] = &["KEY", "TOKEN", "PROFILE", "CREDENTIALS", "CONFIG_FILE", "ROLE_ARN", "ENDPOINT_URL"];
    std::env::vars_os().any(|(name, value)| {
        let name = name.to_string_lossy();
        let aws = name.starts_with("AWS_") || name.starts_with("BEDROCK_AWS_");
        aws && !value.is_empty() && WORDS.iter().any(|word| name.contains(word))
    })
}
