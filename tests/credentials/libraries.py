#!/usr/bin/env python3
"""Measures other libraries of credentials: the crates that each adds, and the set-ups that it resolves as botocore does.

    python3 libraries.py             counts crates
    python3 libraries.py --resolve   builds a program with each library too, and compares it with the recorded set-ups

Needs cargo and crates.io, and for `--resolve` boto3 as `record.py` does. Set-ups that are not about keys are left out: API
keys, endpoints, regions, FIPS and dual stack, and keys that the program sets. Nothing is written into the repository.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
CRATE = FOLDER.parent.parent
LIBRARIES = {
    "aws-config": """\
aws-config = { version = "=1.13.0", default-features = false, features = ["rt-tokio", "sso", "credentials-process", "credentials-login"] }
aws-credential-types = "1.2"
aws-smithy-runtime-api = { version = "1", features = ["client"] }
aws-smithy-types = "1"
tokio = { version = "1", features = ["rt", "time", "macros"] }
""",
    "reqsign-aws-core": """\
reqsign-aws-core = "=3.2.0"
reqsign-core = "3.3"
http = "1"
bytes = "1"
""",
}
# The first words of set-ups that are not about keys but about regions and hosts.
OTHER = ("bearer", "dual-stack", "endpoint-env", "endpoint-ignored", "endpoint-of-signin", "endpoint-of-sso",
         "endpoint-profile", "endpoint-services", "fips-", "host-", "keys-in-code", "region-", "syntax-inline")


def write(folder, dependencies, files=()):
    """Writes a crate."""
    source = Path(folder, "src")
    source.mkdir(parents=True, exist_ok=True)
    manifest = f'[package]\nname = "probe"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n{dependencies}[workspace]\n'
    Path(folder, "Cargo.toml").write_text(manifest)
    for name, text in files or [("lib.rs", "")]:
        (source / name).write_text(text)


def crates(dependencies):
    """Returns the crates that a program with these dependencies compiles, with their versions."""
    with tempfile.TemporaryDirectory() as folder:
        write(folder, dependencies)
        tree = ["cargo", "tree", "--quiet", "--edges", "normal,build", "--prefix", "none", "--no-dedupe"]
        output = subprocess.run(tree, cwd=folder, check=True, capture_output=True, text=True).stdout
    return {" ".join(line.split(" ")[:2]) for line in output.splitlines() if line} - {"probe v0.0.0"}


def build(name, dependencies, folder):
    """Builds the program of a library, and returns its path."""
    main = (FOLDER / "libraries" / f"{name}.rs").read_text()
    exchange = (FOLDER / "libraries" / "exchange.rs").read_text()
    write(folder, dependencies, [("main.rs", main), ("exchange.rs", exchange)])
    # Inside `folder`, which is removed.
    subprocess.run(["cargo", "build", "--quiet", "--target-dir", "target"], cwd=folder, check=True)
    return Path(folder, "target/debug/probe")


def agrees(record, server, program, setup):
    """Returns whether the program finds the keys that botocore found, or fails as botocore did."""
    record.local(server, "", method="DELETE")
    record.local(server, "identity", setup["server"].get("identity", {}))
    for fault in setup["server"].get("faults", []):
        record.local(server, "faults", fault)
    with tempfile.TemporaryDirectory() as home:
        env = record.prepare(server, home, setup)
        command = [program, server.removeprefix("http://")] + ([setup["profile"]] if setup["profile"] else [])
        try:
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
            found = (done.stdout.splitlines() or [""])[-1].split("\t")
        except subprocess.TimeoutExpired:
            found = ["error"]
    expected = setup["expected"]
    if "error" in expected:
        return found[0] == "error"
    return found == ["keys", expected["access_key_id"], expected["session_token"] or ""]


def resolve():
    import json

    import record

    setups = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((FOLDER / "setups").glob("*.json"))]
    setups = [setup for setup in setups if not setup["name"].startswith(OTHER)]
    process, server = record.start()
    try:
        for name, dependencies in LIBRARIES.items():
            with tempfile.TemporaryDirectory() as folder:
                program = build(name, dependencies, folder)
                different = [setup["name"] for setup in setups if not agrees(record, server, program, setup)]
            print(f"{name}: {len(setups) - len(different)} of {len(setups)} set-ups as botocore; not {', '.join(different)}")
    finally:
        process.terminate()


def main():
    ours = f'bedrock-chat = {{ path = "{CRATE}" }}\n'
    without = crates(ours)
    for name, dependencies in LIBRARIES.items():
        # Only the library is counted, not the other dependencies of the program.
        library = next(line for line in dependencies.splitlines() if line.startswith(f"{name} ="))
        print(f"{name}: {len(crates(ours + library + chr(10)) - without)} crates more than bedrock-chat alone", flush=True)
    if "--resolve" in sys.argv[1:]:
        resolve()


if __name__ == "__main__":
    main()
