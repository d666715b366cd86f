//! The part of the settings that a look-up of the model behind an inference profile needs.

use std::sync::Arc;

use super::BedrockChatBuilder;
use crate::chat::BedrockChat;
use crate::error::Result;
use crate::model::ModelId;

impl BedrockChatBuilder {
    /// Returns the ARN of an application inference profile, if the caller did not set its family.
    ///
    /// # Errors
    /// `Config`, if the model id is not valid.
    pub(crate) fn unnamed_profile(&self) -> Result<Option<ModelId>> {
        let model = ModelId::parse(&self.set.model).map_err(|error| error.with_field("model"))?;
        let is_one = model.resource_type() == Some("application-inference-profile") && self.set.family.is_none();
        Ok(Some(model).filter(|_| is_one))
    }

    /// Returns the same settings for a chat that makes the look-up. An API, its service or a codec cannot be chosen yet.
    pub(crate) fn for_look_up(&self) -> Self {
        let mut builder = self.clone();
        (builder.set.api, builder.set.codec, builder.set.service) = (None, None, None);
        builder
    }

    /// Uses the transport of another chat, and with it its connections.
    pub(crate) fn transport_of(mut self, chat: &BedrockChat) -> Self {
        self.set.transport = Some(Arc::clone(&chat.client().transport));
        self
    }
}
