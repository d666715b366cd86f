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
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

BOTO3 = "1.44.5"
FOLDER = Path(__file__).resolve().parent
ORDER = ("name", "why", "env", "files", "profile", "server", "expected")
# Names of sessions that a client makes up.
MADE_UP = re.compile(r"botocore-session-\d+")
TIME = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def probe(profile):
    """Runs in a process of its own, as botocore reads some folders when it is imported. Prints what a call would send."""
    from unittest import mock

    import botocore.session
    from botocore.awsrequest import AWSResponse
    from botocore.config import Config
    from botocore.utils import ContainerMetadataFetcher

    sent = {}

    def capture(request, **_):
        sent.update(url=request.url, headers={name.lower(): value for name, value in request.headers.items()})
        response = AWSResponse(request.url, 200, {}, mock.Mock())
        response._content = b"{}"
        return response

    # Clients of ECS use a fixed address.
    ContainerMetadataFetcher.IP_ADDRESS = os.environ.get("TEST_CONTAINER_HOST", ContainerMetadataFetcher.IP_ADDRESS)
    found = {}
    try:
        session = botocore.session.Session(profile=profile)
        client = session.create_client("bedrock-runtime", config=Config(retries={"total_max_attempts": 1}))
        client.meta.events.register("before-send.bedrock-runtime", capture)
        client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "Hi"}]}])
        url, headers = urlsplit(sent["url"]), sent["headers"]
        authorization = headers["authorization"]
        if isinstance(authorization, bytes):
            authorization = authorization.decode()
        found["bearer"] = authorization.startswith("Bearer ")
        found["region"] = client.meta.region_name
        found["endpoint_url"] = client.meta.endpoint_url
        found["fips"] = "-fips." in url.netloc
        if found["bearer"]:
            found["bearer_token"] = authorization.removeprefix("Bearer ")
        else:
            key_id, _, region, service, _ = re.search(r"Credential=([^,]+)", authorization)[1].rsplit("/", 4)
            assert (region, service) == (found["region"], "bedrock"), authorization
            token = headers.get("x-amz-security-token")
            found["access_key_id"] = key_id
            found["session_token"] = token.decode() if isinstance(token, bytes) else token
            found["source"] = session.get_credentials().method
    except BaseException as error:
        found = {"error": {"class": type(error).__name__, "text": str(error)}}
    print(json.dumps(found))


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
        if "access_key_id" in request["signature"]:
            entry["signed_by"] = request["signature"]["access_key_id"]
        requests.append(entry)
    return requests


def resolve(server, setup):
    """Returns what botocore makes of a set-up."""
    local(server, "", method="DELETE")
    switches = setup["server"]
    local(server, "identity", switches.get("identity", {}))
    for fault in switches.get("faults", []):
        local(server, "faults", fault)
    with tempfile.TemporaryDirectory() as home:
        fill = lambda text: text.replace("{server}", server).replace("{home}", home)
        for name, text in setup["files"].items():
            path = Path(home, {"config": ".aws/config", "credentials": ".aws/credentials"}.get(name, name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(fill(text).encode())
        # Nothing else of this machine is visible to the program.
        env = {"HOME": home, "PATH": os.environ["PATH"]} | {name: fill(value) for name, value in setup["env"].items()}
        if switches.get("container_host"):
            env["TEST_CONTAINER_HOST"] = urlsplit(server).netloc
        command = [sys.executable, __file__, "--probe", json.dumps(setup["profile"])]
        # A new session has no terminal, so botocore cannot ask for an MFA code.
        run = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             start_new_session=True, timeout=120)
        if run.returncode:
            sys.exit(f"{setup['name']}: the probe failed\n{run.stderr}")
        output = run.stdout.strip().splitlines()[-1]
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
    arguments.add_argument("--probe", help=argparse.SUPPRESS)
    arguments.add_argument("names", nargs="*")
    asked = arguments.parse_args()
    if asked.probe:
        return probe(json.loads(asked.probe))
    import boto3

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
