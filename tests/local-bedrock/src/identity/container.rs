//! The credential endpoints of ECS and of EKS Pod Identity.
//! Sources: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use serde_json::json;

use super::{ACCOUNT, Call};
use crate::clock;
use crate::delivery::Reply;
use crate::problem::Problem;

/// The path on ECS. The id of a task follows it.
pub(super) const ECS_PATH: &str = "/v2/credentials/";
/// The path on EKS. A pod sends its token in the header `authorization`.
pub(super) const EKS_PATH: &str = "/v1/credentials";

pub(super) fn credentials(call: &Call<'_>) -> Result<Reply, Problem> {
    let settings = call.state().settings();
    let path = call.wire.path;
    let task = path.split_once(ECS_PATH).map(|(_, task)| task);
    let authorization = call.wire.header("authorization");
    let authorized = match authorization {
        Some(value) => value == settings.container_token,
        None => task.is_some(),
    };
    if !authorized {
        let message = if authorization.is_some() { "the token is not valid" } else { "the token is missing" };
        return Err(Problem::new(401, "AccessDeniedException", message));
    }
    let name = match task {
        Some("") => {
            return Err(Problem::new(400, "NoIdInRequest", "CredentialsV2Request: No Credential ID in the request"));
        }
        Some(task) => task,
        None => "pod",
    };
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/container-role/{name}");
    let key = call.state().issue(&format!("container {name}"), &arn, call.now(), settings.lifetime_seconds);
    Ok(Reply::json(&json!({
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "Token": key.token,
        "Expiration": clock::iso_date(key.expires_at),
        "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/container-role"),
        "AccountId": ACCOUNT,
    })))
}
