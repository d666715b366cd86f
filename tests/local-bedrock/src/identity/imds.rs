//! The instance metadata service of EC2, version 2, and version 1 on request.
//! Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>

use serde_json::json;

use super::{ACCOUNT, Call, refusal};
use crate::clock;
use crate::delivery::Reply;
use crate::problem::Problem;

pub(super) const ROLES: &str = "/latest/meta-data/iam/security-credentials";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "x-aws-ec2-metadata-token";

fn refused(status: u16, reason: &str) -> Problem {
    Problem::new(status, "", format!("{status} - {reason}\n"))
}

pub(super) fn token(call: &Call<'_>) -> Result<Reply, Problem> {
    if call.wire.method != "PUT" {
        return Err(refused(405, "Method Not Allowed"));
    }
    // A proxy adds this header; the service refuses to be reached through one.
    if call.wire.header("x-forwarded-for").is_some() {
        return Err(refused(403, "Forbidden"));
    }
    let ttl = call.wire.header(TTL).and_then(|ttl| ttl.parse::<i64>().ok()).filter(|ttl| (1..=21_600).contains(ttl));
    let ttl = ttl.ok_or_else(|| refused(400, "Bad Request"))?;
    let token = {
        let mut memory = call.state().memory();
        let token = memory.fresh("imds");
        memory.imds_tokens.insert(token.clone(), call.now().saturating_add(ttl));
        token
    };
    let mut reply = refusal::text(200, &token);
    reply.set_header(TTL, ttl.to_string());
    Ok(reply)
}

/// Checks the session token, and returns the instance's role.
fn role(call: &Call<'_>) -> Result<Option<String>, Problem> {
    let memory = call.state().memory();
    match call.wire.header(TOKEN) {
        None if memory.settings.imds_v1 => {}
        Some(token) if memory.imds_tokens.get(token).is_some_and(|expires| call.now() < *expires) => {}
        _ => return Err(refused(401, "Unauthorized")),
    }
    Ok(memory.settings.instance_role.clone())
}

pub(super) fn roles(call: &Call<'_>) -> Result<Reply, Problem> {
    let role = role(call)?.ok_or_else(|| refused(404, "Not Found"))?;
    Ok(refusal::text(200, &role))
}

pub(super) fn credentials(call: &Call<'_>) -> Result<Reply, Problem> {
    let role = role(call)?;
    let wanted = call.wire.path.rsplit('/').next().unwrap_or_default();
    let role = role.filter(|role| role == wanted).ok_or_else(|| refused(404, "Not Found"))?;
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/i-0123456789abcdef0");
    let seconds = call.state().settings().lifetime_seconds;
    let key = call.state().issue(&format!("imds {role}"), &arn, call.now(), seconds);
    let mut reply = Reply::json(&json!({
        "Code": "Success",
        "LastUpdated": clock::iso_date(call.now()),
        "Type": "AWS-HMAC",
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "Token": key.token,
        "Expiration": clock::iso_date(key.expires_at),
    }));
    reply.set_header("content-type", "text/plain");
    Ok(reply)
}

/// The region, which some clients read here.
pub(super) fn other(call: &Call<'_>) -> Result<Reply, Problem> {
    role(call)?;
    let region = call.server.settings.rules.region.as_deref().unwrap_or("us-east-1");
    match call.wire.path.rsplit("/latest/").next() {
        Some("meta-data/placement/region") => Ok(refusal::text(200, region)),
        Some("meta-data/placement/availability-zone" | "meta-data/placement/availability-zone/") => {
            Ok(refusal::text(200, &format!("{region}a")))
        }
        _ => Err(refused(404, "Not Found")),
    }
}
