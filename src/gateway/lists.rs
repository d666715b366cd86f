//! Answers that cost nothing and that limits of keys do not count: the health of the gateway, and lists of models.

use std::sync::Arc;

use super::Inner;
use super::access::{KnownClient, NO_KEYS};
use super::answer::whole;
use super::failure::Failure;
use super::forward::passed_on;
use super::openai::models;
use super::record::Recorder;
use crate::api::Service;
use crate::headers::Headers;
use crate::json::Writer;
use crate::operations::InferenceProfile;
use crate::provider::body::get;
use crate::text::split_once;
use crate::transport::HttpResponse;

/// Returns whether the gateway can serve: without a key in its settings it refuses all requests.
pub(super) fn health(inner: &Inner) -> HttpResponse {
    let mut w = Writer::new();
    w.begin_object();
    let is_set_up = !inner.settings.keys.is_empty();
    w.field("status", if is_set_up { "ok" } else { "no_keys" });
    if !is_set_up {
        w.field("message", NO_KEYS);
    }
    w.end_object();
    whole(if is_set_up { 200 } else { 503 }, Headers::new(), w.finish().into_bytes())
}

/// Passes a list of Bedrock's control plane on.
pub(super) async fn pass(inner: &Arc<Inner>, target: String) -> Result<HttpResponse, Failure> {
    let (path, query) = split_once(&target, "?").unwrap_or((&target, ""));
    let mut call = get(Service::ControlPlane, path.to_owned());
    call.query = query.to_owned();
    let passing = inner.first.client().forward(call, false).await?;
    passed_on(inner, "", passing, &mut Recorder::unnoticed(Arc::clone(inner)))
}

/// Lists the models of the table. Without names in it, the models that the service lists are returned. They have the names
/// that the patterns of the table match, and their ids.
pub(super) async fn models(
    inner: &Inner,
    client: KnownClient<'_>,
    name: Option<&str>,
    headers: &Headers,
) -> Result<HttpResponse, Failure> {
    let is_anthropic = headers.get("anthropic-version").is_some();
    let has_names = inner.settings.models.keys().any(|name| !name.ends_with('*'));
    let names = match name {
        None if !has_names && (inner.settings.any_model || !inner.settings.models.is_empty()) => {
            service_models(inner, client).await?
        }
        _ => inner.settings.names(client).map(str::to_owned).collect(),
    };
    let names = names.iter().map(String::as_str);
    let text = match name {
        None if is_anthropic => models::anthropic_list(names),
        None => models::list(names),
        Some(name) => {
            inner.settings.target(client, name)?;
            if is_anthropic { models::anthropic_one(name) } else { models::one(name) }
        }
    };
    Ok(whole(200, Headers::new(), text.into_bytes()))
}

/// Returns names and ids of the service's models that answer chats: profiles, and models that need none.
async fn service_models(inner: &Inner, client: KnownClient<'_>) -> Result<Vec<String>, Failure> {
    let profiles = inner.first.inference_profiles(None).await?;
    let models = inner.first.models().await?;
    let is_chat = |modalities: &[String]| modalities.iter().any(|modality| modality == "TEXT");
    let models = models.iter().filter(|model| is_chat(&model.output_modalities) && !model.needs_profile());
    // Profiles of embedding models are of no use here; their ids have the model's after the prefix.
    let chats = |profile: &&InferenceProfile| !["embed", "image", "video"].iter().any(|word| profile.id.contains(word));
    let ids = profiles.iter().filter(chats).map(|profile| &profile.id).chain(models.map(|model| &model.id));
    let ids: Vec<&str> = ids.map(String::as_str).collect();
    let mut names = inner.settings.named(client, &ids);
    for id in ids {
        if inner.settings.target(client, id).is_ok() && !names.iter().any(|name| name == id) {
            names.push(id.to_owned());
        }
    }
    Ok(names)
}
