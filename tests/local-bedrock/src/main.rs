//! The local Bedrock as a program.

use std::net::IpAddr;
use std::time::Duration;

use clap::Parser;
use local_bedrock::{LocalBedrock, instructions};

/// A local imitation of Amazon Bedrock for offline tests.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Port to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port that is always bedrock-mantle; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    mantle_port: u16,
    /// Address to listen on. There is no TLS: keep it on loopback.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Path in front of every operation, for example /bedrock.
    #[arg(long, default_value = "")]
    prefix: String,
    /// The only region that signatures may be scoped to; any if left out.
    #[arg(long)]
    region: Option<String>,
    /// Pause before each frame of a stream, in milliseconds.
    #[arg(long, default_value_t = 15)]
    frame_delay_ms: u64,
    /// Seconds that this server's clock is ahead (negative: behind).
    #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
    clock_offset: i64,
    /// Accept every request without checking signatures and keys.
    #[arg(long)]
    no_verify: bool,
    /// Refuse Anthropic messages with two turns of one role in a row.
    #[arg(long)]
    strict_alternation: bool,
    /// Base URL of a server with OpenAI's Chat Completions API that answers instead of the echo model, for example
    /// http://127.0.0.1:11434/v1.
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// The model to ask the upstream server for; by default the id of the request. A key for the server can be in the
    /// environment variable UPSTREAM_API_KEY.
    #[arg(long, value_name = "NAME", requires = "upstream")]
    upstream_model: Option<String>,
    /// An application inference profile: the last part of its ARN, an equals sign, the id of its model.
    #[arg(long, value_name = "ID=MODEL")]
    application_profile: Vec<String>,
    /// Vendor behind ARNs that do not name a model.
    #[arg(long, default_value = "anthropic")]
    opaque_family: String,
}

#[allow(clippy::print_stdout)] // The program prints how to reach it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let mut builder = LocalBedrock::builder()
        .host(arguments.host)
        .port(arguments.port)
        .mantle_port(arguments.mantle_port)
        .prefix(&arguments.prefix)
        .frame_delay(Duration::from_millis(arguments.frame_delay_ms))
        .clock_offset(arguments.clock_offset)
        .verify_signatures(!arguments.no_verify)
        .strict_alternation(arguments.strict_alternation)
        .opaque_family(&arguments.opaque_family);
    if let Some(url) = &arguments.upstream {
        let key = std::env::var("UPSTREAM_API_KEY").ok();
        builder = builder.upstream(url, arguments.upstream_model.as_deref(), key.as_deref());
    }
    for profile in &arguments.application_profile {
        let Some((id, model)) = profile.split_once('=') else {
            return Err(std::io::Error::other(format!("--application-profile wants ID=MODEL, not {profile}")));
        };
        builder = builder.application_profile(id, model);
    }
    if let Some(region) = &arguments.region {
        builder = builder.region(region);
    }
    let bedrock = builder.start().await?;
    println!("{}", instructions(&bedrock.url(), &bedrock.mantle_url(), arguments.region.as_deref()));
    tokio::signal::ctrl_c().await?;
    bedrock.shutdown().await;
    Ok(())
}
