//! Settings that several chats share: of the look-up of the model behind an inference profile, and of a gateway.

use std::sync::Arc;

use super::BedrockChatBuilder;
use crate::chat::BedrockChat;
use crate::error::Result;
use crate::model::ModelId;
#[cfg(feature = "gateway")]
use crate::{
    api::Api,
    provider::{codec_for, speaks_messages},
};

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

    /// Uses the transport and the credentials of another chat, and with them its connections and its cache.
    #[cfg(feature = "gateway")]
    pub(crate) fn shared_with(mut self, chat: &BedrockChat) -> Self {
        self.set.credentials = Some(Arc::clone(&chat.client().credentials.0));
        self.transport_of(chat)
    }

    /// Makes the chat of another model, for requests of any client. Unless the caller set an API, Converse replaces all
    /// formats of InvokeModel but Anthropic's: it has tools for all models, and most other features.
    ///
    /// # Errors
    /// Same as [`BedrockChatBuilder::build`].
    #[cfg(feature = "gateway")]
    pub(crate) fn build_for(&self, id: &str) -> Result<BedrockChat> {
        let mut builder = self.clone();
        builder.set.model = id.to_owned();
        if builder.set.api.is_none() && builder.set.codec.is_none() && builder.prefers_converse() {
            builder = builder.api(Api::Converse);
        }
        builder.build()
    }

    /// Returns whether the model's default is a format of InvokeModel other than Anthropic's, and it has Converse.
    #[cfg(feature = "gateway")]
    fn prefers_converse(&self) -> bool {
        let Ok(mut model) = ModelId::parse(&self.set.model) else { return false };
        if let Some(family) = &self.set.family {
            model = model.with_family(family.as_str());
        }
        // A host that serves one service determines the service.
        let service = self.set.service.or(self.set.endpoint().ok().and_then(|(_, service)| service));
        let is_native = codec_for(&model, None, service).is_ok_and(|codec| codec.api() == Api::Invoke);
        is_native && !speaks_messages(&model) && codec_for(&model, Some(Api::Converse), service).is_ok()
    }
}
