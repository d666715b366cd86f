//! Tests of `credential_process`.

use super::*;

#[tokio::test]
async fn process_prints_credentials_and_its_errors_hide_secrets() {
    let home = Home::new("", "");
    let run = |script: &str| {
        let path = home.write("run me.sh", script);
        home.write(".aws/config", &format!("[default]\ncredential_process = /bin/sh \"{}\" a\n", path.display()));
    };
    run(
        "printf '{\"Version\":1,\"AccessKeyId\":\"AKID%s\",\"SecretAccessKey\":\"SECRETSECRET\",\"Expiration\":\"2099-01-01T00:00:00Z\"}' $1",
    );
    let found = home.found().await.unwrap();
    assert_eq!((found.access_key_id(), found.expires_at().is_some()), (Some("AKIDa"), true));
    for (script, word) in [
        ("echo not json", "printed no JSON"),
        ("echo '{\"Version\":2,\"SecretAccessKey\":\"SECRETSECRET\"}'", "another `Version`"),
        ("echo '{\"AccessKeyId\":\"A\"}'", "no `Version`"),
        ("echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "no `SecretAccessKey`"),
        ("echo '{\"SecretAccessKey\":\"SECRETSECRET\"}'; echo bad SECRETSECRET >&2; exit 3", "bad <secret>"),
    ] {
        run(script);
        let error = home.found().await.unwrap_err();
        assert!(error.message().contains(word) && error.kind() == ErrorKind::Credentials, "{script}: {error}");
        assert_hidden(&error, &["SECRETSECRET"]);
    }
    home.write(".aws/config", "[default]\ncredential_process = /no/such/program\n");
    let error = home.found().await.unwrap_err();
    for part in ["`/no/such/program`", "; use an absolute path, without `~`"] {
        assert!(error.message().contains(part), "{error}");
    }
    let path = home.write("no-program", "");
    home.write(".aws/config", &format!("[default]\ncredential_process = {}\n", path.display()));
    let error = home.found().await.unwrap_err();
    assert!(error.message().ends_with("; make it executable"), "{error}");
}
