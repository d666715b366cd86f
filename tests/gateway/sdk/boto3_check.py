"""boto3 through the gateway: the operations of Bedrock itself, with the gateway's key as a bearer token.

Usage: GATEWAY_URL=http://127.0.0.1:8787 GATEWAY_KEY=key python boto3_check.py
"""

import json
import os

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from judge import CITIES, CLAUDE, KEY, NOVA, QUESTION, URL, check, finish, refusal, same

WEATHER = {
    "toolSpec": {
        "name": "get_weather",
        "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
    }
}
BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}


def client(key=KEY, service="bedrock-runtime"):
    """Returns a client that sends the key as AWS_BEARER_TOKEN_BEDROCK would.

    With that variable, boto3 refuses an `http://` endpoint, so a hook adds the header.
    """
    config = Config(retries={"max_attempts": 1}, signature_version=UNSIGNED)
    made = boto3.client(service, region_name="us-east-1", endpoint_url=URL, config=config)
    made.meta.events.register("before-sign", lambda request, **_: request.headers.add_header("Authorization", f"Bearer {key}"))
    return made


bedrock = client()


def user(text):
    return [{"role": "user", "content": [{"text": text}]}]


def converse(model):
    reply = bedrock.converse(modelId=model, messages=user("Hello"))
    text = reply["output"]["message"]["content"][0]["text"]
    assert text.endswith("You said: Hello"), text
    usage = reply["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"] > 0, usage
    assert reply["ResponseMetadata"]["RequestId"], reply
    events = list(bedrock.converse_stream(modelId=model, messages=user("Hello"))["stream"])
    same("".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event), text)
    same([list(event)[0] for event in events[-2:]], ["messageStop", "metadata"])
    same(events[-1]["metadata"]["usage"]["totalTokens"], usage["totalTokens"])


def tools(model):
    question = user(QUESTION)
    options = {"modelId": model, "toolConfig": {"tools": [WEATHER]}}
    reply = bedrock.converse(messages=question, **options)["output"]["message"]
    calls = [block["toolUse"] for block in reply["content"] if "toolUse" in block]
    same([call["input"] for call in calls], CITIES)
    results = [{"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "fine"}]}} for call in calls]
    second = bedrock.converse(messages=[*question, reply, {"role": "user", "content": results}], **options)
    same(second["output"]["message"]["content"][0]["text"].count("fine"), 2)


def invoke():
    reply = bedrock.invoke_model(modelId=CLAUDE, body=json.dumps(BODY))
    text = json.loads(reply["body"].read())["content"][0]["text"]
    assert text.endswith("You said: Hello"), text
    headers = reply["ResponseMetadata"]["HTTPHeaders"]
    assert int(headers["x-amzn-bedrock-output-token-count"]) > 0, headers
    stream = bedrock.invoke_model_with_response_stream(modelId=CLAUDE, body=json.dumps(BODY))["body"]
    chunks = [json.loads(event["chunk"]["bytes"]) for event in stream]
    deltas = [chunk["delta"].get("text", "") for chunk in chunks if chunk["type"] == "content_block_delta"]
    same("".join(deltas), text)
    assert chunks[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0, chunks[-1]


def invoke_by_arn():
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/" + CLAUDE
    reply = bedrock.invoke_model(modelId=arn, body=json.dumps(BODY))
    assert json.loads(reply["body"].read())["content"][0]["text"].endswith("Hello")


def count_tokens():
    counted = bedrock.count_tokens(modelId=CLAUDE.removeprefix("us."), input={"converse": {"messages": user("Hello")}})
    body = json.dumps(BODY).encode()
    assert counted["inputTokens"] > 0, counted
    again = bedrock.count_tokens(modelId=CLAUDE.removeprefix("us."), input={"invokeModel": {"body": body}})
    same(again["inputTokens"], counted["inputTokens"])


def large_body():
    """An image of 3 MB, which the gateway must not refuse or change."""
    png = b"\x89PNG\r\n\x1a\n" + os.urandom(3_000_000)
    content = [{"text": "Look."}, {"image": {"format": "png", "source": {"bytes": png}}}]
    reply = bedrock.converse(modelId=NOVA, messages=[{"role": "user", "content": content}])
    text = reply["output"]["message"]["content"][0]["text"]
    assert str(len(png)) in text.replace(",", ""), text


def refused(code, status, call):
    error = refusal(ClientError, call)
    same((error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]), (code, status))
    assert error.response["Error"]["Message"], error.response
    return error


def errors():
    blank = lambda: bedrock.converse(modelId=CLAUDE, messages=user(" "))
    error = refused("ValidationException", 400, blank)
    assert isinstance(error, bedrock.exceptions.ValidationException), type(error)
    refused("ValidationException", 400, lambda: bedrock.converse_stream(modelId=CLAUDE, messages=user(" ")))
    refused("ValidationException", 400, lambda: bedrock.invoke_model(modelId=CLAUDE, body=b"{}"))
    wrong = client("wrong")
    for call in (
        lambda: wrong.converse(modelId=CLAUDE, messages=user("Hi")),
        lambda: wrong.converse_stream(modelId=CLAUDE, messages=user("Hi")),
        lambda: wrong.invoke_model(modelId=CLAUDE, body=json.dumps(BODY)),
    ):
        error = refused("AccessDeniedException", 403, call)
        assert isinstance(error, bedrock.exceptions.AccessDeniedException), type(error)


def inference_profiles():
    profiles = client(service="bedrock").list_inference_profiles(typeEquals="SYSTEM_DEFINED")["inferenceProfileSummaries"]
    assert CLAUDE in [profile["inferenceProfileId"] for profile in profiles], profiles


for model in (CLAUDE, NOVA):
    check("converse", converse, model)
    check("tools", tools, model)
check("invoke", invoke)
check("invoke_by_arn", invoke_by_arn)
check("count_tokens", count_tokens)
check("large_body", large_body)
check("errors", errors)
check("inference_profiles", inference_profiles)
finish(f"boto3 {boto3.__version__}")
