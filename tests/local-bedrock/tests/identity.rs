//! The services that issue keys, over real HTTP. `aws_sdks.rs` has boto3 against the same services.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use std::time::{Duration, SystemTime};

use local_bedrock::{Endpoint, Fault, Identity, KeyPair, LocalBedrock, Role, TEST_SSO_TOKEN, Verdict};
use serde_json::{Value, json};
use support::{CLAUDE, Reply, Request, exchange, send};

const ROLE: &str = "arn:aws:iam::123456789012:role/Reader";

fn sts(form: &str) -> Request {
    let mut request = Request::raw("/", form.replace(':', "%3A").replace('/', "%2F").into_bytes());
    request.headers[0].1 = "application/x-www-form-urlencoded; charset=utf-8".into();
    request.service = "sts".into();
    request
}

fn assume(more: &str) -> Request {
    sts(&format!("Action=AssumeRole&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=test{more}"))
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

/// Returns the content of an XML element.
fn element(reply: &Reply, name: &str) -> String {
    let text = text(reply);
    let (_, rest) = text.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {text}"));
    rest.split_once("</").unwrap().0.to_owned()
}

/// Sends without a signature.
async fn plain(bedrock: &LocalBedrock, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
    let mut request = Request::post(path, body).header("host", &format!("127.0.0.1:{}", bedrock.port()));
    request.method = method.into();
    request.query = query;
    for (name, value) in headers {
        request.headers.retain(|(existing, _)| existing != name);
        request = request.header(name, value);
    }
    exchange(bedrock.port(), &request.to_bytes()).await
}

fn chat(id: &str, secret: &str, token: &str) -> Request {
    let mut request = Request::post(
        &format!("{CLAUDE}/converse"),
        &json!({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}),
    );
    (request.key, request.secret, request.token) = (id.into(), secret.into(), Some(token.into()));
    request
}

#[tokio::test]
async fn keys_of_an_assumed_role_work_until_they_expire() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = send(&bedrock, assume("&DurationSeconds=900")).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/xml")), "{}", text(&reply));
    assert_eq!(element(&reply, "Arn"), "arn:aws:sts::123456789012:assumed-role/Reader/test");
    let [id, secret, token] = ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|name| element(&reply, name));
    assert_eq!(send(&bedrock, chat(&id, &secret, &token)).await.status, 200);
    let refused = send(&bedrock, chat(&id, &secret, "other")).await;
    assert_eq!((refused.status, refused.error_type()), (403, "UnrecognizedClientException"));
    bedrock.set_clock_offset(901);
    let mut late = chat(&id, &secret, &token);
    late.time = SystemTime::now() + Duration::from_secs(901);
    let refused = send(&bedrock, late).await;
    assert_eq!((refused.status, refused.error_type()), (403, "ExpiredTokenException"));
    let requests = bedrock.requests();
    assert_eq!(requests[0].endpoint, Endpoint::Identity);
    let Verdict::Signed { service, .. } = &requests[0].verdict else { panic!("{:?}", requests[0]) };
    assert_eq!(service, "sts");
}

#[tokio::test]
async fn sts_error_is_xml_with_the_request_id() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let mut wrong = assume("");
    wrong.service = "bedrock".into();
    let reply = send(&bedrock, wrong).await;
    assert_eq!((reply.status, element(&reply, "Code")), (403, "SignatureDoesNotMatch".into()));
    assert_eq!(reply.header("x-amzn-requestid"), Some(element(&reply, "RequestId").as_str()));
    let reply = send(&bedrock, assume("&Nonsense=1")).await;
    assert_eq!(element(&reply, "Message"), "local-bedrock: unknown parameter Nonsense");
    let reply = send(&bedrock, sts("Action=AssumeRole&Version=2010-01-01")).await;
    assert_eq!(element(&reply, "Code"), "InvalidAction");
    let unsigned = assume("").header("host", "localhost").to_bytes();
    let reply = exchange(bedrock.port(), &unsigned).await;
    assert_eq!((reply.status, element(&reply, "Code")), (403, "MissingAuthenticationToken".into()));
}

#[tokio::test]
async fn role_conditions_are_checked() {
    let role = Role { mfa_serial: Some("arn:aws:iam::123456789012:mfa/me".into()), ..Role::new(ROLE) };
    let keys =
        vec![KeyPair { access_key_id: "AKIDTRUSTED".into(), secret_access_key: "secret".into(), session_token: None }];
    let identity = Identity { roles: vec![role.trusted_key_id("AKIDTRUSTED")], keys, ..Identity::default() };
    let bedrock = LocalBedrock::builder().identity(identity).start().await.unwrap();
    let code = "&SerialNumber=arn:aws:iam::123456789012:mfa/me&TokenCode=123456";
    let reply = send(&bedrock, assume(code)).await;
    assert_eq!((reply.status, element(&reply, "Code")), (403, "AccessDenied".into()));
    let trusted = |more: &str| Request { key: "AKIDTRUSTED".into(), secret: "secret".into(), ..assume(more) };
    assert_eq!(send(&bedrock, trusted("")).await.status, 403);
    assert_eq!(send(&bedrock, trusted(code)).await.status, 200);
    bedrock.set_identity(Identity::default());
    assert_eq!(element(&send(&bedrock, trusted("")).await, "Code"), "InvalidClientTokenId");
    assert_eq!(send(&bedrock, assume("")).await.status, 200);
}

#[tokio::test]
async fn imds_requires_a_session_token() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let roles = "/latest/meta-data/iam/security-credentials/";
    assert_eq!(plain(&bedrock, "GET", roles, &[], &json!({})).await.status, 401);
    let ttl = "x-aws-ec2-metadata-token-ttl-seconds";
    assert_eq!(plain(&bedrock, "PUT", "/latest/api/token", &[], &json!({})).await.status, 400);
    assert_eq!(plain(&bedrock, "PUT", "/latest/api/token", &[(ttl, "21601")], &json!({})).await.status, 400);
    let proxied = [(ttl, "60"), ("x-forwarded-for", "10.0.0.1")];
    assert_eq!(plain(&bedrock, "PUT", "/latest/api/token", &proxied, &json!({})).await.status, 403);
    let token = text(&plain(&bedrock, "PUT", "/latest/api/token", &[(ttl, "60")], &json!({})).await);
    let header = [("x-aws-ec2-metadata-token", token.as_str())];
    let role = text(&plain(&bedrock, "GET", roles, &header, &json!({})).await);
    assert_eq!(role, "local-instance-role");
    let keys = plain(&bedrock, "GET", &format!("{roles}{role}"), &header, &json!({})).await.json();
    let value = |name: &str| keys[name].as_str().unwrap().to_owned();
    let request = chat(&value("AccessKeyId"), &value("SecretAccessKey"), &value("Token"));
    assert_eq!(send(&bedrock, request).await.status, 200);
    assert_eq!(plain(&bedrock, "GET", &format!("{roles}other"), &header, &json!({})).await.status, 404);
    bedrock.set_clock_offset(60);
    assert_eq!(plain(&bedrock, "GET", roles, &header, &json!({})).await.status, 401);
    bedrock.set_identity(Identity { imds_v1: true, ..Identity::default() });
    assert_eq!(plain(&bedrock, "GET", roles, &[], &json!({})).await.status, 200);
}

#[tokio::test]
async fn container_token_is_checked() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let status = async |path: &str, headers: &[(&str, &str)]| {
        let reply = plain(&bedrock, "GET", path, headers, &json!({})).await;
        (reply.status, reply.json()["AccessKeyId"].as_str().map(str::len))
    };
    assert_eq!(status("/v2/credentials/task", &[]).await, (200, Some(20)));
    assert_eq!(status("/v2/credentials/", &[]).await, (400, None));
    assert_eq!(status("/v1/credentials", &[]).await, (401, None));
    assert_eq!(status("/v1/credentials", &[("authorization", "other")]).await, (401, None));
    assert_eq!(status("/v1/credentials", &[("authorization", "container-token-local")]).await, (200, Some(20)));
}

#[tokio::test]
async fn fault_of_an_operation_has_the_shape_of_its_service() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let portal = "/federation/credentials?role_name=Reader&account_id=123456789012";
    let token = [("x-amz-sso_bearer_token", TEST_SSO_TOKEN)];
    bedrock.faults().push(Fault::error(401, "UnauthorizedException", "expired").on_operation("GetRoleCredentials"));
    bedrock.faults().push(Fault::error(400, "InvalidGrantException", "used").on_operation("CreateToken"));
    bedrock.faults().push(Fault::error(400, "Throttling", "Rate exceeded").on_operation("AssumeRole"));
    bedrock.faults().push(Fault::new().status(200).body("").on_operation("ImdsToken"));
    let reply = plain(&bedrock, "POST", "/token", &[], &json!({})).await;
    assert_eq!(reply.json(), json!({"error": "invalid_grant", "error_description": "used"}));
    let reply = send(&bedrock, assume("")).await;
    assert_eq!((element(&reply, "Code"), element(&reply, "Type")), ("Throttling".into(), "Sender".into()));
    let reply = plain(&bedrock, "PUT", "/latest/api/token", &[], &json!({})).await;
    assert_eq!((reply.status, text(&reply)), (200, String::new()));
    let reply = plain(&bedrock, "GET", portal, &token, &json!({})).await;
    assert_eq!((reply.status, reply.error_type(), reply.message()), (401, "UnauthorizedException", "expired".into()));
    assert_eq!(bedrock.faults().pending(), 0);
    let keys = plain(&bedrock, "GET", portal, &token, &json!({})).await.json();
    assert!(keys["roleCredentials"]["expiration"].as_i64().unwrap() > 1_700_000_000_000, "{keys}");
    let reply = plain(&bedrock, "GET", portal, &[], &json!({})).await;
    assert_eq!((reply.status, reply.error_type()), (401, "UnauthorizedException"));
}

#[tokio::test]
async fn aws_login_token_without_a_dpop_proof_is_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let body = json!({"clientId": "arn:aws:signin:::devtools/same-device", "grantType": "refresh_token",
        "refreshToken": "refresh-token-local"});
    let reply = plain(&bedrock, "POST", "/v1/token", &[], &body).await;
    assert_eq!((reply.status, reply.error_type()), (400, "ValidationException"));
    assert_eq!(reply.json(), json!({"error": "INVALID_REQUEST", "message": "the header DPoP is missing"}));
    let reply = plain(&bedrock, "POST", "/v1/token", &[("dpop", "a.b.c")], &body).await;
    assert!(reply.message().starts_with("the DPoP proof is not valid: a part is not"), "{}", reply.message());
}

#[tokio::test]
async fn identity_settings_over_http_replace_all_and_are_cleared() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let settings = json!({"roles": [{"arn": ROLE, "external_id": "x1"}]});
    assert_eq!(plain(&bedrock, "POST", "/_local/identity", &[], &settings).await.status, 200);
    assert_eq!(send(&bedrock, assume("")).await.status, 403);
    assert_eq!(send(&bedrock, assume("&ExternalId=x1")).await.status, 200);
    let reply = plain(&bedrock, "POST", "/_local/identity", &[], &json!({"rolls": []})).await;
    assert!(reply.message().contains("unknown field `rolls`"), "{}", reply.message());
    assert_eq!(plain(&bedrock, "DELETE", "/_local/", &[], &json!({})).await.status, 200);
    let first = element(&send(&bedrock, assume("")).await, "AccessKeyId");
    assert!(first.ends_with("0001"), "keys are counted again after a clear: {first}");
}
