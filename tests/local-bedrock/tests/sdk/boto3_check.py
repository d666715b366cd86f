"""boto3 against the local Bedrock: right answers, whole streams, and 403 for a tampered request.

Usage: python boto3_check.py ENDPOINT ACCESS_KEY_ID SECRET_ACCESS_KEY
"""

import json
import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

endpoint, key, secret = sys.argv[1:4]
for name in ("AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE"):
    os.environ.pop(name, None)

CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
SYSTEM = "You are a helpful assistant that translates English to French. Translate the user sentence."
FRENCH = "J'adore la programmation."
WEATHER = {
    "toolSpec": {
        "name": "get_weather",
        "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
    }
}


def client(secret=secret, **extra):
    return boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 1}),
        **extra,
    )


def user(text):
    return [{"role": "user", "content": [{"text": text}]}]


def refused(call, code, status=403):
    try:
        call()
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error
        return
    raise AssertionError(f"not refused with {code}")


bedrock = client()

# Converse, whole and streamed, for a model and for an opaque ARN.
for model in (CLAUDE, "us." + CLAUDE, PROFILE, "amazon.nova-lite-v1:0"):
    reply = bedrock.converse(modelId=model, system=[{"text": SYSTEM}], messages=user("I love programming."))
    assert reply["output"]["message"]["content"] == [{"text": FRENCH}], reply
    assert reply["stopReason"] == "end_turn"
    assert reply["usage"]["totalTokens"] == reply["usage"]["inputTokens"] + reply["usage"]["outputTokens"]
    events = list(
        bedrock.converse_stream(modelId=model, system=[{"text": SYSTEM}], messages=user("I love programming."))["stream"]
    )
    text = "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e)
    assert text == FRENCH, events
    assert list(events[-1]) == ["metadata"] and list(events[-2]) == ["messageStop"], events

# Tools: two cities, two calls, and their results.
question = user("What is the weather in Paris and Zürich?")
tools = {"tools": [WEATHER]}
reply = bedrock.converse(modelId=CLAUDE, messages=question, toolConfig=tools)
assert reply["stopReason"] == "tool_use"
calls = [block["toolUse"] for block in reply["output"]["message"]["content"] if "toolUse" in block]
assert [call["input"] for call in calls] == [{"city": "Paris"}, {"city": "Zürich"}], calls
results = [{"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "fine"}]}} for call in calls]
turns = question + [reply["output"]["message"], {"role": "user", "content": results}]
reply = bedrock.converse(modelId=CLAUDE, messages=turns, toolConfig=tools)
assert "fine" in reply["output"]["message"]["content"][0]["text"], reply
arguments = ""
for event in bedrock.converse_stream(modelId=CLAUDE, messages=question, toolConfig=tools)["stream"]:
    delta = event.get("contentBlockDelta", {}).get("delta", {}).get("toolUse")
    arguments += delta["input"] if delta else ""
assert arguments.count("city") == 2, arguments

# Reasoning, replayed by boto3 unchanged.
extra = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
reply = bedrock.converse(
    modelId=CLAUDE,
    messages=user("Use redacted thinking."),
    inferenceConfig={"maxTokens": 2000},
    additionalModelRequestFields=extra,
)
content = reply["output"]["message"]["content"]
assert [list(block)[0] for block in content] == ["reasoningContent", "reasoningContent", "text"], content
turns = user("Use redacted thinking.") + [reply["output"]["message"]] + user("Thanks.")
bedrock.converse(modelId=CLAUDE, messages=turns)

# InvokeModel, whole and streamed.
body = json.dumps(
    {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 100,
        "system": SYSTEM,
        "messages": [{"role": "user", "content": "I love programming."}],
    }
)
reply = json.loads(bedrock.invoke_model(modelId=CLAUDE, body=body)["body"].read())
assert reply["content"][0]["text"] == FRENCH, reply
chunks = [
    json.loads(event["chunk"]["bytes"])
    for event in bedrock.invoke_model_with_response_stream(modelId=CLAUDE, body=body)["body"]
]
text = "".join(chunk["delta"].get("text", "") for chunk in chunks if chunk["type"] == "content_block_delta")
assert text == FRENCH, chunks
assert chunks[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0

# CountTokens and ApplyGuardrail.
count = bedrock.count_tokens(modelId=CLAUDE, input={"invokeModel": {"body": body}})
assert count["inputTokens"] == reply["usage"]["input_tokens"], count
verdict = bedrock.apply_guardrail(
    guardrailIdentifier="gr1", guardrailVersion="1", source="INPUT", content=[{"text": {"text": "It is BLOCKED."}}]
)
assert verdict["action"] == "GUARDRAIL_INTERVENED" and verdict["outputs"], verdict

# The lists of the control plane, as botocore's service model parses them.
control = boto3.client(
    "bedrock",
    region_name="us-east-1",
    endpoint_url=endpoint,
    aws_access_key_id=key,
    aws_secret_access_key=secret,
    config=Config(retries={"max_attempts": 1}),
)
models = control.list_foundation_models(byProvider="anthropic")["modelSummaries"]
legacy = [model["modelId"] for model in models if model["modelLifecycle"]["status"] == "LEGACY"]
assert legacy == [CLAUDE] and models[0]["modelLifecycle"]["endOfLifeTime"].year == 2027, models
details = control.get_foundation_model(modelIdentifier="amazon.nova-lite-v1:0")["modelDetails"]
assert details["inputModalities"] == ["TEXT", "IMAGE"] and details["responseStreamingSupported"], details
pages = control.get_paginator("list_inference_profiles").paginate(PaginationConfig={"PageSize": 5})
profiles = [profile for page in pages for profile in page["inferenceProfileSummaries"]]
assert len(profiles) > 10 and len({profile["inferenceProfileId"] for profile in profiles}) == len(profiles)
behind = control.get_inference_profile(inferenceProfileIdentifier=PROFILE)
assert behind["models"][0]["modelArn"].endswith("foundation-model/amazon.nova-lite-v1:0"), behind
assert behind["type"] == "APPLICATION" and behind["createdAt"].year == 2026, behind
refused(lambda: control.get_foundation_model(modelIdentifier="amazon.none-v1:0"), "ResourceNotFoundException", 404)
available = control.get_foundation_model_availability(modelId=CLAUDE)
assert available["authorizationStatus"] == "AUTHORIZED", available

# Checks without a guardrail.
checks = bedrock.invoke_guardrail_checks(
    messages=[{"role": "user", "content": [{"text": "Violence! Write to a@example.com."}]}],
    checks={
        "contentFilter": {"categories": [{"category": "VIOLENCE"}, {"category": "HATE"}]},
        "sensitiveInformation": {"entities": [{"type": "EMAIL"}]},
    },
)["results"]
scores = {entry["category"]: entry["severityScore"] for entry in checks["contentFilter"]["results"]}
assert scores == {"VIOLENCE": 0.9, "HATE": 0.0}, checks
[entity] = checks["sensitiveInformation"]["results"]
assert (entity["beginOffset"], entity["endOffset"]) == (19, 32), entity

# A project, which an application inference profile does not accept.
bedrock.converse(modelId=CLAUDE, projectIdentifier="proj_1", messages=user("Hi"))
refused(lambda: bedrock.converse(modelId=PROFILE, projectIdentifier="p", messages=user("Hi")), "ValidationException", 400)

# Requests that must be refused.
blank = lambda: bedrock.converse(modelId=CLAUDE, messages=user(" "))
refused(blank, "ValidationException", 400)
refused(lambda: client("wrong").converse(modelId=CLAUDE, messages=user("Hi")), "InvalidSignatureException")


def tamper(request, **_):
    request.body = request.body.replace(b"Hi", b"Ho")


tampering = client()
tampering.meta.events.register("before-send.bedrock-runtime.Converse", tamper)
refused(lambda: tampering.converse(modelId=CLAUDE, messages=user("Hi")), "InvalidSignatureException")

# A stream that breaks off with an exception, which is requested over HTTP.
from urllib.request import Request, urlopen

fault = {"insert": [{"kind": "exception", "at": 2, "exception_type": "throttlingException", "message": "Too many tokens"}]}
urlopen(Request(endpoint + "/_local/faults", data=json.dumps(fault).encode(), method="POST")).read()
try:
    list(bedrock.converse_stream(modelId=CLAUDE, messages=user("Hi"))["stream"])
    raise AssertionError("the stream did not fail")
except EventStreamError as error:
    assert "Too many tokens" in str(error) and "throttlingException" in str(error), error

print("boto3", boto3.__version__, "is content")
