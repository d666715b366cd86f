//! Operations other than chat. Their results are the service's own JSON.

use bedrock_chat::{BedrockChat, Result, Service};

/// Sends a `GET` to the endpoint that `operation` names. `None` if it names none.
pub(crate) async fn get(chat: &BedrockChat, operation: &str, path: &str) -> Option<Result<String>> {
    let service = match operation {
        "getControlPlane" => Service::ControlPlane,
        "getMantle" => Service::Mantle,
        _ => return None,
    };
    Some(chat.get_json(service, path).await.map(|json| json.as_str().to_owned()))
}
