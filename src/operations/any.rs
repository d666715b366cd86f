//! Requests to operations of Bedrock that this crate does not wrap.

use crate::api::Service;
use crate::chat::BedrockChat;
use crate::error::Result;
use crate::json::{Json, Writer};
use crate::provider::Call;
use crate::provider::body::{get, json_call, object};
use crate::text::split_once;

impl BedrockChat {
    /// Sends a `GET` to an endpoint of Bedrock and returns the JSON of the response. Use it for operations that this
    /// crate does not wrap. Signing, retries and timeouts are the same as for all other calls.
    ///
    /// `path` begins with `/` and is percent-encoded; it may end with a query.
    ///
    /// See [the operations of the control plane](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock.html).
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials, Service};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # futures_executor::block_on(async {
    /// # let transport = MemoryTransport::new([Reply::json(200, r#"{"guardrails":[{"id":"gr-1"}]}"#)]);
    /// # let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0").region("us-east-1")
    /// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
    /// let guardrails = chat.get_json(Service::ControlPlane, "/guardrails?maxResults=10").await?;
    /// assert_eq!(guardrails.as_str(), r#"{"guardrails":[{"id":"gr-1"}]}"#);
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`].
    pub async fn get_json(&self, service: Service, path: &str) -> Result<Json> {
        self.json(get(service, String::new()), path).await
    }

    /// Sends a `POST` with a JSON body to an endpoint of Bedrock and returns the JSON that it answers. Otherwise same as
    /// [`BedrockChat::get_json`].
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`].
    pub async fn post_json(&self, service: Service, path: &str, body: &Json) -> Result<Json> {
        let mut w = Writer::new();
        w.raw(body.view());
        let mut call = json_call(String::new(), w);
        call.service = service;
        self.json(call, path).await
    }

    async fn json(&self, mut call: Call, path: &str) -> Result<Json> {
        let (path, query) = split_once(path, "?").unwrap_or((path, ""));
        call.path.push_str(path);
        call.query.push_str(query);
        self.client().operation(call, read).await
    }
}

fn read(body: &[u8]) -> Result<Json> {
    Ok(Json::from(object(body)?))
}
