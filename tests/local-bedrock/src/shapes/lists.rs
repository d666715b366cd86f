//! The lists of models and inference profiles: mantle's list, and the control plane's lists in the service model's
//! shapes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::catalog::{MODELS, Model};
use crate::clock;
use crate::delivery::Reply;
use crate::json::put;
use crate::problem::Problem;
use crate::route::{self, List};
use crate::state::State;

const ACCOUNT: &str = "123456789012";
/// The regions behind a profile.
const REGIONS: [&str; 3] = ["us-east-1", "us-east-2", "us-west-2"];

/// A request for a list, or for one entry of it.
pub(crate) struct Query<'a> {
    pub(crate) query: Option<&'a str>,
    pub(crate) region: &'a str,
    pub(crate) state: &'a State,
}

/// Answers a request for a list or an entry.
pub(crate) fn list(list: &List, query: &Query<'_>) -> Result<Reply, Problem> {
    let reply = match list {
        List::Mantle(None) => json!({"object": "list", "data": mantle_models().collect::<Vec<Value>>()}),
        List::Mantle(Some(id)) => {
            let missing = || Problem::not_found(format!("The model '{id}' does not exist"));
            mantle_models().find(|model| model.get("id").is_some_and(|own| own == id)).ok_or_else(missing)?
        }
        List::FoundationModels(None) => query.foundation_models()?,
        List::FoundationModels(Some(id)) => json!({"modelDetails": query.foundation_model(id)?}),
        List::Profiles(None) => query.profiles()?,
        List::Profiles(Some(id)) => query.profile(id)?,
        List::Availability(id) => {
            query.foundation_model(id)?;
            json!({
                "modelId": id,
                "agreementAvailability": {"status": "AVAILABLE"},
                "authorizationStatus": "AUTHORIZED",
                "entitlementAvailability": "AVAILABLE",
                "regionAvailability": "AVAILABLE",
            })
        }
    };
    Ok(Reply::json(&reply))
}

fn mantle_models() -> impl Iterator<Item = Value> {
    MODELS
        .iter()
        .filter(|model| !model.mantle.is_empty())
        .map(|model| json!({"id": model.mantle, "object": "model", "created": start(model), "owned_by": "system"}))
}

fn start(model: &Model) -> i64 {
    let digits: String = model.life.start.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    clock::parse_amz_date(&digits).unwrap_or(0)
}

fn unknown_value(value: &str, at: &str, options: &[&str]) -> Problem {
    Problem::validation(format!(
        "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
        options.join(", ")
    ))
}

impl Query<'_> {
    fn value(&self, name: &str) -> Option<String> {
        let pairs = self.query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| route::percent_decode(value)).next()
    }

    fn one_of(&self, name: &str, options: &[&str]) -> Result<Option<String>, Problem> {
        match self.value(name) {
            Some(value) if !options.contains(&value.as_str()) => Err(unknown_value(&value, name, options)),
            value => Ok(value),
        }
    }

    fn model_arn(&self, region: &str, model: &Model) -> String {
        format!("arn:aws:bedrock:{region}::foundation-model/{}", model.id)
    }

    fn entry(&self, model: &Model) -> Value {
        let mut inputs = vec!["TEXT"];
        inputs.extend(model.images.then_some("IMAGE"));
        let mut life = json!({"status": "ACTIVE", "startOfLifeTime": model.life.start});
        if let Some((legacy, end)) = model.life.legacy {
            put(&mut life, "status", "LEGACY");
            put(&mut life, "legacyTime", legacy);
            put(&mut life, "endOfLifeTime", end);
        }
        json!({
            "modelArn": self.model_arn(self.region, model),
            "modelId": model.id,
            "modelName": model.name,
            "providerName": model.provider,
            "inputModalities": inputs,
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": model.streams,
            "customizationsSupported": [],
            // The service writes the second value, although its own model does not list it.
            "inferenceTypesSupported": [if model.on_demand { "ON_DEMAND" } else { "INFERENCE_PROFILE" }],
            "modelLifecycle": life,
        })
    }

    fn foundation_models(&self) -> Result<Value, Problem> {
        let provider = self.value("byProvider").map(|provider| provider.to_lowercase());
        let output = self.one_of("byOutputModality", &["TEXT", "IMAGE", "EMBEDDING"])?;
        let kind = self.one_of("byInferenceType", &["ON_DEMAND", "PROVISIONED"])?;
        let custom = self.one_of("byCustomizationType", &["FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION"])?;
        let wanted = |model: &&Model| {
            !model.id.is_empty()
                && provider.as_ref().is_none_or(|provider| model.provider.to_lowercase() == *provider)
                && output.as_ref().is_none_or(|output| output == "TEXT")
                && kind.as_ref().is_none_or(|kind| kind == "ON_DEMAND" && model.on_demand)
                && custom.is_none()
        };
        let models: Vec<Value> = MODELS.iter().filter(wanted).map(|model| self.entry(model)).collect();
        Ok(json!({"modelSummaries": models}))
    }

    fn foundation_model(&self, id: &str) -> Result<Value, Problem> {
        let id = id.rsplit_once(":foundation-model/").map_or(id, |(_, id)| id);
        let model = MODELS.iter().find(|model| !model.id.is_empty() && model.id == id);
        model
            .map(|model| self.entry(model))
            .ok_or_else(|| Problem::not_found("The provided model identifier is invalid."))
    }

    /// All profiles, those of the system first.
    fn all_profiles(&self) -> Vec<Value> {
        let of_model = |model: &'static Model| model.profiles.iter().map(move |prefix| (*prefix, model));
        let system = MODELS.iter().filter(|model| !model.id.is_empty()).flat_map(of_model).map(|(prefix, model)| {
            let id = format!("{prefix}.{}", model.id);
            let name = format!("{} {} {}", prefix.to_uppercase(), model.provider, model.name);
            let regions: Vec<Value> =
                REGIONS.iter().map(|region| json!({"modelArn": self.model_arn(region, model)})).collect();
            self.one_profile("SYSTEM_DEFINED", "inference-profile", &id, &name, &regions)
        });
        let own = self.state.settings.application_profiles.iter().map(|(id, model)| {
            let model_id = route::base_model(model, "");
            let arn = format!("arn:aws:bedrock:{}::foundation-model/{model_id}", self.region);
            self.one_profile("APPLICATION", "application-inference-profile", id, id, &[json!({"modelArn": arn})])
        });
        system.chain(own).collect()
    }

    fn one_profile(&self, kind: &str, resource: &str, id: &str, name: &str, models: &[Value]) -> Value {
        json!({
            "inferenceProfileName": name,
            "inferenceProfileId": id,
            "inferenceProfileArn": format!("arn:aws:bedrock:{}:{ACCOUNT}:{resource}/{id}", self.region),
            "description": format!("The local Bedrock's profile of {name}."),
            "createdAt": "2026-01-02T03:04:05Z",
            "updatedAt": "2026-01-02T03:04:05Z",
            "models": models,
            "status": "ACTIVE",
            "type": kind,
        })
    }

    fn profiles(&self) -> Result<Value, Problem> {
        let kind = self.one_of("type", &["SYSTEM_DEFINED", "APPLICATION"])?;
        let most = match self.value("maxResults").map(|value| value.parse::<usize>()) {
            None => 1_000,
            Some(Ok(most)) if (1..=1_000).contains(&most) => most,
            Some(_) => return Err(Problem::validation("The value of maxResults must be between 1 and 1000.")),
        };
        let start = match self.value("nextToken") {
            None => 0,
            Some(token) => read_token(&token).ok_or_else(|| Problem::validation("The nextToken is not valid."))?,
        };
        let wanted =
            |profile: &Value| kind.as_ref().is_none_or(|kind| profile.get("type").is_some_and(|own| own == kind));
        let all: Vec<Value> = self.all_profiles().into_iter().filter(wanted).collect();
        let page: Vec<&Value> = all.iter().skip(start).take(most).collect();
        let end = start + page.len();
        let mut reply = json!({"inferenceProfileSummaries": page});
        if end < all.len() {
            put(&mut reply, "nextToken", URL_SAFE_NO_PAD.encode(format!("from {end}")));
        }
        Ok(reply)
    }

    fn profile(&self, id: &str) -> Result<Value, Problem> {
        let bare = id.rsplit_once("inference-profile/").map_or(id, |(_, id)| id);
        let fits = |profile: &Value| profile.get("inferenceProfileId").is_some_and(|own| own == bare);
        let found = self.all_profiles().into_iter().find(fits);
        found.ok_or_else(|| Problem::not_found(format!("Inference profile {id} was not found.")))
    }
}

fn read_token(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix("from ")?.parse().ok()
}
