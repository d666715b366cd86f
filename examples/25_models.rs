//! Tables of the available models and inference profiles.
//!
//! ```sh
//! cargo run --example models
//! cargo run --example models -- anthropic                                   # ids that contain a text
//! cargo run --example models -- --resolve arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{FoundationModel, InferenceProfile, MantleModel};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, arn] = arguments.as_slice()
        && flag == "--resolve"
    {
        // One request asks for the model behind the ARN. `build` would use Converse without asking.
        let connection = support::connect(arn, None).await?;
        let chat = connection.builder.clone().build_resolved().await?;
        println!("{arn} is {}", chat.model().base().unwrap_or("not an application profile"));
        return Ok(());
    }
    let wanted = arguments.first().map_or("", String::as_str);
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().build()?;

    let mut models = chat.models().await?;
    models.retain(|model| model.id.contains(wanted) && model.output_modalities.iter().any(|it| it == "TEXT"));
    print_table(["model", "input", "streams", "called by", "lifecycle"], models.iter().map(row_of_model));

    let mut profiles = chat.inference_profiles(None).await?;
    profiles.retain(|profile| profile.model_id().is_some_and(|id| id.contains(wanted)));
    println!();
    print_table(["profile", "model", "regions", "defined by", "name"], profiles.iter().map(row_of_profile));

    let mut on_mantle = chat.mantle_models().await?;
    on_mantle.retain(|model| model.id.contains(wanted));
    println!();
    print_table(["model on bedrock-mantle", "owned by"], on_mantle.iter().map(row_of_mantle));
    Ok(())
}

fn row_of_model(model: &FoundationModel) -> [String; 5] {
    let lifecycle = model.lifecycle.as_ref();
    let ends = lifecycle.and_then(|lifecycle| lifecycle.end_of_life.as_deref()).and_then(|time| time.get(..10));
    [
        model.id.clone(),
        model.input_modalities.join(", ").to_lowercase(),
        if model.streaming == Some(true) { "yes".into() } else { String::new() },
        if model.needs_profile() { "profile".into() } else { "id".into() },
        match (lifecycle.map(|lifecycle| lifecycle.status.to_lowercase()), ends) {
            (Some(status), Some(ends)) => format!("{status}, ends {ends}"),
            (status, _) => status.unwrap_or_default(),
        },
    ]
}

fn row_of_profile(profile: &InferenceProfile) -> [String; 5] {
    let defined_by = profile.profile_type.as_ref().map_or("", |profile_type| profile_type.as_str());
    [
        profile.id.clone(),
        profile.model_id().unwrap_or_default(),
        profile.model_arns.len().to_string(),
        defined_by.to_lowercase(),
        profile.name.clone().unwrap_or_default(),
    ]
}

fn row_of_mantle(model: &MantleModel) -> [String; 2] {
    [model.id.clone(), model.owned_by.clone().unwrap_or_default()]
}

/// Prints rows in columns as wide as their longest text.
fn print_table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let mut all = vec![head.map(str::to_owned)];
    all.extend(rows);
    let mut widths = [0; N];
    for row in &all {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = text.chars().count().max(*width);
        }
    }
    for row in &all {
        let cells = row.iter().zip(widths).map(|(text, width)| format!("{text:width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
