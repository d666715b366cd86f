#!/usr/bin/env python3
"""Writes the kept calls again from a folder of recorded calls, one a file: keep.py FOLDER [NAME]

Without a name, into one file for each API; with a name, all of them into the file of that name.

Only what the test compares is kept. The calls of one scenario to one endpoint are one line, because its question
and answer are the same for all clients. A long text that repeats itself is written as
{"$repeat": [text, times, rest]}.
"""

import json
import pathlib
import sys

SCENARIO = ("scenario", "provider", "api", "model", "region", "options", "messages")
# Members that only calls of the APIs with two endpoints have.
OPTIONAL = ("endpoint",)
RESPONSE = ("status", "content_type", "headers", "body", "body_text", "body_base64", "network_error")
HEADERS = ("accept", "content-type", "x-amz-security-token", "openai-project")
LONG = 2000


def repeated(text):
    """The shortest text that a long text repeats, and how many times."""
    for length in range(1, 200):
        unit = text[:length]
        times = len(text) // length
        rest = text[times * length :]
        if text == unit * times + rest:
            return {"$repeat": [unit, times, rest]}
    return text


def compact(value):
    if isinstance(value, dict):
        return {key: compact(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [compact(inner) for inner in value]
    return repeated(value) if isinstance(value, str) and len(value) > LONG else value


def request(call):
    sent = call["request"]
    if sent is None:
        return None
    headers = {k: v for k, v in sent["headers"].items() if k in HEADERS or k.startswith(("x-amzn-", "anthropic-"))}
    kept = {"path": sent["path"], "headers": headers, "body": sent["body"]}
    if "host" in sent:
        kept["host"] = sent["host"]
    if sent.get("auth"):
        kept["auth"] = {key: sent["auth"][key] for key in ("scheme", "service", "region") if key in sent["auth"]}
    return kept


def response(answer):
    return {key: answer[key] for key in RESPONSE if key in answer}


def peer(tag, call):
    kept = {"request": request(call), "attempts": call["attempts"]}
    if tag in ("aisdk", "aisdk5"):
        # The recorder wrote these messages in the client's own form, so the call is a fact of its own.
        kept["call"] = call["peer_call"]["call"]
        if "tools_as_passed" in call["peer_call"]:
            kept["tools"] = call["peer_call"]["tools_as_passed"]
    if "parsed" in call:
        kept["parsed"] = call["parsed"]
    elif tag == "anthsdk" and "parsed_chunks" in call:
        # The client does not have a final message for a stream.
        kept["parsed_chunks"] = call["parsed_chunks"]
    elif tag == "litellm" and call["api"] == "responses-stream" and "parsed_chunks" in call:
        # The last event has the final message.
        kept["parsed_chunks"] = call["parsed_chunks"][-1:]
    if call.get("error"):
        kept["error"] = {key: call["error"][key] for key in ("name", "message") if key in call["error"]}
    return kept


def main(folder, name=None):
    scenarios = {}
    for file in sorted(pathlib.Path(folder).glob("*.json")):
        call = json.loads(file.read_text())
        tag = call["name"].split("--")[0]
        keys = SCENARIO + tuple(key for key in OPTIONAL if key in call)
        scenario = scenarios.setdefault((call["scenario"], call.get("endpoint")), {key: call[key] for key in keys})
        differing = [key for key in keys if scenario[key] != call[key]]
        if differing:
            raise SystemExit(f"{file.name} differs from its scenario in {differing}")
        if call["response"] and not scenario.get("response"):
            scenario["response"] = response(call["response"])
        if call.get("response_sequence") and not scenario.get("response_sequence"):
            scenario["response_sequence"] = [response(one) for one in call["response_sequence"]]
        scenario.setdefault("peers", {})[tag] = peer(tag, call)
    files = {}
    for scenario in sorted(scenarios.values(), key=lambda one: (one["scenario"], one.get("endpoint", ""))):
        line = json.dumps(compact(scenario), ensure_ascii=False, separators=(",", ":"))
        files.setdefault(name or scenario["api"], []).append(line + "\n")
    for file, lines in files.items():
        (pathlib.Path(__file__).parent / f"{file}.jsonl").write_text("".join(lines))


main(*sys.argv[1:])
