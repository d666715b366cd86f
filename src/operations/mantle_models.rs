//! The models of `bedrock-mantle`.

use super::models::read_list;
use crate::api::Service;
use crate::chat::BedrockChat;
use crate::error::Result;
use crate::json::{Json, View};
use crate::provider::body::{get, object, required};

impl BedrockChat {
    /// Lists the models that this account can call on `bedrock-mantle` in this chat's region. The chat's own model
    /// and API do not matter.
    ///
    /// Models that only mantle serves are in this list alone: [`BedrockChat::models`] has those of
    /// `bedrock-runtime`.
    ///
    /// See [Get list of models](https://docs.aws.amazon.com/bedrock/latest/userguide/models-get-info.html).
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # futures_executor::block_on(async {
    /// # let answer = r#"{"object":"list","data":[{"id":"google.gemma-4-31b","object":"model","created":1767225600,"owned_by":"system"}]}"#;
    /// # let transport = MemoryTransport::new([Reply::json(200, answer)]);
    /// # let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0").region("us-east-1")
    /// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
    /// let models = chat.mantle_models().await?;
    /// assert!(models.iter().any(|model| model.id == "google.gemma-4-31b"));
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`]; `Config` with FIPS, as mantle has no FIPS endpoints.
    pub async fn mantle_models(&self) -> Result<Vec<MantleModel>> {
        let call = get(Service::Mantle, "/v1/models".to_owned());
        self.client().operation(call, |body| read_list(object(body)?, "data", MantleModel::read)).await
    }
}

/// A model of `bedrock-mantle`, from [`BedrockChat::mantle_models`]. The list has the format of OpenAI's
/// [Models](https://platform.openai.com/docs/api-reference/models/object).
///
/// ```
/// fn is_claude(model: &bedrock_chat::MantleModel) -> bool {
///     model.id.starts_with("anthropic.")
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MantleModel {
    /// The id to call it by, for instance `google.gemma-4-31b`: without a region prefix, and without a version such
    /// as `-v1:0`.
    pub id: String,
    /// When it was added, in seconds since 1970-01-01T00:00:00Z.
    pub created: Option<u64>,
    /// The model's owner, as the service writes it.
    pub owned_by: Option<String>,
    /// The whole entry of the list, unchanged, with members that have no field here.
    pub raw: Json,
}

impl MantleModel {
    fn read(view: View<'_>) -> Result<Self> {
        Ok(Self {
            id: required(view, "id")?,
            created: view.u64_at("created"),
            owned_by: view.string_at("owned_by"),
            raw: Json::from(view),
        })
    }
}
