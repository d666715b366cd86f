//! Lists of foundation models and inference profiles, and the model behind a profile.

use crate::api::Service;
use crate::chat::{BedrockChat, BedrockChatBuilder};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, View};
use crate::model::ModelId;
use crate::provider::body::{get, missing, object, required};
use crate::sigv4::{encode_model_id, encode_path_segment};

/// Maximum number of pages of a list. A server could go on without an end.
const MAX_PAGES: usize = 1000;

/// The number of profiles per page; the service allows 1 to 1000.
const PAGE: &str = "maxResults=1000";

impl BedrockChat {
    /// Lists the foundation models in this chat's region, also models that do not chat. The chat's own model does
    /// not matter.
    ///
    /// The identity needs the permission `bedrock:ListFoundationModels`. Models that only `bedrock-mantle` serves are
    /// in [`BedrockChat::mantle_models`]. Lists and look-ups are requests to the control plane (`bedrock.{region}`), so
    /// that a custom endpoint must serve that too.
    ///
    /// See [ListFoundationModels](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html).
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # futures_executor::block_on(async {
    /// # let answer = r#"{"modelSummaries":[{"modelId":"amazon.nova-lite-v1:0","modelArn":"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0","responseStreamingSupported":true,"modelLifecycle":{"status":"ACTIVE"}}]}"#;
    /// # let transport = MemoryTransport::new([Reply::json(200, answer)]);
    /// # let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0").region("us-east-1")
    /// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
    /// let models = chat.models().await?;
    /// let streaming = models.iter().find(|model| model.streaming == Some(true) && !model.is_legacy());
    /// assert_eq!(streaming.map(|model| model.id.as_str()), Some("amazon.nova-lite-v1:0"));
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`].
    pub async fn models(&self) -> Result<Vec<FoundationModel>> {
        let call = get(Service::ControlPlane, "/foundation-models".to_owned());
        self.client().operation(call, |body| read_list(object(body)?, "modelSummaries", FoundationModel::read)).await
    }

    /// Lists the inference profiles of this account in this chat's region, all of them or those of one type. It
    /// makes as many requests as there are pages.
    ///
    /// The identity needs the permission `bedrock:ListInferenceProfiles`.
    ///
    /// See [ListInferenceProfiles](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html).
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials, InferenceProfileType};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # futures_executor::block_on(async {
    /// # let answer = r#"{"inferenceProfileSummaries":[{"inferenceProfileId":"us.amazon.nova-lite-v1:0","models":[{"modelArn":"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"}]}]}"#;
    /// # let transport = MemoryTransport::new([Reply::json(200, answer)]);
    /// # let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0").region("us-east-1")
    /// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
    /// let profiles = chat.inference_profiles(Some(InferenceProfileType::SystemDefined)).await?;
    /// assert_eq!(profiles[0].model_id().as_deref(), Some("amazon.nova-lite-v1:0"));
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`].
    pub async fn inference_profiles(
        &self,
        profile_type: Option<InferenceProfileType>,
    ) -> Result<Vec<InferenceProfile>> {
        let mut profiles = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut call = get(Service::ControlPlane, "/inference-profiles".to_owned());
            call.query.push_str(PAGE);
            for (key, value) in
                [("type", profile_type.as_ref().map(InferenceProfileType::as_str)), ("nextToken", token.as_deref())]
            {
                if let Some(value) = value {
                    call.query.extend(["&", key, "=", &encode_path_segment(value)]);
                }
            }
            let page = self.client().operation(call, read_page).await?;
            profiles.extend(page.profiles);
            match page.next {
                None => return Ok(profiles),
                // The same page would be requested without end.
                next if next == token => {
                    return Err(Error::new(
                        ErrorKind::Decode,
                        "the list of inference profiles has the same page twice",
                    ));
                }
                next => token = next,
            }
        }
        Err(Error::new(
            ErrorKind::Decode,
            "the list of inference profiles has more than 1000 pages; check the endpoint",
        ))
    }

    /// Returns an inference profile by its id or ARN, with the models behind it.
    ///
    /// The identity needs the permission `bedrock:GetInferenceProfile`.
    ///
    /// See [GetInferenceProfile](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html).
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`]; `Config`, if `id` is not the id or ARN of a profile.
    pub async fn inference_profile(&self, id: &str) -> Result<InferenceProfile> {
        ModelId::parse(id)?;
        let call = get(Service::ControlPlane, format!("/inference-profiles/{}", encode_model_id(id.trim())));
        self.client().operation(call, |body| InferenceProfile::read(object(body)?)).await
    }
}

impl BedrockChatBuilder {
    /// Makes the chat model like [`BedrockChatBuilder::build`], and first asks the service for the model behind
    /// the ARN of an application inference profile. Such an ARN does not name its model. After the look-up, the
    /// chat uses the model's native format and its capabilities, as if
    /// [`family`](BedrockChatBuilder::family) was set.
    ///
    /// It makes one request (`GetInferenceProfile`, with the permission `bedrock:GetInferenceProfile`) if the
    /// model is such an ARN and no family is set. Otherwise it makes none. ARNs of other resources that do not
    /// name their model, such as provisioned models, are not looked up: set their family.
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # futures_executor::block_on(async {
    /// # let answer = r#"{"inferenceProfileId":"abc","models":[{"modelArn":"arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-6"}]}"#;
    /// # let transport = MemoryTransport::new([Reply::json(200, answer)]);
    /// let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    /// let builder = BedrockChat::builder(arn);
    /// # let builder = builder.credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport);
    /// let chat = builder.build_resolved().await?;
    /// assert_eq!(chat.model().base(), Some("anthropic.claude-sonnet-4-6"));
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// The errors of [`BedrockChatBuilder::build`] and of [`BedrockChat::inference_profile`].
    pub async fn build_resolved(self) -> Result<BedrockChat> {
        let Some(arn) = self.unnamed_profile()? else { return self.build() };
        let asking = self.for_look_up().build()?;
        let profile = asking.inference_profile(arn.as_str()).await?;
        let Some(family) = profile.model_id() else {
            return Err(Error::of(
                ErrorKind::Decode,
                format_args!("the inference profile names no model: `{arn}`; set `family` to the id of its model"),
            ));
        };
        self.family(family).transport_of(&asking).build()
    }
}

/// A foundation model, from [`BedrockChat::models`]. Values such as `TEXT` are the service's.
///
/// ```
/// fn is_for_images(model: &bedrock_chat::FoundationModel) -> bool {
///     model.input_modalities.iter().any(|modality| modality == "IMAGE")
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FoundationModel {
    /// The model's id, for instance `amazon.nova-lite-v1:0`. [`FoundationModel::needs_profile`] returns whether calls
    /// can use this id.
    pub id: String,
    /// The model's ARN.
    pub arn: String,
    /// The model's name, for instance `Nova Lite`.
    pub name: Option<String>,
    /// The provider's name, for instance `Amazon`.
    pub provider: Option<String>,
    /// The modalities that the model accepts: `TEXT`, `IMAGE`, `VIDEO` and others.
    pub input_modalities: Vec<String>,
    /// The modalities that the model generates: `TEXT`, `IMAGE`, `EMBEDDING` and others. Chat models have `TEXT`.
    pub output_modalities: Vec<String>,
    /// Whether the model can stream, if the service states it.
    pub streaming: Option<bool>,
    /// How the model can be called: `ON_DEMAND`, `PROVISIONED`, `INFERENCE_PROFILE`.
    pub inference_types: Vec<String>,
    /// How the model can be customized: `FINE_TUNING`, `CONTINUED_PRE_TRAINING`, `DISTILLATION`.
    pub customizations: Vec<String>,
    /// The model's lifecycle, if the service states it.
    pub lifecycle: Option<ModelLifecycle>,
    /// The whole entry of the list, unchanged, with members that have no field here.
    pub raw: Json,
}

impl FoundationModel {
    fn read(view: View<'_>) -> Result<Self> {
        Ok(Self {
            id: required(view, "modelId")?,
            arn: view.text_at("modelArn"),
            name: view.string_at("modelName"),
            provider: view.string_at("providerName"),
            input_modalities: view.texts("inputModalities"),
            output_modalities: view.texts("outputModalities"),
            streaming: view.get("responseStreamingSupported").and_then(View::bool),
            inference_types: view.texts("inferenceTypesSupported"),
            customizations: view.texts("customizationsSupported"),
            lifecycle: view.get("modelLifecycle").map(ModelLifecycle::read),
            raw: Json::from(view),
        })
    }

    /// Returns whether the model can be called only through an inference profile. Its id has a prefix such as `us.`, or
    /// is a profile's ARN. The service would refuse a call with the model's own id.
    pub fn needs_profile(&self) -> bool {
        let has = |word: &str| self.inference_types.iter().any(|known| known == word);
        has("INFERENCE_PROFILE") && !has("ON_DEMAND")
    }

    /// Returns whether the model is in its legacy period. Accounts that did not call it in the last 30 days may be
    /// refused.
    pub fn is_legacy(&self) -> bool {
        self.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.status == "LEGACY")
    }
}

/// The lifecycle of a model. Times are in ISO 8601, as the service writes them: `2026-04-14T00:00:00Z`.
///
/// See [Model lifecycle](https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelLifecycle {
    /// `ACTIVE` or `LEGACY`.
    pub status: String,
    /// When the model became available.
    pub start_of_life: Option<String>,
    /// When the model's legacy period begins.
    pub legacy: Option<String>,
    /// When the model's public extended access begins, which may cost more.
    pub extended_access: Option<String>,
    /// When the model stops being available.
    pub end_of_life: Option<String>,
}

impl ModelLifecycle {
    fn read(view: View<'_>) -> Self {
        Self {
            status: view.text_at("status"),
            start_of_life: view.string_at("startOfLifeTime"),
            legacy: view.string_at("legacyTime"),
            extended_access: view.string_at("publicExtendedAccessTime"),
            end_of_life: view.string_at("endOfLifeTime"),
        }
    }
}

/// An inference profile, from [`BedrockChat::inference_profiles`] or [`BedrockChat::inference_profile`].
///
/// ```
/// fn ids(profiles: &[bedrock_chat::InferenceProfile]) -> Vec<&str> {
///     profiles.iter().map(|profile| profile.id.as_str()).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InferenceProfile {
    /// The profile's id: `us.amazon.nova-lite-v1:0`, or letters and digits for an application's profile.
    pub id: String,
    /// The profile's ARN. Calls name an application's profile by its ARN.
    pub arn: String,
    /// The profile's name.
    pub name: Option<String>,
    /// The profile's description.
    pub description: Option<String>,
    /// The profile's type, if the service states it.
    pub profile_type: Option<InferenceProfileType>,
    /// Its status: `ACTIVE`.
    pub status: Option<String>,
    /// When the profile was created, in ISO 8601.
    pub created_at: Option<String>,
    /// When the profile was last updated, in ISO 8601.
    pub updated_at: Option<String>,
    /// The ARNs of the model in each region that the profile routes to.
    pub model_arns: Vec<String>,
    /// The whole entry, unchanged, with members that have no field here.
    pub raw: Json,
}

impl InferenceProfile {
    fn read(view: View<'_>) -> Result<Self> {
        Ok(Self {
            id: required(view, "inferenceProfileId")?,
            arn: view.text_at("inferenceProfileArn"),
            name: view.string_at("inferenceProfileName"),
            description: view.string_at("description"),
            profile_type: view.string_at("type").map(|word| InferenceProfileType::parse(&word)),
            status: view.string_at("status"),
            created_at: view.string_at("createdAt"),
            updated_at: view.string_at("updatedAt"),
            model_arns: view.list("models").filter_map(|model| model.string_at("modelArn")).collect(),
            raw: Json::from(view),
        })
    }

    /// Returns the id of the model behind the profile, for instance `anthropic.claude-sonnet-4-6`. All its ARNs
    /// are of one model. `None` if no ARN names a model.
    pub fn model_id(&self) -> Option<String> {
        let named = |arn: &String| {
            let model = ModelId::parse(arn).ok().filter(|model| model.resource_type() == Some("foundation-model"))?;
            model.base().map(str::to_owned)
        };
        self.model_arns.iter().find_map(named)
    }
}

/// The type of an inference profile, by its creator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InferenceProfileType {
    /// Created by Bedrock: a profile across regions, such as `us.` and `global.`.
    SystemDefined,
    /// Created by the account: an application inference profile, to track usage and cost.
    Application,
    /// Another type, as the service writes it.
    Other(String),
}

impl InferenceProfileType {
    /// Parses the service's name of the type.
    pub fn parse(word: &str) -> Self {
        match word {
            "SYSTEM_DEFINED" => Self::SystemDefined,
            "APPLICATION" => Self::Application,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns the service's name of the type.
    pub fn as_str(&self) -> &str {
        match self {
            Self::SystemDefined => "SYSTEM_DEFINED",
            Self::Application => "APPLICATION",
            Self::Other(word) => word,
        }
    }
}

/// One page of the list of inference profiles.
struct Page {
    profiles: Vec<InferenceProfile>,
    next: Option<String>,
}

fn read_page(body: &[u8]) -> Result<Page> {
    let view = object(body)?;
    let profiles = read_list(view, "inferenceProfileSummaries", InferenceProfile::read)?;
    Ok(Page { profiles, next: view.string_at("nextToken").filter(|token| !token.is_empty()) })
}

/// Reads the entries of a list, which may be empty but not missing.
pub(super) fn read_list<T>(view: View<'_>, key: &str, read: fn(View<'_>) -> Result<T>) -> Result<Vec<T>> {
    if view.get(key).is_none() {
        return Err(missing(key));
    }
    view.list(key).map(read).collect()
}

#[cfg(test)]
mod tests;
