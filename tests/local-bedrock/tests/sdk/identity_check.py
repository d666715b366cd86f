"""boto3 against the services that issue keys: each one's keys must work in a call to the local Bedrock.

Usage: python identity_check.py ENDPOINT

botocore finds each source by itself, in a home folder with the files of its profile.
"""

import base64
import datetime
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.utils import InstanceMetadataFetcher

endpoint = sys.argv[1]
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1:0"
KEY = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
ROLE = "arn:aws:iam::123456789012:role/Reader"
GUARDED = "arn:aws:iam::123456789012:role/Guarded"


def local(path, body=None, method="POST"):
    data = json.dumps(body).encode() if body is not None else None
    return urlopen(Request(f"{endpoint}/_local/{path}", data=data, method=method)).read()


def fault(**members):
    local("faults", members)


def client(service, **extra):
    config = Config(retries={"total_max_attempts": 1}).merge(extra.pop("config", Config()))
    return boto3.client(service, region_name="us-east-1", endpoint_url=endpoint, config=config, **extra)


def unsigned(service):
    return client(service, config=Config(signature_version=UNSIGNED))


def converse(bedrock):
    reply = bedrock.converse(modelId=CLAUDE, messages=[{"role": "user", "content": [{"text": "Hi"}]}])
    assert reply["output"]["message"]["content"], reply


def works(id, secret, token):
    converse(client("bedrock-runtime", aws_access_key_id=id, aws_secret_access_key=secret, aws_session_token=token))


def refused(call, code, status, words=""):
    try:
        call()
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        assert words in str(error), error
        return error.response
    raise AssertionError(f"not refused with {code}")


def jwt(**claims):
    encode = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    claims = {"iss": "https://oidc.local", "sub": "pod", "aud": "sts.amazonaws.com", "exp": 4102444800} | claims
    return f"{encode({'alg': 'RS256'})}.{encode(claims)}.c2lnbmF0dXJl"


# STS.
sts = client("sts", **KEY)
assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/local"
reply = sts.assume_role(RoleArn=ROLE, RoleSessionName="test", DurationSeconds=900)
assumed = reply["Credentials"]
left = assumed["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
assert 880 < left.total_seconds() <= 900, left
assert reply["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/Reader/test", reply
works(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
temporary = {
    "aws_access_key_id": assumed["AccessKeyId"],
    "aws_secret_access_key": assumed["SecretAccessKey"],
    "aws_session_token": assumed["SessionToken"],
}
chained = client("sts", **temporary)
assert chained.get_caller_identity()["Arn"].endswith(":assumed-role/Reader/test")
again = lambda **options: sts.assume_role(**{"RoleArn": ROLE, "RoleSessionName": "test"} | options)
assert again()["Credentials"]["AccessKeyId"] != assumed["AccessKeyId"]
refused(lambda: again(RoleArn="arn:aws:iam::1234:role/Reader"), "ValidationError", 400, "is invalid")
refused(lambda: again(RoleSessionName="no spaces"), "ValidationError", 400, "'roleSessionName' failed to satisfy")
refused(lambda: again(DurationSeconds=43201), "ValidationError", 400, "less than or equal to 43200")
refused(
    lambda: chained.assume_role(RoleArn=ROLE, RoleSessionName="test", DurationSeconds=3601),
    "ValidationError", 400, "role chaining",
)
refused(lambda: again(RoleArn=GUARDED), "AccessDenied", 403, "is not authorized to perform: sts:AssumeRole")
refused(lambda: again(RoleArn=GUARDED, ExternalId="customer-8"), "AccessDenied", 403)
refused(lambda: again(RoleArn=GUARDED, ExternalId="customer-7", DurationSeconds=7200), "ValidationError", 400)
again(RoleArn=GUARDED, ExternalId="customer-7")
refused(lambda: again(SerialNumber="arn:aws:iam::123456789012:mfa/me", TokenCode="000000"), "AccessDenied", 403, "Multi")
wrong = client("sts", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="wrong")
refused(wrong.get_caller_identity, "SignatureDoesNotMatch", 403)
unknown = client("sts", aws_access_key_id="AKIDOTHER", aws_secret_access_key="wrong")
refused(unknown.get_caller_identity, "InvalidClientTokenId", 403, "security token included in the request is invalid")
fault(operation="AssumeRole", status=403, error_type="ExpiredTokenException", message="The security token is expired")
refused(again, "ExpiredToken", 403, "is expired")
fault(operation="AssumeRole", status=400, error_type="Throttling", message="Rate exceeded")
sts.get_caller_identity()
refused(again, "Throttling", 400, "Rate exceeded")

# Web identity, without a signature.
web = unsigned("sts")
assume = lambda token: web.assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="test", WebIdentityToken=token)
reply = assume(jwt())
assert (reply["SubjectFromWebIdentityToken"], reply["Provider"]) == ("pod", "https://oidc.local"), reply
works(*(reply["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))
refused(lambda: assume(jwt(exp=1)), "ExpiredTokenException", 400, "Token expired: current date/time")
refused(lambda: assume(jwt(aud="other")), "InvalidIdentityToken", 400, "audience")
refused(lambda: assume("nonsense"), "InvalidIdentityToken", 400)

# IMDS with botocore's own fetcher.
os.environ["AWS_EC2_METADATA_DISABLED"] = "false"
fetcher = lambda **config: InstanceMetadataFetcher(
    config={"ec2_metadata_service_endpoint": endpoint} | config, num_attempts=1
)
found = fetcher().retrieve_iam_role_credentials()
assert found["role_name"] == "local-instance-role", found
works(found["access_key"], found["secret_key"], found["token"])
fault(operation="ImdsToken", status=403, body="")
assert fetcher().retrieve_iam_role_credentials() == {}, "version 1 must be refused"
local("identity", {"imds_v1": True})
fault(operation="ImdsToken", status=403, body="")
assert fetcher().retrieve_iam_role_credentials()["role_name"] == "local-instance-role"
fault(operation="ImdsCredentials", body="{", status=200)
assert fetcher().retrieve_iam_role_credentials() == {}
local("identity", {"instance_role": None})
assert fetcher().retrieve_iam_role_credentials() == {}
local("identity", {})
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


# Sources that botocore finds by itself. It reads the home folder when it is imported, so each has its own process.
PROBE = """
import boto3, json, sys
session = boto3.Session()
keys = session.get_credentials().get_frozen_credentials()
print(json.dumps([session.get_credentials().method, keys.access_key, keys.secret_key, keys.token]))
"""


def probe(files, **environment):
    with tempfile.TemporaryDirectory() as home:
        for name, text in files.items():
            path = Path(home, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{home}", home))
        environment = {name: value.replace("{home}", home) for name, value in environment.items()}
        environment |= {"HOME": home, "AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
        environment |= {f"AWS_ENDPOINT_URL_{name}": endpoint for name in ("STS", "SSO", "SSO_OIDC", "SIGNIN")}
        run = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True)
        if run.returncode:
            return run.stderr.strip().splitlines()[-1]
        method, *keys = json.loads(run.stdout)
        works(*keys)
        return method


# Container credentials, of ECS and of EKS.
assert probe({}, AWS_CONTAINER_CREDENTIALS_FULL_URI=endpoint + "/v2/credentials/task") == "container-role"
eks = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint + "/v1/credentials"}
assert probe(
    {"token": "container-token-local"}, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="{home}/token", **eks
) == "container-role"
assert "401" in probe({}, AWS_CONTAINER_AUTHORIZATION_TOKEN="other", **eks)

# SSO: a token that is valid, and one that must be refreshed.
SESSION = """[default]
sso_session = work
sso_account_id = 123456789012
sso_role_name = Reader
[sso-session work]
sso_region = us-east-1
sso_start_url = https://local.awsapps.com/start
"""
cache = f".aws/sso/cache/{hashlib.sha1(b'work').hexdigest()}.json"
token = {
    "startUrl": "https://local.awsapps.com/start", "region": "us-east-1", "accessToken": "sso-access-token-local",
    "expiresAt": "2099-01-01T00:00:00Z", "clientId": "client-id-local", "clientSecret": "client-secret-local",
    "registrationExpiresAt": "2099-01-01T00:00:00Z", "refreshToken": "refresh-token-local",
}
assert probe({".aws/config": SESSION, cache: json.dumps(token)}) == "sso"
old = token | {"accessToken": "old", "expiresAt": "2020-01-01T00:00:00Z"}
assert probe({".aws/config": SESSION, cache: json.dumps(old)}) == "sso"
reply = probe({".aws/config": SESSION, cache: json.dumps(old)})
assert "Token has expired and refresh failed" in reply, "a refresh token must work once: " + reply
oidc = unsigned("sso-oidc")
create = lambda **more: oidc.create_token(
    **{"clientId": "client-id-local", "clientSecret": "client-secret-local", "grantType": "refresh_token"} | more
)
refused(lambda: create(refreshToken="unknown"), "InvalidGrantException", 400)
refused(lambda: create(clientSecret="wrong", refreshToken="x"), "InvalidClientException", 401)

# The session of `aws login`: botocore refreshes it with a proof of its key, which was made for this test.
DPOP_KEY = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIJEaCOMaHysTi9fb7EkmAwt75vDHPuemySoFBjCNi5rnoAoGCCqGSM49
AwEHoUQDQgAE0FCfdl2MBFf+XVYEx2eHNilAPjmtnfl47lTZ/Bqodu93OKHTHod9
a/m3+OfFEyuBd6vRWtA1LEZUS2gZtTDKOA==
-----END EC PRIVATE KEY-----
"""
user = "arn:aws:iam::123456789012:user/local"
cache = f".aws/login/cache/{hashlib.sha256(user.encode()).hexdigest()}.json"
login = {
    "accessToken": {
        "accessKeyId": "ASIAOLD", "secretAccessKey": "old", "sessionToken": "old", "accountId": "123456789012",
        "expiresAt": "2020-01-01T00:00:00Z",
    },
    "tokenType": "aws_sigv4", "clientId": "arn:aws:signin:::devtools/same-device",
    "refreshToken": "refresh-token-local", "dpopKey": DPOP_KEY,
}
profile = {".aws/config": f"[default]\nlogin_session = {user}\n", cache: json.dumps(login)}
reply = probe(profile)
assert reply == "login", reply
reply = probe(profile)
assert "LoginRefreshRequired" in reply, "a refresh token must work once: " + reply

# Cognito: a guest, and a user with a login.
cognito = unsigned("cognito-identity")
POOL = "us-east-1:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def keys_of(**logins):
    identity = cognito.get_id(IdentityPoolId=POOL, **logins)["IdentityId"]
    reply = cognito.get_credentials_for_identity(IdentityId=identity, **logins)
    left = reply["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 3500 < left.total_seconds() <= 3600, left
    works(*(reply["Credentials"][name] for name in ("AccessKeyId", "SecretKey", "SessionToken")))
    return identity


guest, user = keys_of(), keys_of(Logins={"accounts.google.com": jwt()})
assert guest != user
refused(lambda: cognito.get_credentials_for_identity(IdentityId=user), "NotAuthorizedException", 400, "is forbidden")
refused(lambda: cognito.get_id(IdentityPoolId="nonsense"), "InvalidParameterException", 400)
refused(lambda: cognito.get_id(IdentityPoolId=POOL, Logins={"a": "b"}), "NotAuthorizedException", 400, "Invalid login")
local("identity", {"unauthenticated_identities": False})
refused(lambda: cognito.get_id(IdentityPoolId=POOL), "NotAuthorizedException", 400, "Unauthenticated access")
unknown = POOL.replace("us-east-1:0", "us-east-1:1")
refused(
    lambda: cognito.get_credentials_for_identity(IdentityId=unknown), "ResourceNotFoundException", 400, "not found"
)

print("boto3", boto3.__version__, "is content with the keys")
