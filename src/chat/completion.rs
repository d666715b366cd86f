//! Text completion: the model goes on with a text of the caller's.

use super::BedrockChat;
use crate::client::ChatStream;
use crate::error::{Error, ErrorKind, Result};
use crate::message::AiMessage;
use crate::request::ChatRequest;

impl BedrockChat {
    /// Goes on with a text, which is sent as it is: no chat template, no marks neutralized. Only models whose
    /// own format has a prompt take one: Llama, Mistral's instruct models, Titan Text, Claude 2, Cohere
    /// Command, Jurassic-2, DeepSeek R1. For Claude 2, whose API refuses anything else, a text without
    /// `\n\nHuman:` is put between that and `\n\nAssistant:`.
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # futures_executor::block_on(async {
    /// # let transport = MemoryTransport::new([
    /// #     Reply::json(200, r#"{"generation":" there was a king.","stop_reason":"stop"}"#),
    /// # ]);
    /// let chat = BedrockChat::builder("meta.llama3-8b-instruct-v1:0")
    ///     .region("us-east-1")
    /// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport)
    ///     .build()?;
    /// let reply = chat.complete("Once upon a time").await?;
    /// assert_eq!(reply.text(), " there was a king.");
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// `Unsupported`, where the model takes messages only; else as [`BedrockChat::invoke`].
    pub async fn complete(&self, prompt: impl Into<String>) -> Result<AiMessage> {
        self.reply_to(prompt.into(), Self::prompt)?.await
    }

    /// Continues a text, same as [`BedrockChat::complete`], and returns the answer as a stream.
    ///
    /// # Errors
    /// Same as [`BedrockChat::complete`]; what fails later is an item of the stream.
    pub async fn complete_stream(&self, prompt: impl Into<String>) -> Result<ChatStream> {
        self.stream_of(prompt.into(), Self::prompt)?.await
    }

    fn prompt(&self, prompt: String) -> Result<ChatRequest> {
        let (client, options) = (&self.client, (*self.options).clone());
        if client.codec.takes_prompts() {
            return Ok(ChatRequest::prompt(prompt).with_options(options));
        }
        let message = format!(
            "raw prompts are not accepted: {}; call `invoke` or `stream`, with a last AI message if the model is to continue a text",
            client.model
        );
        let error = Error::new(ErrorKind::Unsupported, message);
        Err(error.with_call(client.model.as_str(), client.region.as_deref(), 0))
    }
}
