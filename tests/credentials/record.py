#!/usr/bin/env python3
"""Records which keys, region and endpoint botocore resolves for each set-up in `setups/`.

    python3 record.py                    writes "expected" into every set-up
    python3 record.py NAME...            only into these
    python3 record.py --check [NAME...]  compares, and fails if something differs

Needs boto3[crt] in the version below (crt makes the proofs of `aws login`), and a local Bedrock, which is built with
cargo unless `--server URL` names one that runs. README.md describes the set-ups.
"""

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

import boto3
import botocore.credentials
import botocore.session
import botocore.tokens
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.utils import ContainerMetadataFetcher

BOTO3 = "1.44.5"
FOLDER = Path(__file__).resolve().parent
ORDER = ("name", "why", "env", "files", "profile", "keys", "server", "expected")
# How hosts of AWS end.
AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".aws.amazon.com")
# Names of sessions that a client makes up.
MADE_UP = re.compile(r"botocore-session-\d+")
TIME = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def reach(server):
    """Returns a handler that sends requests to hosts of AWS to the local server, with their own header `host`."""

    def handler(request, **_):
        url = urlsplit(request.url)
        if not url.hostname.endswith(AWS):
            return None
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = dict(request.headers.items()) | {"Host": url.netloc}
        try:
            answer = urlopen(Request(server + path, data=body, headers=headers, method=request.method))
        except HTTPError as error:
            answer = error
        response = AWSResponse(request.url, answer.status, answer.headers, None)
        response._content = answer.read()
        return response

    return handler


def call(profile, keys, aws):
    """Makes one call, and returns what it would send, or the error. `aws` is reached instead of hosts of AWS, if any."""
    sent = {}

    def capture(request, **_):
        sent.update(url=request.url, headers={name.lower(): value for name, value in request.headers.items()})
        response = AWSResponse(request.url, 200, {}, None)
        response._content = b"{}"
        return response

    text = lambda value: value.decode() if isinstance(value, bytes) else value
    try:
        session = botocore.session.Session(profile=profile)
        for service in ("sts", "sso", "sso-oidc", "signin") if aws else ():
            session.register(f"before-send.{service}", reach(aws))
        passed = dict(zip(("aws_access_key_id", "aws_secret_access_key"), keys or ()))
        client = session.create_client("bedrock-runtime", config=Config(retries={"total_max_attempts": 1}), **passed)
        client.meta.events.register("before-send.bedrock-runtime", capture)
        client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "Hi"}]}])
        authorization = text(sent["headers"]["authorization"])
        found = {
            "bearer": authorization.startswith("Bearer"),
            "region": client.meta.region_name,
            "endpoint_url": client.meta.endpoint_url,
            "fips": "-fips." in urlsplit(sent["url"]).netloc,
        }
        if found["bearer"]:
            return found | {"bearer_token": authorization.removeprefix("Bearer").strip()}
        key_id, _, region, service, _ = re.search(r"Credential=([^,]+)", authorization)[1].rsplit("/", 4)
        assert (region, service) == (found["region"], "bedrock"), authorization
        token = text(sent["headers"].get("x-amz-security-token"))
        source = "code" if keys else session.get_credentials().method
        return found | {"access_key_id": key_id, "session_token": token, "source": source}
    except BaseException as error:
        return {"error": {"class": type(error).__name__, "text": str(error)}}


def call_in_child(env, profile, keys, container_host, aws):
    """Calls in a copy of this process that has only these variables, and no terminal to ask for an MFA code."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.environ.clear()
        os.environ.update(env)
        # botocore makes these folders from the variable HOME when it is imported.
        for owner in (botocore.credentials.SSOProvider, botocore.tokens.SSOTokenProvider):
            owner._SSO_TOKEN_CACHE_DIR = os.path.join(env["HOME"], ".aws", "sso", "cache")
        if container_host:
            ContainerMetadataFetcher.IP_ADDRESS = container_host
        os.write(writer, json.dumps(call(profile, keys, aws)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as output:
        found = output.read()
    os.waitpid(child, 0)
    return found


def local(server, path, body=None, method="POST"):
    data = None if body is None else json.dumps(body).encode()
    return json.load(urlopen(Request(f"{server}/_local/{path}", data=data, method=method)))


def sent_requests(server):
    """Returns the requests to the services that issue keys, without the parts that differ from run to run."""
    requests = []
    for request in local(server, "requests", method="GET"):
        line = f"{request['method']} {request['path']}"
        if request["query"]:
            line += "?" + request["query"]
        form = dict(parse_qsl(request["body"])) if "Action=" in request["body"] else {}
        entry = {"request": line} | {name: value for name, value in form.items() if name not in ("Version", "WebIdentityToken")}
        if MADE_UP.fullmatch(entry.get("RoleSessionName", "")):
            entry["RoleSessionName"] = "(made up)"
        host = dict(request["headers"]).get("host", "")
        if host.endswith(AWS):
            entry["host"] = host
        if "access_key_id" in request["signature"]:
            entry["signed_by"] = request["signature"]["access_key_id"]
        requests.append(entry)
    return requests


def prepare(server, home, setup):
    """Writes the files of a set-up below the folder `home`, and returns its variables."""
    fill = lambda text: text.replace("{server}", server).replace("{home}", home)
    for name, text in setup["files"].items():
        path = Path(home, {"config": ".aws/config", "credentials": ".aws/credentials"}.get(name, name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(fill(text).encode())
    # Nothing else of this machine is visible to the program.
    # The default is 1 second, which is short on a busy machine.
    patient = {"AWS_METADATA_SERVICE_TIMEOUT": "180"}
    return {"HOME": home, "PATH": os.environ["PATH"]} | patient | {name: fill(value) for name, value in setup["env"].items()}


def resolve(server, setup):
    """Returns what botocore makes of a set-up."""
    local(server, "", method="DELETE")
    switches = setup["server"]
    local(server, "identity", switches.get("identity", {}))
    for fault in switches.get("faults", []):
        local(server, "faults", fault)
    with tempfile.TemporaryDirectory() as home:
        env = prepare(server, home, setup)
        host = urlsplit(server).netloc if switches.get("container_host") else None
        output = call_in_child(env, setup["profile"], setup.get("keys"), host, server if switches.get("hosts") else None)
        expected = json.loads(output.replace(json.dumps(home)[1:-1], "{home}").replace(server, "{server}"))
    if "error" in expected:
        expected["error"]["text"] = TIME.sub("(time)", expected["error"]["text"])
    expected["requests"] = sent_requests(server)
    return expected


def written(setup):
    return json.dumps({key: setup[key] for key in ORDER if key in setup}, indent=1, ensure_ascii=False) + "\n"


def start():
    """Builds and starts a local Bedrock. Returns the process and its URL."""
    command = ["cargo", "run", "--quiet", "--package", "local-bedrock", "--", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=FOLDER)
    for line in process.stdout:
        if line.startswith("export AWS_ENDPOINT_URL_BEDROCK_RUNTIME="):
            return process, line.strip().split("=", 1)[1]
    sys.exit("the local Bedrock did not start")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments.add_argument("--server", help="URL of a local Bedrock that runs; its keys, faults and requests are cleared")
    arguments.add_argument("names", nargs="*")
    asked = arguments.parse_args()
    if boto3.__version__ != BOTO3:
        sys.exit(f"the set-ups are recorded with boto3 {BOTO3}, this is {boto3.__version__}: pip install 'boto3[crt]=={BOTO3}'")
    paths = sorted((FOLDER / "setups").glob("*.json"))
    chosen = [path for path in paths if not asked.names or path.stem in asked.names]
    if not chosen:
        sys.exit("there are no such set-ups")
    process, server = (None, asked.server) if asked.server else start()
    different = 0
    try:
        for path in chosen:
            text = path.read_text(encoding="utf-8")
            setup = json.loads(text)
            if setup["name"] != path.stem:
                sys.exit(f"{path.name}: the name is {setup['name']}")
            new = written(setup | {"expected": resolve(server, setup)})
            if asked.check and new != text:
                different += 1
                print(*difflib.unified_diff(text.splitlines(), new.splitlines(), f"{path.name} recorded", "resolved", "", "", 1, ""), sep="\n")
            elif not asked.check:
                path.write_text(new, encoding="utf-8")
    finally:
        if process:
            process.terminate()
    verb = "compared" if asked.check else "recorded"
    print(f"{len(chosen)} set-ups {verb} with boto3 {BOTO3}, {different} differ")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
