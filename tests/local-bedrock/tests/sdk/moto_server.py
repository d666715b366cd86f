"""A moto server for tests of credential sources: a user with keys, roles, and an identity pool.

Usage: python moto_server.py

Prints one line of JSON: the server's `url`, the user's keys, the ARNs of the roles, and the id of the pool. The server
chooses its port. It ends when its standard input does.
"""

import json
import logging
import os
import sys

import boto3
from moto.server import ThreadedMotoServer

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
logging.getLogger("werkzeug").setLevel(logging.ERROR)

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"


def client(service):
    keys = {"aws_access_key_id": "AKIASETUP", "aws_secret_access_key": "secret-of-setup"}
    return boto3.client(service, region_name="us-east-1", endpoint_url=url, **keys)


def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


iam = client("iam")
iam.create_user(UserName="caller")
iam.put_user_policy(UserName="caller", PolicyName="roles", PolicyDocument=policy(Action="sts:AssumeRole", Resource="*"))
keys = iam.create_access_key(UserName="caller")["AccessKey"]
roles = []
for name in ("First", "Second"):
    trust = policy(Action="sts:AssumeRole", Principal={"AWS": "*"})
    roles.append(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])
    permissions = policy(Action="sts:AssumeRole", Resource="*")
    iam.put_role_policy(RoleName=name, PolicyName="roles", PolicyDocument=permissions)
pool = client("cognito-identity").create_identity_pool(
    IdentityPoolName="guests", AllowUnauthenticatedIdentities=True
)["IdentityPoolId"]
found = {"url": url, "id": keys["AccessKeyId"], "secret": keys["SecretAccessKey"], "roles": roles, "pool": pool}
print(json.dumps(found), flush=True)
sys.stdin.read()
server.stop()
