"""The openai SDK for Python against the local Bedrock: Responses and Chat Completions on both endpoints.

Usage: python openai_check.py RUNTIME_URL MANTLE_URL ACCESS_KEY_ID SECRET_ACCESS_KEY BEARER_KEY
"""

import json
import os
import sys
from urllib.request import Request, urlopen

import openai
from openai import OpenAI
from openai.providers.bedrock import bedrock
from pydantic import BaseModel

runtime, mantle, key, secret, bearer = sys.argv[1:6]
for name in ("AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
    os.environ.pop(name, None)

LUNA = "openai.gpt-5.6-luna"
SOL = "us.openai.gpt-5.6-sol"
QUESTION = "What is the weather in Paris and Zürich?"
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FLAT = {"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": True}
NESTED = {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS, "strict": True}}
CITIES = [{"city": "Paris"}, {"city": "Zürich"}]


class City(BaseModel):
    city: str


def signed(base_url, endpoint, secret=secret):
    provider = bedrock(
        base_url=base_url, endpoint=endpoint, region="us-east-1", access_key_id=key, secret_access_key=secret
    )
    return OpenAI(provider=provider, max_retries=0)


def fault(**settings):
    urlopen(Request(runtime + "/_local/faults", data=json.dumps(settings).encode(), method="POST")).read()


def responses(client, model):
    reply = client.responses.create(model=model, input="Hello")
    assert reply.output_text.endswith("You said: Hello") and reply.usage.total_tokens > 0, reply
    with client.responses.stream(model=model, input="Hello") as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert text == stream.get_final_response().output_text == reply.output_text, text

    # Tools without state: the output is sent back unchanged.
    history = [{"role": "user", "content": QUESTION}]
    options = {"model": model, "tools": [FLAT], "store": False, "include": ["reasoning.encrypted_content"]}
    first = client.responses.create(input=history, **options)
    calls = [item for item in first.output if item.type == "function_call"]
    assert [json.loads(call.arguments) for call in calls] == CITIES, first
    history += [item.model_dump(exclude_none=True) for item in first.output]
    history += [{"type": "function_call_output", "call_id": call.call_id, "output": "fine"} for call in calls]
    second = client.responses.create(input=history, **options)
    assert second.output_text.count("fine") == 2, second

    # The same calls, with the state on the server.
    first = client.responses.create(model=model, tools=[FLAT], input=QUESTION)
    outputs = [item for item in history if item.get("type") == "function_call_output"]
    second = client.responses.create(
        model=model, tools=[FLAT], previous_response_id=first.id, input=outputs
    )
    assert second.output_text.count("fine") == 2, second

    typed = client.responses.parse(model=model, input="I am in Paris.", text_format=City)
    assert typed.output_parsed == City(city="Paris"), typed
    try:
        client.responses.create(model=model, input="Hello", extra_body={"stop": ["x"]})
        raise AssertionError("not refused")
    except openai.BadRequestError as error:
        assert error.param == "stop" and error.code == "unknown_parameter", error


def chat(client, model, **options):
    messages = [{"role": "user", "content": "Hello"}]
    reply = client.chat.completions.create(model=model, messages=messages)
    assert reply.choices[0].message.content.endswith("You said: Hello"), reply
    chunks = list(
        client.chat.completions.create(
            model=model, messages=messages, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == reply.choices[0].message.content and chunks[-1].usage.total_tokens > 0, chunks

    messages = [{"role": "user", "content": QUESTION}]
    with client.chat.completions.stream(model=model, messages=messages, tools=[NESTED], **options) as stream:
        final = stream.get_final_completion().choices[0].message
    assert [json.loads(call.function.arguments) for call in final.tool_calls] == CITIES, final
    messages.append(final.model_dump(include={"role", "content", "tool_calls"}, exclude_none=True))
    for call in messages[-1]["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": "fine"})
    second = client.chat.completions.create(model=model, messages=messages, tools=[NESTED], **options)
    assert second.choices[0].message.content.count("fine") == 2, second
    question = [{"role": "user", "content": "I am in Paris."}]
    typed = client.chat.completions.parse(model=model, messages=question, response_format=City)
    assert typed.choices[0].message.parsed == City(city="Paris"), typed


with_key = OpenAI(base_url=mantle + "/openai/v1", api_key=bearer, max_retries=0)
on_mantle = signed(mantle + "/openai/v1", "mantle")
on_runtime = signed(runtime + "/openai/v1", "runtime")
responses(with_key, LUNA)
responses(on_mantle, LUNA)
responses(on_runtime, SOL)
chat(on_mantle, LUNA, reasoning_effort="none")
chat(OpenAI(base_url=mantle + "/v1", api_key=bearer, max_retries=0), "openai.gpt-oss-120b")
chat(on_runtime, "openai.gpt-oss-120b-1:0")
assert LUNA in [model.id for model in on_mantle.models.list()]

# Refusals, as the SDK maps them.
for call, kind in [
    (lambda: with_key.responses.create(model="openai.gpt-oss-120b", input="Hi"), openai.BadRequestError),
    (lambda: with_key.responses.create(model=SOL, input="Hi"), openai.NotFoundError),
    (lambda: signed(mantle + "/openai/v1", "mantle", "wrong").models.list(), openai.PermissionDeniedError),
    (lambda: OpenAI(base_url=mantle + "/v1", api_key="wrong").models.list(), openai.PermissionDeniedError),
    (lambda: with_key.responses.create(model=LUNA, previous_response_id="resp_0", input="Hi"), openai.BadRequestError),
]:
    try:
        call()
        raise AssertionError(f"not refused with {kind}")
    except kind as error:
        assert error.request_id is None or error.request_id, error

# Faults: one throttled call that is retried; an error in a stream; a stream that fails.
fault(status=429, shape="openai", message="Slow down.", headers={"retry-after": "0"})
OpenAI(base_url=mantle + "/openai/v1", api_key=bearer, max_retries=1).responses.create(model=LUNA, input="Hi")
fault(insert=[{"kind": "error", "at": 4, "code": "server_error", "message": "Broken."}])
events = [event.type for event in on_mantle.responses.create(model=LUNA, input="Hi", stream=True)]
assert events[-1] == "error", events
fault(insert=[{"kind": "failed", "at": 4, "code": "rate_limit_exceeded", "message": "Limit."}])
last = list(on_mantle.responses.create(model=LUNA, input="Hi", stream=True))[-1]
assert last.type == "response.failed" and last.response.error.code == "rate_limit_exceeded", last
fault(insert=[{"kind": "error", "at": 2, "code": "server_error", "message": "Broken."}])
try:
    messages = [{"role": "user", "content": "Hi"}]
    list(on_mantle.chat.completions.create(model=LUNA, messages=messages, stream=True))
    raise AssertionError("the stream did not fail")
except openai.APIError as error:
    assert "Broken." in str(error), error

print("openai", openai.__version__, "works with it")
